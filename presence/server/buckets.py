"""How often something was how much: the counts of a histogram, cheap enough for every tick."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

BRIEF = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Bounds in seconds for what is to take well under a tick."""

SLOW = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bounds in seconds for what goes through Redis and back."""

FRAMES = (0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)
"""Bounds in frames for what one tick writes."""


class Buckets:
    """Counts of values by the first of `bounds` (ascending) that they do not exceed, in the end
    those above all bounds; and their sum."""

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self._counts)

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Yield each bound as text, the last being "+Inf", with how many values were at most it."""
        names = (*map(str, self._bounds), "+Inf")
        return zip(names, accumulate(self._counts), strict=True)
