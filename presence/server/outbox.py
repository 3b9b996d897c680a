"""Writing to one socket without ever waiting for it.

A server's `send` is a coroutine. Under Daphne it never waits, so it is run on the spot, with no
task and no trip around the event loop; a tick to a hundred sockets is a plain loop. Where a server
does wait (it pushes back because the peer reads too slowly), what follows queues up here, bounded,
and a task drains it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

LIMIT = 256
"""Messages queued for one socket before it is given up."""

TROUBLE = (Exception, asyncio.CancelledError)
"""Whatever a server's `send` raises: one socket's trouble must not reach the others' tick."""

Message = dict[str, Any]
Send = Callable[[Message], Coroutine[Any, Any, None]]


class Outbox:
    """The way out to one socket.

    `send` takes an ASGI message. `gave_up` is called once, when the peer has fallen `limit`
    messages behind or the server could not write; nothing is written after that.
    """

    def __init__(self, send: Send, gave_up: Callable[[], None], limit: int = LIMIT) -> None:
        self._send = send
        self._gave_up = gave_up
        self._limit = limit
        self._queue: deque[Message] = deque()
        self._draining: asyncio.Task[None] | None = None
        self._closed = False
        self._over = False

    def put(self, message: Message) -> None:
        """Send `message` now, or after those before it. Never waits and never raises."""
        if self._closed:
            return
        if self._draining is None:
            self._start(message)
        elif len(self._queue) < self._limit:
            self._queue.append(message)
        else:
            self._give_up("it does not read")

    def finish(self, message: Message) -> None:
        """Send `message` as the last one."""
        self.put(message)
        self._closed = True

    def close(self) -> None:
        """Write nothing more, not even what is queued."""
        self._closed = self._over = True
        self._queue.clear()
        draining, self._draining = self._draining, None
        if draining is not None:
            draining.cancel()

    def _start(self, message: Message) -> None:
        try:
            sending = self._send(message)
            waits_for = sending.send(None)
        except StopIteration:
            return
        except TROUBLE as error:
            self._give_up(error)
            return
        self._draining = asyncio.ensure_future(self._drain(sending, waits_for))

    async def _drain(self, sending: Coroutine[Any, Any, None], waits_for: Any) -> None:
        try:
            await _finish(sending, waits_for)
            while self._queue:
                await self._send(self._queue.popleft())
        except TROUBLE as error:
            self._give_up(error)
        self._draining = None

    def _give_up(self, why: object) -> None:
        if self._over:
            return
        logger.debug("gave up writing to a socket: %s", why)
        self.close()
        self._gave_up()


async def _finish(sending: Coroutine[Any, Any, None], waits_for: Any) -> None:
    """Bring a coroutine to its end that was started by hand and stopped to wait for a future, or
    for None."""
    try:
        while True:
            if waits_for is None:
                await asyncio.sleep(0)
            else:
                await asyncio.wait([waits_for])
            waits_for = sending.send(None)
    except StopIteration:
        return
    finally:
        sending.close()
