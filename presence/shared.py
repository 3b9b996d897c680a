"""Work that many who come at once share: answers that are given again for a short time, and trips
to the thread that may use the database."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

from channels.db import database_sync_to_async
from django.db import close_old_connections

T = TypeVar("T")
Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

CALLS_A_TRIP = 100
"""Functions that one trip calls at most: the site's other code has its turns in that thread."""


@dataclass(slots=True)
class _Question(Generic[Answer]):
    asked_at: float
    answering: "asyncio.Task[Answer]"


class RecentAnswers(Generic[Key, Answer]):
    """Asks each question once in `seconds`, however many want to know.

    An answer is given again until `seconds` after its question, or until `forget`. Whoever asks
    while the question is under way waits for the same answer, also where that is an exception; but
    no exception is given to those who come later. `clock` returns seconds and never goes back.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._questions: dict[Key, _Question[Answer]] = {}

    async def ask(self, key: Key, question: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Return the recent answer for a key, else call the question for one."""
        loop, asked = asyncio.get_running_loop(), self._questions.get(key)
        if asked is None or self._is_over(asked) or asked.answering.get_loop() is not loop:
            # A task of its own: whoever asked first may be cancelled, and the others need it.
            asked = _Question(self._clock(), loop.create_task(question()))
            self._questions[key] = asked
            asked.answering.add_done_callback(partial(self._done, key, asked))
        if asked.answering.done():
            return asked.answering.result()
        return await asyncio.shield(asked.answering)

    def forget(self, key: Key) -> None:
        """Have the question asked anew. An answer that is under way is for those who wait for it.
        May be called in any thread."""
        self._questions.pop(key, None)

    def clear(self) -> None:
        """Forget all answers."""
        self._questions.clear()

    def _is_over(self, asked: _Question[Answer]) -> bool:
        return self._clock() - asked.asked_at >= self._seconds

    def _done(self, key: Key, asked: _Question[Answer], answering: "asyncio.Task[Answer]") -> None:
        if answering.cancelled() or answering.exception() is not None:
            self._drop(key, asked)
        else:
            answering.get_loop().call_later(self._seconds, self._drop, key, asked)

    def _drop(self, key: Key, asked: _Question[Answer]) -> None:
        if self._questions.get(key) is asked:
            self.forget(key)


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
