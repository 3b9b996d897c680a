"""People over time, by minutes and hours."""

from hypothesis import given
from hypothesis import strategies as st

from presence.store.history import HOURS, MINUTES, SPANS, Bucket, Point, parse_buckets, points

NOON = 1_764_072_000
MINUTE = NOON // 60


def test_a_day_of_minutes_and_thirty_of_hours() -> None:
    assert MINUTES.seconds * MINUTES.kept == 24 * 3600
    assert HOURS.seconds * HOURS.kept == 30 * 24 * 3600


def test_the_newest_end_with_the_one_that_is_going_on() -> None:
    assert list(MINUTES.newest(NOON + 59.9, 3)) == [MINUTE - 2, MINUTE - 1, MINUTE]
    assert len(MINUTES.newest(NOON, 10**9)) == MINUTES.kept
    assert len(MINUTES.newest(NOON, 0)) == 0


@given(at=st.integers(0, 4 * 10**9), count=st.integers(1, 2000))
def test_the_pages_hold_all_of_them_and_live_long_enough(at: int, count: int) -> None:
    for span in SPANS:
        numbers = span.newest(at, count)
        pages = span.pages(numbers)
        assert {n // span.page for n in numbers} == set(pages)
        assert len(pages) <= span.kept // span.page + 1
        # Whoever looked last into the oldest page did so in the oldest bucket at the earliest.
        assert numbers[0] * span.seconds + span.page_ttl >= at


def test_an_average_is_over_all_looks_and_a_peak_is_the_most() -> None:
    seen = Bucket()
    for people in (2, 5, 0, 1):
        seen = seen.plus(people)
    assert list(points(MINUTES, [MINUTE], {MINUTE: seen}, {MINUTE: seen})) == [Point(NOON, 2.0, 5)]


def test_nobody_there_is_zero_and_nobody_looking_is_a_gap() -> None:
    site = {MINUTE: Bucket(4, 12, 3), MINUTE + 2: Bucket(6, 0, 0)}
    own = {MINUTE: Bucket(2, 6, 3)}
    assert list(points(MINUTES, range(MINUTE, MINUTE + 3), site, own)) == [
        Point(NOON, 1.5, 3),
        Point(NOON + 60, None, None),
        Point(NOON + 120, 0.0, 0),
    ]


def test_tallies_are_read_back() -> None:
    assert dict(parse_buckets([b"7", b"6 12 3", b"9", b"1 0 0"])) == {
        7: Bucket(6, 12, 3),
        9: Bucket(1, 0, 0),
    }
