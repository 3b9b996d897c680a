"""Trips to the thread that may use the database."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from django.db import close_old_connections

T = TypeVar("T")

CALLS_A_TRIP = 100
"""Functions that one trip calls at most: the site's other code has its turns in that thread."""


class SharedTrips:
    """Calls functions in that thread, in one trip those who come at once or while it is under way.

    When many people return at once, each trip of their own would take a connection to the database
    of its own: Django closes it at the end, unless the site keeps connections (`CONN_MAX_AGE`).
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._going: asyncio.Task[None] | None = None

    async def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns, or raise what it raises. It sees the caller's context
        variables."""
        loop, outcome = asyncio.get_running_loop(), Future[T]()
        self._waiting.append((outcome, partial(copy_context().run, function)))
        if self._going is None or self._going.done() or self._going.get_loop() is not loop:
            self._going = loop.create_task(self._go())
        return await asyncio.wrap_future(outcome)

    async def _go(self) -> None:
        try:
            while self._waiting:
                await database_sync_to_async(self._call_waiting)()
        finally:
            # There are some only where the trip failed: the process ends.
            for outcome, _ in self._waiting:
                outcome.cancel()
            self._waiting.clear()

    def _call_waiting(self) -> None:
        for _ in range(CALLS_A_TRIP):
            if not self._waiting:
                return
            outcome, function = self._waiting.popleft()
            if not outcome.set_running_or_notify_cancel():
                continue  # its caller was cancelled
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 (it is raised to the caller)
                outcome.set_exception(error)
                # After an error of the database its connection may be unusable for the next one.
                close_old_connections()
            else:
                outcome.set_result(result)
