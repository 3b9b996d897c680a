"""The WebSocket endpoint: Channels on one side, a `Connection` on the other, and nothing kept
here."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.exceptions import DenyConnection

from presence.auth import admit, parse_board
from presence.endpoint import DRAIN_WITHIN, Endpoint
from presence.protocol.errors import Close, PresenceError
from presence.protocol.messages import SUBPROTOCOL, Dialect
from presence.protocol.session import farewell
from presence.runtime import current_hub
from presence.server.connection import Connection


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
        hub.totals.closed[code] += 1
        hub.journal.closed(error, board, address=self._address)
        if end.frame is not None:
            self._write(end.frame)
        self.close_with(code)

    def _write(self, frame: bytes) -> None:
        self.outbox.put({"type": "websocket.send", "bytes": frame})
