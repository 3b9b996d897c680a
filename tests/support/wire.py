"""A client of the wire for tests: real WebSocket, frames decoded by the project's own codec."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from presence.protocol.codec import decode_server, encode
from presence.protocol.messages import (
    SUBPROTOCOL,
    CursorUpdate,
    Dialect,
    Join,
    MessageType,
    PresenceUpdate,
    Probe,
    ServerMessage,
    Welcome,
)
from tests.support.server import OPEN_BOARD, Server
from tests.support.waiting import DEADLINE

HEARTBEAT = b"\x08"


def cursor(x: int, y: int) -> bytes:
    """Return a compact cursor update."""
    return encode(CursorUpdate(x, y), Dialect.COMPACT)


class Client:
    """One open socket. `frames` is everything received, as bytes; `messages` the same decoded."""

    def __init__(self, socket: ClientConnection, dialect: Dialect) -> None:
        self.socket = socket
        self.dialect = dialect
        self.frames: list[bytes] = []
        self.messages: list[ServerMessage] = []
        self._news = asyncio.Condition()
        self._over = False
        self._reading = asyncio.create_task(self._read())

    @property
    def cursors(self) -> list[bytes]:
        """The cursor frames, as bytes."""
        return [frame for frame in self.frames if frame[0] == MessageType.CURSOR_BROADCAST]

    @property
    def close_code(self) -> int | None:
        """The close code, None while the socket is open."""
        return self.socket.close_code

    @property
    def user(self) -> int:
        """The user id that WELCOME gave."""
        return int(self.last(Welcome).user)

    @property
    def count(self) -> int | None:
        """The people on the board, as last told."""
        counts = self.all(PresenceUpdate)
        return counts[-1].count if counts else None

    def last(self, kind: type[Any]) -> Any:
        """Return the last message of a kind."""
        return next(m for m in reversed(self.messages) if isinstance(m, kind))

    def all(self, kind: type[Any]) -> list[Any]:
        """Return the messages of a kind, in their order."""
        return [m for m in self.messages if isinstance(m, kind)]

    async def send(self, *frames: bytes) -> None:
        """Send frames as they are."""
        for frame in frames:
            await self.socket.send(frame)

    async def join(self, name: str = "") -> "Client":
        """Send JOIN, and return when the first count has come."""
        await self.send(encode(Join(0, name), self.dialect))
        await self.until(lambda: self.count is not None, "a count after JOIN")
        return self

    async def until(self, true: Callable[[], object], what: str, within: float = DEADLINE) -> None:
        """Wait until something is true of what was received, or fail after `within` seconds, or
        as soon as nothing more can come."""
        async with self._news:
            try:
                over = self._news.wait_for(lambda: bool(true()) or self._over)
                await asyncio.wait_for(over, within)
            except TimeoutError:
                got = self.messages
                raise AssertionError(f"not within {within} s: {what}; got {got}") from None
            assert true(), f"closed ({self.close_code}) before: {what}; got {self.messages}"

    async def settle(self) -> None:
        """Wait for the answer to a heartbeat: what was sent before has been taken in by then."""
        seen = self.frames.count(HEARTBEAT)
        await self.send(HEARTBEAT)
        await self.until(lambda: self.frames.count(HEARTBEAT) > seen, "a heartbeat's answer")

    async def closed(self, within: float = DEADLINE) -> int:
        """Wait for the end, and return the close code."""
        await asyncio.wait_for(self._reading, within)
        assert self.close_code is not None
        return self.close_code

    async def close(self) -> None:
        """Close as a browser does."""
        await self.socket.close(1000)
        await self._reading

    async def snap(self) -> None:
        """Break the connection: no close frame, as when a cable is pulled."""
        self.socket.transport.abort()
        await self._reading

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = await self.socket.recv()
                assert isinstance(frame, bytes), f"a text message came: {frame!r}"
                message = decode_server(frame, self.dialect)
                if isinstance(message, Probe):
                    await self.socket.send(frame)
                async with self._news:
                    self.frames.append(frame)
                    self.messages.append(message)
                    self._news.notify_all()
        async with self._news:
            self._over = True
            self._news.notify_all()


class Clients:
    """Opens clients, on `board` unless told otherwise, and closes them all in the end."""

    def __init__(self, server: Server, board: str = OPEN_BOARD) -> None:
        self.server = server
        self.board = board
        self._open: list[Client] = []

    async def connect(
        self,
        board: str = "",
        dialect: Dialect = Dialect.COMPACT,
        cookies: str = "",
        origin: str | None = None,
        subprotocols: list[str] | None = None,
    ) -> Client:
        """Open a socket; nothing is sent yet."""
        offered = [SUBPROTOCOL] if dialect is Dialect.COMPACT else []
        socket = await connect(
            self.server.socket_url(board or self.board),
            origin=origin or self.server.origin,  # type: ignore[arg-type]
            subprotocols=(subprotocols or offered) or None,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookies} if cookies else {},
            compression=None,
            ping_interval=None,
        )
        client = Client(socket, dialect)
        self._open.append(client)
        return client

    async def join(self, name: str = "", **how: Any) -> Client:
        """Open a socket and join."""
        return await (await self.connect(**how)).join(name)

    async def close(self) -> None:
        """Close what is still open."""
        await asyncio.gather(*(client.close() for client in self._open))
