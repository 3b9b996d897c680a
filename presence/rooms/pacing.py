"""How often a board's cursors are sent (PROTOCOL.md, RATE)."""

LEAST_MS = 33
"""Thirty frames a second: with interpolation on the other side, more is not seen."""

MOST_MS = 1_000
"""A cursor that moves once a second still tells where somebody is; slower than that it misleads."""

FRAMES_PER_SECOND = 3_000
"""What one process sends for one board: a hundred sockets at thirty frames a second. Behind Daphne
that took under half a core, with a 99th percentile of 25 ms, which leaves room for the rest."""

TOLERATED_LAG = 0.020
"""Seconds the event loop may be late before the pace gives way: garbage collection and ordinary
requests stay under it, a process that is out of CPU does not."""

HYSTERESIS = 0.20
"""The share by which the pace must change to be worth a RATE to everybody on the board."""


def pace(sockets: int, lag: float, current: int, least: int = LEAST_MS) -> int:
    """Return the milliseconds between two cursor frames to one socket; 0 when nobody else is there.

    ``sockets`` is how many are on the board, ``lag`` by how many seconds the event loop is late,
    ``current`` the pace that the board has now, or 0, and ``least`` the shortest that is ever
    given.
    """
    if sockets <= 1:
        return 0
    wanted = _wanted(sockets, lag, least)
    changed = abs(wanted - current) > HYSTERESIS * current
    return wanted if changed else current


def _wanted(sockets: int, lag: float, least: int) -> int:
    affordable = max(sockets * 1_000 / FRAMES_PER_SECOND, least)
    stretch = max(lag / TOLERATED_LAG, 1.0)
    return round(min(affordable * stretch, MOST_MS))


LAG_MEMORY = 0.5
"""Seconds over which lag is smoothed: long enough for one late timer not to matter."""


class Lag:
    """How late this process's timers are, in seconds, smoothed over `LAG_MEMORY`.

    By time and not by the number of timers, which come more rarely the more there is lag.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._noted = float("-inf")

    def note(self, late: float, now: float) -> None:
        """Take in that, at `now`, a timer ran `late` seconds after its time."""
        share = min(1.0, (now - self._noted) / LAG_MEMORY)
        self._noted = now
        self.seconds += (max(0.0, late) - self.seconds) * share
