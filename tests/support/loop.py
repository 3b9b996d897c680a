"""An event loop in a thread of its own, for code that is not asynchronous."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

from tests.support.waiting import DEADLINE

T = TypeVar("T")


class LoopThread:
    """A running event loop. `run` may be called from any other thread until `close`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine there; its future cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T], within: float = 2 * DEADLINE) -> T:
        """Return what a coroutine returns there, or raise what it raises."""
        return self.start(work).result(within)

    def close(self) -> None:
        """Cancel what still runs there, and end the loop and its thread."""
        self.run(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
