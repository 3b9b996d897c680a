"""A model of what presence costs, fitted to measurements, and what many people need by it.

It is for people who move steadily: each of `people` in `rooms` moves `rate` times a second, which
may be the mean of many who rest and some who move. A board merges the moves of a window that grows
with the deliveries of the process (presence/rooms/pacing.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.measure import Figures
from benchmarks.workload import Workload

FULL_WINDOW_SOCKETS = 50
SHORTEST_WINDOW = 0.001
"""As in presence/rooms/pacing.py: a smaller board has its share of the window, and a window of less
than a millisecond is none."""

BUSY = 80.0
"""% of a core from which a process is taken for overloaded; such measurements are not fitted."""

Measured = Sequence[tuple[Workload, Figures]]


@dataclass(frozen=True)
class Limits:
    """To what one process is filled: % of a core, seconds of the window, and people."""

    cpu: float = 60.0
    window: float = 0.05
    people: int = 10_000


@dataclass(frozen=True)
class Traffic:
    """What leaves a process in a second, and the window in seconds in which moves are merged."""

    frames: float
    cursors: float
    window: float


@dataclass(frozen=True)
class Costs:
    """The fitted model. Times are in seconds of CPU, memory in bytes.

    `cpu` is that of a second without people, of a second of one person's connection, and of a
    move, a frame and a cursor. `sized` are bytes of a frame and of a cursor. `memory` is that of a
    process, a person and a room. `commands` are Redis' in a second for a process, a person and a
    room, and those for a move.
    """

    window: float
    cpu: tuple[float, ...]
    sized: tuple[float, ...]
    memory: tuple[float, ...]
    join_cpu: float
    commands: tuple[float, ...]
    join_commands: float
    command_cpu: float

    def traffic(self, work: Workload) -> Traffic:
        """Return what the people of one process are sent in a second."""
        others = work.rate * (work.people - 1)
        deliveries = work.rate * work.total * work.people
        window = self.window * deliveries * _window_share(work.people)
        if window < SHORTEST_WINDOW:
            window = 0.0
        frames = others / (1 + others * window)
        cursors = others / (1 + work.rate * window)
        return Traffic(work.total * frames, work.total * cursors, window)

    def cpu_percent(self, work: Workload, joins: float = 0.0) -> float:
        """Return the % of a core that the people of one process, and joins a second, cost."""
        out = self.traffic(work)
        parts = (1.0, work.total, work.total * work.rate, out.frames, out.cursors)
        return 100 * (_product(self.cpu, parts) + joins * self.join_cpu)

    def bytes_down(self, work: Workload) -> float:
        """Return the bytes that leave in a second, with the headers of frames."""
        out = self.traffic(work)
        return _product(self.sized, (out.frames, out.cursors))

    def resident(self, work: Workload) -> float:
        """Return the bytes of memory of one process."""
        return _product(self.memory, (1.0, work.total, work.rooms))

    def redis(self, work: Workload, joins: float = 0.0) -> float:
        """Return the commands a second that one process asks of Redis."""
        parts = (1.0, work.total, work.rooms, work.total * work.rate)
        return _product(self.commands, parts) + joins * self.join_commands

    def fill(self, people: int, rate: float, stay: float, limits: Limits) -> Workload:
        """Return the most rooms of so many people that one process carries.

        Each person stays for `stay` seconds, so there are total / stay joins a second. It is one
        room where even that is too much.
        """

        def carries(rooms: int) -> bool:
            work = Workload(people, rooms, rate)
            return (
                work.total <= limits.people
                and self.traffic(work).window <= limits.window
                and self.cpu_percent(work, work.total / stay) <= limits.cpu
            )

        rooms = 1
        for step in (1 << n for n in reversed(range(limits.people.bit_length()))):
            if carries(rooms + step):
                rooms += step
        return Workload(people, rooms, rate)


def fit(measured: Measured, joins: Measured, redis: Measured) -> Costs:
    """Fit the model: to one process under several workloads, to joins, and to one with Redis.

    `ValueError` where there are too few measurements.
    """
    calm = _calm(measured)
    if len(calm) < 5 or not joins or len(redis) < 3:
        raise ValueError("too few measurements to fit the model to")
    seconds = [figures.cpu / 100 for _, figures in calm]
    parts = [(1.0, work.total, f.moves, f.frames, f.cursors) for work, f in calm]
    used = sum(figures.helpers / 100 for _, figures in redis)
    return Costs(
        window=_window(calm),
        cpu=least_squares(parts, seconds),
        sized=least_squares(
            [(f.frames, f.cursors) for _, f in calm], [f.sized * f.cursors for _, f in calm]
        ),
        memory=least_squares(
            [(1.0, work.total, work.rooms) for work, _ in measured],
            [figures.resident for _, figures in measured],
        ),
        join_cpu=median(figures.join_cpu for _, figures in joins) / 1000,
        commands=least_squares(
            [(1.0, work.total, work.rooms, figures.moves) for work, figures in redis],
            [figures.commands for _, figures in redis],
        ),
        # Those who take longer to join let more of the work at rest be counted.
        join_commands=min(figures.join_commands for _, figures in redis),
        command_cpu=used / sum(figures.commands for _, figures in redis),
    )


def errors(costs: Costs, measured: Measured) -> tuple[float, float]:
    """Return by what share of it the model misses the CPU it was fitted to: the mean, and the
    most."""
    shares = [abs(costs.cpu_percent(work) / figures.cpu - 1) for work, figures in _calm(measured)]
    return sum(shares) / len(shares), max(shares)


def _calm(measured: Measured) -> Measured:
    """Return the measurements that are fitted: of a process that worked, and was not overloaded."""
    return [(work, figures) for work, figures in measured if 0 < figures.cpu < BUSY]


def least_squares(rows: Sequence[Sequence[float]], values: Sequence[float]) -> tuple[float, ...]:
    """Return the factors, none below 0, by which the rows come closest to the values.

    Errors count in proportion to the value, so that small workloads count as much as big ones. A
    factor that would be negative is 0, the most negative one first.
    """
    goal = np.asarray(values, dtype=float)
    matrix = np.asarray(rows, dtype=float) / goal[:, None]
    kept = list(range(matrix.shape[1]))
    while True:
        found, *_ = np.linalg.lstsq(matrix[:, kept], np.ones(len(goal)), rcond=None)
        if not kept or found.min() >= 0:
            break
        kept.pop(int(found.argmin()))
    factors = [0.0] * matrix.shape[1]
    for column, factor in zip(kept, found, strict=True):
        factors[column] = float(factor)
    return tuple(factors)


def _window(calm: Measured) -> float:
    """Return the seconds of window for each delivery a second, where boards merged at all."""
    found = []
    for work, figures in calm:
        others, frames = work.rate * (work.people - 1), figures.frames / work.total
        if frames < 0.9 * others:
            deliveries = figures.moves * work.people * _window_share(work.people)
            found.append((1 / frames - 1 / others) / deliveries)
    return median(found) if found else 0.0


def _window_share(sockets: int) -> float:
    return min(1.0, sockets / FULL_WINDOW_SOCKETS)


def _product(factors: Sequence[float], parts: Sequence[float]) -> float:
    return sum(factor * part for factor, part in zip(factors, parts, strict=True))
