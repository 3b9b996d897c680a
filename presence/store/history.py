"""The seam of the history: people counts over time, and the stats of each process.

One process at a time is the recorder. Every few seconds it takes a sample: it counts the people on
all boards. A bucket (a minute or an hour) keeps the number of its samples, their sum and their
peak. A bucket without samples is a gap, which differs from a bucket in which nobody was there.

Times are in seconds since 1970, UTC. Every method may raise `TryLater` when the shared state is out
of reach. Minutes are kept for a day, hours for 30 days, and stats for `STATS_TTL`.
`tests/store/test_history.py` holds every implementation to this contract.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

RECORDER_LEASE = 30.0
"""Seconds that a process stays the recorder after its last `claim`. With a sample every 10 s,
another process takes over at most 40 s after the recorder died."""

STATS_TTL = 15.0
"""Seconds for which the stats of a process are kept after it published them."""


@dataclass(frozen=True, slots=True)
class Span:
    """A resolution: buckets of `seconds` each, of which the last `kept` are kept, `page` of them
    together."""

    name: str
    seconds: int
    kept: int
    page: int

    def number(self, at: float) -> int:
        """Return the number of the bucket that contains a time."""
        return int(at // self.seconds)

    def newest(self, at: float, count: int) -> range:
        """Return the numbers of the last `count` buckets up to a time, at most `kept`."""
        last = self.number(at)
        return range(last - min(count, self.kept) + 1, last + 1)

    def pages(self, numbers: Iterable[int]) -> list[int]:
        """Return the pages that hold some buckets, in order."""
        return sorted({number // self.page for number in numbers})

    @property
    def page_ttl(self) -> int:
        """Seconds after the last sample in a page until all its buckets are out of date."""
        return (self.kept + self.page) * self.seconds


MINUTES = Span("minutes", 60, 24 * 60, 60)
HOURS = Span("hours", 3600, 30 * 24, 24)

SPANS = (MINUTES, HOURS)
BY_NAME = {span.name: span for span in SPANS}


@dataclass(frozen=True, slots=True)
class Bucket:
    """The samples of one minute or hour: how many, the sum of their people, and the most."""

    samples: int = 0
    sum: int = 0
    peak: int = 0

    def plus(self, people: int) -> "Bucket":
        """Return the bucket with one more sample."""
        return Bucket(self.samples + 1, self.sum + people, max(self.peak, people))


@dataclass(frozen=True, slots=True)
class Point:
    """A bucket for a chart: when it starts, average and most people; None without samples."""

    at: int
    people: float | None = None
    peak: int | None = None


def points(
    span: Span, numbers: Iterable[int], site: Mapping[int, Bucket], own: Mapping[int, Bucket]
) -> Iterator[Point]:
    """Yield a point for each bucket number. `site` are the buckets of all boards together, which
    contain every sample. `own` are those of the board, which lack the samples with nobody there."""
    for number in numbers:
        at = number * span.seconds
        if sampled := site.get(number):
            bucket = own.get(number, Bucket())
            yield Point(at, bucket.sum / sampled.samples, bucket.peak)
        else:
            yield Point(at)


def parse_buckets(flat: Iterable[bytes]) -> Iterator[tuple[int, Bucket]]:
    """Yield bucket numbers and buckets from a flat list of numbers and texts "samples sum peak"."""
    each = iter(flat)
    for number, text in zip(each, each, strict=True):
        yield int(number), Bucket(*map(int, text.split()))


class History(Protocol):
    """See the module's docstring."""

    async def claim(self, process: str) -> float | None:
        """Make a process the recorder, or keep it so. Return the time to pass to `record`; None if
        another process is the recorder."""

    async def record(self, process: str, at: float, people: Mapping[UUID, int]) -> bool:
        """Record one sample: the people on every board that is not empty, at the time that `claim`
        returned. Return False, and record nothing, if the process is not the recorder any more."""

    async def read(self, board: UUID | None, span: Span, count: int) -> list[Point]:
        """Return the last `count` buckets of a board, or (None) of all boards together: at most
        those kept, oldest first, the last unfinished."""

    async def named(self, board: UUID) -> UUID:
        """Return a board with its reference, if it has one and was recorded in the last 30 days."""

    async def publish(self, process: str, stats: str) -> None:
        """Publish the stats of a process, a short text."""

    async def published(self) -> Mapping[str, str]:
        """Return the stats of every living process."""
