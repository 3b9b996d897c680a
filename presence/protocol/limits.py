"""Rate limits. ``now`` is in seconds, from a clock that only goes forward."""

from bisect import bisect_right
from collections import deque

POSITIONS_PER_SECOND = 60
"""A person's positions that are passed on in any second, over all of their tabs, at most."""


class SlidingWindow:
    """Detects more than ``count`` hits within ``seconds``, exactly, for each limit given as
    (count, seconds).

    It keeps the times of recent hits, so a connection that sends little takes little memory: a
    ``deque`` takes 760 bytes when empty, and there are thousands of connections.
    """

    __slots__ = ("_hits", "_limits", "_longest")

    def __init__(self, *limits: tuple[int, float]) -> None:
        self._limits = limits
        self._longest = max(seconds for _, seconds in limits)
        self._hits: list[float] = []

    def hit(self, now: float) -> bool:
        """Count a hit; return True if more than ``count`` came after ``now - seconds``."""
        hits = self._hits
        hits.append(now)
        if now - hits[0] >= 2 * self._longest:
            # Seldom, and about half of them, so that a hit takes constant time on average.
            del hits[: bisect_right(hits, now - self._longest)]
        kept = len(hits)
        for count, seconds in self._limits:
            if kept > count and now - hits[-1 - count] < seconds:
                return True
        return False


class TokenBucket:
    """Allows ``burst`` at once and ``rate`` a second: at most burst + rate * t in any t seconds."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._updated = float("-inf")

    def take(self, now: float) -> bool:
        """Use up one token; return False, and use up nothing, if there is none."""
        if not self.has_one(now):
            return False
        self._tokens -= 1
        return True

    def has_one(self, now: float) -> bool:
        """Return whether there is a token."""
        refilled = max(now - self._updated, 0.0) * self._rate
        self._tokens = min(self._tokens + refilled, self._burst)
        self._updated = now
        return self._tokens >= 1


class Quotas(dict[str, deque[float]]):
    """The times of each person's last positions on a board that were passed on.

    A bucket of tokens would not do: one that never allows more than 60 in a second holds back a
    client that sends 58.8 a second, as RATE allows.
    """

    def __missing__(self, person: str) -> deque[float]:
        times = self[person] = deque(maxlen=POSITIONS_PER_SECOND)
        return times

    def take(self, person: str, now: float) -> float:
        """Count a position and return 0.0; or count nothing, and return the seconds until one is
        allowed."""
        times = self[person]
        if len(times) == POSITIONS_PER_SECOND and now < times[0] + 1.0:
            return times[0] + 1.0 - now
        times.append(now)
        return 0.0

    def tidy(self, now: float) -> None:
        """Forget those who sent nothing for a second."""
        for person in [person for person, times in self.items() if times[-1] + 1.0 <= now]:
            del self[person]
