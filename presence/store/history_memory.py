"""The history of a single process, lost when the process ends."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from uuid import UUID

from presence.store.history import RECORDER_LEASE, SPANS, STATS_TTL, Bucket, Point, Span, points


class MemoryHistory:
    """The `History` of one process. `clock` returns seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recorder, self._recorder_until = "", float("-inf")
        # The key None stands for all boards together.
        self._buckets: dict[UUID | None, dict[Span, dict[int, Bucket]]] = defaultdict(
            lambda: {span: {} for span in SPANS}
        )
        self._stats: dict[str, tuple[float, str]] = {}

    async def claim(self, process: str) -> float | None:
        now = self._clock()
        if self._recorder != process and now < self._recorder_until:
            return None
        self._recorder, self._recorder_until = process, now + RECORDER_LEASE
        return now

    async def record(self, process: str, at: float, people: Mapping[UUID, int]) -> bool:
        if self._recorder != process or self._clock() >= self._recorder_until:
            return False
        for board, count in [(None, sum(people.values())), *people.items()]:
            for span, buckets in self._buckets[board].items():
                number = span.number(at)
                buckets[number] = buckets.get(number, Bucket()).plus(count)
        self._expire(at)
        return True

    async def read(self, board: UUID | None, span: Span, count: int) -> list[Point]:
        numbers = span.newest(self._clock(), count)
        site, own = (self._buckets.get(each, {}).get(span, {}) for each in (None, board))
        return list(points(span, numbers, site, own))

    async def named(self, board: UUID) -> UUID:
        return next((each for each in self._buckets if each == board), None) or board

    async def publish(self, process: str, stats: str) -> None:
        now = self._clock()
        self._stats[process] = (now + STATS_TTL, stats)
        self._stats = {name: kept for name, kept in self._stats.items() if kept[0] > now}

    async def published(self) -> Mapping[str, str]:
        now = self._clock()
        return {process: stats for process, (end, stats) in self._stats.items() if end > now}

    def _expire(self, at: float) -> None:
        for board, spans in tuple(self._buckets.items()):
            for span, buckets in spans.items():
                oldest = span.newest(at, span.kept).start
                for number in [number for number in buckets if number < oldest]:
                    del buckets[number]
            if not any(spans.values()):
                del self._buckets[board]
