"""What a process of clients is asked to do, and what it saw."""

from collections import Counter
from dataclasses import dataclass, field

WARM_UP = 2.0
"""Seconds of moving before anything is counted."""

GRAIN_US = 100
"""Microseconds: delays are told apart no finer."""


@dataclass(frozen=True)
class Load:
    """What one process of clients does: `people` sockets, each moving `rate` times a second."""

    port: int
    path: str
    speech: str
    people: int
    rate: float
    seconds: float


@dataclass
class Measurement:
    """What one process of clients saw. Bytes are of payloads.

    `ticks` counts frames that told positions, `positions` the positions in them. `delays` counts
    how long positions were under way and `late` by how much moves were sent after their time, both
    in tenths of milliseconds: {"173": 2} says two of 17.3 ms.
    """

    moves: int = 0
    frames_up: int = 0
    bytes_up: int = 0
    frames_down: int = 0
    bytes_down: int = 0
    ticks: int = 0
    positions: int = 0
    delays: Counter[int] = field(default_factory=Counter)
    late: Counter[int] = field(default_factory=Counter)

    def clear(self) -> None:
        """Count from nothing."""
        vars(self).update(vars(Measurement()))
