"""Workloads as the command line has them."""

import pytest

from benchmarks.workload import Workload, parse


@pytest.mark.parametrize(
    ("text", "work"),
    [
        ("5x200@20", Workload(5, 200, 20)),
        ("5x2000@0.02", Workload(5, 2000, 0.02)),
        ("5x400+300", Workload(5, 400, 0, 300)),
        ("2x1@20+4", Workload(2, 1, 20, 4)),
    ],
)
def test_a_workload_is_written_as_it_is_read(text: str, work: Workload) -> None:
    assert parse(text) == work
    assert str(work) == text


@pytest.mark.parametrize("text", ["", "5", "5x", "5x2@", "5x2@-1", "5x2+", "x5x2"])
def test_what_is_no_workload_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="PEOPLExROOMS"):
        parse(text)


def test_a_workload_takes_other_lengths() -> None:
    assert parse("5x2", seconds=3.0).seconds == 3.0
