"""Goals are judged by the figures of the same run."""

from dataclasses import fields

from benchmarks.goals import GOALS, rows
from benchmarks.measure import Figures
from benchmarks.servers import KINDS
from benchmarks.suite import FULL


def told(**known: float) -> Figures:
    return Figures(**{field.name: 0.0 for field in fields(Figures)} | known)


def test_a_goal_may_be_a_bound_or_a_multiple_of_a_peer() -> None:
    results = {
        ("50x1@30", "daphne"): told(cpu=21.0, age_p50=0.9),
        ("50x1@30", "go"): told(cpu=40.0),
        ("5x400", "daphne"): told(join_rate=700.0),
    }
    assert rows(results) == [
        ("50x1@30", "CPU, %", "≤ 20.0 (go)", "21.0", "no"),
        ("50x1@30", "age p50, ms", "≤ 1.00", "0.90", "yes"),
        ("5x400", "joins/s", "≥ 600", "700", "yes"),
    ]


def test_a_goal_without_its_peer_is_left_out() -> None:
    assert rows({("20x1@20", "daphne"): told()}) == []


def test_the_suite_measures_all_that_goals_ask_for() -> None:
    for goal in GOALS:
        assert {"daphne", goal.peer or "daphne"} <= {*FULL[goal.work]}
    assert {server for servers in FULL.values() for server in servers} <= {*KINDS}
