"""Rate limits. ``now`` is in seconds, from a clock that only goes forward."""

from collections import deque

POSITIONS_PER_SECOND = 57
POSITIONS_AT_ONCE = 3
"""A person's positions that are passed on, over all of their tabs: at most 60 in any second."""


class SlidingWindow:
    """Detects more than ``limit`` hits within ``seconds``, exactly and in constant time: it keeps
    ``limit + 1`` hits, which are too many if even the oldest is recent."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._seconds = seconds
        self._hits: deque[float] = deque(maxlen=limit + 1)

    def hit(self, now: float) -> bool:
        """Count a hit; return True if more than ``limit`` came after ``now - seconds``."""
        self._hits.append(now)
        return len(self._hits) == self._hits.maxlen and now - self._hits[0] < self._seconds


class TokenBucket:
    """Allows ``burst`` at once and ``rate`` a second: at most burst + rate * t in any t seconds."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._updated = float("-inf")

    def take(self, now: float) -> bool:
        """Use up one token; return False, and use up nothing, if there is none."""
        refilled = max(now - self._updated, 0.0) * self._rate
        self._tokens = min(self._tokens + refilled, self._burst)
        self._updated = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def is_full(self, now: float) -> bool:
        """Return whether the bucket allows as much as a new one."""
        return self._tokens + (now - self._updated) * self._rate >= self._burst


class Quotas(dict[str, TokenBucket]):
    """The token bucket of each person on a board for the positions that are passed on."""

    def __missing__(self, person: str) -> TokenBucket:
        bucket = self[person] = TokenBucket(POSITIONS_PER_SECOND, POSITIONS_AT_ONCE)
        return bucket

    def tidy(self, now: float) -> None:
        """Forget full buckets. A person who comes back sooner finds the bucket they had."""
        for person in [person for person, bucket in self.items() if bucket.is_full(now)]:
            del self[person]
