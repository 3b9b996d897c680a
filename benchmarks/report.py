"""Turns what was measured into tables: figures for each trial, and ratios between trials."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load import GRAIN_US, Measurement
from benchmarks.usage import Usage

FRAME_SECONDS = 0.033
"""Seconds between two frames to one socket on a board that is not too full (PROTOCOL.md, RATE)."""

LATE_MS = 20.0
STARVED = 0.1
"""Where clients were later than so many milliseconds with their moves, or the server waited for a
core for so much of its time, the figures tell about the machine rather than about the server."""


@dataclass(frozen=True)
class Trial:
    """One variant under one load. `seconds` of it count."""

    variant: str
    people: int
    rate: float
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What one trial came to. `used` is the server's in the seconds that count, `memory` its peak
    in bytes."""

    trial: Trial
    measurement: Measurement
    used: Usage
    memory: int


def merge(measurements: Sequence[Measurement]) -> Measurement:
    """Return the measurement of several processes as one."""
    total = Measurement()
    for measurement in measurements:
        for name, value in vars(measurement).items():
            setattr(total, name, getattr(total, name) + value)
    return total


def percentile(counts: Counter[int], share: float) -> float:
    """Return the value, in milliseconds, that `share` (0..1) of what was counted stays within.

    NaN where nothing was counted.
    """
    left = share * counts.total()
    for value, times in sorted(counts.items()):
        left -= times
        if left <= 0:
            return (value + 1) * GRAIN_US / 1000
    return float("nan")


def expected(trial: Trial) -> float:
    """Return how many frames with positions the clients should get in the seconds that count.

    Presence merges the moves of a tick into one frame for each socket; the tutorial's site passes
    each move on to each socket, the mover's own included.
    """
    moves = trial.people * trial.rate
    each = moves if trial.variant == "channels-json" else min(moves, 1 / FRAME_SECONDS)
    return each * trial.people * trial.seconds


COLUMNS: dict[str, Callable[[Outcome], str]] = {
    "people": lambda o: f"{o.trial.people}",
    "CPU": lambda o: f"{o.used.cpu / o.trial.seconds:.0%}",
    "frames/s in": lambda o: f"{o.measurement.frames_up / o.trial.seconds:,.0f}",
    "frames/s out": lambda o: f"{o.measurement.frames_down / o.trial.seconds:,.0f}",
    "kB/s in": lambda o: f"{o.measurement.bytes_up / o.trial.seconds / 1000:,.1f}",
    "kB/s out": lambda o: f"{o.measurement.bytes_down / o.trial.seconds / 1000:,.0f}",
    "p50 ms": lambda o: f"{percentile(o.measurement.delays, 0.50):,.1f}",
    "p99 ms": lambda o: f"{percentile(o.measurement.delays, 0.99):,.1f}",
    "delivered": lambda o: f"{o.measurement.ticks / expected(o.trial):.0%}",
    "memory MB": lambda o: f"{o.memory / 1e6:.0f}",
}

COMPARED: dict[str, Callable[[Outcome], float]] = {
    "CPU": lambda o: o.used.cpu,
    "CPU per position told": lambda o: o.used.cpu / max(o.measurement.positions, 1),
    "p50": lambda o: percentile(o.measurement.delays, 0.50),
    "p99": lambda o: percentile(o.measurement.delays, 0.99),
    "frames out": lambda o: o.measurement.frames_down,
    "bytes out": lambda o: o.measurement.bytes_down,
    "memory": lambda o: o.memory,
}


def figures(outcomes: Sequence[Outcome]) -> str:
    """Return a table with a line for each trial."""
    return _table([["", *COLUMNS], *(_line(outcome) for outcome in outcomes)])


def ratios(base: Outcome, others: Sequence[Outcome]) -> str:
    """Return a table of how many times as much each of `others` is as `base`."""
    rows = [
        [o.trial.variant, *(f"{look(o) / look(base):.2f} x" for look in COMPARED.values())]
        for o in others
    ]
    people = base.trial.people
    return _table([[f"{people} people, {base.trial.variant} = 1", *COMPARED], *rows])


def doubts(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a sentence for each reason not to trust a trial's figures."""
    return [
        f"{outcome.trial.variant}, {outcome.trial.people} people: {doubt}"
        for outcome in outcomes
        for doubt in (_starved(outcome), _late(outcome))
        if doubt
    ]


def _starved(outcome: Outcome) -> str:
    share = outcome.used.waited / outcome.trial.seconds
    if share < STARVED:
        return ""
    return f"the server waited {share:.0%} of the time for a core"


def _late(outcome: Outcome) -> str:
    late = percentile(outcome.measurement.late, 0.99)
    return f"the clients themselves were up to {late:.0f} ms late" if late > LATE_MS else ""


def _line(outcome: Outcome) -> list[str]:
    return [outcome.trial.variant, *(show(outcome) for show in COLUMNS.values())]


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *rest = widths
    return "\n".join(
        row[0].ljust(first)
        + "".join(f"  {cell.rjust(width)}" for cell, width in zip(row[1:], rest, strict=True))
        for row in rows
    )
