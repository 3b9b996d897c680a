"""What the processes of a site note beside who is where: how many people there were over time, and
how each process does.

One suite, `tests/store/test_history.py`, holds every implementation to what is written here. Every
method may raise `TryLater` where the shared state is out of reach. Everything is forgotten by
itself: minutes after a day, hours after 30 days, figures after `FIGURES_LAST`.

How many people there were over time: looks, gathered by the minute and by the hour.

Somebody looks every few seconds and counts. Of a minute is kept how often was looked, the sum of
what was seen and the most. A minute in which nobody looked is a gap, which is not the same as
nobody being there. Times are in seconds since 1970, UTC.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Span:
    """Buckets of so many `seconds`, of which the last `kept` are. A store may keep `page` of them
    together."""

    name: str
    seconds: int
    kept: int
    page: int

    def number(self, at: float) -> int:
        """Return the number of the bucket that a time is in."""
        return int(at // self.seconds)

    def newest(self, at: float, count: int) -> range:
        """Return the numbers of the last `count` buckets, at most those kept, up to that of now."""
        last = self.number(at)
        return range(last - min(count, self.kept) + 1, last + 1)

    def pages(self, numbers: Iterable[int]) -> list[int]:
        """Return the pages that hold some buckets, in their order."""
        return sorted({number // self.page for number in numbers})

    @property
    def lasts(self) -> int:
        """Seconds after the last look into a page until nothing in it is kept any more."""
        return (self.kept + self.page) * self.seconds


MINUTES = Span("minutes", 60, 24 * 60, 60)
"""A day, by the minute."""

HOURS = Span("hours", 3600, 30 * 24, 24)
"""Thirty days, by the hour."""

SPANS = (MINUTES, HOURS)
BY_NAME = {span.name: span for span in SPANS}


@dataclass(frozen=True, slots=True)
class Tally:
    """What was seen in one bucket: how often somebody looked, the sum of the people, the most."""

    looks: int = 0
    sum: int = 0
    peak: int = 0

    def plus(self, people: int) -> "Tally":
        """Return it with one look more."""
        return Tally(self.looks + 1, self.sum + people, max(self.peak, people))


@dataclass(frozen=True, slots=True)
class Point:
    """One bucket: when it begins, how many people there were on average, and at most. Both are None
    where nobody looked."""

    at: int
    people: float | None = None
    peak: int | None = None


def points(
    span: Span, numbers: Iterable[int], site: Mapping[int, Tally], own: Mapping[int, Tally]
) -> list[Point]:
    """Return a point for each bucket.

    `site` are the tallies of the whole site, which has one for each look, and `own` those of what
    is asked for: nothing is kept of a board that nobody was on.
    """
    return [_point(span, number, site.get(number), own.get(number)) for number in numbers]


def _point(span: Span, number: int, site: Tally | None, own: Tally | None) -> Point:
    at = number * span.seconds
    if site is None:
        return Point(at)
    own = own or Tally()
    return Point(at, own.sum / site.looks, own.peak)


def parse_tallies(flat: Iterable[bytes]) -> Iterator[tuple[int, Tally]]:
    """Yield tallies by the number of their bucket, from a flat list of numbers and texts "looks sum
    peak"."""
    each = iter(flat)
    for number, text in zip(each, each, strict=True):
        looks, total, peak = map(int, text.split())
        yield int(number), Tally(looks, total, peak)


RECORDER_LEASE = 30.0
"""Seconds that a process is the recorder after it last said that it is. Who looks every 10 s and
dies is followed by another within 40."""

FIGURES_LAST = 15.0
"""Seconds that a process's figures are told after it last published some."""


class History(Protocol):
    """See the module's docstring."""

    async def claim(self, process: str) -> float | None:
        """Make a process the recorder, or let it be that for longer; return what time it is, in
        seconds since 1970, or None where another process is the recorder."""
        ...

    async def record(self, process: str, at: float, people: Mapping[UUID, int]) -> bool:
        """Count one look, at a time that `claim` gave: the people on every board that somebody is
        on. One that is no longer the recorder changes nothing, and is told False."""
        ...

    async def read(self, board: UUID | None, span: Span, count: int) -> list[Point]:
        """Return the last `count` buckets (at most those kept) of a board, or of all boards
        together, oldest first; the last one is still going on."""
        ...

    async def publish(self, process: str, figures: str) -> None:
        """Tell the figures of a process, a short text."""
        ...

    async def published(self) -> Mapping[str, str]:
        """Return the figures of every living process."""
        ...
