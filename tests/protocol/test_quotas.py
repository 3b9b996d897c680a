"""How many positions of one person are passed on (PROTOCOL.md, Bad input)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.limits import KEPT, POSITIONS_AT_ONCE, POSITIONS_PER_SECOND, Quotas

START = 1_000.0


def passed(quotas: Quotas, person: str, start: float, seconds: float, rate: int) -> list[float]:
    """When a person gets one through who asks `rate` times a second."""
    asked = [start + n / rate for n in range(int(seconds * rate))]
    return [now for now in asked if quotas.take(person, now)]


def with_tabs(*persons: str) -> Quotas:
    quotas = Quotas()
    for person in persons:
        quotas.open_tab(person)
    return quotas


def test_three_at_once_and_no_more() -> None:
    quotas = with_tabs("ada")
    assert [quotas.take("ada", START) for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.parametrize("rate", [61, 100, 240])
def test_nearly_60_in_a_second_and_never_more(rate: int) -> None:
    times = passed(with_tabs("ada"), "ada", START, 5.0, rate)
    in_a_second = [sum(first <= now < first + 1 for now in times) for first in times]
    assert max(in_a_second) <= POSITIONS_PER_SECOND + POSITIONS_AT_ONCE == 60
    assert len(times) > 5 * (POSITIONS_PER_SECOND - 1)


def test_a_little_less_passes_for_ever() -> None:
    assert len(passed(with_tabs("ada"), "ada", START, 60.0, 55)) == 60 * 55


def test_all_tabs_of_a_person_share_one_quota_and_nobody_else_does() -> None:
    quotas = with_tabs("ada", "ada", "bob")
    assert [quotas.take("ada", START) for _ in range(4)] == [True, True, True, False]
    assert quotas.take("bob", START)


def test_the_quota_lives_as_long_as_the_last_tab() -> None:
    quotas = with_tabs("ada", "ada")
    passed(quotas, "ada", START, 0.1, 100)
    quotas.close_tab("ada")
    quotas.tidy(START + 0.1)
    quotas.tidy(START + 0.1 + KEPT)
    assert not quotas.take("ada", START)


def test_who_comes_back_at_once_gets_no_fresh_quota() -> None:
    quotas = with_tabs("ada")
    passed(quotas, "ada", START, 0.1, 100)
    quotas.close_tab("ada")
    quotas.tidy(START)
    quotas.tidy(START + KEPT - 0.01)
    quotas.open_tab("ada")
    quotas.tidy(START + 10 * KEPT)
    assert not quotas.take("ada", START)


def test_who_comes_back_later_does_and_nothing_is_kept_meanwhile() -> None:
    quotas = with_tabs("ada")
    passed(quotas, "ada", START, 0.1, 100)
    quotas.close_tab("ada")
    quotas.tidy(START)
    quotas.tidy(START + KEPT)
    with pytest.raises(KeyError):
        quotas.take("ada", START)
    quotas.open_tab("ada")
    assert quotas.take("ada", START)


def test_kept_is_counted_from_the_first_tidying_after_they_went() -> None:
    quotas = with_tabs("ada")
    quotas.tidy(START)
    quotas.close_tab("ada")
    quotas.tidy(START + 100)
    assert quotas.take("ada", START + 100)
    quotas.tidy(START + 100 + KEPT)
    with pytest.raises(KeyError):
        quotas.take("ada", START + 200)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 2)), max_size=40))
def test_whoever_has_a_tab_has_a_quota(events: list[tuple[str, bool, float]]) -> None:
    quotas, tabs, now = Quotas(), dict.fromkeys("abc", 0), START
    for person, opens, pause in events:
        now += pause
        if opens:
            quotas.open_tab(person)
            tabs[person] += 1
        elif tabs[person]:
            quotas.close_tab(person)
            tabs[person] -= 1
        quotas.tidy(now)
        for owner in [owner for owner, number in tabs.items() if number]:
            quotas.take(owner, now)
