"""How often a board's cursors are sent (PROTOCOL.md, "RATE")."""

LEAST_MS = 33
"""Shortest interval in milliseconds by default: thirty frames a second, more is not seen where the
client interpolates."""

MOST_MS = 1_000
"""Longest interval in milliseconds: a cursor that moves more rarely than once a second misleads."""

FRAMES_PER_SECOND = 3_000
"""Frames that one process sends for one board: a hundred sockets at thirty frames a second. Behind
Daphne that took under half a core, with a 99th percentile of 25 ms."""

TOLERATED_LAG = 0.020
"""Seconds that the event loop may be late before the pace slows. Garbage collection and ordinary
requests stay below; a process that is out of CPU does not."""

HYSTERESIS = 0.20
"""Share by which the pace must change to be worth a RATE to everybody on the board."""

LAG_MEMORY = 0.5
"""Seconds over which lag is smoothed, so that one late timer does not matter."""


def pace(sockets: int, lag: float, current: int, least: int = LEAST_MS) -> int:
    """Return the milliseconds between two cursor frames to one socket; 0 for at most one socket.

    `sockets` counts those on the board, `lag` is how late the event loop is in seconds, `current`
    the board's interval now (or 0), and `least` the shortest interval to give.
    """
    if sockets <= 1:
        return 0
    affordable = max(sockets * 1_000 / FRAMES_PER_SECOND, least)
    wanted = round(min(affordable * max(lag / TOLERATED_LAG, 1.0), MOST_MS))
    return wanted if abs(wanted - current) > HYSTERESIS * current else current


class Lag:
    """How late this process's timers are, in seconds, smoothed over `LAG_MEMORY` by time and not by
    their number: the more lag, the fewer timers run."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._noted = float("-inf")

    def note(self, late: float, now: float) -> None:
        """Take in that a timer ran `late` seconds after its time, at `now`."""
        share = min(1.0, (now - self._noted) / LAG_MEMORY)
        self._noted = now
        self.seconds += (max(0.0, late) - self.seconds) * share
