"""What counts as a difference between the store and the processes, and how it is said."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from presence.audit import (
    Difference,
    Evidence,
    Ghost,
    Miscount,
    Missing,
    Sessions,
    Silent,
    Stranded,
    compare,
    confirmed,
    summary,
)
from presence.roster import Member, people
from presence.store.base import Snapshot

ONE, TWO = UUID(int=1), UUID(int=2)


def member(session: str, process: str = "p1", person: str = "", name: str = "Ada") -> Member:
    return Member(session, process, person or session, name, (1, 2, 3), 0)


def board(*members: Member, told: int | None = None) -> Snapshot:
    """Return a board with members; `told` is its count where that is wrong."""
    count = people(members) if told is None else told
    return Snapshot(members, count, 1, frozenset(m.process for m in members), 7)


def evidence(
    boards: Mapping[UUID, Snapshot],
    served: Mapping[str, Sessions],
    processes: tuple[str, ...] = ("p1", "p2"),
) -> Evidence:
    """Return evidence; processes that `served` says nothing of answered that they serve nobody."""
    silent_or_not = {process: served.get(process, {}) for process in processes}
    return Evidence(processes, boards, silent_or_not)


def test_the_same_story_has_no_difference() -> None:
    boards = {ONE: board(member("a"), member("b", "p2")), TWO: board(member("c", "p2"))}
    served = {"p1": {ONE: ["a"]}, "p2": {ONE: ["b"], TWO: ["c"]}}
    assert compare(evidence(boards, served)) == []


def test_nobody_anywhere_has_no_difference() -> None:
    assert compare(evidence({}, {}, ())) == []
    assert compare(evidence({ONE: board()}, {"p1": {ONE: []}})) == []


def test_tabs_of_one_person_are_one_in_the_count() -> None:
    boards = {ONE: board(member("a", person="ada"), member("b", person="ada"))}
    assert boards[ONE].people == 1
    assert compare(evidence(boards, {"p1": {ONE: ["a", "b"]}})) == []


def test_a_member_whom_their_live_process_does_not_serve_is_a_ghost() -> None:
    ghost = member("ghost", "p2")
    boards = {ONE: board(member("a"), ghost)}
    assert compare(evidence(boards, {"p1": {ONE: ["a"]}})) == [Ghost(ONE, ghost)]


def test_to_be_served_on_another_board_or_by_another_process_does_not_count() -> None:
    ghost = member("a")
    served = {"p1": {TWO: ["a"]}, "p2": {ONE: ["a"]}}
    found = compare(evidence({ONE: board(ghost)}, served))
    assert found == [Ghost(ONE, ghost), Missing(TWO, "a", "p1")]


def test_a_served_session_that_the_store_does_not_know_is_missing() -> None:
    boards = {ONE: board(member("a"))}
    served = {"p1": {ONE: ["a", "lost"]}, "p2": {TWO: ["also"]}}
    assert compare(evidence(boards, served)) == [
        Missing(ONE, "lost", "p1"),
        Missing(TWO, "also", "p2"),
    ]


def test_a_member_of_a_process_without_a_lease_is_stranded() -> None:
    stranded = member("a", "dead")
    assert compare(evidence({ONE: board(stranded)}, {})) == [Stranded(ONE, stranded)]


def test_a_count_that_is_not_of_the_persons_is_told() -> None:
    boards = {ONE: board(member("a"), member("b"), told=3)}
    assert compare(evidence(boards, {"p1": {ONE: ["a", "b"]}})) == [Miscount(ONE, 3, 2)]


def test_a_process_that_did_not_answer_is_named_and_its_people_are_left_alone() -> None:
    seen = Evidence(("p1", "p2"), {ONE: board(member("a", "p2"))}, {"p1": {}})
    assert compare(seen) == [Silent("p2")]


def test_boards_and_sessions_come_in_order() -> None:
    boards = {TWO: board(member("b")), ONE: board(member("a"))}
    served = {"p1": {TWO: ["z", "y"]}}
    assert compare(Evidence(("p1", "p2"), boards, served)) == [
        Ghost(ONE, member("a")),
        Ghost(TWO, member("b")),
        Missing(TWO, "y", "p1"),
        Missing(TWO, "z", "p1"),
        Silent("p2"),
    ]


def test_what_only_one_of_two_looks_finds_was_on_its_way() -> None:
    coming, going = Ghost(ONE, member("a")), Missing(ONE, "b", "p1")
    stays = Stranded(ONE, member("c", "dead"))
    assert confirmed([coming, stays], [stays, going]) == [stays]


@pytest.mark.parametrize("certain", [Miscount(ONE, 3, 2), Silent("p2")])
def test_what_is_certain_needs_no_second_look(certain: Difference) -> None:
    assert certain.certain
    assert confirmed([], [certain]) == [certain]
    assert confirmed([certain], [certain]) == [certain]


def test_who_was_silent_once_was_not_compared() -> None:
    assert confirmed([Silent("p2")], []) == [Silent("p2")]


def test_a_count_that_is_right_again_is_forgotten() -> None:
    assert confirmed([Miscount(ONE, 3, 2)], []) == []


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (
            Ghost(ONE, member("s1", name="Ada")),
            f"board {ONE}: ghost: 'Ada' (session s1) is in the store, not in live process p1",
        ),
        (
            Stranded(ONE, member("s1", "dead")),
            f"board {ONE}: stranded: 'Ada' (session s1) is of process dead, without a lease",
        ),
        (
            Missing(ONE, "s1", "p1"),
            f"board {ONE}: missing: session s1 of live process p1 is not in the store",
        ),
        (
            Miscount(ONE, 3, 2),
            f"board {ONE}: miscount: the count is 3, the persons on the roster are 2",
        ),
        (
            Silent("p1"),
            "process p1: silent: it holds a lease and did not answer in time",
        ),
    ],
)
def test_each_difference_is_one_line(difference: Difference, said: str) -> None:
    assert str(difference) == said


def test_the_summary_says_how_much_of_how_much() -> None:
    boards = {ONE: board(member("a"), member("b")), TWO: board(member("c"))}
    seen = evidence(boards, {})
    assert summary([], seen) == "Nothing differs: 2 processes, 2 boards, 3 sessions."
    alone = evidence({ONE: board(member("a"))}, {}, ("p1",))
    found = compare(alone)
    assert summary(found, alone) == "1 difference in 1 process, 1 board, 1 session."
    assert summary(found * 2, alone).startswith("2 differences in ")
