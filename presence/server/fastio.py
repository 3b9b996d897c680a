"""Small WebSocket frames in from many sockets, and the same bytes out to many sockets.

`poll` and `send_all` run for every frame, so they exist in two forms that do the same: in Python,
here, and in C, in `_fastio.c`, where a compiler was at hand when this was installed. The
environment variable PRESENCE_PURE_PYTHON=1 chooses Python.

A socket is its file descriptor: a TCP socket that does not block, on Linux.
"""

import importlib
import os
import struct
import sys
from collections.abc import Callable, Container, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

try:
    import fcntl
    import termios
except ImportError:  # Windows has none.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import select

READY_SOCKETS = 128
"""Sockets that one call of `poll` reads from, so that it returns to the loop soon."""

READ_SIZE = 512
"""Bytes that `poll` reads from a socket, so that a flooding client holds up nobody else: 85 empty
frames at most. A client that sends 60 moves a second, of 11 bytes, sends as many in 0.8 s."""

SMALL = 125
"""Bytes of the largest payload that needs no extended length (RFC 6455 section 5.2)."""

FINAL_BINARY = 0x82
"""First byte of an unfragmented binary frame without extensions (RFC 6455 section 5.2)."""

SMALL_HEADERS = tuple(bytes((FINAL_BINARY, size)) for size in range(SMALL + 1))
"""Headers of a server's binary frames, by the size of their payloads (RFC 6455 section 5.2)."""

MASKED = 0x80
"""Bit of the second byte that is set in every frame of a client (RFC 6455 section 5.1)."""

Received = tuple[int, list[bytes], bytes | None]
"""A socket, the payloads it sent, and the bytes after them; None where its stream has ended."""

Unfinished = tuple[int, int]
"""An index into the sockets, and the bytes taken: 0 where it would block, -1 where it failed."""


class Form(NamedTuple):
    """One form of the functions."""

    name: str

    poll: Callable[["select.epoll", Container[int]], list[Received]]
    """Read once from every socket that is ready, without waiting.

    The epoll watches for input, level-triggered: what one call leaves is ready for the next. The
    payloads are those of whole, small, unfragmented, masked binary frames. The rest begins with the
    first byte of anything else. Of the sockets in the second argument, everything is the rest.
    """

    send_all: Callable[[Sequence[int], bytes], list[Unfinished]]
    """Send the bytes to every socket, without waiting; return those that did not take them all."""


def encode_header(size: int) -> bytes:
    """Encode the header of a server's binary frame with a payload of `size` bytes (section 5.2)."""
    if size <= SMALL:
        return SMALL_HEADERS[size]
    if size < 1 << 16:
        return struct.pack(">BBH", FINAL_BINARY, 126, size)
    return struct.pack(">BBQ", FINAL_BINARY, 127, size)


def encode_frames(payloads: Iterable[bytes]) -> bytes:
    """Encode binary frames of a server, one after the other."""
    return b"".join([encode_header(len(payload)) + payload for payload in payloads])


def unread_bytes(fd: int) -> int:
    """Return how many bytes the kernel holds that were written to a socket and that the other side
    has not taken; 0 where that cannot be known."""
    if not fcntl:
        return 0
    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except (OSError, ValueError):  # It is closed.
        return 0


def _poll(epoll: "select.epoll", raw: Container[int]) -> list[Received]:
    received: list[Received] = []
    for fd, _ in epoll.poll(0, READY_SOCKETS):
        try:
            data = os.read(fd, READ_SIZE)
        except BlockingIOError:
            continue
        except OSError:
            data = b""
        if not data:
            received.append((fd, [], None))
        elif fd in raw:
            received.append((fd, [], data))
        else:
            received.append((fd, *_split(data)))
    return received


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Unmask the frames that `data` begins with, up to the first that `poll` leaves to others."""
    payloads = []
    start, end = 0, len(data)
    while end - start >= 6 and data[start] == FINAL_BINARY:
        size = data[start + 1] - MASKED
        stop = start + 6 + size
        if not 0 <= size <= SMALL or stop > end:
            break
        key = data[start + 2 : start + 6] * (size // 4 + 1)
        masked = int.from_bytes(data[start + 6 : stop], "big")
        payloads.append((masked ^ int.from_bytes(key[:size], "big")).to_bytes(size, "big"))
        start = stop
    return payloads, data[start:]


def _send_all(fds: Sequence[int], data: bytes) -> list[Unfinished]:
    unfinished = []
    for index, fd in enumerate(fds):
        try:
            # Python ignores SIGPIPE, so this needs no MSG_NOSIGNAL.
            taken = os.write(fd, data)
        except BlockingIOError:
            taken = 0
        except OSError:
            taken = -1
        if taken < len(data):
            unfinished.append((index, taken))
    return unfinished


def _c_form() -> Form | None:
    try:
        module = importlib.import_module("presence.server._fastio")
    except ImportError:
        return None
    return Form("c", module.poll, module.send_all)


PYTHON = Form("python", _poll, _send_all)
C = None if os.environ.get("PRESENCE_PURE_PYTHON") == "1" else _c_form()

IMPLEMENTATION, poll, send_all = C or PYTHON
