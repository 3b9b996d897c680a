"""The outbox: never waits, keeps the order, ends when it is told to."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress

import pytest

from presence.server.outbox import LIMIT, Message, Outbox
from tests.server.harness import settle
from tests.server.servers import Failures, Server, put


async def test_where_the_server_does_not_wait_it_is_written_at_once(
    server: Server, failures: Failures
) -> None:
    outbox = Outbox(server, failures)
    tasks = asyncio.all_tasks()
    put(outbox, *range(1000))
    assert server.sent == list(range(1000))
    assert asyncio.all_tasks() == tasks
    assert failures == []


async def test_the_order_is_kept_where_the_server_waits(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    first, third = server.pause(1), server.pause(3)
    put(outbox, 0, 1, 2)
    assert server.sent == [0]
    first.set_result(None)
    put(outbox, 3)
    await settle()
    assert server.sent == [0, 1, 2]
    put(outbox, 4)
    third.set_result(None)
    await settle()
    assert server.sent == [0, 1, 2, 3, 4]
    put(outbox, 5)
    assert server.sent[-1] == 5


async def test_a_send_that_waits_several_times(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    futures = [server.pause(0), server.pause(0)]
    server.pauses[0].insert(1, None)
    server.pauses[0].append(None)
    put(outbox, 0, 1)
    for future in futures:
        await settle()
        assert server.sent == []
        future.set_result(None)
    await settle()
    assert server.sent == [0, 1]


async def test_a_send_that_only_yields(server: Server, failures: Failures) -> None:
    server.pauses[0] = [None, None, None]
    outbox = Outbox(server, failures)
    put(outbox, 0, 1)
    assert server.sent == []
    await settle()
    assert server.sent == [0, 1]


async def test_a_future_that_is_done_already(server: Server, failures: Failures) -> None:
    server.pause(0).set_result(None)
    outbox = Outbox(server, failures)
    put(outbox, 0)
    assert server.sent == [0]


async def test_as_many_as_said_are_queued(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    held = server.pause(0)
    put(outbox, *range(LIMIT + 1))
    held.set_result(None)
    await settle()
    assert server.sent == list(range(LIMIT + 1))
    assert failures == []


async def test_finish_sends_last(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    outbox.put({"n": 0})
    outbox.finish({"n": 1})
    put(outbox, 2)
    outbox.finish({"n": 3})
    assert server.sent == [0, 1]


async def test_finish_waits_for_those_before_it(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    held = server.pause(0)
    put(outbox, 0, 1)
    outbox.finish({"n": 2})
    put(outbox, 3)
    held.set_result(None)
    await settle()
    assert server.sent == [0, 1, 2]
    assert failures == []


async def test_close_drops_what_is_queued(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    held = server.pause(0)
    put(outbox, 0, 1)
    await settle()
    outbox.close()
    put(outbox, 2)
    outbox.finish({"n": 3})
    await settle()
    assert not held.done() or held.cancelled()
    assert server.sent == []
    assert failures == []
    assert server.cleaned == 1


async def test_close_drops_what_is_queued_behind_one_who_will_not_be_cancelled() -> None:
    sent: list[int] = []

    async def send(message: Message) -> None:
        if message["n"] == 0:
            await asyncio.sleep(0)
        elif message["n"] == 1:
            with suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
        sent.append(message["n"])

    outbox = Outbox(send, Failures())
    put(outbox, 0, 1, 2)
    await settle()
    outbox.close()
    await settle()
    assert sent == [0, 1]


async def test_close_after_finish_drops_too(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    server.pause(0)
    put(outbox, 0)
    outbox.finish({"n": 1})
    outbox.close()
    outbox.close()
    await settle()
    assert (server.sent, failures) == ([], [])


async def test_close_before_anything(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    outbox.close()
    put(outbox, 0)
    assert server.started == []


@pytest.mark.parametrize("end", ["close", "forget"])
async def test_nothing_is_left_unawaited(
    server: Server, failures: Failures, end: str, recwarn: pytest.WarningsRecorder
) -> None:
    outbox = Outbox(server, failures)
    server.pause(0)
    put(outbox, 0, 1, 2)
    ends: dict[str, Callable[[], None]] = {"close": outbox.close, "forget": lambda: None}
    ends[end]()
    if end == "forget":
        put(outbox, *range(3, LIMIT + 10))
    await settle()
    del outbox
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []
