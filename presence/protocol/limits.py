"""How much is too much. ``now`` is always seconds of a monotonic clock, passed in by the caller."""

from collections import deque


class TokenBucket:
    """Allows ``burst`` at once and ``rate`` a second: at most burst + rate * t in any t seconds."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._then: float | None = None

    def take(self, now: float) -> bool:
        """Use up one token; False where there is none, which uses up nothing."""
        elapsed = 0.0 if self._then is None else max(now - self._then, 0.0)
        self._then = now
        self._tokens = min(self._tokens + elapsed * self._rate, self._burst)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class SlidingWindow:
    """Tells when over ``limit`` hits lie within any ``seconds``: exact, and O(1) for each hit.

    It keeps the last ``limit + 1`` hits; they are too many when even the oldest of them is recent.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self._seconds = seconds
        self._hits: deque[float] = deque(maxlen=limit + 1)

    def hit(self, now: float) -> bool:
        """Count a hit; True when more than ``limit`` were later than ``now - seconds``."""
        self._hits.append(now)
        return len(self._hits) == self._hits.maxlen and now - self._hits[0] < self._seconds
