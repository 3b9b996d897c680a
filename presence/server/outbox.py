"""Writes to one socket without waiting for it.

A server's `send` is a coroutine. Under Daphne it never waits, so it runs on the spot, without a
task: a tick to a hundred sockets is a plain loop. Where a server does wait (it pushes back because
the client reads too slowly), later messages queue here, up to a limit, and a task sends them. That
of granian is no coroutine: it returns a future.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

LIMIT = 256
"""Messages queued for one socket before it is given up."""

SEND_ERRORS = (Exception, asyncio.CancelledError)
"""Whatever a server's `send` raises: one socket's trouble must not reach the others' tick."""

AsgiMessage = dict[str, Any]
Send = Callable[[AsgiMessage], Coroutine[Any, Any, None]]


class Outbox:
    """The way out to one socket.

    `send` takes an ASGI message. `failed` is called once, when the client has fallen `limit`
    messages behind or the server could not write; nothing is written after that.
    """

    def __init__(self, send: Send, failed: Callable[[], None], limit: int = LIMIT) -> None:
        self._send = send
        self._on_failed = failed
        self._limit = limit
        self._queue: list[AsgiMessage] = []  # nearly always empty, and then smaller than a deque
        self._sending: asyncio.Task[None] | None = None
        self._finished = False
        self._closed = False

    @property
    def waits(self) -> bool:
        """Whether the server keeps a message waiting, which it does while the client reads too
        slowly."""
        return self._sending is not None

    def put(self, message: AsgiMessage) -> None:
        """Send `message`, after those before it. Never waits and never raises."""
        if self._finished:
            return
        if self._sending is not None:
            if len(self._queue) < self._limit:
                self._queue.append(message)
            else:
                self._fail("the client does not read")
            return
        try:
            sending = self._send(message)
            waits_for = sending.send(None) if hasattr(sending, "send") else sending
        except StopIteration:
            return
        except SEND_ERRORS as error:
            self._fail(error)
            return
        self._sending = asyncio.ensure_future(self._send_queued(sending, waits_for))

    def finish(self, message: AsgiMessage) -> None:
        """Send `message` as the last one."""
        self.put(message)
        self._finished = True

    def close(self) -> None:
        """Write nothing more, not even what is queued."""
        self._finished = self._closed = True
        self._queue.clear()
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
        # Whoever has this outbox and hears of failures would live until the next full collection.
        self._on_failed = _nothing

    async def _send_queued(self, started: Coroutine[Any, Any, None], waits_for: Any) -> None:
        try:
            await _finish(started, waits_for)
            while self._queue:
                await self._send(self._queue.pop(0))
        except SEND_ERRORS as error:
            self._fail(error)
        self._sending = None

    def _fail(self, reason: object) -> None:
        if self._closed:
            return
        logger.debug("socket: gave up writing (reason=%s)", reason)
        failed = self._on_failed
        self.close()
        failed()


async def _finish(started: Coroutine[Any, Any, None], waits_for: Any) -> None:
    """Run a coroutine to its end that was started by hand and waits for a future, or for None. A
    future waits for itself."""
    if waits_for is started:
        await started
        return
    try:
        while True:
            if waits_for is None:
                await asyncio.sleep(0)
            else:
                await asyncio.wait([waits_for])
            waits_for = started.send(None)
    except StopIteration:
        return
    finally:
        started.close()


def _nothing() -> None:
    """Tell nobody."""
