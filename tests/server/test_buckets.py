"""Counts of a histogram."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.server.metrics import BRIEF, FRAMES, SLOW, Buckets


def test_a_value_counts_in_every_bucket_that_holds_it() -> None:
    buckets = Buckets((1.0, 2.5, 10.0))
    for value in (0.0, 1.0, 1.1, 2.5, 9.0, 11.0, 100.0):
        buckets.add(value)
    assert list(buckets.cumulative()) == [("1.0", 2), ("2.5", 4), ("10.0", 5), ("+Inf", 7)]
    assert (buckets.count, buckets.sum) == (7, pytest.approx(124.6))


def test_an_empty_one_says_so() -> None:
    assert list(Buckets((1.0,)).cumulative()) == [("1.0", 0), ("+Inf", 0)]
    assert (Buckets((1.0,)).count, Buckets((1.0,)).sum) == (0, 0.0)


@pytest.mark.parametrize("bounds", [BRIEF, SLOW, FRAMES])
@given(values=st.lists(st.floats(0, 2_000)))
def test_the_counts_are_those_of_the_values(bounds: tuple[float, ...], values: list[float]) -> None:
    buckets = Buckets(bounds)
    for value in values:
        buckets.add(value)
    for name, count in buckets.cumulative():
        assert count == sum(value <= float(name) for value in values)


@pytest.mark.parametrize("bounds", [BRIEF, SLOW, FRAMES])
def test_bounds_ascend(bounds: tuple[float, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))
