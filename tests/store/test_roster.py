"""Who is on a board: members, spectators, people."""

import pytest

from presence.store.base import Member, people


def member(session: str, person: str, user: int = 0) -> Member:
    return Member(session, "process", person, "Ada", (1, 2, 3), user)


@pytest.mark.parametrize(("user", "spectator"), [(0, False), (254, False), (255, True)])
def test_only_user_id_255_is_a_spectator(user: int, spectator: bool) -> None:
    assert member("s", "p", user).spectator is spectator


def test_nobody_is_no_people() -> None:
    assert people([]) == 0


def test_tabs_of_one_person_count_once() -> None:
    assert people([member("s1", "ada"), member("s2", "ada", 1), member("s3", "bob", 2)]) == 2


def test_spectators_are_people_too() -> None:
    assert people(member(f"s{n}", f"p{n}", min(n, 255)) for n in range(300)) == 300
