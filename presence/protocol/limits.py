"""How much is too much. ``now`` is always seconds of a monotonic clock, passed in by the caller.

How many positions of one person are passed on, over all of their tabs (PROTOCOL.md, Bad
input).
"""

from collections import Counter, deque


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


POSITIONS_PER_SECOND = 57
POSITIONS_AT_ONCE = 3
"""Together never over 60 in any second."""

KEPT = 1.0
"""Seconds that a quota outlasts its person's last tab: who comes back at once gets no fresh
one."""


class Quotas:
    """A quota for each person who has a tab. `now` is in seconds."""

    def __init__(self) -> None:
        self._tabs: Counter[str] = Counter()
        self._buckets: dict[str, TokenBucket] = {}
        self._ending: dict[str, float] = {}

    def open_tab(self, person: str) -> None:
        """Count one more tab of a person."""
        self._tabs[person] += 1
        self._ending.pop(person, None)
        if person not in self._buckets:
            self._buckets[person] = TokenBucket(POSITIONS_PER_SECOND, POSITIONS_AT_ONCE)

    def close_tab(self, person: str) -> None:
        """Count one tab less."""
        self._tabs[person] -= 1
        if not self._tabs[person]:
            del self._tabs[person]
            self._ending[person] = float("inf")

    def take(self, person: str, now: float) -> bool:
        """Return whether one more position of a person may be passed on at `now`."""
        return self._buckets[person].take(now)

    def tidy(self, now: float) -> None:
        """Forget the quotas of those who have been gone for `KEPT`, counted from the first tidying
        after they went."""
        for person, until in tuple(self._ending.items()):
            if until <= now:
                del self._ending[person], self._buckets[person]
            else:
                self._ending[person] = min(until, now + KEPT)
