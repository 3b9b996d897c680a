"""Other people on a board, for tests whose subject is one browser: sockets without a page."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread
from typing import Protocol

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from presence.protocol.codec import encode
from presence.protocol.messages import (
    SUBPROTOCOL,
    CursorUpdate,
    Dialect,
    Join,
    MessageType,
    SetState,
    UserState,
)
from tests.support.server import Server
from tests.support.waiting import eventually

UNITS = 65535


class Invite(Protocol):
    """Have somebody come to the board, known to the site by a cookie if there is one."""

    def __call__(self, name: str, cookie: str = "") -> "Guest": ...


class Guest:
    """One person. `received` is what came, as bytes."""

    def __init__(self, socket: ClientConnection, name: str) -> None:
        self.name = name
        self.received: list[bytes] = []
        self._socket = socket
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()
        socket.send(encode(Join(0, name), Dialect.COMPACT))

    def point(self, fx: float, fy: float) -> None:
        """Point at a fraction of the surface."""
        x, y = round(fx * UNITS), round(fy * UNITS)
        self._socket.send(encode(CursorUpdate(x, y), Dialect.COMPACT))

    def state(self, state: UserState) -> None:
        """Say what one does."""
        self._socket.send(encode(SetState(state), Dialect.COMPACT))

    def leave(self) -> None:
        """Close as a browser does."""
        self._socket.close()
        self._reading.join()

    def closed(self, within: float = 10.0) -> int | None:
        """Return the code with which the server closed, None where it has not in so many
        seconds."""
        self._reading.join(within)
        return self._socket.protocol.close_code

    def cursors(self) -> list[tuple[float, float]]:
        """Return where others pointed, as fractions, in the order in which it was told."""
        return [
            (
                int.from_bytes(frame[at + 1 : at + 3]) / UNITS,
                int.from_bytes(frame[at + 3 : at + 5]) / UNITS,
            )
            for frame in self.of_type(MessageType.CURSOR_BROADCAST)
            for at in range(1, len(frame), 5)
        ]

    def states(self) -> list[int]:
        """Return what others were told to do, in that order."""
        return [
            frame[at + 1]
            for frame in self.of_type(MessageType.STATE)
            for at in range(1, len(frame), 2)
        ]

    def of_type(self, kind: MessageType) -> list[bytes]:
        """Return the frames of a message type."""
        return [frame for frame in self.received if frame[0] == kind]

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            for frame in self._socket:
                assert isinstance(frame, bytes)
                self.received.append(frame)
                if frame[0] == MessageType.PROBE:
                    self._socket.send(frame)


@contextmanager
def inviting(server: Server, board: str) -> Iterator[Invite]:
    """Let people come to a board, who leave when the block ends."""
    with ExitStack() as stack:

        def invite(name: str, cookie: str = "") -> Guest:
            opened = connect(
                server.socket_url(board),
                origin=Origin(server.origin),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                additional_headers={"Cookie": cookie} if cookie else {},
                compression=None,
                ping_interval=None,
            )
            guest = Guest(stack.enter_context(opened), name)
            stack.callback(guest.leave)
            eventually(lambda: guest.of_type(MessageType.PRESENCE_UPDATE), f"{name} on the board")
            return guest

        yield invite
