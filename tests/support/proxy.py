"""A bad network between two programs: a proxy for TCP that delays, loses, narrows, resets and goes
silent. Bytes keep their order, as TCP keeps it.

A lost segment is not missing for whoever reads: it and all that follow come late, when the sender
has sent it again. By RFC 8985 that is a round trip and a quarter after it was sent, where others
follow it soon; where none does, two round trips (a tail loss probe).
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from tests.support.loop import LoopThread

SEGMENT = 1_448
"""Bytes of a segment on an Ethernet."""

BUFFER = 16_384
"""Bytes that a narrow link takes in before it lets the sender wait; as much as the kernel buffers
for each of the proxy's sockets."""

RST_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Link:
    """What a network does, in each direction: seconds of delay, one in so many segments that is
    lost (0: none), and bytes a second (0: any number)."""

    delay: float = 0.0
    lost_in: int = 0
    bandwidth: float = 0.0


MOBILE = Link(delay=0.15, lost_in=100)
"""A round trip of 300 ms and a loss of 1 %, as on 3G."""


@dataclass(slots=True)
class Segment:
    """Bytes that are due at a time of the loop; none: the end of the stream."""

    data: bytes
    sent: float
    due: float
    lost: bool = False


class Direction:
    """One direction of a connection through a proxy."""

    def __init__(
        self, proxy: "Proxy", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.writer = writer
        # Those who began to count at once would lose what passes both of them twice in a row.
        self._phase = next(proxy.phases)
        self.changed = asyncio.Event()
        self._proxy = proxy
        self._reader = reader
        self._loop = asyncio.get_running_loop()
        self._segments: deque[Segment] = deque()
        self._room = asyncio.Event()
        self._taken = 0
        self._free_at = 0.0

    async def carry(self) -> None:
        """Pass on all that comes, until the end of the stream, and that too."""
        taking = asyncio.ensure_future(self._take())
        try:
            await self._pass_on()
            self.writer.write_eof()
        finally:
            taking.cancel()

    def relink(self) -> None:
        """Have what is under way arrive by the link that there is now."""
        self._free_at = now = self._loop.time()
        for segment in self._segments:
            segment.due = now + self._proxy.link.delay
        self.changed.set()

    async def _take(self) -> None:
        """Read segments, and say when they are due."""
        data = b"first"
        while data:
            try:
                data = await self._reader.read(SEGMENT)
            except OSError:
                data = b""
            link, now = self._proxy.link, self._loop.time()
            self._taken += 1
            self._free_at = max(self._free_at, now)
            if link.bandwidth:
                self._free_at += len(data) / link.bandwidth
            if self._segments and self._segments[-1].lost:
                self._follow(self._segments[-1], link, now)
            lost = bool(data and link.lost_in and self._loses(link.lost_in))
            due = self._free_at + link.delay + (4 * link.delay if lost else 0.0)
            self._segments.append(Segment(data, now, due, lost))
            self.changed.set()
            self._measure()
            if link.bandwidth:
                await self._room.wait()

    def _loses(self, lost_in: int) -> bool:
        return (self._taken + int(self._phase * lost_in)) % lost_in == 0

    def _measure(self) -> None:
        """Note whether there is room for more on a narrow link."""
        if sum(len(segment.data) for segment in self._segments) < BUFFER:
            self._room.set()
        else:
            self._room.clear()

    def _follow(self, lost: Segment, link: Link, now: float) -> None:
        """Have a lost segment be sent again as soon as the next one tells of it."""
        round_trip = 2 * link.delay
        again = max(1.25 * round_trip, now - lost.sent + round_trip)
        lost.due = min(lost.due, lost.sent + again + link.delay)

    async def _pass_on(self) -> None:
        """Write each segment when it is due, after those before it; return at the end."""
        while True:
            self.changed.clear()
            wait = None
            if self._segments and not self._proxy.silent:
                wait = self._segments[0].due - self._loop.time()
            if wait is not None and wait <= 0:
                data = self._segments.popleft().data
                self._measure()
                if not data:
                    return
                self.writer.write(data)
                await self.writer.drain()
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), wait)


class Proxy:
    """Passes connections on to a port of this machine, through `link`, until `close`.

    Every method may be called in any thread. While it is silent, connections stay open and nothing
    passes.
    """

    def __init__(self, target: int, link: Link = Link()) -> None:
        self.link = link
        self.silent = False
        self.phases = cycle((0.0, 0.25, 0.5, 0.75))
        """When in the count of segments the next direction begins."""
        self._target = target
        self._thread = LoopThread()
        self._directions: set[Direction] = set()
        self._server = self._run(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def become(self, link: Link) -> None:
        """Be another network from now on."""
        self.link = link
        self._run(self._relink())

    def fall_silent(self) -> None:
        """Pass nothing until `speak`."""
        self.silent = True

    def speak(self) -> None:
        """Pass what waits, and all that follows."""
        self.silent = False
        self._run(self._wake())

    def reset(self) -> int:
        """Break every connection by an RST to both ends; return how many there were."""
        return self._run(self._reset())

    def close(self) -> None:
        """Break every connection, and take no more."""
        self._server.get_loop().call_soon_threadsafe(self._server.close)
        self._thread.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends, both = [writer], set[Direction]()
        try:
            answers, there = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(there)
            for end in ends:
                own: socket.socket = end.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            both = {Direction(self, reader, there), Direction(self, answers, writer)}
            self._directions |= both
            await asyncio.gather(*(direction.carry() for direction in both))
        except (OSError, asyncio.CancelledError):
            return  # One end broke, or nobody listens; or the proxy is closed.
        finally:
            self._directions -= both
            for end in ends:
                end.transport.abort()

    async def _reset(self) -> int:
        for direction in self._directions:
            own: socket.socket = direction.writer.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            direction.writer.transport.abort()
        return len(self._directions) // 2

    async def _relink(self) -> None:
        for direction in self._directions:
            direction.relink()

    async def _wake(self) -> None:
        for direction in self._directions:
            direction.changed.set()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.run(work)


@contextmanager
def run_proxy(target: int, link: Link = Link()) -> Iterator[Proxy]:
    """Pass connections on to a port until the block ends."""
    proxy = Proxy(target, link)
    try:
        yield proxy
    finally:
        proxy.close()
