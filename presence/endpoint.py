"""What every WebSocket of presence is under ASGI, whatever it carries."""

import asyncio
from contextlib import suppress
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from presence.protocol.errors import Close
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
