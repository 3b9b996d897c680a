"""One process to test in: sockets that write down what they get, and a store that can be slow and
can fail. The tests' event loop skips the time in which nothing happens."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Container, Iterator
from contextlib import contextmanager
from struct import unpack
from typing import Any, TypeVar
from uuid import UUID

from presence.protocol.codec import decode_server, encode
from presence.protocol.errors import Close, TryLater
from presence.protocol.identity import Privacy, Visitor
from presence.protocol.messages import (
    ClientMessage,
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    Heartbeat,
    Join,
    Leave,
    MessageType,
    NoticeMessage,
    Probe,
    ServerMessage,
    Welcome,
)
from presence.server.connection import Connection
from presence.server.hub import Hub
from presence.server.pump import Line
from presence.store.base import Store, Timing
from presence.store.memory import MemoryStore
from tests.server.wire import WrittenServer, client_frame, take_frames
from tests.support.view import BoardView

BOARD = UUID("00000000-0000-4000-8000-000000000001")
OTHER_BOARD = UUID("00000000-0000-4000-8000-000000000002")
WITHIN = 3600.0
"""Seconds until a test stops waiting; the tests' loop skips them."""

OUT = TryLater("the store is out of reach", retry=2_000)

M = TypeVar("M")
Ends = tuple[()] | tuple[socket.socket, socket.socket]


class BrokenError(Exception):
    """What a store should never raise."""


class Socket:
    """A client's end of one connection. `messages` is everything it got, `codes` how it was closed.

    While it `reads`, it answers every PROBE. With `ends` of a real socket, the client's first,
    frames go through them, and through the hub's pump.
    """

    def __init__(
        self, hub: Hub, board: UUID, visitor: Visitor | None, dialect: Dialect, ends: Ends = ()
    ) -> None:
        self.dialect = dialect
        self.reads = True
        self.line: Line | None = None
        self.clogged = False
        self.frames: list[bytes] = []
        self.messages: list[ServerMessage] = []
        self.codes: list[int] = []
        self._heard = 0
        self._news = asyncio.Event()
        self._ends = ends
        self._code: int | None = None
        self._received = bytearray()
        self.connection = Connection(hub, board, visitor, dialect, self)
        if ends:
            self._server = WrittenServer(ends[1], self._given_back)
            self.line = hub.pump.attach(self._server, self.connection.receive)
            asyncio.get_running_loop().add_reader(ends[0], self._read)

    def write(self, frames: Collection[bytes]) -> None:
        if self.line is not None:
            self.line.write_frames(frames)
        else:
            for frame in frames:
                self._take(frame)

    def close_with(self, code: int) -> None:
        self.codes.append(code)
        self._news.set()
        if self.line is not None:
            asyncio.get_running_loop().call_soon(self.line.detach)

    def heard(self) -> list[ServerMessage]:
        """Return what came since the last call, but for the probes."""
        news, self._heard = self.messages[self._heard :], len(self.messages)
        return [message for message in news if not isinstance(message, Probe)]

    def all(self, kind: type[M]) -> list[M]:
        """Return the messages of a kind, in their order."""
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def view(self) -> BoardView:
        """What the client knows of the board, from all that it got."""
        view = BoardView(self.dialect)
        for message in self.messages:
            if not isinstance(message, Probe | Heartbeat | NoticeMessage):
                view.take(message)
        return view

    @property
    def welcome(self) -> Welcome:
        """The last WELCOME."""
        return self.all(Welcome)[-1]

    @property
    def count(self) -> int | None:
        """The people on the board, as last told."""
        return self.view.people

    @property
    def cursors(self) -> list[Cursor]:
        """Every cursor that was told, in order."""
        return [c for message in self.all(CursorBroadcast) for c in message.cursors]

    @property
    def pointers(self) -> dict[int, tuple[int, ...]]:
        """The places of the others' cursors, by user id."""
        return {user: unpack(">HH", at) for user, at in self.view.cursors.items()}

    def say(self, *messages: ClientMessage) -> None:
        """Send messages, one frame each."""
        for message in messages:
            self._send(encode(message, self.dialect))

    def move(self, x: int, y: int = 0) -> None:
        """Say where the pointer is."""
        self.say(CursorUpdate(x, y))

    def ask(self, name: str = "Ada") -> None:
        """Send JOIN."""
        self.say(Join(0, name))

    def leave(self) -> None:
        """Send LEAVE."""
        self.say(Leave(0))

    def snap(self) -> None:
        """Break, as when a cable is pulled."""
        self._end(Close.BROKEN)

    def hang_up(self) -> None:
        """Leave and close, as `destroy()` of the client does."""
        self.leave()
        self._end(Close.CLEAN)

    def go_away(self) -> None:
        """Close without a LEAVE, as a browser does when its page goes away."""
        self._end(Close.GOING_AWAY)

    async def join(self, name: str = "Ada") -> "Socket":
        """Send JOIN, and return when the first count has come."""
        self.ask(name)
        await self.until(lambda: self.count is not None)
        return self

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is true of what came."""
        async with asyncio.timeout(WITHIN):
            while not true():
                self._news.clear()
                await self._news.wait()

    def _read(self) -> None:
        self._received += self._ends[0].recv(65_536)
        self._server.flush()
        for frame in take_frames(self._received):
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.messages.append(decode_server(frame, self.dialect))
        self._news.set()
        if self.reads and frame[0] == MessageType.PROBE:
            asyncio.get_running_loop().call_soon(self._send, frame)

    def _send(self, frame: bytes) -> None:
        if self.line is not None and self.line.open and self._code is None:
            self._ends[0].sendall(client_frame(frame))
        else:
            self.connection.receive(frame)

    def _end(self, code: int) -> None:
        if self.line is None or not self.line.open:
            self.connection.closed(code)
        elif self._code is None:
            self._code = code
            asyncio.get_running_loop().remove_reader(self._ends[0])
            self._ends[0].close()

    def _given_back(self) -> None:
        """Take in that the server reads again; it finds that the client is gone."""
        if self._code is not None:
            self._ends[1].close()
            self.connection.closed(self._code)


async def pass_time(seconds: float) -> None:
    """Let time pass. On the tests' loop it takes none."""
    await asyncio.sleep(seconds)


async def settle() -> None:
    """Let everything happen that needs no time to pass."""
    await pass_time(0.000_001)


class Seam:
    """A store before another one: slow while `open` is clear, failing as `failing` says.

    `failing` holds, by the name of a method, what to raise in place of calling it; `late` holds the
    methods that are slow after their work and not before. `calls` are the methods called.
    """

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.open = asyncio.Event()
        self.open.set()
        self.failing: dict[str, Exception] = {}
        self.late: set[str] = set()
        self.calls: list[str] = []

    @contextmanager
    def hold(self, *late: str) -> Iterator[None]:
        """Answer only when the block ends; do the work of the `late` methods at once."""
        self.late = {*late}
        self.open.clear()
        yield
        self.open.set()

    @contextmanager
    def fail(self, error: Exception, *methods: str) -> Iterator[None]:
        """Raise an error from some methods until the block ends."""
        self.failing |= dict.fromkeys(methods, error)
        yield
        self.failing.clear()

    @contextmanager
    def delay(self, method: str, seconds: float) -> Iterator[None]:
        """Until the block ends, let a method take longer, half of it before its work."""
        call = getattr(self, method)

        async def slow(*args: Any) -> Any:
            await pass_time(seconds / 2)
            answer = await call(*args)
            await pass_time(seconds / 2)
            return answer

        setattr(self, method, slow)
        try:
            yield
        finally:
            delattr(self, method)

    @property
    def other_processes(self) -> int:
        return self.inner.other_processes

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any) -> Any:
            self.calls.append(name)
            if name not in self.late:
                await self.open.wait()
            if name in self.failing:
                raise self.failing[name]
            done = await getattr(self.inner, name)(*args)
            if name in self.late:
                await self.open.wait()
            return done

        return call


class Process:
    """One process: its hub, the seam to its store, and its sockets. With `direct`, they are real
    sockets, which the hub's pump reads and writes."""

    def __init__(self, hub: Hub, seam: Seam, *, direct: bool = False) -> None:
        self.hub = hub
        self.seam = seam
        self._direct = direct
        self._ends: list[socket.socket] = []
        self._people = 0

    def socket(
        self,
        person: str = "",
        *,
        name: str | None = None,
        board: UUID = BOARD,
        dialect: Dialect = Dialect.COMPACT,
        privacy: Privacy = Privacy.FULL,
        reserved: Container[str] = frozenset(),
    ) -> Socket:
        """Open a socket, of another person each time unless one is named."""
        self._people += 1
        visitor = Visitor(person or f"person {self._people}", name, privacy, reserved)
        ends = socket.socketpair() if self._direct else ()
        self._ends += ends
        return Socket(self.hub, board, visitor, dialect, ends)

    async def joined(self, *args: Any, **how: Any) -> Socket:
        """Open a socket and join; it has heard everything, and a quiet tick has passed."""
        joined = await self.socket(*args, **how).join()
        await pass_time(1)
        joined.heard()
        return joined

    async def two(self) -> tuple[Socket, Socket]:
        """Return two people on one board, the second of them "bob", and nothing left to hear."""
        ada, bob = await self.joined(), await self.joined("bob")
        ada.heard()
        return ada, bob

    async def people(self, board: UUID = BOARD) -> int:
        """Return how many people the store knows on a board."""
        return (await self.seam.inner.counts([board]))[board]

    async def close(self) -> None:
        """End it without a word."""
        self.seam.open.set()
        await self.hub.close()
        for end in self._ends:
            if end.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(end)
                end.close()


def start_process(timing: Timing, *, direct: bool = False) -> Process:
    """Return a process without others, over a memory store."""
    clock = asyncio.get_running_loop().time
    seam: Any = Seam(MemoryStore(clock, timing))
    return Process(Hub(seam, "this-process", least=33, timing=timing), seam, direct=direct)
