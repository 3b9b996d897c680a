import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.rooms.pacing import Lag, pace

SOCKETS = st.integers(2, 100_000)
LAGS = st.floats(0, 60)


@pytest.mark.parametrize("sockets", [0, 1])
@pytest.mark.parametrize("current", [0, 33, 1000])
def test_nobody_else_is_here(sockets, current):
    assert pace(sockets, lag=5.0, current=current) == 0


@pytest.mark.parametrize(
    ("sockets", "ms"), [(2, 33), (50, 33), (100, 33), (150, 50), (300, 100), (900, 300)]
)
def test_a_bigger_board_is_slower(sockets, ms):
    assert pace(sockets, lag=0.0, current=0) == ms


@pytest.mark.parametrize(("lag", "ms"), [(0.0, 33), (0.020, 33), (0.040, 66), (0.2, 330)])
def test_a_late_process_is_slower(lag, ms):
    assert pace(2, lag, current=0) == ms


def test_size_and_lag_multiply():
    assert pace(300, lag=0.060, current=0) == 300


@pytest.mark.parametrize(("sockets", "lag"), [(10_000, 0.0), (2, 10.0), (3_000, 0.5)])
def test_never_over_a_second(sockets, lag):
    assert pace(sockets, lag, current=0) == 1000


def test_a_site_may_ask_for_a_slower_least():
    assert pace(2, lag=0.0, current=0, least=50) == 50
    assert pace(300, lag=0.0, current=0, least=50) == 100


@pytest.mark.parametrize(
    ("sockets", "ms"), [(300, 100), (360, 100), (361, 100), (364, 121), (240, 100), (237, 79)]
)
def test_small_changes_are_not_worth_a_rate(sockets, ms):
    assert pace(sockets, lag=0.0, current=100) == ms


def test_it_comes_back_when_the_lag_is_gone():
    assert pace(2, lag=0.0, current=1000) == 33


@given(SOCKETS, LAGS, st.integers(33, 1000))
def test_always_within_bounds_and_settled_at_once(sockets, lag, current):
    ms = pace(sockets, lag, current)
    assert 33 <= ms <= 1000
    assert pace(sockets, lag, ms) == ms


@given(SOCKETS, SOCKETS, LAGS, LAGS)
def test_more_people_or_more_lag_never_make_it_faster(few, many, little, much):
    few, many = sorted((few, many))
    little, much = sorted((little, much))
    assert pace(few, little, current=0) <= pace(many, much, current=0)


def test_lag_is_smoothed_over_half_a_second():
    lag = Lag()
    lag.note(0.2, now=10.0)
    assert lag.seconds == pytest.approx(0.2)
    lag.note(0.0, now=10.25)
    assert lag.seconds == pytest.approx(0.1)
    lag.note(-1.0, now=11.0)
    assert lag.seconds == 0.0


def test_one_late_timer_among_many_does_not_matter():
    lag = Lag()
    for tick in range(30):
        lag.note(0.0, now=tick / 30)
    lag.note(0.3, now=1.0)
    assert lag.seconds < 0.03
