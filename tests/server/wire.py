"""Both ends of a socket that presence reads and writes directly: frames as a client sends them, and
a server that writes down what it is asked for."""

import socket
from collections.abc import Callable
from contextlib import suppress

from presence.server.fastio import FINAL_BINARY, MASKED, SMALL
from presence.server.pump import Line

KEY = b"\x37\xfa\x21\x3d"


def client_frame(payload: bytes, first: int = FINAL_BINARY) -> bytes:
    """Return a client's frame (RFC 6455 section 5.2)."""
    size = len(payload)
    key = int.from_bytes((KEY * (size // 4 + 1))[:size], "big")
    masked = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
    length = _length(size)
    return bytes((first, MASKED | length[0])) + length[1:] + KEY + masked


def server_frame(payload: bytes) -> bytes:
    """Return a server's binary frame (RFC 6455 section 5.2)."""
    return bytes((FINAL_BINARY,)) + _length(len(payload)) + payload


def _length(size: int) -> bytes:
    if size <= SMALL:
        return bytes((size,))
    if size < 1 << 16:
        return b"\x7e" + size.to_bytes(2, "big")
    return b"\x7f" + size.to_bytes(8, "big")


def drain(client: socket.socket) -> bytes:
    """Return all that has come at a client."""
    got = bytearray()
    with suppress(BlockingIOError):
        while data := client.recv(65_536):
            got += data
    return bytes(got)


def take_frames(received: bytearray) -> list[bytes]:
    """Take the payloads of the whole frames of a server off the beginning of what came."""
    payloads = []
    while len(received) >= 2:
        start, size = 2, received[1]
        if size > SMALL:
            start, size = 4, int.from_bytes(received[2:4], "big")
        if len(received) < start + size:
            break
        assert received[0] == FINAL_BINARY
        payloads.append(bytes(received[start : start + size]))
        del received[: start + size]
    return payloads


class WrittenServer:
    """A `presence.server.pump.ServerSocket`. It holds what it is to write until `flush`.

    `fed` is what it was given to parse; while `continues`, it wants what follows as well.
    `on_given_back` is called when it may read again.
    """

    def __init__(
        self, ours: socket.socket, on_given_back: Callable[[], None] = lambda: None
    ) -> None:
        ours.setblocking(False)
        self.socket = ours
        self.line: Line | None = None
        self.fed: list[bytes] = []
        self.continues = False
        self.waiting = bytearray()
        self.reads = True
        self.given_back = 0
        self.aborted = False
        self._on_given_back = on_given_back

    def take_over(self, line: Line) -> socket.socket:
        self.line, self.reads = line, False
        return self.socket

    def give_back(self) -> None:
        self.reads = True
        self.given_back += 1
        self._on_given_back()

    def feed(self, data: bytes) -> bool:
        if data:
            self.fed.append(data)
        return self.continues

    def write(self, data: bytes) -> int:
        self.waiting += data
        return self.backlog

    @property
    def backlog(self) -> int:
        return len(self.waiting)

    def abort(self) -> None:
        self.aborted = True

    def flush(self) -> None:
        """Write what the client's socket takes, as a server does when it can be written to."""
        while self.waiting:
            try:
                del self.waiting[: self.socket.send(self.waiting)]
            except BlockingIOError:
                return

    def lose(self) -> None:
        """Lose the connection: close the socket, and tell so at once."""
        self.socket.close()
        if self.line is not None:
            self.line.detach()
