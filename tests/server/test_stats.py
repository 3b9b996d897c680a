"""The figures of a process."""

import json

from presence.server.stats import Counts, ProcessStats, dump, load, rates


def test_rates_are_per_second() -> None:
    before, after = Counts(10, 20, 100, 200, 1.0, 5), Counts(20, 45, 600, 200, 1.05, 10)
    assert rates(before, after, 5.0) == {
        "frames_in": 2.0,
        "frames_out": 5.0,
        "bytes_in": 100.0,
        "bytes_out": 0.0,
        "tick_lag_ms": 10.0,
    }


def test_no_time_and_no_ticks_are_no_rate() -> None:
    assert set(rates(Counts(), Counts(frames_in=3), 0.0).values()) == {0.0}


def test_figures_come_back_as_they_were() -> None:
    figures = ProcessStats("host:1:ab", sockets=3, frames_in=1.5, store_ms=0.8)
    assert load(dump(figures)) == load(dump(figures).encode()) == figures
    assert len(dump(ProcessStats("h" * 40))) < 300


def test_other_versions_are_understood() -> None:
    assert load(json.dumps({"process": "p", "moods": 3})) == ProcessStats("p")
