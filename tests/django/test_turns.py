"""Turns and limits of WebSockets. Those of Daphne are tested in processes of their own: to import
Daphne chooses its event loop."""

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from presence.asgi import turns
from presence.asgi.turns import FIRST_PIECE, LEAST_PIECE, _parse_in_pieces
from tests.support.forks import run_forks

BEGIN = """
import asyncio, socket
import daphne.server, django
from daphne.ws_protocol import WebSocketFactory
from twisted.internet import tcp
from twisted.internet.error import ConnectionDone
from twisted.python import failure
from twisted.internet.testing import StringTransport
from tests.server.wire import client_frame

daphne.server.Server.run = lambda server: None
django.setup()
daphne.server.Server(None, endpoints=["tcp:0"]).run()
from presence.asgi.turns import FRAMES_A_TURN, LimitedSocket

PING, PONG, CLOSE, BEGINNING, MIDDLE, END = 0x89, 0x8A, 0x88, 0x02, 0x00, 0x80
MESSAGE = client_frame(b"m")


class Transport(StringTransport):
    def getHandle(self):
        return ours


class Listener:
    longest_message = 1_024

    def __init__(self, protocol):
        self.protocol = protocol
        self.frames = self.big = 0
        LimitedSocket(protocol, self)

    def count_frame(self):
        self.frames += 1
        if self.frames == 240:
            self.protocol.serverClose(4429)

    def too_big(self):
        self.big += 1
        self.protocol.serverClose(1009)


def opened(limited=True):
    protocol = WebSocketFactory(None).buildProtocol(None)
    protocol.makeConnection(Transport())
    protocol.transport.registerProducer(protocol, True)  # as HTTP's is
    protocol.websocket_version = 13
    protocol.state = protocol.STATE_OPEN
    protocol.inside_message, protocol.current_frame = False, None
    protocol.messages, protocol.listener = [], Listener(protocol) if limited else None
    protocol.onMessage = lambda payload, is_binary: protocol.messages.append(payload)
    return protocol


def reads(protocol):
    return protocol.transport.producerState == "producing"


async def finish(*protocols):
    while any(protocol.data for protocol in protocols):
        await asyncio.sleep(0)
"""


SOCKETS = "ours, theirs = socket.socketpair()"

Run = Callable[..., None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs the steps of a coroutine in another process."""
    with run_forks(BEGIN) as run_code:

        def run_steps(*steps: str) -> None:
            body = "".join(f"    {line}\n" for step in steps for line in step.strip().splitlines())
            run_code(f"{SOCKETS}\nasync def main():\n{body}\nasyncio.run(main())")

        yield run_steps


@pytest.mark.parametrize("limited", [True, False])
def test_a_socket_is_parsed_for_a_few_frames_and_read_again_after_all_of_them(
    run: Run, limited: bool
) -> None:
    run(
        f"""
flood, other = opened({limited}), opened({limited})
flood.dataReceived(MESSAGE * 100)
assert len(flood.messages) == FRAMES_A_TURN
assert not reads(flood)
other.dataReceived(MESSAGE)
assert other.messages == [b"m"] and reads(other)
await asyncio.sleep(0)
assert len(flood.messages) == 2 * FRAMES_A_TURN
await finish(flood)
assert len(flood.messages) == 100 and reads(flood)
long = opened(False)
long.dataReceived(b"\\x82\\xff" + (200_000).to_bytes(8, "big") + b"mask" + bytes(65_536))
for _ in range(3):
    assert reads(long)
    long.dataReceived(bytes(65_536))
assert len(long.messages[0]) == 200_000
"""
    )


def test_frames_that_end_no_message_are_counted(run: Run) -> None:
    run(
        """
protocol = opened()
for frame in (client_frame(b"", PING), client_frame(b"", PONG), client_frame(b"", BEGINNING)):
    protocol.dataReceived(frame)
protocol.dataReceived(client_frame(b"x", MIDDLE) + client_frame(b"", MIDDLE))
assert protocol.listener.frames == 5
protocol.dataReceived(client_frame(b"", END) + MESSAGE)
assert protocol.listener.frames == 5 and protocol.messages == [b"x", b"m"]
""",
        """
for frame in (client_frame(b"", PING), client_frame(b"", MIDDLE), client_frame(b"xx", MIDDLE)):
    protocol = opened()
    protocol.dataReceived(client_frame(b"", BEGINNING) + frame * 5_000)
    await finish(protocol)
    assert protocol.listener.frames == 240 and not reads(protocol)
    assert protocol.transport.value().endswith(b"\\x88\\x02" + (4429).to_bytes(2, "big"))
    protocol.dataReceived(frame * 5_000)
    assert protocol.listener.frames == 240 and not protocol.data
""",
    )


def test_what_follows_a_close_for_what_was_sent_is_not_parsed(run: Run) -> None:
    run(
        """
for code in (1002, 1007, 1009, 4400, 4429):
    protocol = opened()
    protocol.sendCloseFrame(code=code)
    assert not reads(protocol)
    protocol.dataReceived(MESSAGE + client_frame(b"", PING))
    assert (protocol.messages, protocol.data) == ([], b"") and protocol.state == 2
""",
        """
for limited, code in ((True, 1000), (True, 4401), (True, 1012), (False, 4429)):
    protocol = opened(limited)
    protocol.sendCloseFrame(code=code)
    protocol.dataReceived(MESSAGE + client_frame(code.to_bytes(2, "big"), CLOSE))
    assert protocol.transport.disconnecting, "the client's answer ends the connection"
""",
        """
protocol = opened()
protocol.dataReceived(client_frame((4429).to_bytes(2, "big"), CLOSE))
assert protocol.transport.disconnecting and protocol.remoteCloseCode == 4429
""",
        """
protocol = opened()
protocol.sendCloseFrame(code=1012)
protocol.dataReceived(MESSAGE * FRAMES_A_TURN)
await finish(protocol)
assert reads(protocol)
protocol.dataReceived(MESSAGE)
assert not reads(protocol)
""",
    )


def test_a_message_that_is_too_big_is_not_awaited(run: Run) -> None:
    run(
        """
for beginning in (
    client_frame(bytes(1_025))[:12],
    client_frame(bytes(1_000), BEGINNING) + client_frame(bytes(25), END)[:7],
    b"\\x82\\xff" + (2**62).to_bytes(8, "big") + b"mask" + bytes(5),
):
    protocol = opened()
    protocol.dataReceived(beginning)
    assert protocol.listener.big == 1
    assert not reads(protocol) and protocol.data == b""
""",
        """
protocol = opened()
protocol.sendCloseFrame(code=4401)
protocol.dataReceived(client_frame(bytes(1_025)))
assert protocol.listener.big == 0 and not reads(protocol)
protocol = opened()
protocol.dataReceived(client_frame(bytes(1_000), BEGINNING) + client_frame(bytes(24), END))
protocol.dataReceived(client_frame(bytes(1_024)))
assert protocol.messages == [bytes(1_024)] * 2 and reads(protocol)
protocol.autoFragmentSize = 0
protocol.sendMessage(bytes(10_000), True)
assert protocol.transport.value().endswith(bytes(10_000)), "what is sent may be longer"
""",
    )


def test_a_client_that_does_not_read_is_cut_off(run: Run) -> None:
    run(
        """
protocol = opened(False)
connection = tcp.Connection(ours, protocol)
connection.connected = 1
connection.registerProducer(protocol, True)
protocol.transport = connection
protocol.listener = Listener(protocol)
cut = []
connection.abortConnection = lambda: cut.append(True)
for _ in range(64):
    assert not cut
    connection.write(bytes(1_024))
connection.write(b"x")
assert cut
"""
    )


def test_nothing_is_read_before_the_handshake_is_answered(run: Run) -> None:
    run(
        """
protocol = WebSocketFactory(None).buildProtocol(None)
protocol.makeConnection(Transport())
protocol.handshake_deferred = object()
protocol.dataReceived(MESSAGE * 10)
assert not reads(protocol) and len(protocol.data) == 10 * len(MESSAGE)
protocol.server = type("Server", (), {"log_action": lambda *of: None})
protocol.request = type("Request", (), {"path": "/"})
protocol.client_addr = None
protocol.onOpen()
assert reads(protocol)
"""
    )


def test_a_connection_that_was_lost_before_its_application_ran_is_no_error(run: Run) -> None:
    run(
        """
from presence.asgi.turns import EXTENSION, limited_socket
protocol = opened(False)
nothing = lambda *of: None
protocol.server = type("Server", (), {"protocol_disconnected": nothing, "log_action": nothing})
protocol.request = type("Request", (), {"path": "/"})
protocol.client_addr = None
protocol.transport = tcp.Connection(ours, protocol)
protocol.transport.connectionLost(failure.Failure(ConnectionDone()))
assert limited_socket({"extensions": {EXTENSION: protocol}}, None) is None
"""
    )


# uvicorn


class Transport:
    """A transport that notes whether it is read."""

    def __init__(self) -> None:
        self.reads, self.aborted = True, False

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


def uvicorn_socket() -> Any:
    """Return a stand-in for a WebSocket of uvicorn, patched; `pieces` is what it has parsed."""

    class Socket:
        def __init__(self) -> None:
            self.loop = asyncio.get_running_loop()
            self.transport = Transport()
            self.writable = asyncio.Event()
            self.writable.set()
            self.close_sent = self.read_paused = False
            self.pieces: list[bytes] = []

        def data_received(self, data: bytes) -> None:
            self.pieces.append(data)

        def resume_writing(self) -> None:
            self.writable.set()

        async def receive(self) -> str:
            self.transport.resume_reading()
            return "a message"

    _parse_in_pieces(Socket)
    return Socket()


async def test_uvicorn_parses_a_piece_a_turn_and_reads_again_after_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "TURN", 0.0)  # as if parsing took long
    data = bytes(range(256)) * 8
    flood, other = uvicorn_socket(), uvicorn_socket()
    flood.data_received(data)
    assert flood.pieces == [data[:FIRST_PIECE]]
    other.data_received(b"hello")
    assert other.pieces == [b"hello"]
    assert other.transport.reads
    assert await flood.receive() == "a message"
    assert not flood.transport.reads
    await asyncio.sleep(0)
    assert flood.pieces[1:] == [data[FIRST_PIECE:][:LEAST_PIECE]]
    while flood.presence_rest:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert b"".join(flood.pieces) == data
    assert flood.transport.reads


async def test_uvicorn_parses_nothing_while_its_answers_wait_to_be_read() -> None:
    socket = uvicorn_socket()
    socket.writable.clear()
    socket.data_received(b"ping")
    assert socket.pieces == [b"ping"]
    assert not socket.transport.reads
    socket.data_received(b"x" * 2 * FIRST_PIECE)
    await asyncio.sleep(0.01)
    assert len(socket.pieces) == 2
    socket.resume_writing()
    while socket.presence_rest:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert sum(map(len, socket.pieces)) == 4 + 2 * FIRST_PIECE
    assert socket.transport.reads


def test_the_installed_uvicorn_has_what_turns_need() -> None:
    for module, name in turns.UVICORN:
        assert turns._lacking(getattr(importlib.import_module(module), name)) == []


async def test_another_uvicorn_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Server:
        async def startup(self) -> None:
            """Start."""

    class Socket:
        def __init__(self) -> None:
            self.loop = self.transport = self.close_sent = self.writable = None

        data_received = resume_writing = receive = len

    module, name = turns.UVICORN[0]
    monkeypatch.setitem(sys.modules, "uvicorn.server", SimpleNamespace(Server=Server))
    monkeypatch.setitem(sys.modules, module, SimpleNamespace(**{name: Socket}))
    turns.patch_uvicorn()
    await Server().startup()
    assert Socket.data_received is len
    assert f"{name} of this version lacks read_paused" in caplog.text


async def test_uvicorn_parses_little_after_a_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "DEAF_FOR", 0.0)
    socket = uvicorn_socket()
    socket.close_sent = True
    socket.data_received(b"the answer")
    assert socket.pieces == [b"the answer"]
    assert socket.transport.reads
    socket.data_received(b"x" * 10 * FIRST_PIECE)
    assert (len(socket.pieces), socket.presence_rest, socket.transport.reads) == (1, b"", False)
    await asyncio.sleep(0.01)
    assert socket.transport.aborted
