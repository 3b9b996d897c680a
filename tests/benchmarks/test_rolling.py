"""The table of `make load`."""

from benchmarks.client import Joins, Moves, Restarts
from benchmarks.rolling import Load, table
from benchmarks.workload import parse

LOAD = Load(
    parse("10x100@1"),
    Joins(joined=1000, lost=0, seconds=2.5, p50=40.0, p99=90.0),
    Moves(
        *(10_000, 0, 89_000, 712_000, 89_100, 0, 1.5),
        *(0.25, 3.5, 0.1, 1.0, 200.0),
    ),
    cpu=[12.0, 13.0, 14.0, 5.0, 15.0, 3.0],
    resident=[100_000_000, 110_000_000],
    added=31_000.0,
    commands=800.0,
    scripts=20.0,
    restarts=Restarts(1300, 0, 0, 0, 0, 0.0, 700.0, 1500.0, 1600.0, 900.0, 1800.0, 2000.0),
    machine=150.0,
)


def test_a_column_has_what_a_measurement_came_to() -> None:
    lines = [line.strip("|").split("|") for line in table([LOAD, LOAD]).splitlines()]
    cells = {line[0].strip(): line[1].strip() for line in lines}
    assert lines[0][1].strip() == "1,000 people"
    assert all(line[1] == line[2] for line in lines)
    assert cells["of the moves, arrived"] == "99.0%"
    assert cells["moves a second"] == "1,000"
    assert cells["down to each person, bytes/s"] == "71.2"
    assert cells["up from each person, bytes/s"] == "11.5"
    assert cells["CPU of nginx, %"] == "14.0"
    assert cells["memory of each process, MB"] == "100 and 110"
    assert cells["memory for each person, kB"] == "31.0"
    assert cells["without new cursors, p99, s"] == "1.80"
    assert cells["counts above the truth by"] == "0"
