"""The pace of a process: windows and RATE by its deliveries, and the stretch by its lag."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.rooms.pacing import LAG_EVERY, LEAST_MS, Pacing

START = 1_000.0
SOCKETS = st.integers(0, 5_000)


def busy(
    sockets: int, moves: float, interval: int = LEAST_MS, pacing: Pacing | None = None
) -> tuple[Pacing, float]:
    """A pacing that counted `moves` a second on a board of so many sockets, for eight seconds of
    uneven flushes; and the time after that."""
    pacing, now = pacing or Pacing(), START
    for n in range(1_000):
        pause = 0.004 if n % 2 else 0.012
        now += pause
        pacing.moved(round(sockets * moves * pause), interval, now)
    return pacing, now


def lag(pacing: Pacing, late: float, seconds: float, now: float) -> float:
    """Let timers be late for a while; return the time after that."""
    for _ in range(round(seconds / LAG_EVERY)):
        now += LAG_EVERY
        pacing.note_lag(late, now)
    return now


def lagging(seconds: float = 0.5) -> tuple[Pacing, float]:
    """A pacing that was called on time, and then late for a while."""
    pacing = Pacing()
    return pacing, lag(pacing, 0.1, seconds, lag(pacing, 0.0, 1.0, START))


@pytest.mark.parametrize(
    ("people", "boards", "moves", "milliseconds"),
    [
        *[(2, 1, 20, 0), (5, 200, 20, 0), (5, 20, 60, 0), (50, 1, 30, 1.5)],
        *[(100, 1, 60, 25.4), (250, 1, 20, 40), (100, 20, 10, 40), (25, 80, 40, 20)],
        *[(5_000, 1, 60, 1_000)],
    ],
)
def test_a_window_follows_from_deliveries_and_sockets(
    people: int, boards: int, moves: int, milliseconds: float
) -> None:
    pacing, now = busy(people, boards * people * moves)
    assert pacing.window(people, now) * 1_000 == pytest.approx(milliseconds, rel=0.03)


def test_small_boards_beside_a_big_one_have_short_windows() -> None:
    pacing, now = busy(250, 250 * 20)
    whole = pacing.window(50, now)
    assert pacing.window(1_000, now) == whole
    assert pacing.window(25, now) == pytest.approx(whole / 2)
    assert pacing.window(2, now) < 0.002
    assert pacing.window(1, now) == 0.0


def test_the_window_of_a_board_that_became_quiet_ends() -> None:
    pacing, now = busy(100, 100 * 60)
    before = pacing.window(100, now)
    assert 0 < pacing.window(100, now + 0.5) < before / 2.718
    assert pacing.window(100, now + 2) == 0.0


@pytest.mark.parametrize(
    ("sockets", "movers", "least", "ms"),
    [
        *[(0, 0, 17, 0), (1, 1, 17, 0), (2, 2, 17, 17), (50, 50, 17, 17), (100, 100, 33, 33)],
        *[
            (500, 500, 17, 65),
            (500, 500, 100, 100),
            (5_000, 5_000, 17, 652),
            (9_999, 9_999, 17, 1000),
        ],
    ],
)
def test_a_board_is_told_the_rate_that_its_clients_can_have(
    sockets: int, movers: int, least: int, ms: int
) -> None:
    pacing, now = busy(sockets, movers * 10, 100, Pacing(least))
    assert pacing.interval(sockets, 0, now) == pytest.approx(ms, rel=0.03)


@given(st.integers(20, 1_000))
def test_a_rate_that_clients_obey_does_not_depend_on_the_rate_before(interval: int) -> None:
    pacing, now = busy(500, 500 * 1_000 / interval, interval)
    assert pacing.interval(500, 0, now) == pytest.approx(65, abs=2)


def test_a_client_that_obeys_sends_about_once_in_a_window() -> None:
    pacing, now = busy(500, 500 * 1_000 / 65, 65)
    assert pacing.window(500, now) * 1_000 == pytest.approx(65, rel=0.03)


def test_only_a_big_change_is_worth_a_rate_but_the_shortest_is_always_told() -> None:
    pacing, now = busy(500, 500 * 10, 100)
    wanted = pacing.interval(500, 0, now)
    for current in (wanted * 0.85, wanted * 1.2):
        assert pacing.interval(500, round(current), now) == round(current)
    for current in (wanted * 0.8, wanted * 1.3):
        assert pacing.interval(500, round(current), now) == wanted
    assert pacing.interval(2, 18, now) == LEAST_MS


def test_lag_stretches_rate_and_window() -> None:
    (pacing, _), (late, _) = busy(100, 100 * 60), lagging()
    before = pacing.window(100, START + 8)
    pacing.stretch = late.stretch
    assert late.stretch == pytest.approx(1.1**5)
    assert pacing.interval(2, LEAST_MS, START + 8) == round(LEAST_MS * late.stretch)
    pacing, now = busy(100, 100 * 60, pacing=late)
    assert pacing.window(100, now) == pytest.approx(before * late.stretch**2, rel=0.01)


def test_a_single_stall_changes_no_rate() -> None:
    pacing = Pacing()
    now = lag(pacing, 0.0, 1.0, START) + 3.0
    pacing.note_lag(3.0, now)
    pacing.note_lag(2.9, now)
    assert pacing.stretch > 1.0
    assert pacing.interval(2, LEAST_MS, now) == LEAST_MS


def test_stalls_one_after_another_count_for_as_long_as_they_are() -> None:
    pacing, now = lagging(LAG_EVERY)
    before = pacing.stretch
    pacing.note_lag(0.6, now + 0.6)
    assert pacing.stretch == pytest.approx(before * 1.1**6)


@pytest.mark.parametrize("late", [0.006, 0.019])
def test_between_lag_and_calm_the_stretch_stays(late: float) -> None:
    pacing, now = lagging()
    before = pacing.stretch
    lag(pacing, late, 5.0, now)
    assert pacing.stretch == before > 1.0


def test_the_pace_recovers_from_the_longest_within_two_seconds() -> None:
    pacing, now = lagging(60)
    assert pacing.interval(2, LEAST_MS, now) == 1_000
    now = lag(pacing, 0.004, 1.0, now)
    assert 1.0 < pacing.stretch < 2.0
    now = lag(pacing, 0.004, 0.5, now)
    assert pacing.stretch == 1.0
    assert pacing.interval(2, 1_000, now) == LEAST_MS


def test_a_process_without_timers_was_calm() -> None:
    pacing, now = lagging(60)
    pacing.note_lag(0.0, now + 2)
    assert pacing.stretch == 1.0


def test_the_first_timer_and_very_long_stalls_are_no_fault() -> None:
    pacing = Pacing()
    for now in (START, START + 1e6):
        pacing.note_lag(1e6, now)
        assert 1.0 < pacing.stretch <= 1_000 / LEAST_MS


CALLS = st.lists(
    st.tuples(
        st.floats(0, 3),
        st.one_of(
            st.builds(
                lambda n, ms: lambda p, now: p.moved(n, ms, now), SOCKETS, st.integers(0, 1_000)
            ),
            st.builds(lambda late: lambda p, now: p.note_lag(late, now), st.floats(0, 60)),
        ),
    ),
    max_size=30,
)


@given(CALLS, st.lists(SOCKETS, min_size=2, max_size=5), st.integers(16, 1_000))
def test_windows_and_rates_are_within_bounds_and_grow_with_the_sockets(
    calls: list[tuple[float, Callable[[Pacing, float], None]]], sizes: list[int], least: int
) -> None:
    pacing, now = Pacing(least), START
    for pause, call in calls:
        now += pause
        call(pacing, now)
    sizes.sort()
    windows = [pacing.window(sockets, now) for sockets in sizes]
    rates = [pacing.interval(sockets, 0, now) for sockets in sizes]
    assert all(few <= many for seconds in (windows, rates) for few, many in pairwise(seconds))
    assert all(window == 0.0 or 0.001 <= window <= 1.0 for window in windows)
    assert all(
        rate == (0 if n <= 1 else max(rate, least)) <= 1_000
        for n, rate in zip(sizes, rates, strict=True)
    )
    for sockets, rate in zip(sizes, rates, strict=True):
        assert pacing.interval(sockets, rate, now) == rate, "a rate that was told stays"


def test_a_process_is_quiet_until_it_has_much_to_send_or_lags() -> None:
    assert Pacing().quiet(START)
    pacing, now = busy(20, 400)
    assert pacing.quiet(now)
    pacing, now = busy(50, 50 * 30)
    assert not pacing.quiet(now)
    assert pacing.quiet(now + 3)
    pacing, now = lagging()
    assert not pacing.quiet(now)
