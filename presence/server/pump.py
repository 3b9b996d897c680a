"""The direct way between sockets and connections, past the server's own machinery.

A server parses a frame in many steps, and writes one in as many. Once a WebSocket is open, its
small frames need none of them: one epoll watches all sockets, and is itself one reader of the event
loop; whole small frames go straight to their connection; what a board says goes out by one `send`
for each socket. Everything else (close, ping, fragments, odd and large frames, the end of the
stream) is still given to the server.
"""

import asyncio
import select
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from presence.server.fastio import encode_frames, poll
from presence.server.logs import bounded_logger

logger = bounded_logger(__name__)

MAX_BACKLOG = 65_536
"""Bytes that may wait for one socket beyond what the kernel buffers. A client that reads so slowly
is disconnected."""

READ_FOR = 0.001
"""Seconds for which one turn of the event loop goes on reading while there is something to read."""


class ServerSocket(Protocol):
    """The server's own handling of one socket."""

    def take_over(self, line: "Line") -> socket.socket:
        """Stop reading, have everything that the server writes go through `line.write`, and have
        `line.detach` called as soon as the server has written a close frame, or else before it
        closes the socket. Return the socket."""

    def give_back(self) -> None:
        """Read again, unless the socket is closed, and write as before."""

    def feed(self, data: bytes) -> bool:
        """Parse received bytes; return whether what follows continues the same message."""

    def write(self, data: bytes) -> int:
        """Write as soon as the client reads; return how many bytes wait."""

    @property
    def backlog(self) -> int:
        """How many bytes wait to be written."""

    def abort(self) -> None:
        """Break the connection."""


class Line:
    """One socket that is read and written directly.

    `clogged`: bytes wait in the server's buffer, and all others must go behind them. `heard`: bytes
    came since somebody set it to False. `open`: it is not detached. `changed` is called when
    `clogged` or `open` changes.
    """

    def __init__(
        self, pump: "Pump", server: ServerSocket, receive: Callable[[bytes, float], None]
    ) -> None:
        self.receive = receive
        self.heard = False
        self.changed: Callable[[], None] = _nothing
        self._pump = pump
        self._server = server
        self._socket = server.take_over(self)
        self.clogged = server.backlog > 0  # The answer to the handshake may wait to be written.
        self.fd = self._socket.fileno()
        self.open = True

    def write(self, data: bytes) -> None:
        """Write bytes, after those before. Never waits and never raises."""
        if self.clogged and not self._server.backlog:
            self._clog(False)
        if self.clogged:
            self._wait(data)
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # The next poll finds the end of the stream.
        if sent < len(data):
            self.finish(data, sent)

    def write_frames(self, payloads: Iterable[bytes]) -> None:
        """Write binary frames, all of them by one call of the system."""
        self.write(encode_frames(payloads))

    def finish(self, data: bytes, sent: int) -> None:
        """Write the rest of what the socket did not take at once; -1: it failed."""
        if sent >= 0:
            self._clog(True)
            self._wait(data[sent:])

    def feed(self, data: bytes) -> bool:
        """Have the server parse bytes; return whether what follows continues the same message."""
        return self._server.feed(data)

    def abort(self) -> None:
        """Break the connection."""
        self._server.abort()

    def detach(self) -> None:
        """Have the server read and write again. Further calls change nothing."""
        if self.open:
            self.open = False
            self._pump.forget(self)
            self.changed()
            self._server.give_back()

    def _wait(self, data: bytes) -> None:
        if self._server.write(data) > MAX_BACKLOG:
            logger.debug("socket: gave up writing (reason=the client does not read)")
            self._server.abort()

    def _clog(self, clogged: bool) -> None:
        self.clogged = clogged
        self.changed()


class Pump:
    """All directly read sockets of one event loop. Create it on the loop.

    `begin` is called before each round of reading, in which connections take what has come, and
    `end` after it.
    """

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self.lines: dict[int, Line] = {}
        self._begin = begin
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._epoll: select.epoll | None = None
        self._raw: set[int] = set()

    def attach(self, server: ServerSocket, receive: Callable[[bytes, float], None]) -> Line:
        """Read a socket directly from now on. `receive` takes a payload and the loop's time."""
        line = Line(self, server, receive)
        if self._epoll is None:
            self._epoll = select.epoll()
            self._loop.add_reader(self._epoll.fileno(), self._read, self._epoll)
        self._epoll.register(line.fd, select.EPOLLIN)
        self.lines[line.fd] = line
        self._feed(line, b"")  # The beginning of a message may have come already.
        return line

    def forget(self, line: Line) -> None:
        """Read a socket no more."""
        # The kernel forgets a closed socket by itself, and may have given its number to another.
        if self.lines.get(line.fd) is line and self._epoll is not None:
            del self.lines[line.fd]
            self._raw.discard(line.fd)
            try:
                self._epoll.unregister(line.fd)
            except OSError:
                return

    def close(self) -> None:
        """Give all sockets back to the server."""
        for line in tuple(self.lines.values()):
            line.detach()
        if self._epoll is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _read(self, epoll: "select.epoll") -> None:
        """Read what has come, and what comes meanwhile: a turn of the event loop costs as much as
        several rounds of reading."""
        until = self._loop.time() + READ_FOR
        while self._read_round(epoll) and self._loop.time() < until:
            pass

    def _read_round(self, epoll: "select.epoll") -> bool:
        """Read once from each socket that is ready; return whether to go on with another round.

        What the server has parsed reaches its connection with the next turn of the event loop, and
        before what the socket sent after it: so that turn must come first.
        """
        now = self._loop.time()
        received = poll(epoll, self._raw)
        if not received:
            return False
        only_frames = True
        self._begin()
        try:
            for fd, payloads, rest in received:
                line = self.lines.get(fd)
                if line is None:
                    continue  # It was closed by what another socket sent.
                line.heard = True
                try:
                    for payload in payloads:
                        line.receive(payload, now)
                    if rest:
                        only_frames = False
                        self._feed(line, rest)
                    elif rest is None:
                        line.detach()
                except Exception:
                    logger.exception("socket: a frame could not be handled")
                    line.abort()
        finally:
            self._end()
        return only_frames

    def _feed(self, line: Line, data: bytes) -> None:
        if line.feed(data) and line.open:
            self._raw.add(line.fd)
        else:
            self._raw.discard(line.fd)


def _nothing() -> None:
    """Tell nobody."""
