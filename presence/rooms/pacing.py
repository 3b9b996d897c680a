"""When a board's cursors are sent, how often its clients may move (PROTOCOL.md, "RATE"), and when
joins are told (PROTOCOL.md, "Joins that wait").

Sending is what costs: a flush writes to every socket of a board, however few moves it tells. So a
small board is flushed at the end of the event loop's turn, and a big one merges the moves of a
window. Both the window and RATE follow from the deliveries of the whole process, and the lag of its
event loop stretches them.
"""

from collections.abc import Collection
from math import exp, sqrt

LEAST_MS = 17
"""Shortest RATE in milliseconds by default. 16 ms would be more than the 60 positions a second that
a person may send."""

MOST = 1.0
"""Longest window and RATE in seconds: a cursor that moves more rarely misleads."""

WINDOW_PER_DELIVERY = 17e-9
"""Seconds of window for each delivery a second. A delivery is one move to one socket. A room of 50
at 30 moves a second has 75,000, and by this alone a window of 1.3 ms."""

MERGED_DELIVERIES = 400_000
"""Deliveries a second for which the window is twice as long as `WINDOW_PER_DELIVERY` asks: a
process with much to send has the more to gain from merging it."""

MERGED_WINDOW = 0.040
"""Longest window in seconds that this makes."""

FULL_WINDOW_SOCKETS = 50
"""Sockets from which a board gets the whole window. A smaller one gets its share, since a flush of
it costs less."""

SHORTEST_WINDOW = 0.001
"""A shorter window in seconds is none: a turn of the event loop merges about as much."""

MEMORY = 0.5
"""Seconds over which deliveries are smoothed."""

STEP = 0.010
"""Seconds between two calculations. What happens between them is only counted."""

HYSTERESIS = 0.20
"""Share by which RATE must change to be worth telling everybody on the board."""

TOLERATED_LAG = 0.020
"""Seconds that the event loop may be late before the pace slows. Garbage collection and ordinary
requests stay below; a process that is out of CPU does not."""

CALM_LAG = 0.005
"""Lag in seconds below which the pace recovers. Between this and `TOLERATED_LAG` it stays."""

GROWTH = 1.1**10
"""Factor by which a second of lag makes the stretch grow: by 10 % in 100 ms. Growing twice as fast
swings when another program takes most of the core, as the window makes itself felt late."""

RECOVERY = 0.7**10
"""Factor by which a calm second makes the stretch shrink: it falls by 30 % in 100 ms. From the
longest stretch that takes 1.2 s."""

SINGLE_STALL = 0.1
REPEATED_STALL = 1.0
"""Seconds that a late timer counts for, at most: the first one, and one right after another. So one
long stall changes no RATE."""

QUIET = 10_000
"""Deliveries a second below which the lag need not be watched closely: no board has a window."""

LAG_EVERY = 0.050
"""Seconds between two looks at the lag, which are due at fixed times. A timer that each look starts
anew keeps step with the turns of a busy loop, and may miss that they are long."""

BRIEF = 30.0
"""Seconds within which somebody who came and left was there briefly. A meeting at which everybody
arrives has no such visits, however fast they come."""

BRIEF_BURST = 16
"""Brief visits to a board of which others are told at once."""

BRIEF_RATE = 8
"""Brief visits a second of which others are told at once after that. A join and its leave are some
30 bytes to each socket: a sixth of what ten people are sent who move 20 times a second."""

JOINS_WITHIN = 3.0
"""Seconds that a join waits at most: somebody who came to stay is not seen for as long."""

COUNT_EVERY = 1.0
"""Seconds between two counts, where nothing but the count changed, or joins wait."""


class Announcements:
    """When the joins and the count of one board are told.

    Those who come and go all the time cost everybody else on the board. So while there are many of
    them, joins wait, and who is gone by then is not told at all. `burst` is `BRIEF_BURST`; `now` is
    in seconds.
    """

    def __init__(self, burst: int = BRIEF_BURST) -> None:
        self._burst = burst
        self._allowance = float(burst)
        self._told = self._joins_told = self._count_due = float("-inf")
        self._joined: dict[int, float] = {}
        """When others were told of the users that they know."""

    def joins_wait(self, now: float) -> float:
        """Return the seconds until joins may be told; 0.0: they may."""
        debt = -self._allowed(now)
        return max(min(debt / BRIEF_RATE, self._joins_told + JOINS_WITHIN - now), 0.0)

    def count_waits(self, now: float, *, beside: bool) -> float:
        """Return the seconds until the count may be told. `beside`: joins or leaves are told, and
        it goes with them unless they are many."""
        return 0.0 if beside and self._allowed(now) > 0 else max(self._count_due - now, 0.0)

    def told(
        self,
        now: float,
        joined: Collection[int],
        left: Collection[int],
        *,
        renamed: int,
        counted: bool,
    ) -> None:
        """Note which users the others were told of, how many new names, and whether the count. A
        new name costs what a brief visit does."""
        gone = [now - self._joined.pop(user, float("-inf")) for user in left]
        brief = renamed + sum(stay < BRIEF for stay in gone)
        # The debt is no longer than a join may wait, or joins would wait long after a storm.
        self._allowance = max(self._allowed(now) - brief, -JOINS_WITHIN * BRIEF_RATE)
        self._told = now
        self._joined |= dict.fromkeys(joined, now)
        if counted:
            self._count_due = now + COUNT_EVERY
        if joined or renamed:
            self._joins_told = now

    def _allowed(self, now: float) -> float:
        """Return of how many brief visits others may be told; negative: of how many too many they
        were told."""
        return min(self._allowance + (now - self._told) * BRIEF_RATE, self._burst)


class Pacing:
    """The pace of all boards of one process, by their deliveries and by the lag of the event loop.

    `least` is the shortest RATE in milliseconds. `now` is in seconds, from one monotonic clock.
    """

    def __init__(self, least: int = LEAST_MS) -> None:
        self.stretch = 1.0
        """By how much the lag makes RATE longer than the deliveries ask for."""
        self._least = least
        self._noted = self._settled = self._due = float("-inf")
        self._late = False
        self._new_deliveries = self._new_product = 0
        self._deliveries = self._product = 0.0
        self._window = self._interval = 0.0

    def quiet(self, now: float) -> bool:
        """Return whether nothing is merged, and the lag stretches nothing."""
        if now >= self._due:
            self._settle(now)
        return self.stretch == 1.0 and self._deliveries < QUIET

    def moved(self, deliveries: int, interval: int, now: float) -> None:
        """Count a flush: its moves times the sockets of its board, whose RATE is `interval`."""
        if now >= self._due:
            self._settle(now)
        self._new_deliveries += deliveries
        self._new_product += deliveries * interval

    def window(self, sockets: int, now: float) -> float:
        """Return the seconds that a board of so many sockets leaves between two flushes of moves;
        0.0: it flushes at the end of the event loop's turn."""
        if now >= self._due:
            self._settle(now)
        window = self._window
        if sockets < FULL_WINDOW_SOCKETS:
            window *= sockets / FULL_WINDOW_SOCKETS
        return 0.0 if window < SHORTEST_WINDOW else min(window, MOST)

    def interval(self, sockets: int, current: int, now: float) -> int:
        """Return the RATE in milliseconds for a board of so many sockets whose RATE is `current`; 0
        for at most one socket, since nobody sees its moves."""
        if sockets <= 1:
            return 0
        if now >= self._due:
            self._settle(now)
        share = min(1.0, sockets / FULL_WINDOW_SOCKETS)
        affordable = max(self._interval * sqrt(share), self._least)
        wanted = round(min(affordable * self.stretch, MOST * 1_000))
        close = abs(wanted - current) <= HYSTERESIS * current
        # The shortest RATE is always told, or a board would keep a bit of its last slow one.
        return current if close and wanted > self._least else wanted

    def note_lag(self, late: float, now: float) -> None:
        """Take in that a timer of the event loop ran `late` seconds after its time."""
        gap, late_before = now - self._noted, self._late
        self._noted, self._late = now, late > TOLERATED_LAG
        if self._late:
            self._stretch_by(GROWTH ** min(gap, REPEATED_STALL if late_before else SINGLE_STALL))
        elif late < CALM_LAG:
            self._stretch_by(RECOVERY**gap)

    def _settle(self, now: float) -> None:
        """Take in what was counted since the last time, at an even rate over the time since."""
        passed = now - self._settled
        kept = exp(-passed / MEMORY)
        per_second = (1 - kept) / passed
        self._deliveries = self._deliveries * kept + self._new_deliveries * per_second
        self._product = self._product * kept + self._new_product / 1_000 * per_second
        self._new_deliveries = self._new_product = 0
        self._settled, self._due = now, now + STEP
        # Clients that obey a longer RATE make fewer deliveries, which alone would shorten the
        # window as much as one stretch makes it longer.
        window = WINDOW_PER_DELIVERY * self._deliveries
        merged = window * (1 + self._deliveries / MERGED_DELIVERIES)
        self._window = max(window, min(merged, MERGED_WINDOW)) * self.stretch**2
        # A client that obeys sends once in a window if RATE = window = constant * product / RATE.
        # The product, of sockets and movers, is deliveries times RATE, and RATE does not change it.
        self._interval = sqrt(WINDOW_PER_DELIVERY * self._product) * 1_000

    def _stretch_by(self, factor: float) -> None:
        self.stretch = min(max(self.stretch * factor, 1.0), MOST * 1_000 / self._least)
