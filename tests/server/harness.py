"""What the tests of this process's floor are made with: sockets that only write down, a store that
can be slow and can fail, and waiting that ends."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from presence.protocol.codec import decode_server, encode
from presence.protocol.errors import Close, TryLater
from presence.protocol.identity import Visitor
from presence.protocol.messages import (
    ClientMessage,
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    Join,
    Leave,
    MessageType,
    PresenceUpdate,
    Probe,
    ServerMessage,
    Welcome,
)
from presence.server.connection import Connection
from presence.server.hub import Hub
from presence.store.base import (
    Admission,
    BoardSummary,
    Departure,
    JoinRequest,
    Member,
    Snapshot,
    Store,
)

BOARD = UUID("00000000-0000-4000-8000-000000000001")
OTHER_BOARD = UUID("00000000-0000-4000-8000-000000000002")
WITHIN = 3600.0
"""Seconds until a wait is given up; the tests' loop does not sleep through them."""

OUT = TryLater("the store is out of reach", retry=2_000)

T = TypeVar("T")
M = TypeVar("M")


class BrokenError(Exception):
    """What a store should never raise."""


class Socket:
    """A client's end of one connection: says what it is told to, and writes down what it hears.

    While it `reads`, it answers every PROBE.
    """

    def __init__(self, hub: Hub, board: UUID, visitor: Visitor, dialect: Dialect) -> None:
        self.dialect = dialect
        self.reads = True
        self.frames: list[bytes] = []
        self.codes: list[int] = []
        self._decoded: list[ServerMessage] = []
        self._read = 0
        self._news = asyncio.Event()
        self.connection = Connection(hub, board, visitor, dialect, self)

    def write(self, frame: bytes) -> None:
        """Stands for the server's: every frame a connection writes comes here."""
        self.frames.append(frame)
        self._news.set()
        if self.reads and frame[0] == MessageType.PROBE:
            asyncio.get_running_loop().call_soon(self.connection.receive, frame)

    def close_with(self, code: int) -> None:
        """Stands for the server's: the code a connection closes with comes here."""
        self.codes.append(code)
        self._news.set()

    @property
    def messages(self) -> list[ServerMessage]:
        """Everything heard."""
        news = self.frames[len(self._decoded) :]
        self._decoded += [decode_server(frame, self.dialect) for frame in news]
        return self._decoded

    def heard(self) -> list[ServerMessage]:
        """Return what was heard since the last call, but for the probes."""
        messages = self.messages[self._read :]
        self._read += len(messages)
        return [message for message in messages if not isinstance(message, Probe)]

    def all(self, kind: type[M]) -> list[M]:
        """Return the messages of a kind, in their order."""
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def welcome(self) -> Welcome:
        """The last WELCOME."""
        return self.all(Welcome)[-1]

    @property
    def count(self) -> int | None:
        """The people on the board, as last told."""
        told = self.all(PresenceUpdate)
        return told[-1].count if told else None

    @property
    def cursor_frames(self) -> list[bytes]:
        """Every frame that tells of cursors, as it came."""
        return [frame for frame in self.frames if frame[0] == MessageType.CURSOR_BROADCAST]

    @property
    def cursors(self) -> list[Cursor]:
        """Every cursor heard of, in the order told."""
        return [c for message in self.all(CursorBroadcast) for c in message.cursors]

    @property
    def pointers(self) -> dict[int, tuple[int, int]]:
        """Where everybody's cursor was last told to be, by user id."""
        return {cursor.user: (cursor.x, cursor.y) for cursor in self.cursors}

    def say(self, *messages: ClientMessage) -> None:
        """Send messages, one frame each."""
        for message in messages:
            self.connection.receive(encode(message, self.dialect))

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
        self.connection.closed(Close.BROKEN)

    def hang_up(self) -> None:
        """Close as a browser does."""
        self.connection.closed(Close.GOING_AWAY)

    async def join(self, name: str = "Ada") -> "Socket":
        """Send JOIN, and return when the first count has come."""
        self.ask(name)
        await self.until(lambda: self.count is not None)
        return self

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is true of what was heard."""
        async with asyncio.timeout(WITHIN):
            while not true():
                self._news.clear()
                await self._news.wait()


async def pass_time(seconds: float) -> None:
    """Let time pass. On the tests' loop it takes none."""
    await asyncio.sleep(seconds)


async def settle() -> None:
    """Let everything happen that needs no time to pass."""
    await pass_time(0.000_001)


class Seam:
    """A store that stands before another: slow while `open` is clear, failing as `failing` says.

    `failing` holds, by the name of a method, what to raise instead of calling it; `late` holds the
    methods that are slow after their work in place of before. `calls` tells what was asked for.
    """

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.open = asyncio.Event()
        self.open.set()
        self.failing: dict[str, Exception] = {}
        self.late: set[str] = set()
        self.calls: list[str] = []

    def let_one_through(self) -> None:
        """Let whoever waits now go on, and nobody after them."""
        self.open.set()
        self.open.clear()

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        return await self._pass("join", lambda: self.inner.join(board, request))

    async def start_grace(self, board: UUID, session: str) -> None:
        await self._pass("start_grace", lambda: self.inner.start_grace(board, session))

    async def leave(self, board: UUID, session: str) -> Departure:
        return await self._pass("leave", lambda: self.inner.leave(board, session))

    async def reap(self, board: UUID) -> Departure:
        return await self._pass("reap", lambda: self.inner.reap(board))

    async def renew(self, process: str) -> Mapping[UUID, BoardSummary]:
        return await self._pass("renew", lambda: self.inner.renew(process))

    async def snapshot(self, board: UUID) -> Snapshot:
        return await self._pass("snapshot", lambda: self.inner.snapshot(board))

    async def restore(self, board: UUID, members: Sequence[Member]) -> Snapshot:
        return await self._pass("restore", lambda: self.inner.restore(board, members))

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        return await self._pass("boards", lambda: self.inner.boards(among))

    async def processes(self) -> Mapping[str, int]:
        return await self._pass("processes", self.inner.processes)

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        return await self._pass("counts", lambda: self.inner.counts(boards))

    async def ping(self) -> None:
        await self._pass("ping", self.inner.ping)

    async def _pass(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        self.calls.append(name)
        if name not in self.late:
            await self.open.wait()
        if name in self.failing:
            raise self.failing[name]
        done = await work()
        if name in self.late:
            await self.open.wait()
        return done


class Process:
    """One process: its hub, the seam to its store, and sockets as they are asked for."""

    def __init__(self, hub: Hub, seam: Seam) -> None:
        self.hub = hub
        self.seam = seam
        self._people = 0

    def socket(
        self,
        person: str = "",
        *,
        name: str | None = None,
        board: UUID = BOARD,
        dialect: Dialect = Dialect.COMPACT,
    ) -> Socket:
        """Open a socket; whoever is not named is a person of their own."""
        self._people += 1
        visitor = Visitor(person or f"person {self._people}", name)
        return Socket(self.hub, board, visitor, dialect)

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
