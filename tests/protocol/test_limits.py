"""Rate limits: the sliding window, the token bucket, and a person's quota of positions."""

import math
from array import array
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.limits import (
    POSITIONS_PER_SECOND,
    Quotas,
    SlidingWindow,
    TokenBucket,
)
from presence.rooms.pacing import LEAST_MS

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
    window = SlidingWindow((limit, seconds))
    assert [window.hit(now) for now in times] == expected


LIMITS = st.lists(
    st.tuples(st.integers(0, 10), st.sampled_from([0.125, 1.0, 5.0])), min_size=1, max_size=3
)


@given(TIMES, LIMITS)
def test_a_window_is_exact(times, limits):
    window = SlidingWindow(*limits)
    for i, now in enumerate(times):
        ages = [now - then for then in times[: i + 1]]
        over = [sum(age < seconds for age in ages) > count for count, seconds in limits]
        assert window.hit(now) == any(over)


def test_a_window_forgets_what_is_long_over():
    """Thousands of connections that moved once and now send a heartbeat in half a minute."""
    window = SlidingWindow((240, 1.0), (600, 5.0))
    for n in range(6000):
        window.hit(n / 100)
        assert len(window._hits) <= 1001
    window.hit(90.0)
    assert len(window._hits) == 1


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


def pauses(most: float, min_size: int = 0, max_size: int = 300) -> st.SearchStrategy[list[float]]:
    """Lists of up to `most` seconds. Drawn as bytes, which takes far less time than as floats."""
    drawn = st.binary(min_size=2 * min_size, max_size=2 * max_size)
    return drawn.map(lambda data: [most * n / 65_535 for n in array("H", data[: len(data) & -2])])


@given(pauses(0.2), pauses(0.02, min_size=100))
def test_a_person_gets_60_positions_in_any_second_and_knows_when_the_next_is_allowed(rare, dense):
    quotas, now, allowed = Quotas(), 1_000.0, []
    for pause in [*rare, *dense]:
        now += pause
        recent = [then for then in allowed if now < then + 1.0]
        wait = quotas.take("ada", now)
        assert (wait == 0.0) == (len(recent) < POSITIONS_PER_SECOND)
        if wait:
            just_before = math.nextafter(now + wait, 0.0)
            assert quotas.take("ada", just_before) > 0.0 or just_before <= now
            now += wait
            assert quotas.take("ada", now) == 0.0, "the time that it named is exact"
        allowed.append(now)


LEAST = LEAST_MS / 1_000


@given(
    pauses(0.003, min_size=120, max_size=200),
    st.lists(st.tuples(st.integers(1, 8), st.floats(0, 0.2)), max_size=20),
)
def test_a_client_that_obeys_rate_never_waits_though_the_network_holds_its_frames(late, stalls):
    """What arrives at once is one position, and a network that holds frames delivers them at once.
    So `n` positions in a second are `n - 1` intervals, however long it held them."""
    sent = [0.0]
    for extra in late:
        sent.append(sent[-1] + LEAST + extra)
    arrivals, held_until = set(), 0.0
    stalled = {sum(n for n, _ in stalls[: i + 1]): held for i, (_, held) in enumerate(stalls)}
    for n, at in enumerate(sent):
        held_until = max(held_until, at + stalled.get(n, 0.0))
        arrivals.add(held_until)
    quotas = Quotas()
    assert not any(quotas.take("ada", 1_000.0 + at) for at in sorted(arrivals))


@given(pauses(0.019, min_size=150, max_size=200))
def test_a_client_that_obeys_rate_never_waits_though_its_frames_are_uneven(delays):
    """60 intervals take 1.02 s. So delays may differ by 20 ms without any two frames merged."""
    quotas, arrived = Quotas(), 1_000.0
    for n, delay in enumerate(delays):
        arrived = max(arrived, 1_000.0 + n * LEAST + delay)
        assert quotas.take("ada", arrived) == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_a_client_that_obeys_rate_never_waits_with_50_ms_of_jitter(seed):
    random, quotas, last = Random(seed), Quotas(), 0.0
    arrivals = set()
    for n in range(3_000):
        last = max(last, 1_000.0 + n * LEAST + random.uniform(-0.05, 0.05))
        arrivals.add(last)
    assert not any(quotas.take("ada", at) for at in sorted(arrivals))


def test_a_persons_tabs_share_one_quota_and_tidying_does_not_refill_it():
    quotas = Quotas()
    takes = [quotas.take("ada", 1.0 + n / 128) for n in range(61)]
    assert takes == [0.0] * 60 + [1.0 - 60 / 128]
    assert quotas.take("bob", 1.5) == 0.0
    quotas.tidy(2.375)
    assert list(quotas) == ["ada", "bob"]
    assert quotas.take("ada", 2.375) == 0.0
    quotas.tidy(2.5)
    assert list(quotas) == ["ada"]
    quotas.tidy(3.375)
    assert not quotas
