"""The outbox gives up on one socket, once, and without a word to others."""

import asyncio

import pytest

from presence.server.outbox import Message, Outbox
from tests.server.harness import settle
from tests.server.servers import Failures, Server, put


async def test_one_who_does_not_read_is_given_up_once(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures, limit=3)
    held = server.pause(0)
    put(outbox, 0, 1, 2, 3)
    assert failures == []
    put(outbox, 4)
    assert failures == ["gave up"]
    put(outbox, 5, 6)
    held.set_result(None)
    await settle()
    assert server.sent == []
    assert failures == ["gave up"]


async def test_nothing_hangs_on_after_giving_up(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures, limit=0)
    tasks = asyncio.all_tasks()
    server.pause(0)
    put(outbox, 0, 1)
    assert failures == ["gave up"]
    await settle()
    assert asyncio.all_tasks() == tasks
    assert server.cleaned == len(server.started) == 1


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("closed")])
@pytest.mark.parametrize("waits", [False, True])
async def test_a_server_that_raises_is_given_up_once(
    server: Server, failures: Failures, error: Exception, waits: bool
) -> None:
    outbox = Outbox(server, failures)
    server.errors[1] = error
    server.pauses[1] = [None] if waits else []
    put(outbox, 0, 1, 2, 3)
    await settle()
    assert failures == ["gave up"]
    put(outbox, 4)
    assert server.sent == [0]


async def test_a_server_that_raises_while_the_queue_drains(
    server: Server, failures: Failures
) -> None:
    outbox = Outbox(server, failures)
    held = server.pause(0)
    server.errors[2] = OSError("gone")
    put(outbox, 0, 1, 2, 3)
    held.set_result(None)
    await settle()
    assert (server.sent, failures) == ([0, 1], ["gave up"])


async def test_a_send_that_is_no_coroutine_function(failures: Failures) -> None:
    def send(message: Message) -> None:
        raise TypeError("not like this")

    put(Outbox(send, failures), 0, 1)  # type: ignore[arg-type]
    assert failures == ["gave up"]


@pytest.mark.parametrize("when", ["first", "queued"])
async def test_what_the_server_waits_for_is_cancelled(
    server: Server, failures: Failures, when: str
) -> None:
    outbox = Outbox(server, failures)
    number = 0 if when == "first" else 1
    server.pauses[0] = [None]
    held = server.pause(number)
    put(outbox, 0, 1, 2)
    await settle()
    held.cancel()
    await settle()
    assert server.sent == list(range(number))
    assert failures == ["gave up"]


async def test_a_cancelled_future_at_once(server: Server, failures: Failures) -> None:
    server.pause(0).cancel()
    outbox = Outbox(server, failures)
    put(outbox, 0)
    assert failures == ["gave up"]


async def test_finishing_one_who_does_not_read(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures, limit=1)
    server.pause(0)
    put(outbox, 0, 1)
    outbox.finish({"n": 2})
    assert failures == ["gave up"]


async def test_a_send_that_fails_when_it_is_dropped_is_not_given_up(failures: Failures) -> None:
    async def send(message: Message) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise OSError("gone")

    outbox = Outbox(send, failures)
    put(outbox, 0)
    await settle()
    outbox.close()
    await settle()
    assert failures == []


async def test_giving_up_may_close_the_outbox(server: Server) -> None:
    outbox: Outbox
    seen: list[str] = []

    def gave_up() -> None:
        seen.append("gave up")
        outbox.close()
        put(outbox, 9)

    outbox = Outbox(server, gave_up)
    server.errors[0] = OSError("gone")
    put(outbox, 0)
    assert (seen, server.sent) == (["gave up"], [])


async def test_one_who_fails_does_not_hold_up_the_others() -> None:
    good, bad, slow = Server(), Server(), Server()
    bad.errors[0] = OSError("gone")
    failures = {name: Failures() for name in ("good", "bad", "slow")}
    boxes = [
        Outbox(bad, failures["bad"]),
        Outbox(slow, failures["slow"]),
        Outbox(good, failures["good"]),
    ]
    slow.pause(0)
    for outbox in boxes:
        put(outbox, 0, 1)
    assert good.sent == [0, 1]
    assert [len(failures[name]) for name in ("good", "bad", "slow")] == [0, 1, 0]
    boxes[1].close()
    await settle()
