"""Stand-ins for the visitors and the staff of a real server: real WebSockets that keep what came.

Asynchronous tests use `Clients`. Tests beside a browser, whose driver has a loop of its own, use
`inviting`, whose guests live on a loop in another thread.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from presence.protocol.codec import decode_server, encode
from presence.protocol.messages import (
    NO_USER,
    SUBPROTOCOL,
    Anchor,
    AnchoredUpdate,
    Anchors,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    Heartbeat,
    Join,
    MessageType,
    NoticeMessage,
    PresenceUpdate,
    Probe,
    ServerMessage,
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
)
from tests.support.loop import LoopThread
from tests.support.server import OPEN_BOARD, Server
from tests.support.view import BoardView
from tests.support.waiting import DEADLINE

HEARTBEAT = bytes([MessageType.HEARTBEAT])
LEAVE = b"\x04\x00\x00"
UNITS = 65535
"""A position of 1.0 on the wire."""


def cursor(x: int, y: int) -> bytes:
    """Return a compact CURSOR_UPDATE."""
    return encode(CursorUpdate(x, y), Dialect.COMPACT)


def joining(name: str = "") -> bytes:
    """Return a JOIN, which is the same in both dialects for a name that both can carry."""
    return encode(Join(0, name), Dialect.COMPACT)


def state(state: UserState) -> bytes:
    """Return a STATE."""
    return encode(SetState(state), Dialect.COMPACT)


class ClosedEarlyError(AssertionError):
    """A socket was closed before what a test waits for. The first argument is the close code."""


class Socket:
    """One open WebSocket, which is read from the beginning."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._arrival = asyncio.Condition()
        self._over = False
        self._reading = asyncio.create_task(self._read())

    @property
    def close_code(self) -> int | None:
        """The close code, None while the socket is open."""
        return self.socket.close_code

    async def send(self, *messages: bytes | str) -> None:
        """Send messages as they are."""
        for message in messages:
            await self.socket.send(message)

    async def until(self, true: Callable[[], object], what: str, within: float = DEADLINE) -> None:
        """Wait until something is true of what came.

        Fails after `within` seconds, and as soon as nothing more can come.
        """
        async with self._arrival:
            try:
                event = self._arrival.wait_for(lambda: bool(true()) or self._over)
                await asyncio.wait_for(event, within)
            except TimeoutError:
                raise AssertionError(f"not within {within} s: {what}; {self}") from None
        if not true():
            await self._reading
            raise ClosedEarlyError(self.close_code, f"before: {what}; {self}")

    async def closed(self, within: float = DEADLINE) -> int:
        """Wait for the end, and return the close code."""
        await asyncio.wait_for(asyncio.shield(self._reading), within)
        assert self.close_code is not None
        return self.close_code

    async def close(self) -> None:
        """Close without a LEAVE, as a browser does when its page goes away."""
        await self.socket.close(1000)
        await self._reading

    async def leave(self) -> None:
        """Say good-bye and close."""
        await self.close()

    async def snap(self) -> None:
        """Break the connection without a close frame, as a pulled cable does."""
        self.socket.transport.abort()
        await self._reading

    def _take(self, data: bytes | str) -> bytes | None:
        """Keep a message, and return the answer to it."""
        raise NotImplementedError

    async def _read(self) -> None:
        try:
            with suppress(ConnectionClosed):
                async for data in self.socket:
                    if answer := self._take(data):
                        await self.socket.send(answer)
                    async with self._arrival:
                        self._arrival.notify_all()
        finally:
            self._over = True
            async with self._arrival:
                self._arrival.notify_all()


class Client(Socket):
    """A visitor's socket on a board.

    `frames` is everything received, as bytes; `messages` the same decoded, and `heard_at` when, by
    the loop; `view` the board by it.
    """

    def __init__(
        self, socket: ClientConnection, server: Server, board: str, dialect: Dialect, cookies: str
    ) -> None:
        self.server = server
        self.board = board
        self.dialect = dialect
        self.cookies = cookies
        self._asked_name = ""
        self.frames: list[bytes] = []
        self.messages: list[ServerMessage] = []
        self.heard_at: list[float] = []
        self.view = BoardView(dialect)
        super().__init__(socket)

    def __str__(self) -> str:
        told = [
            m
            for m in self.messages
            if not isinstance(m, Anchors | CursorBroadcast | Heartbeat | Probe)
        ]
        return f"{self.name!r} was told {told[-30:]}"

    @property
    def name(self) -> str:
        """The name on the board: the one asked for, unless the server told another."""
        known = None if self.view.own is None else self.view.users.get(self.view.own)
        return known[0] if known else self._asked_name

    @property
    def person(self) -> object:
        """Equal for all sockets of one person: the account's session, else the guest's cookie, else
        the socket itself."""
        return self.cookies.partition(";")[0] or self

    @property
    def user(self) -> int:
        """The user id that the server gave."""
        assert self.view.own is not None, "not on the board"
        return self.view.own

    @property
    def count(self) -> int | None:
        """The people on the board, as last told."""
        return self.view.people

    @property
    def others(self) -> dict[int, str]:
        """The names of those on the board, by user id, without this socket's own."""
        users = self.view.users.items()
        return {user: name for user, (name, _) in users if user != self.view.own}

    @property
    def cursors(self) -> list[bytes]:
        """The cursor frames, as bytes."""
        return [frame for frame in self.frames if frame[0] == MessageType.CURSOR_BROADCAST]

    @property
    def comings_and_goings(self) -> int:
        """How often this client was told that somebody came or went."""
        return len(self.all(UserJoined)) + len(self.all(UserLeft))

    def positions(self, user: int) -> list[tuple[int, int]]:
        """Return where a user pointed, in the order in which it was told."""
        cursors = [c for message in self.all(CursorBroadcast) for c in message.cursors]
        return [(c.x, c.y) for c in cursors if c.user == user]

    def last(self, kind: type[Any]) -> Any:
        """Return the last message of a kind."""
        return next(m for m in reversed(self.messages) if isinstance(m, kind))

    def all(self, kind: type[Any]) -> list[Any]:
        """Return the messages of a kind, in their order."""
        return [m for m in self.messages if isinstance(m, kind)]

    async def join(self, name: str = "") -> "Client":
        """Send JOIN, and return when everything that follows it has come: the count is the last."""
        self._asked_name, self.view.people, self.view.own = name, None, None
        await self.send(joining(name))
        await self.until(lambda: self.count is not None, "a count after JOIN")
        return self

    async def leave(self) -> None:
        """Leave and close, as `destroy()` of the client does."""
        with suppress(ConnectionClosed):
            await self.send(LEAVE)
        await self.close()

    async def settle(self) -> None:
        """Wait for the answer to a heartbeat: what was sent before has been handled by then."""
        seen = self.frames.count(HEARTBEAT)
        await self.send(HEARTBEAT)
        await self.until(lambda: self.frames.count(HEARTBEAT) > seen, "a heartbeat's answer")

    def _take(self, data: bytes | str) -> bytes | None:
        assert isinstance(data, bytes), f"a text message came: {data!r}"
        message = decode_server(data, self.dialect)
        self.frames.append(data)
        self.messages.append(message)
        self.heard_at.append(asyncio.get_running_loop().time())
        if isinstance(message, Probe):
            return data
        if not isinstance(message, Heartbeat | NoticeMessage):
            if isinstance(message, PresenceUpdate) and self.view.own is None:
                # The explicit dialect has no WELCOME: the last user before the first count, who is
                # nobody on a board that shows counts only.
                joined = [each.user for each in self.all(UserJoined)]
                self.view.own = joined[-1] if joined else NO_USER
            self.view.take(message)
        return None


class StaffPage(Socket):
    """A socket of a page of the admin.

    `frames` is everything that came; `rows` and `overview` are what the page shows by it.
    """

    def __init__(self, socket: ClientConnection, server: Server) -> None:
        self.server = server
        self.frames: list[dict[str, Any]] = []
        self.rows: dict[str, int | None] = {}
        self.overview: dict[str, Any] = {}
        super().__init__(socket)

    def __str__(self) -> str:
        return f"the page was told {self.frames}"

    async def subscribe(self, **topics: Any) -> None:
        """Say which topics the page shows."""
        await self.send(json.dumps({"site": "admin", "model": "presence_site.board", **topics}))

    def _take(self, data: bytes | str) -> None:
        frame = json.loads(data)
        self.frames.append(frame)
        self.rows |= frame.get("rows") or {}
        self.overview = frame.get("overview", self.overview)


class Clients:
    """Opens sockets to one server, on `board` unless told otherwise, and closes them all."""

    def __init__(self, server: Server, board: str = OPEN_BOARD) -> None:
        self.server = server
        self.board = board
        self._open: list[Socket] = []

    async def connect(
        self,
        board: str = "",
        dialect: Dialect = Dialect.COMPACT,
        cookies: str = "",
        subprotocols: tuple[str, ...] | None = None,
        url: str = "",
        **how: Any,
    ) -> Client:
        """Open a visitor's socket; nothing is sent yet. `url` is one in an unusual place. `how` is
        for websockets' `connect`."""
        if subprotocols is None:
            subprotocols = (SUBPROTOCOL,) if dialect is Dialect.COMPACT else ()
        board = board or self.board
        url, how = (
            url or self.server.socket_url(board),
            {"subprotocols": subprotocols or None, **how},
        )
        socket = await self._connect(url, cookies, how)
        client = Client(socket, self.server, board, dialect, cookies)
        self._open.append(client)
        return client

    async def join(self, name: str = "", **how: Any) -> Client:
        """Open a visitor's socket and join."""
        return await (await self.connect(**how)).join(name)

    async def staff(self, session: str = "", url: str = "", **how: Any) -> StaffPage:
        """Open the socket of a page of the admin, as the owner of a session."""
        cookies = f"sessionid={session}" if session else ""
        socket = await self._connect(url or self.server.socket_url("staff"), cookies, how)
        page = StaffPage(socket, self.server)
        self._open.append(page)
        return page

    async def close(self) -> None:
        """Leave with what is still open."""
        await asyncio.gather(*(socket.leave() for socket in self._open))

    async def _connect(self, url: str, cookies: str, how: dict[str, Any]) -> ClientConnection:
        return await connect(
            url,
            additional_headers={"Cookie": cookies} if cookies else {},
            compression=None,
            ping_interval=None,
            **{"origin": self.server.origin, **how},
        )


class Guest:
    """A client on the loop of another thread."""

    def __init__(self, client: Client, loop: LoopThread) -> None:
        self.client = client
        self._run = loop.run

    def point(self, fx: float, fy: float, anchor: Anchor | None = None) -> None:
        """Point at a fraction of the surface, and at an anchor."""
        x, y = round(fx * UNITS), round(fy * UNITS)
        update = AnchoredUpdate(x, y, anchor) if anchor else CursorUpdate(x, y)
        self._run(self.client.send(encode(update, Dialect.COMPACT)))

    def state(self, now: UserState) -> None:
        """Send a STATE."""
        self._run(self.client.send(state(now)))

    def leave(self) -> None:
        """Leave and close, as `destroy()` of the client does."""
        self._run(self.client.leave())

    def until(self, true: Callable[[], object], what: str) -> None:
        """Wait until something is true of what came."""
        self._run(self.client.until(true, what))

    def closed(self, within: float = DEADLINE) -> int:
        """Wait until the server closes, and return the code."""
        return self._run(self.client.closed(within))

    def cursors(self) -> list[tuple[float, float]]:
        """Return where others pointed, in fractions, in the order in which it was told."""
        told = self.client.all(CursorBroadcast)
        return [(c.x / UNITS, c.y / UNITS) for message in told for c in message.cursors]

    def anchors(self) -> list[Anchor]:
        """Return the anchors that others pointed at, in the order in which they were told."""
        return [anchor for message in self.client.all(Anchors) for _, anchor in message.anchors]

    def states(self) -> list[UserState]:
        """Return the states of others, in the order in which they were told."""
        return [now for message in self.client.all(States) for _, now in message.states]


class Invite:
    """Has people come to a board, who leave with `close`."""

    def __init__(self, server: Server, board: str) -> None:
        self.clients = Clients(server, board)
        self.loop = LoopThread()

    def __call__(self, name: str, cookies: str = "") -> Guest:
        """Return somebody who has joined the board."""
        return Guest(self.loop.run(self.clients.join(name, cookies=cookies)), self.loop)

    def close(self) -> None:
        """Close all sockets."""
        self.loop.run(self.clients.close())
        self.loop.close()


@contextmanager
def inviting(server: Server, board: str) -> Iterator[Invite]:
    """Let people come to a board, who leave when the block ends."""
    invite = Invite(server, board)
    try:
        yield invite
    finally:
        invite.close()
