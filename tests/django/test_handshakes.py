"""Connections to Daphne before their request is there. tests/hostile/test_newcomers.py has them
under a real Daphne."""

import asyncio
import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from presence.asgi import handshakes
from presence.asgi.handshakes import ACCEPTS, BODY_RATE, IDLE, TURN, HandshakeQueue, Requests
from tests.support.clock import SkippingLoop

WITHIN = 20.0


class Channel:
    """A connection with a request whose body has so many bytes so far."""

    def __init__(self, body: int = 0) -> None:
        content = io.BytesIO()
        content.write(b"x" * body)
        self.requests = [SimpleNamespace(content=content)]
        self.closed_at: float | None = None
        self.transport = self

    def abortConnection(self) -> None:  # noqa: N802 (Twisted's name)
        self.closed_at = asyncio.get_running_loop().time()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Runs a coroutine on a loop whose time passes by itself."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        yield runner


async def lifetimes(waiting: Requests, *channels: Channel) -> list[float | None]:
    """Return after how many seconds connections were closed, of those that were."""
    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(300)
    closed = [channel.closed_at for channel in channels]
    return [None if at is None else round(at - begun, 1) for at in closed]


def test_a_header_has_a_deadline(runner: asyncio.Runner) -> None:
    async def wait() -> Any:
        waiting, silent, idle, whole = Requests(), Channel(), Channel(), Channel()
        waiting.await_header(silent)
        waiting.await_header(idle, IDLE)
        waiting.await_header(whole)
        waiting.forget(whole)
        return await lifetimes(waiting, silent, idle, whole), waiting.cut

    assert runner.run(wait()) == ([WITHIN, WITHIN + IDLE, None], {"late": 2, "crowded": 0})


def test_a_body_may_take_as_long_as_it_comes_on(runner: asyncio.Runner) -> None:
    async def wait() -> Any:
        waiting, channels = Requests(), [Channel(0), Channel(10 * BODY_RATE), Channel(10**6)]
        for channel in channels:
            waiting.await_header(channel)
            waiting.await_body(channel)
        return await lifetimes(waiting, *channels)

    assert runner.run(wait()) == [WITHIN, WITHIN + 10, None]


def test_no_deadline(runner: asyncio.Runner, configure: Any) -> None:
    configure(HANDSHAKE_WITHIN=0)

    async def wait() -> Any:
        waiting, channel = Requests(), Channel()
        waiting.await_header(channel)
        return await lifetimes(waiting, channel)

    assert runner.run(wait()) == [None]


@pytest.mark.parametrize("out_of_descriptors", [False, True])
def test_where_too_many_wait_the_oldest_gives_way(
    runner: asyncio.Runner, configure: Any, monkeypatch: Any, caplog: Any, out_of_descriptors: bool
) -> None:
    configure(MAX_HANDSHAKES=0 if out_of_descriptors else 2)

    async def wait() -> Any:
        waiting, channels = Requests(), [Channel() for _ in range(4)]
        waiting.await_header(channels[0])
        waiting.await_header(channels[1])
        waiting.await_body(channels[1])
        if not out_of_descriptors:
            waiting.await_header(Channel())
        else:
            monkeypatch.setattr(handshakes, "descriptors_left", lambda: 0.01)
        waiting.await_header(channels[2])
        closed = [channel.closed_at is not None for channel in channels]
        return closed, waiting.cut["crowded"]

    assert runner.run(wait()) == ([True, False, False, False], 1)
    assert "(reason=crowded, closed=1)" in caplog.text


def test_handshakes_leave_turns_to_others(runner: asyncio.Runner) -> None:
    now, done = [0.0], []

    def process(request: Any) -> None:
        done.append(request)
        now[0] += TURN / 2

    async def wait() -> list[int]:
        turns, each = HandshakeQueue(process, lambda: now[0]), []
        producer = SimpleNamespace(pauseProducing=lambda: None)
        sent = [
            SimpleNamespace(channel=SimpleNamespace(_networkProducer=producer)) for _ in range(6)
        ]
        for request in sent:
            turns.take(request)
        sent[1].channel = None  # whoever has gone is passed over
        while len(done) < 5:
            before = len(done)
            await asyncio.sleep(0)
            each.append(len(done) - before)
        assert [*done] == [sent[0], *sent[2:]]
        return [count for count in each if count]

    assert runner.run(wait()) == [2, 2, 1]


def test_a_turn_accepts_a_few() -> None:
    accepted = []
    port = SimpleNamespace(numberAccepts=500)
    port.doRead = lambda: accepted.append(port.numberAccepts)
    server = type("Server", (), {"listen_success": lambda self, port: None})
    handshakes._accept_few(server)
    server().listen_success(port)
    port.doRead()
    assert accepted == [ACCEPTS]
