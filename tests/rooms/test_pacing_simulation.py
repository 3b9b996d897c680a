"""The pace of a simulated process: it settles, does not swing, recovers and starves nobody."""

from collections.abc import Iterable
from operator import attrgetter

import pytest

from presence.rooms.pacing import LEAST_MS
from tests.rooms.process_model import MILLISECOND, SECOND, WAY, Board, Process

OBEY = pytest.mark.parametrize("obey", [True, False], ids=["clients obey", "clients ignore RATE"])

SMALL = (5, 20, 20)
"""Twenty boards of five people, who move twenty times a second."""


def window(process: Process, sockets: int = 100) -> float:
    """The window in milliseconds."""
    return process.pacing.window(sockets, process.seconds) * 1_000


def waits(
    process: Process, begin: float, end: float, boards: Iterable[Board] | None = None
) -> list[float]:
    """How long the moves that arrived in a time waited until their flush was over, in milliseconds,
    shortest first."""
    some = set(process.boards if boards is None else boards)
    told = [t for t in process.told if begin * SECOND <= t.arrived < end * SECOND]
    return sorted(t.waited / MILLISECOND for t in told if t.board in some)


def tells(process: Process, begin: float, end: float) -> int:
    """How often the board that was told most was told a RATE in a time."""
    times = [[(known - WAY) / SECOND for known, _ in board.told] for board in process.boards]
    return max(sum(begin <= time < end for time in board) for board in times)


@pytest.mark.parametrize(
    ("case", "milliseconds", "rate", "cpu", "obey"),
    [
        ((2, 1, 20), (0, 0), LEAST_MS, 0.2, True),
        ((5, 200, 20), (0, 0), LEAST_MS, 75, True),
        ((5, 20, 60), (0, 0), LEAST_MS, 25, True),
        ((50, 1, 30), (1.3, 1.7), LEAST_MS, 20, True),
        ((100, 1, 60), (19, 27), LEAST_MS, 12, True),
        ((100, 1, 60), (19, 27), LEAST_MS, 12, False),
        ((250, 1, 20), (39, 41), LEAST_MS, 15, True),
        ((100, 20, 10), (39, 41), 26, 65, True),
        ((500, 1, 60), (60, 75), 50, 15, True),
        ((500, 1, 60), (60, 75), 50, 30, False),
    ],
)
def test_windows_rates_and_cpu_of_rooms_of_every_size(
    case: tuple[int, int, float],
    milliseconds: tuple[float, float],
    rate: int,
    cpu: float,
    obey: bool,
) -> None:
    process = Process()
    boards = process.add(*case, obey=obey)
    process.run(3)
    before = process.cpu
    process.run(4)
    shortest, longest = milliseconds
    assert shortest <= window(process, case[0]) <= longest
    assert [board.rate for board in boards] == pytest.approx([rate] * case[1], abs=2)
    assert (process.cpu - before) / SECOND * 100 <= cpu
    assert waits(process, 3, 4)[-1] <= longest + 2
    assert tells(process, 2, 4) == 0


@OBEY
@pytest.mark.parametrize("case", [(500, 1, 60), (250, 4, 30), (100, 8, 40)])
def test_after_a_step_of_load_window_and_rate_settle_and_do_not_swing(
    case: tuple[int, int, float], obey: bool
) -> None:
    process = Process()
    process.add(*SMALL)
    boards = process.add(*case, obey=obey, begin=1)
    windows, rates = [], []
    for quarter in range(16, 25):
        process.run(quarter / 4)
        windows.append(window(process))
        rates += [board.rate for board in boards]
    assert windows == pytest.approx([windows[-1]] * len(windows), rel=0.2)
    assert rates == pytest.approx([rates[-1]] * len(rates), rel=0.2)
    assert tells(process, 1, 4) <= 7, "by at least a fifth each time"
    assert tells(process, 4, 6) <= 1


def test_small_boards_beside_big_ones_are_flushed_soon() -> None:
    process = Process()
    small, big = process.add(*SMALL), process.add(100, 10, 30)
    process.run(4)
    assert window(process) > 30
    assert {board.rate for board in small} == {LEAST_MS}
    assert min(board.rate for board in big) > LEAST_MS
    assert waits(process, 2, 4, small)[-1] < window(process) / 3


@pytest.mark.parametrize(
    ("share", "cases"),
    [
        (0.5, [(5, 200, 20)]),
        (0.7, [(5, 200, 20)]),
        (0.9, [(5, 200, 20)]),
        (0.7, [(100, 20, 10)]),
        (0.9, [(100, 20, 10)]),
        (0.9, [(500, 1, 60)]),
        (0.7, [SMALL, (100, 8, 30)]),
        (0.9, [SMALL, (100, 8, 30)]),
    ],
)
def test_another_program_slows_the_pace_and_its_end_restores_it(
    share: float, cases: list[tuple[int, int, float]]
) -> None:
    process = Process(lambda seconds: share if 2.5 <= seconds < 5 else 0.0)
    for case in cases:
        process.add(*case)
    process.run(2.5)
    before = window(process)
    process.run(5)
    process.run(7)
    assert process.pacing.stretch == 1.0
    assert window(process) == pytest.approx(before, rel=0.2)
    process.run(8)
    assert len(waits(process, 7, 8)) == pytest.approx(len(waits(process, 1.5, 2.5)), rel=0.15)
    assert waits(process, 7, 8)[-1] < max(2 * before, 5)
    # Nobody starves meanwhile, and clients are not told one RATE after the other.
    assert waits(process, 2.5, 5)[-1] < 500
    assert {t.board for t in process.told if t.arrived >= 4 * SECOND} == set(process.boards)
    assert tells(process, 2.5, 5) <= 10
    assert tells(process, 7, 8) <= 1


def test_an_overload_of_its_own_slows_a_process_until_it_ends() -> None:
    process = Process()
    small = process.add(*SMALL)
    process.add(10, 300, 60, obey=False, end=3)
    process.run(3)
    slow = max(map(attrgetter("rate"), small))
    assert slow > LEAST_MS * 1.2
    assert waits(process, 0, 3)[-1] < 250
    process.run(5)
    assert {board.rate for board in small} == {LEAST_MS}
    assert window(process) == 0.0
    process.run(6)
    assert waits(process, 5, 6)[-1] < 2


def test_a_single_stall_of_the_machine_changes_no_rate() -> None:
    process = Process(lambda seconds: 1.0 if 2 <= seconds < 2.4 else 0.0)
    process.add(5, 50, 20)
    process.run(3)
    assert waits(process, 1.9, 2.4)[-1] > 390
    assert tells(process, 1, 3) == 0
