"""Answers that are given again for a short time, and questions that many ask at once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


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

    def recent(self, key: Key) -> Answer | None:
        """Return the recent answer for a key, None where it would have to be waited for."""
        asked = self._questions.get(key)
        if asked is None or not asked.answering.done() or self._is_over(asked):
            return None
        failed = asked.answering.cancelled() or asked.answering.exception() is not None
        return None if failed else asked.answering.result()

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
