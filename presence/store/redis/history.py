"""The history of many processes, in the Redis of their `RedisStore`.

Of a board an hour of minutes is one hash, and a day of hours another, under the board's hash tag;
of all boards together too. Nothing is written of a board that nobody is on.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from presence.store.base import Timing
from presence.store.history import (
    FIGURES_LAST,
    HOURS,
    MINUTES,
    RECORDER_LEASE,
    Point,
    Span,
    parse_tallies,
    points,
)
from presence.store.redis import scripts
from presence.store.redis.client import Link
from presence.store.redis.records import MICROSECONDS, escape, timing_arguments, unescape
from presence.store.redis.scripts import Argument, Call, Keys, Script

TIMES = timing_arguments(Timing(), spare=60.0)
"""What lua/clock.lua takes; these scripts need none of it but how much longer keys live."""


class RedisHistory:
    """The `History` of many processes, by the `link` of their store. All of them must be given the
    same `prefix`, which is the store's; `ahead` as `RedisStore` says."""

    def __init__(
        self, link: Link, *, prefix: str = "presence", ahead: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._link = link
        self._keys = Keys(prefix)
        self._ahead = ahead

    async def claim(self, process: str) -> float | None:
        """See `History.claim`."""
        lease = int(RECORDER_LEASE * MICROSECONDS)
        keys = (self._keys.recorder,)
        now = await self._run(scripts.HISTORY_CLAIM, keys, escape(process), lease)
        return now / MICROSECONDS if now else None

    async def record(self, process: str, at: float, people: Mapping[UUID, int]) -> bool:
        """See `History.record`. What is said of a board follows what is said of all: who was
        stopped in between leaves less than there was, and nothing twice."""
        total = self._note(None, process, at, sum(people.values()))
        if not await self._link.run(total):
            return False
        await self._link.run_all([self._note(b, process, at, n) for b, n in people.items()])
        return True

    async def read(self, board: UUID | None, span: Span, count: int) -> list[Point]:
        """See `History.read`."""
        numbers = span.newest(await self._now(), count)
        calls = [self._reading(each, span, numbers) for each in (None, board)]
        site, own = (dict(parse_tallies(flat)) for flat in await self._link.run_all(calls))
        return points(span, numbers, site, own)

    async def publish(self, process: str, figures: str) -> None:
        """See `History.publish`."""
        lasts = int(FIGURES_LAST * MICROSECONDS)
        words = (escape(process), figures, lasts)
        await self._run(scripts.FIGURES_PUBLISH, self._keys.figures, *words)

    async def published(self) -> Mapping[str, str]:
        """See `History.published`."""
        flat = await self._run(scripts.FIGURES_PUBLISHED, self._keys.figures)
        return {
            unescape(process): text.decode()
            for process, text in zip(flat[::2], flat[1::2], strict=True)
        }

    async def _now(self) -> float:
        seconds, microseconds = await self._link.command("TIME")
        return int(seconds) + int(microseconds) / MICROSECONDS + self._ahead()

    def _note(self, board: UUID | None, process: str, at: float, people: int) -> Call:
        keys = tuple(self._page(board, span, span.number(at)) for span in (MINUTES, HOURS))
        fence = (self._keys.recorder,) if board is None else ()
        words = [part for span in (MINUTES, HOURS) for part in (span.number(at), span.lasts)]
        return self._call(scripts.HISTORY_NOTE, keys + fence, escape(process), people, *words)

    def _reading(self, board: UUID | None, span: Span, numbers: range) -> Call:
        pages = span.pages(numbers)
        keys = tuple(self._keys.history(board, span.name, page) for page in pages)
        return self._call(scripts.HISTORY_READ, keys)

    def _page(self, board: UUID | None, span: Span, number: int) -> str:
        return self._keys.history(board, span.name, number // span.page)

    async def _run(self, script: Script, keys: tuple[str, ...], *arguments: Argument) -> Any:
        return await self._link.run(self._call(script, keys, *arguments))

    def _call(self, script: Script, keys: tuple[str, ...], *arguments: Argument) -> Call:
        ahead = int(self._ahead() * MICROSECONDS)
        return Call(script, keys, (ahead, *TIMES, *arguments))
