"""Rate limits: the sliding window, the token bucket, and a person's quota of positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.limits import (
    POSITIONS_AT_ONCE,
    POSITIONS_PER_SECOND,
    Quotas,
    SlidingWindow,
    TokenBucket,
)

# Eighths are exact in binary, so that a model may compare times to the last bit.
TIMES = st.lists(st.integers(0, 400), max_size=120).map(
    lambda times: [n / 8 for n in sorted(times)]
)


@pytest.mark.parametrize(
    ("limit", "seconds", "times", "expected"),
    [
        (3, 1, [0.0, 0.25, 0.5, 0.75], [False, False, False, True]),
        (1, 10, [0.0, 10.0, 19.875], [False, False, True]),
        (1, 1, [0.0, 0.125, 0.25, 0.375], [False, True, True, True]),
        (0, 1, [5.0], [True]),
    ],
    ids=["over the limit", "as old as the window", "hits go on", "no hit allowed"],
)
def test_a_window_detects_the_hit_over_the_limit(limit, seconds, times, expected):
    window = SlidingWindow(limit, seconds)
    assert [window.hit(now) for now in times] == expected


@given(TIMES, st.integers(0, 10), st.sampled_from([0.125, 1.0, 5.0]))
def test_a_window_is_exact(times, limit, seconds):
    window = SlidingWindow(limit, seconds)
    for i, now in enumerate(times):
        recent = [then for then in times[: i + 1] if now - then < seconds]
        assert window.hit(now) == (len(recent) > limit)


@pytest.mark.parametrize(
    ("rate", "burst", "times", "expected"),
    [
        (2, 3, [100.0] * 4 + [100.5] * 2, [True, True, True, False, True, False]),
        (10, 2, [0.0, 1000.0, 1000.0, 1000.0], [True, True, True, False]),
        (1, 1, [0.0, 0.25, 0.5, 0.75, 1.0], [True, False, False, False, True]),
        (1, 1, [10.0, 5.0, 5.5, 6.0], [True, False, False, True]),
    ],
    ids=["starts full", "holds its burst", "refusals are free", "a clock that goes back"],
)
def test_a_bucket_allows_its_burst_and_refills_at_its_rate(rate, burst, times, expected):
    bucket = TokenBucket(rate, burst)
    assert [bucket.take(now) for now in times] == expected


@given(TIMES, st.integers(1, 8), st.integers(1, 8))
def test_a_bucket_allows_no_more_than_it_promises(times, rate, burst):
    bucket = TokenBucket(rate, burst)
    allowed = [now for now in times if bucket.take(now)]
    for i, first in enumerate(allowed):
        for j, last in enumerate(allowed[i:], start=1):
            assert j <= burst + rate * (last - first)


@given(TIMES, st.integers(1, 8))
def test_a_bucket_never_refuses_its_rate(times, rate):
    bucket = TokenBucket(rate, burst=1)
    assert all(bucket.take(n / rate * 1.001) for n in range(len(times)))


@given(TIMES, st.integers(1, 8), st.integers(1, 8), st.integers(0, 16))
def test_a_full_bucket_is_like_a_new_one(times, rate, burst, ticks):
    bucket, new = TokenBucket(rate, burst), TokenBucket(rate, burst)
    assert bucket.is_full(0.0)
    for now in times:
        bucket.take(now)
    now = (times[-1] if times else 0.0) + ticks / 8
    full = bucket.is_full(now)
    allowed = [bucket.take(now) for _ in range(burst)]
    assert full == (allowed == [new.take(now) for _ in range(burst)])


@pytest.mark.parametrize("rate", [61, 100, 240])
def test_a_person_gets_nearly_60_positions_a_second_and_never_more(rate):
    quotas = Quotas()
    times = [n / rate for n in range(5 * rate) if quotas["ada"].take(n / rate)]
    in_a_second = [sum(first <= now < first + 1 for now in times) for first in times]
    assert max(in_a_second) <= POSITIONS_PER_SECOND + POSITIONS_AT_ONCE == 60
    assert len(times) > 5 * (POSITIONS_PER_SECOND - 1)


def test_a_persons_tabs_share_one_quota_and_tidying_does_not_refill_it():
    quotas = Quotas()
    assert [quotas["ada"].take(1.0) for _ in range(5)] == [True, True, True, False, False]
    assert quotas["bob"].take(1.0)
    quotas.tidy(1.03)
    assert list(quotas) == ["ada"]
    assert [quotas["ada"].take(1.03) for _ in range(2)] == [True, False]
    quotas.tidy(2.0)
    assert not quotas
