"""The boards with most people, of those that somebody may know of."""

from uuid import UUID

from presence.admin.busiest import MOST_LOOKED_AT, pick, rank

A, B, C, D = (UUID(int=number) for number in range(1, 5))


def test_most_people_come_first_and_equal_ones_stay_where_they_are() -> None:
    assert rank({C: 1, A: 1, B: 9, D: 3}) == [B, D, A, C]
    assert rank({}) == []


def test_no_more_are_ranked_than_anybody_looks_at() -> None:
    people = {UUID(int=number): number for number in range(1, MOST_LOOKED_AT + 3)}
    ranking = rank(people)
    assert len(ranking) == MOST_LOOKED_AT
    assert people[ranking[-1]] == 3


def test_secrets_are_passed_over() -> None:
    assert pick([A, B, C, D], {A: "a", B: None, C: "c", D: "d"}, 2) == ([A, C], [])


def test_who_may_stand_among_them_is_to_be_asked_for_first() -> None:
    assert pick([A, B, C, D], {A: "a", C: "c"}, 2) == ([A, C], [B])
    assert pick([A, B, C, D], {}, 2) == ([], [A, B, C, D])
    assert pick([A, B], {A: "", B: None}, 2) == ([A], []), "an empty title is one"
