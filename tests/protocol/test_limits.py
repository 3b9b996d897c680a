import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.limits import SlidingWindow, TokenBucket

# Eighths are exact in binary, so that a model may compare times to the last bit.
TIMES = st.lists(st.integers(0, 400), max_size=120).map(
    lambda times: [n / 8 for n in sorted(times)]
)


def test_a_bucket_starts_full_and_refills_at_its_rate():
    bucket = TokenBucket(rate=2, burst=3)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(100.5), bucket.take(100.5)] == [True, False]


def test_a_bucket_never_holds_more_than_its_burst():
    bucket = TokenBucket(rate=10, burst=2)
    bucket.take(0.0)
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]


def test_refused_takes_cost_nothing():
    bucket = TokenBucket(rate=1, burst=1)
    assert bucket.take(0.0)
    assert [bucket.take(n / 4) for n in (1, 2, 3)] == [False] * 3
    assert bucket.take(1.0)


def test_a_clock_that_goes_back_gives_nothing():
    bucket = TokenBucket(rate=1, burst=1)
    assert bucket.take(10.0)
    assert not bucket.take(5.0)
    assert not bucket.take(5.5)
    assert bucket.take(6.0)


@given(TIMES, st.integers(1, 8), st.integers(1, 8))
def test_a_bucket_allows_no_more_than_it_promises(times, rate, burst):
    bucket = TokenBucket(rate, burst)
    allowed = [now for now in times if bucket.take(now)]
    for i, first in enumerate(allowed):
        for j, last in enumerate(allowed[i:], start=1):
            assert j <= burst + rate * (last - first)


@given(TIMES, st.integers(1, 8))
def test_whoever_keeps_to_the_rate_is_never_refused(times, rate):
    bucket = TokenBucket(rate, burst=1)
    assert all(bucket.take(n / rate * 1.001) for n in range(len(times)))


def test_a_window_tells_the_hit_over_the_limit():
    window = SlidingWindow(limit=3, seconds=1)
    assert [window.hit(now) for now in (0.0, 0.25, 0.5, 0.75)] == [False, False, False, True]


def test_a_hit_just_as_old_as_the_window_is_out_of_it():
    window = SlidingWindow(limit=1, seconds=10)
    window.hit(0.0)
    assert not window.hit(10.0)
    assert window.hit(19.875)


def test_a_window_goes_on_telling_while_the_hits_go_on():
    window = SlidingWindow(limit=1, seconds=1)
    assert [window.hit(n / 8) for n in range(4)] == [False, True, True, True]


def test_a_window_with_no_hit_allowed():
    assert SlidingWindow(limit=0, seconds=1).hit(5.0)


@given(TIMES, st.integers(0, 10), st.sampled_from([0.125, 1.0, 5.0]))
def test_a_window_is_exact(times, limit, seconds):
    window = SlidingWindow(limit, seconds)
    for i, now in enumerate(times):
        recent = [then for then in times[: i + 1] if now - then < seconds]
        assert window.hit(now) == (len(recent) > limit)


@pytest.mark.parametrize("limit", [9, 240])
def test_a_window_judges_by_its_last_hits_alone_however_many_came(limit):
    window, fresh = SlidingWindow(limit, 1), SlidingWindow(limit, 1)
    for n in range(10_000):
        window.hit(n / 1000)
    assert [window.hit(100.0) for _ in range(limit + 1)] == [
        fresh.hit(100.0) for _ in range(limit + 1)
    ]
