"""The way out to one socket: it never waits, keeps the order, and gives up on one socket alone."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress

import pytest

from presence.server.outbox import LIMIT, AsgiMessage, Outbox
from tests.server.harness import settle


class Server:
    """A server's `send`: waits before each message it is told to wait for, then writes it down."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.started: list[int] = []
        self.cleaned = 0
        self.pauses: dict[int, list[asyncio.Future[None] | None]] = {}
        self.errors: dict[int, BaseException] = {}

    async def __call__(self, message: AsgiMessage) -> None:
        number = message["n"]
        self.started.append(number)
        try:
            for pause in self.pauses.get(number, []):
                await (asyncio.sleep(0) if pause is None else pause)
        finally:
            self.cleaned += 1
        if number in self.errors:
            raise self.errors[number]
        self.sent.append(number)

    def pause(self, number: int) -> asyncio.Future[None]:
        """Make a message wait, and return what it waits for."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pauses.setdefault(number, []).append(future)
        return future


class Failures(list[str]):
    """Counts how often an outbox gave up."""

    def __call__(self) -> None:
        self.append("gave up")


def put(outbox: Outbox, *numbers: int) -> None:
    """Put messages with these numbers."""
    for number in numbers:
        outbox.put({"n": number})


@pytest.fixture
def server() -> Server:
    """A server to write to."""
    return Server()


@pytest.fixture
def failures() -> Failures:
    """Writes down when an outbox gives up."""
    return Failures()


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


async def test_as_many_as_said_are_queued(server: Server, failures: Failures) -> None:
    outbox = Outbox(server, failures)
    held = server.pause(0)
    put(outbox, *range(LIMIT + 1))
    held.set_result(None)
    await settle()
    assert server.sent == list(range(LIMIT + 1))
    assert failures == []


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

    async def send(message: AsgiMessage) -> None:
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
    def send(message: AsgiMessage) -> None:
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


async def test_a_send_that_fails_when_it_is_dropped_is_not_given_up(failures: Failures) -> None:
    async def send(message: AsgiMessage) -> None:
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
