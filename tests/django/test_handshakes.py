"""Connections to Daphne before their request is there. tests/hostile/test_newcomers.py has them
under a real Daphne."""

import asyncio
import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.web.http_headers import Headers
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from presence.asgi import handshakes
from presence.asgi.handshakes import (
    ACCEPTS,
    BODY_RATE,
    IDLE,
    TURN,
    HandshakeQueue,
    Requests,
    refusal,
)
from presence.routing import CLOSE_FRAME, turn_away
from presence.runtime import current_hub
from presence.server.fastio import encode_frames
from tests.support.clock import SkippingLoop
from tests.support.metrics import by_label

WITHIN = 20.0


class Channel:
    """A connection with a request whose body has so many bytes so far."""

    def __init__(self, body: int = 0) -> None:
        content = io.BytesIO()
        content.write(b"x" * body)
        self.requests = [SimpleNamespace(content=content)]
        self.closed_at: float | None = None
        self.negotiatedProtocol: bytes | None = None
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


def test_http_2_is_left_alone(runner: asyncio.Runner) -> None:
    async def wait() -> Any:
        waiting, channel = Requests(), Channel()
        channel.negotiatedProtocol = b"h2"
        waiting.await_header(channel)
        return await lifetimes(waiting, channel), waiting.cut["late"]

    assert runner.run(wait()) == ([None], 0)


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
    configure(MAX_HANDSHAKES=0 if out_of_descriptors else 5)

    async def wait() -> Any:
        channels = [Channel(), Channel(100 * BODY_RATE), *(Channel() for _ in range(6))]
        waiting, bodies = Requests(), channels[1:4]
        for channel in channels[:5]:
            waiting.await_header(channel)
            if channel in bodies:
                waiting.await_body(channel)
            await asyncio.sleep(1)
        if out_of_descriptors:
            monkeypatch.setattr(handshakes, "descriptors_left", lambda: 0.01)
        for channel in channels[5:]:
            waiting.await_header(channel)
        closed = [number for number, each in enumerate(channels) if each.closed_at is not None]
        return closed, waiting.cut["crowded"]

    # Neither a body that comes on, nor whoever came last.
    assert runner.run(wait()) == ([0, 2, 3], 3)
    assert "(reason=crowded, closed=1)" in caplog.text


def test_pages_are_served_while_presence_is_wrong(runner: asyncio.Runner, settings: Any) -> None:
    settings.PRESENCE = {"GRACE": -1}

    async def wait() -> Any:
        waiting, channel = Requests(), Channel()
        waiting.await_header(channel)
        return await lifetimes(waiting, channel)

    assert runner.run(wait()) == [WITHIN]


class Handshake:
    """A handshake on a connection of its own."""

    def __init__(self) -> None:
        self.channel: Handshake | None = self
        self._networkProducer = SimpleNamespace(pauseProducing=lambda: None)
        self.answers: list[bytes | None] = []

    def write(self, answer: bytes) -> None:
        self.answers.append(answer)

    def loseConnection(self) -> None:  # noqa: N802 (Twisted's name)
        self.answers.append(None)


def test_handshakes_leave_turns_to_others(runner: asyncio.Runner) -> None:
    now, done = [0.0], []

    def process(request: Any) -> None:
        done.append(request)
        now[0] += TURN / 2

    async def wait() -> list[int]:
        sent, each = [Handshake() for _ in range(7)], []
        refuse = {sent[2]: b"no place"}.get
        queue = HandshakeQueue(process, refuse, lambda: now[0])
        for request in sent:
            queue.take(request)
        sent[1].channel = None  # whoever has gone is passed over
        while len(done) < 5:
            before = len(done)
            await asyncio.sleep(0)
            each.append(len(done) - before)
        assert [*done] == [sent[0], *sent[3:]]
        assert sent[2].answers == [b"no place", None]
        return [count for count in each if count]

    assert runner.run(wait()) == [2, 2, 1]


def test_a_handshake_goes_on_where_nobody_can_say_whether_there_is_place(
    runner: asyncio.Runner, monkeypatch: Any, caplog: Any
) -> None:
    def fail(scope: Any) -> bytes | None:
        raise ValueError("wrong")

    monkeypatch.setattr(handshakes.doorkeeper, "refuse", fail)
    processed: list[Any] = []

    class Request(Handshake):
        requestHeaders = Headers({b"Upgrade": [b"WebSocket"]})  # noqa: N815 (Twisted's name)
        path, client, server = b"/ws/chat/", None, SimpleNamespace(root_path="")

        def process(self) -> None:
            processed.append(self)

    handshakes._take_turns(Request)

    async def wait() -> None:
        for _ in range(2):
            Request().process()
        await asyncio.sleep(0)

    runner.run(wait())
    assert len(processed) == 2
    assert "not known whether there is place" in caplog.text


def test_a_turn_accepts_a_few() -> None:
    accepted = []
    port = SimpleNamespace(numberAccepts=500)
    port.doRead = lambda: accepted.append(port.numberAccepts)
    server = type("Server", (), {"listen_success": lambda self, port: None})
    handshakes._accept_few(server)
    server().listen_success(port)
    port.doRead()
    assert accepted == [ACCEPTS]


# Refusals before there is a WebSocket


def handshake_of(client: ClientProtocol) -> list[tuple[bytes, bytes]]:
    """Have a client begin, and return the headers of its handshake."""
    request = client.connect()
    client.send_request(request)
    return [(name.lower().encode(), text.encode()) for name, text in request.headers.raw_items()]


@pytest.mark.parametrize("subprotocol", ["presence.v1", None])
def test_a_refusal_is_a_websocket_that_says_why_and_closes(subprotocol: str | None) -> None:
    offered = [Subprotocol(subprotocol)] if subprotocol else None
    client = ClientProtocol(parse_uri("ws://a.example/"), subprotocols=offered)
    answer = refusal(handshake_of(client), subprotocol, encode_frames([b"why"]) + CLOSE_FRAME)
    assert answer is not None
    client.receive_data(answer)
    client.receive_eof()
    _, notice, _ = client.events_received()
    assert client.handshake_exc is None
    assert isinstance(notice, Frame)
    assert (client.subprotocol, notice.data, client.close_code) == (subprotocol, b"why", 1013)


@pytest.mark.parametrize("without", [b"sec-websocket-key", b"sec-websocket-version"])
def test_a_handshake_that_is_not_valid_is_left_to_the_server(without: bytes) -> None:
    headers = handshake_of(ClientProtocol(parse_uri("ws://a.example/")))
    assert refusal([each for each in headers if each[0] != without], None, b"") is None


async def test_only_sockets_of_presence_are_refused_at_a_cap(configure: Any) -> None:
    configure(MAX_SOCKETS=1)
    board = {
        "path": "/ws/presence/lobby/",
        "client": ["8.8.8.8", 4711],
        "headers": handshake_of(ClientProtocol(parse_uri("ws://a.example/"))),
        "subprotocols": ["presence.v1"],
    }
    try:
        assert turn_away(board) is None
        ticket = current_hub().caps.enter()
        assert turn_away(board) is not None
        assert turn_away({**board, "path": "/ws/chat/"}) is None
        assert turn_away({**board, "subprotocols": ["presence.debug"]}) is None
        ticket.close()
        assert turn_away(board) is None
        assert by_label(current_hub().metrics, "closed_total", "code") == {"1013": 1}
    finally:
        await current_hub().close()
