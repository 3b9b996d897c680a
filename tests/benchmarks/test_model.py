"""The model of cost: what it is fitted to, it gives back."""

from dataclasses import fields

import pytest

from benchmarks.measure import Figures
from benchmarks.model import Costs, Limits, errors, fit, least_squares
from benchmarks.workload import Workload

COSTS = Costs(
    window=20e-9,
    cpu=(0.002, 1e-6, 10e-6, 5e-6, 0.02e-6),
    sized=(3.0, 5.0),
    memory=(60e6, 30e3, 8e3),
    join_cpu=0.0015,
    commands=(5.0, 0.5, 2.0, 0.0),
    join_commands=30.0,
    command_cpu=3e-6,
)
WORKS = [
    Workload(people, rooms, rate)
    for people, rooms, rate in (
        *((2, 1, 20), (5, 20, 20), (5, 100, 10), (20, 1, 20), (50, 1, 30)),
        *((100, 1, 20), (100, 1, 60), (250, 1, 20), (5, 800, 0.05), (100, 4, 10)),
    )
]


def told(work: Workload, costs: Costs = COSTS, **others: float) -> Figures:
    """Return the figures of a process that costs exactly what the model says."""
    out = costs.traffic(work)
    known = {
        "cpu": costs.cpu_percent(work),
        "moves": work.total * work.rate,
        "frames": out.frames,
        "cursors": out.cursors,
        "sized": costs.bytes_down(work) / out.cursors if out.cursors else 0.0,
        "resident": costs.resident(work),
        "commands": costs.redis(work),
        "helpers": 100 * costs.redis(work) * costs.command_cpu,
        "join_cpu": 1000 * costs.join_cpu,
        "join_commands": costs.join_commands,
    }
    return Figures(**{field.name: 0.0 for field in fields(Figures)} | known | others)


def fitted() -> Costs:
    measured = [(work, told(work)) for work in WORKS]
    joins = [(Workload(5, 400), told(Workload(5, 400)))]
    return fit(measured, joins, measured)


def test_the_fit_finds_what_the_figures_were_made_of() -> None:
    costs = fitted()
    for field in fields(Costs):
        assert getattr(costs, field.name) == pytest.approx(getattr(COSTS, field.name), rel=1e-3)


def test_the_errors_are_shares_of_what_was_measured() -> None:
    doubled = told(WORKS[1], cpu=2 * COSTS.cpu_percent(WORKS[1]))
    measured = [(WORKS[0], told(WORKS[0])), (WORKS[1], doubled)]
    assert errors(COSTS, measured) == pytest.approx((0.25, 0.5))


def test_overloaded_processes_are_not_fitted_to() -> None:
    measured = [(work, told(work)) for work in WORKS]
    overloaded = (Workload(5, 200, 20), told(Workload(5, 200, 20), cpu=95.0))
    joins = [(Workload(5, 400), told(Workload(5, 400)))]
    assert fit([*measured, overloaded], joins, measured).cpu == pytest.approx(COSTS.cpu, rel=1e-3)


def test_too_few_measurements_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit([(work, told(work)) for work in WORKS[:3]], [], [])


def test_a_small_board_forwards_and_a_big_one_merges() -> None:
    small = COSTS.traffic(Workload(5, 20, 20))
    assert (small.window, small.frames) == (0.0, 100 * 20 * 4)
    assert small.cursors == small.frames
    big = COSTS.traffic(Workload(250, 1, 20))
    assert big.window == pytest.approx(20e-9 * 250 * 250 * 20)
    assert big.frames == pytest.approx(250 / (1 / (249 * 20) + big.window))
    assert big.cursors < 250 * 249 * 20


@pytest.mark.parametrize("people", [5, 50, 500])
def test_a_process_is_filled_to_its_limits_and_not_beyond(people: int) -> None:
    limits = Limits()
    work = COSTS.fill(people, 1.0, 600.0, limits)
    more = Workload(people, work.rooms + 1, 1.0)
    assert COSTS.cpu_percent(work, work.total / 600) <= limits.cpu
    assert COSTS.traffic(work).window <= limits.window
    assert work.total <= limits.people
    assert (
        COSTS.cpu_percent(more, more.total / 600) > limits.cpu
        or COSTS.traffic(more).window > limits.window
        or more.total > limits.people
    )


def test_a_room_that_is_too_much_still_gets_a_process() -> None:
    assert COSTS.fill(500, 60.0, 600.0, Limits(cpu=1.0)).rooms == 1


def test_least_squares_finds_factors_of_which_none_is_negative() -> None:
    rows = [(1.0, n, n * n) for n in range(1, 8)]
    assert least_squares(rows, [3 + 2 * n * n for n in range(1, 8)]) == pytest.approx((3, 0, 2))
    steep = least_squares(rows, [n * n - 0.5 for n in range(1, 8)])
    assert min(steep) == 0
