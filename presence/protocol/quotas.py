"""How many positions of one person are passed on, over all of their tabs (PROTOCOL.md, Bad
input)."""

from collections import Counter

from presence.protocol.limits import TokenBucket

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
