"""The way out to one socket: it never waits, keeps the order, and gives up on one socket alone."""

import asyncio
import gc
from contextlib import suppress

import pytest

from presence.server.outbox import LIMIT, AsgiMessage, Outbox
from tests.server.harness import settle

GAVE_UP = ["gave up"]


class Server:
    """A server's `send`, and the outbox before it. It waits and fails as told to, by number."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.sent: list[int] = []
        self.cleaned = 0
        self.pauses: dict[int, list[asyncio.Future[None] | None]] = {}
        self.errors: dict[int, BaseException] = {}
        self.failures: list[str] = []
        self.outbox = Outbox(self.send, self.failed, limit)

    async def send(self, message: AsgiMessage) -> None:
        number = message["n"]
        try:
            for pause in self.pauses.get(number, []):
                await (asyncio.sleep(0) if pause is None else pause)
        finally:
            self.cleaned += 1
        if number in self.errors:
            raise self.errors[number]
        self.sent.append(number)

    def failed(self) -> None:
        self.failures.append("gave up")

    def pause(self, number: int) -> asyncio.Future[None]:
        """Make a message wait, and return what it waits for."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pauses.setdefault(number, []).append(future)
        return future

    def put(self, *numbers: int) -> None:
        """Put messages with these numbers."""
        for number in numbers:
            self.outbox.put({"n": number})


@pytest.fixture
async def server() -> Server:
    """A server to write to."""
    return Server()


async def test_a_server_that_does_not_wait_is_written_to_at_once(server: Server) -> None:
    tasks = asyncio.all_tasks()
    server.put(*range(1000))
    assert server.sent == list(range(1000))
    assert asyncio.all_tasks() == tasks
    assert server.failures == []


async def test_the_order_is_kept_while_the_server_waits(server: Server) -> None:
    first, third = server.pause(1), server.pause(3)
    server.put(0)
    assert not server.outbox.waits
    server.put(1, 2)
    assert server.sent == [0]
    assert server.outbox.waits
    first.set_result(None)
    server.put(3)
    await settle()
    assert server.sent == [0, 1, 2]
    server.put(4)
    third.set_result(None)
    await settle()
    assert server.sent == [0, 1, 2, 3, 4]
    assert not server.outbox.waits
    server.put(5)
    assert server.sent[-1] == 5


async def test_a_send_that_waits_several_times(server: Server) -> None:
    futures = [server.pause(0), server.pause(0)]
    server.pauses[0].insert(1, None)
    server.pauses[0].append(None)
    server.put(0, 1)
    for future in futures:
        await settle()
        assert server.sent == []
        future.set_result(None)
    await settle()
    assert server.sent == [0, 1]


async def test_a_send_that_returns_a_future() -> None:
    sent: list[tuple[int, asyncio.Future[None]]] = []

    def send(message: AsgiMessage) -> asyncio.Future[None]:
        sent.append((message["n"], asyncio.get_running_loop().create_future()))
        return sent[-1][1]

    server = Server()
    server.outbox = Outbox(send, server.failed)  # type: ignore[arg-type]
    server.put(0, 1)
    for number in range(2):
        assert [each for each, _ in sent] == [*range(number + 1)]
        sent[-1][1].set_result(None)
        await settle()
    server.put(2)
    sent[-1][1].set_exception(OSError("on purpose"))
    await settle()
    assert ([each for each, _ in sent], server.failures) == ([0, 1, 2], GAVE_UP)


async def test_up_to_the_limit_is_queued(server: Server) -> None:
    held = server.pause(0)
    server.put(*range(LIMIT + 1))
    held.set_result(None)
    await settle()
    assert server.sent == list(range(LIMIT + 1))
    assert server.failures == []


async def test_a_client_that_does_not_read_is_given_up_once() -> None:
    server = Server(limit=3)
    held = server.pause(0)
    server.put(0, 1, 2, 3)
    assert server.failures == []
    server.put(4)
    assert server.failures == GAVE_UP
    server.put(5, 6)
    held.set_result(None)
    await settle()
    assert (server.sent, server.failures) == ([], GAVE_UP)


async def test_the_last_message_waits_for_those_before_it(server: Server) -> None:
    held = server.pause(0)
    server.put(0, 1)
    server.outbox.finish({"n": 2})
    server.put(3)
    held.set_result(None)
    await settle()
    assert server.sent == [0, 1, 2]
    assert server.failures == []


async def test_closing_drops_what_is_queued(server: Server) -> None:
    server.pause(0)
    server.put(0, 1)
    await settle()
    server.outbox.close()
    server.put(2)
    server.outbox.finish({"n": 3})
    await settle()
    assert (server.sent, server.failures, server.cleaned) == ([], [], 1)


async def test_a_send_that_resists_being_cancelled_is_the_last(server: Server) -> None:
    async def send(message: AsgiMessage) -> None:
        if message["n"] == 1:
            with suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)
        server.sent.append(message["n"])

    server.outbox = Outbox(send, server.failed)
    server.put(0, 1, 2)
    await settle()
    server.outbox.close()
    await settle()
    assert (server.sent, server.failures) == ([0, 1], [])


async def test_a_send_that_fails_when_it_is_dropped_is_no_failure(server: Server) -> None:
    async def send(message: AsgiMessage) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise OSError("gone")

    server.outbox = Outbox(send, server.failed)
    server.put(0)
    await settle()
    server.outbox.close()
    await settle()
    assert server.failures == []


@pytest.mark.parametrize("numbers", [range(3), range(LIMIT + 10)], ids=["closed", "given up"])
async def test_nothing_is_left_unawaited(
    server: Server, numbers: range, recwarn: pytest.WarningsRecorder
) -> None:
    server.pause(0)
    server.put(*numbers)
    server.outbox.close()
    await settle()
    del server.outbox
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize(
    ("number", "waits"), [(1, False), (1, True), (2, True)], ids=["at once", "waiting", "queued"]
)
async def test_a_server_that_raises_is_given_up_once(
    server: Server, number: int, waits: bool
) -> None:
    server.errors[number] = OSError("gone")
    server.pauses[1] = [None] if waits else []
    server.put(0, 1, 2, 3)
    await settle()
    server.put(4)
    assert (server.sent, server.failures) == ([*range(number)], GAVE_UP)


@pytest.mark.parametrize("number", [0, 1])
async def test_a_server_whose_wait_is_cancelled_is_given_up(server: Server, number: int) -> None:
    server.pauses[0] = [None]
    held = server.pause(number)
    server.put(0, 1, 2)
    await settle()
    held.cancel()
    await settle()
    assert (server.sent, server.failures) == ([*range(number)], GAVE_UP)


async def test_a_send_that_is_no_coroutine_function_is_given_up(server: Server) -> None:
    server.outbox = Outbox(lambda message: 1 / 0, server.failed)  # type: ignore[arg-type, return-value]
    server.put(0, 1)
    assert server.failures == GAVE_UP


async def test_giving_up_may_close_the_outbox(server: Server) -> None:
    def failed() -> None:
        server.failed()
        server.outbox.close()
        server.put(9)

    server.outbox = Outbox(server.send, failed)
    server.errors[0] = OSError("gone")
    server.put(0)
    assert (server.failures, server.sent) == (GAVE_UP, [])
