"""Tasks that go on whatever happens to whoever started them."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from presence.protocol.errors import TryLater

logger = logging.getLogger(__name__)


class Tasks:
    """The tasks under way. Create it on the event loop. What a task raises is logged."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task."""
        task = self._loop.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    async def settle(self) -> None:
        """Wait for the tasks that are under way. Cancelling this wait cancels none of them."""
        if self._running:
            await asyncio.wait(self._running)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, TryLater):
            logger.warning("store: out of reach (error=%s)", error)
        elif error is not None:
            logger.error("task: failed", exc_info=error)
