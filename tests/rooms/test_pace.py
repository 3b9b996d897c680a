"""How often a board's cursors are sent, by its size and by the lag of the process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.rooms.pacing import Lag, pace

LEAST_MS = 33

SOCKETS = st.integers(2, 100_000)
LAGS = st.floats(0, 60)


@pytest.mark.parametrize(
    ("sockets", "lag", "least", "ms"),
    [
        *[(sockets, 5.0, 33, 0) for sockets in (0, 1)],
        *[(2, 0.0, 33, 33), (100, 0.0, 33, 33), (150, 0.0, 33, 50), (900, 0.0, 33, 300)],
        *[(2, 0.020, 33, 33), (2, 0.040, 33, 66), (2, 0.2, 33, 330), (300, 0.060, 33, 300)],
        *[(10_000, 0.0, 33, 1000), (2, 10.0, 33, 1000), (3_000, 0.5, 33, 1000)],
        *[(2, 0.0, 50, 50), (300, 0.0, 50, 100)],
    ],
)
def test_size_and_lag_slow_a_board(sockets: int, lag: float, least: int, ms: int) -> None:
    assert pace(sockets, lag, 0, least) == ms


@pytest.mark.parametrize(
    ("sockets", "current", "ms"),
    [
        *[(sockets, 100, 100) for sockets in (300, 360, 361, 240)],
        *[(364, 100, 121), (237, 100, 79), (2, 1000, 33), (1, 33, 0)],
    ],
)
def test_only_a_big_change_is_worth_a_rate(sockets: int, current: int, ms: int) -> None:
    assert pace(sockets, 0.0, current, LEAST_MS) == ms


@given(SOCKETS, LAGS, st.integers(LEAST_MS, 1000))
def test_a_pace_is_within_bounds_and_stays(sockets: int, lag: float, current: int) -> None:
    ms = pace(sockets, lag, current, LEAST_MS)
    assert LEAST_MS <= ms <= 1000
    assert pace(sockets, lag, ms, LEAST_MS) == ms


@given(SOCKETS, SOCKETS, LAGS, LAGS)
def test_more_people_or_more_lag_never_make_it_faster(
    few: int, many: int, little: float, much: float
) -> None:
    few, many = sorted((few, many))
    little, much = sorted((little, much))
    assert pace(few, little, 0) <= pace(many, much, 0)


def test_lag_is_smoothed_over_half_a_second() -> None:
    lag = Lag()
    for late, now, seconds in ((0.2, 10.0, 0.2), (0.0, 10.25, 0.1), (-1.0, 11.0, 0.0)):
        lag.note(late, now)
        assert lag.seconds == pytest.approx(seconds)
    for tick in range(30):
        lag.note(0.0, now=20 + tick / 30)
    lag.note(0.3, now=21.0)
    assert lag.seconds < 0.03, "one late timer among many"
