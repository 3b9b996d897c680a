"""What presence is meant to reach, and whether it did in the measurements at hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.measure import Figures
from benchmarks.results import Medians
from benchmarks.tables import number

Look = Callable[[Figures], float]


@dataclass(frozen=True)
class Goal:
    """A figure of presence on Daphne under a workload that has to be `most` at most, or `least` at
    least. With a `peer`, the bounds are multiples of the same figure of that server."""

    work: str
    name: str
    look: Look
    most: float | None = None
    least: float | None = None
    peer: str = ""


def _cpu(figures: Figures) -> float:
    return figures.cpu


def _p50(figures: Figures) -> float:
    return figures.age_p50


def _p99(figures: Figures) -> float:
    return figures.age_p99


GOALS = (
    Goal("2x1@20", "age p50, ms", _p50, most=0.5),
    Goal("2x1@20", "age p99, ms", _p99, most=3),
    Goal("2x1@20", "CPU, %", _cpu, most=1.5),
    Goal("5x200@20", "share", lambda f: f.share, least=0.99),
    Goal("5x200@20", "CPU, %", _cpu, most=1, peer="go"),
    Goal("5x200@20", "age p50, ms", _p50, most=1, peer="go"),
    Goal("5x20@60", "CPU, %", _cpu, most=1, peer="go"),
    Goal("5x20@60", "age p50, ms", _p50, most=1),
    Goal("50x1@30", "CPU, %", _cpu, most=0.5, peer="go"),
    Goal("50x1@30", "age p50, ms", _p50, most=1),
    Goal("100x1@60", "CPU, %", _cpu, most=12),
    Goal("100x1@60", "age p99, ms", _p99, most=40),
    Goal("100x1@60", "bytes/cursor", lambda f: f.sized, most=5.2),
    Goal("250x1@20", "CPU, %", _cpu, most=15),
    Goal("250x1@20", "age p99, ms", _p99, most=60),
    Goal("100x20@10", "million cursors/s", lambda f: f.cursors / 1e6, least=1.9),
    Goal("100x20@10", "CPU, %", _cpu, most=65),
    Goal("100x20@10", "age p99, ms", _p99, most=80),
    Goal("5x800@0.05", "CPU, %", _cpu, most=10),
    Goal("5x800@0.05", "age p99, ms", _p99, most=10),
    Goal("5x2000@0.02", "people in", lambda f: f.joined, least=10_000),
    Goal("5x2000@0.02", "all in after s", lambda f: f.join_seconds, most=30),
    Goal("5x2000@0.02", "memory, MB", lambda f: f.resident / 1e6, most=400),
    Goal("5x2000@0.02", "age p50, ms", _p50, most=15),
    Goal("5x400", "joins/s", lambda f: f.join_rate, least=600),
    Goal("5x400+300", "join p99, ms", lambda f: f.join_p99, most=500),
    Goal("20x1@20", "CPU, %", _cpu, most=1 / 15, peer="channels-json"),
)


def rows(results: Medians) -> list[Sequence[str]]:
    """Return the workload, the figure, what it has to be, what it is, and whether that is enough.

    Goals whose workload or peer was not measured are left out.
    """
    return [
        _row(goal, goal.look(results[goal.work, "daphne"]), _unit(goal, results))
        for goal in GOALS
        if (goal.work, "daphne") in results and (goal.work, goal.peer or "daphne") in results
    ]


def _unit(goal: Goal, results: Medians) -> float:
    """Return by what the bounds are multiplied."""
    return goal.look(results[goal.work, goal.peer]) if goal.peer else 1.0


def _row(goal: Goal, figure: float, unit: float) -> Sequence[str]:
    if goal.most is not None:
        wanted, met = f"≤ {number(goal.most * unit)}", figure <= goal.most * unit
    else:
        assert goal.least is not None
        wanted, met = f"≥ {number(goal.least * unit)}", figure >= goal.least * unit
    peer = f" ({goal.peer})" if goal.peer else ""
    return goal.work, goal.name, wanted + peer, number(figure), "yes" if met else "no"
