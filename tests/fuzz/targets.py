"""What is fuzzed: each function takes bytes from a stranger and fails where a promise is broken."""

import select
import socket
from collections.abc import Callable

from presence.protocol.codec import decode_client, decode_server, encode
from presence.protocol.errors import MalformedFrame
from presence.protocol.messages import (
    MAX_MESSAGE_BYTES,
    Dialect,
    Gone,
    Join,
    Leave,
    SessionMessage,
    SetState,
)
from presence.protocol.session import Idle, Move, Session, Shut
from presence.server import fastio

DIALECTS = tuple(Dialect)
DECODERS = decode_client, decode_server

Target = Callable[[bytes], None]


def decoder(data: bytes) -> None:
    """Any bytes are refused as malformed, or read to a message that encodes to the same bytes.

    The first byte chooses the dialect and who sends.
    """
    if not data:
        return
    dialect, decode = DIALECTS[data[0] % 2], DECODERS[data[0] // 2 % 2]
    try:
        message = decode(data[1:], dialect)
    except MalformedFrame:
        return
    assert encode(message, dialect) == data[1:], f"{message} has another form"


def session(data: bytes) -> None:
    """Whatever comes in whatever order, nothing is shown off the board, and the end is the end.

    After the first byte, which chooses the dialect, the bytes are steps: a size, milliseconds to
    wait, and a frame of that size. From size 128 up the JOIN is admitted before the step; size 127
    is a text message, size 126 a message that is one byte too large, and size 125 a frame that ends
    no message. An odd number of milliseconds says that much is unread.
    """
    rest = memoryview(data)[1:]
    machine, now = Session(DIALECTS[data[0] % 2] if data else Dialect.COMPACT, 0.0), 0.0
    speaks, on_board, over = 0, set[int](), False
    while len(rest) >= 2:
        admit, size, pause = rest[0] >= 128, rest[0] % 128, rest[1] ** 2 / 1000
        frame = bytes(rest[2 : 2 + size]) if size < 125 else bytes(MAX_MESSAGE_BYTES + 1)
        clogged = rest[1] % 2 == 1
        rest = rest[2 + (size if size < 125 else 0) :]
        now += pause
        if admit and speaks in on_board:
            machine.admitted(7, 3, speaks)
        fed = None if size == 127 else frame
        heard = machine.count(now) if size == 125 else machine.feed(fed, now)
        for action in heard, machine.check(now, clogged=clogged):
            assert not (over and action), "it said something after its end"
            speaks = action.session if isinstance(action, SessionMessage) else speaks
            about = set(action.sessions) if isinstance(action, Idle) else {speaks}
            if isinstance(action, Move | SetState | Leave | Gone | Idle):
                assert about <= on_board, "shown while off"
            assert not (speaks in on_board and isinstance(action, Join)), "joined twice"
            if isinstance(action, Join):
                on_board.add(speaks)
            elif isinstance(action, Leave | Gone):
                on_board.remove(speaks)
            over = over or isinstance(action, Shut)
        machine.wrote(len(frame) * 64)


def accelerator(data: bytes) -> None:
    """Both forms of `fastio.poll` find the same frames in the same bytes of a socket."""
    assert fastio.C is not None, "make presence/server/_fastio.abi3.so"
    assert _received(fastio.C, data) == _received(fastio.PYTHON, data)


def planted(data: bytes) -> None:
    """A fault that only what follows the branches finds: shows that the fuzzing can fail."""
    for place, byte in enumerate(b"bug"):
        if data[place : place + 1] != bytes((byte,)):
            return
    raise AssertionError("the planted fault was found")


def _received(form: fastio.Form, data: bytes) -> list[tuple[list[bytes], bytes | None]]:
    client, server = socket.socketpair()
    with client, server, select.epoll() as epoll:
        server.setblocking(False)
        epoll.register(server, select.EPOLLIN)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        found: list[tuple[list[bytes], bytes | None]] = []
        while not found or found[-1][1] is not None:
            found += [(payloads, rest) for _, payloads, rest in form.poll(epoll, set())]
        return found


TARGETS: dict[str, Target] = {
    each.__name__: each for each in (decoder, session, accelerator, planted)
}
