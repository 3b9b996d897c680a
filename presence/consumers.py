"""The WebSocket endpoint: Channels on one side, a `Connection` on the other, and nothing kept
here.

What every WebSocket of presence is under ASGI, whatever it carries.
"""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.exceptions import DenyConnection, StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from presence.auth import admit, parse_board
from presence.protocol.errors import Close, PresenceError
from presence.protocol.messages import SUBPROTOCOL, Dialect
from presence.protocol.session import farewell
from presence.runtime import current_hub
from presence.server.connection import Connection
from presence.server.outbox import Outbox

DRAIN_WITHIN = 2.0
"""Seconds that the store, and then the client, has to take in that the server goes down."""

GONE_WITHIN = 1.0
"""Seconds within which a server tells of a socket that broke while it was written to."""


class Endpoint(AsyncWebsocketConsumer):
    """One WebSocket. What is one has `connect`, `received`, `gone` and `step_aside`."""

    _running: "asyncio.Task[Any] | None" = None
    _unwritable = False
    _over = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the socket until it is closed, and have it gone whatever ended it.

        Stands in for `AsyncConsumer.__call__`, which starts two tasks for every message and, in
        `dispatch`, sends each through the thread pool to close old database connections
        (`channels.consumer`, since 4.2). A frame needs neither: there is no channel to listen to,
        and nothing after the handshake uses the ORM. Connect and disconnect do go through
        `dispatch`.
        """
        self.scope = scope
        self.channel_layer = None
        self.base_send = send
        self.outbox = Outbox(send, self._gave_up)
        self._running = asyncio.current_task()
        try:
            while True:
                message = await self._receive(receive)
                if message["type"] == "websocket.receive":
                    self.received(message)
                else:
                    await self.dispatch(message)
        except StopConsumer:
            pass
        except asyncio.CancelledError:
            if self._running is not None:
                # Noted. Before Python 3.11.3 a task being cancelled can use no `asyncio.timeout`.
                self._running.uncancel()
            if not self._unwritable:
                await self._drain(receive)
                raise
            self._gone(Close.BROKEN)
            await self._end(receive)
        finally:
            self._gone(Close.BROKEN)

    def received(self, message: dict[str, Any]) -> None:
        """Take in what the client sent."""
        raise NotImplementedError

    def gone(self, code: int | None) -> None:
        """Take in that the socket is no more; may be called again."""
        raise NotImplementedError

    async def step_aside(self) -> bool:
        """Say good-bye, as the server goes down, and return whether the client is to hear of it.

        The server waits for it.
        """
        raise NotImplementedError

    async def disconnect(self, code: int | None) -> None:
        """Take in that the socket is closed."""
        self._gone(code)

    def close_with(self, code: int) -> None:
        """Close the socket after what was written."""
        self.outbox.finish({"type": "websocket.close", "code": int(code)})

    async def _end(self, receive: Any) -> None:
        """Return when the server knows that the socket is gone, of which writing may tell first.

        It does not know of one that only takes no more. Nothing we write can close that: an error
        has the server do it.
        """
        try:
            async with asyncio.timeout(GONE_WITHIN):
                await self._hang_up(receive)
        except TimeoutError:
            raise ConnectionError("the socket took no more frames") from None

    async def _drain(self, receive: Any) -> None:
        """A consumer is cancelled when its server goes down (Daphne on SIGTERM)."""
        if await self.step_aside():
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_WITHIN):
                    await self._hang_up(receive)

    async def _hang_up(self, receive: Any) -> None:
        while not self._over:
            await self._receive(receive)

    async def _receive(self, receive: Any) -> Any:
        message = await receive()
        self._over = message["type"] == "websocket.disconnect"
        return message

    def _gone(self, code: int | None) -> None:
        self.outbox.close()
        self.gone(code)

    def _gave_up(self) -> None:
        self._unwritable = True
        if self._running is not None:
            self._running.cancel()


def choose_dialect(offered: list[str]) -> Dialect | None:
    """Return the dialect for the subprotocols a client offers, None where it offers only others."""
    if SUBPROTOCOL in offered:
        return Dialect.COMPACT
    return None if offered else Dialect.EXPLICIT


class PresenceConsumer(Endpoint):
    """One WebSocket on one board."""

    connection: Connection | None = None

    async def connect(self) -> None:
        """Let the visitor in, or tell them why not: PROTOCOL.md, "Transport"."""
        dialect = choose_dialect(self.scope["subprotocols"])
        if dialect is None:
            raise DenyConnection
        board = None
        try:
            board = parse_board(self.scope["url_route"]["kwargs"]["board"])
            visitor = await admit(self.scope, board)
        except PresenceError as error:
            await self._accept(dialect)
            self._refuse(error, dialect, board)
            return
        await self._accept(dialect)
        self.connection = Connection(
            current_hub(),
            board,
            visitor,
            dialect,
            write=self._write,
            close=self.close_with,
            address=self._address,
        )

    async def step_aside(self) -> bool:
        """Say good-bye, which leaves the time to be heard and to tell the store."""
        current_hub().drain()
        if self.connection is None:
            return False
        # The store first: a client may be back, through another process, at once.
        self.connection.step_aside()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_WITHIN):
                await current_hub().settle()
        self.connection.restart()
        return True

    def received(self, message: dict[str, Any]) -> None:
        """Take in a frame. What a refused client still says is not heard."""
        if self.connection is not None:
            text = message.get("text") is not None
            self.connection.receive(None if text else message["bytes"])

    def gone(self, code: int | None) -> None:
        """Leave the board."""
        if self.connection is not None:
            self.connection.closed(code)

    async def _accept(self, dialect: Dialect) -> None:
        await self.accept(SUBPROTOCOL if dialect is Dialect.COMPACT else None)

    @property
    def _address(self) -> str:
        """Where the socket comes from; "" where the server does not tell."""
        return str((self.scope.get("client") or [""])[0])

    def _refuse(self, error: PresenceError, dialect: Dialect, board: UUID | None) -> None:
        end = farewell(error, dialect)
        code = error.close or Close.CLEAN
        hub = current_hub()
        hub.metrics.closed.labels(code).inc()
        hub.journal.closed(error, board, address=self._address)
        if end.frame is not None:
            self._write(end.frame)
        self.close_with(code)

    def _write(self, frame: bytes) -> None:
        self.outbox.put({"type": "websocket.send", "bytes": frame})
