"""The history of a single process, for as long as it runs."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from uuid import UUID

from presence.store.history import FIGURES_LAST, RECORDER_LEASE, SPANS, Point, Span, Tally, points

Tallies = dict[int, Tally]


class MemoryHistory:
    """The `History` of one process. `clock` returns seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recorder, self._recorder_until = "", float("-inf")
        # None is all boards together.
        self._seen: dict[UUID | None, dict[Span, Tallies]] = defaultdict(
            lambda: {span: {} for span in SPANS}
        )
        self._figures: dict[str, tuple[float, str]] = {}

    async def claim(self, process: str) -> float | None:
        """See `History.claim`."""
        now = self._clock()
        if self._recorder != process and now < self._recorder_until:
            return None
        self._recorder, self._recorder_until = process, now + RECORDER_LEASE
        return now

    async def record(self, process: str, at: float, people: Mapping[UUID, int]) -> bool:
        """See `History.record`."""
        if self._recorder != process or self._clock() >= self._recorder_until:
            return False
        self._count(None, at, sum(people.values()))
        for board, here in people.items():
            self._count(board, at, here)
        self._forget(at)
        return True

    async def read(self, board: UUID | None, span: Span, count: int) -> list[Point]:
        """See `History.read`."""
        numbers = span.newest(self._clock(), count)
        return points(span, numbers, self._tallies(None, span), self._tallies(board, span))

    async def publish(self, process: str, figures: str) -> None:
        """See `History.publish`."""
        now = self._clock()
        self._figures[process] = (now + FIGURES_LAST, figures)
        self._figures = {name: told for name, told in self._figures.items() if told[0] > now}

    async def published(self) -> Mapping[str, str]:
        """See `History.published`."""
        now = self._clock()
        return {process: text for process, (until, text) in self._figures.items() if until > now}

    def _tallies(self, board: UUID | None, span: Span) -> Tallies:
        return self._seen[board][span] if board in self._seen else {}

    def _count(self, board: UUID | None, at: float, people: int) -> None:
        for span, tallies in self._seen[board].items():
            number = span.number(at)
            tallies[number] = tallies.get(number, Tally()).plus(people)

    def _forget(self, at: float) -> None:
        """Drop what is no longer kept: the oldest buckets come first."""
        for board, spans in tuple(self._seen.items()):
            for span, tallies in spans.items():
                oldest = span.newest(at, span.kept).start
                for number in [n for n in tallies if n < oldest][: span.page]:
                    del tallies[number]
            if not any(spans.values()):
                del self._seen[board]
