"""What counts as a difference between the store and the processes, and how it is said."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from presence.server.audit import (
    Answer,
    Counts,
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
    read_answer,
    summary,
)
from presence.store.base import Member, Snapshot, people

ONE, TWO = UUID(int=1), UUID(int=2)
VERSION = 5


def member(session: str, process: str = "p1", person: str = "", name: str = "Ada") -> Member:
    return Member(session, process, person or session, name, (1, 2, 3), 0)


def board(*members: Member) -> Snapshot:
    return Snapshot(members, people(members), VERSION, frozenset(m.process for m in members), 7)


def evidence(
    boards: Mapping[UUID, Snapshot],
    served: Mapping[str, Sessions],
    processes: tuple[str, ...] = ("p1", "p2"),
    *,
    counts: Counts | None = None,
    told: Mapping[str, Counts] | None = None,
) -> Evidence:
    """Return evidence; processes that `served` says nothing of answered that they serve nobody.
    Unless `counts` or `told` say otherwise, the store and the processes count right."""
    right = {board: snapshot.people for board, snapshot in boards.items()}
    told = dict.fromkeys(processes, right) | dict(told or {})
    versions = dict.fromkeys(right, VERSION)
    answers = {
        process: Answer(served.get(process, {}), told[process], versions) for process in processes
    }
    return Evidence(processes, boards, right if counts is None else counts, answers)


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


def test_a_count_of_the_store_that_is_not_of_the_persons_is_a_miscount() -> None:
    boards = {ONE: board(member("a"), member("b"))}
    found = compare(evidence(boards, {"p1": {ONE: ["a", "b"]}}, counts={ONE: 3}))
    assert found == [Miscount(ONE, None, 3, 2, VERSION)]


def test_a_count_that_a_process_tells_its_clients_is_a_miscount_by_that_process() -> None:
    boards = {ONE: board(member("a"), member("b", "p2")), TWO: board(member("c", "p2"))}
    served = {"p1": {ONE: ["a"]}, "p2": {ONE: ["b"], TWO: ["c"]}}
    told = {"p1": {ONE: 3}, "p2": {ONE: 1, TWO: 1}}
    found = compare(evidence(boards, served, told=told))
    assert found == [Miscount(ONE, "p1", 3, 2, VERSION), Miscount(ONE, "p2", 1, 2, VERSION)]


def test_what_a_process_that_serves_nobody_there_would_tell_does_not_count() -> None:
    boards = {ONE: board(member("a"))}
    served = {"p1": {ONE: ["a"]}, "p2": {ONE: []}}
    assert compare(evidence(boards, served, told={"p2": {ONE: 2, TWO: 2}})) == []


def test_a_count_that_is_not_known_is_no_difference() -> None:
    boards = {ONE: board(member("a"))}
    assert compare(evidence(boards, {"p1": {ONE: ["a"]}}, counts={}, told={"p1": {}})) == []


def test_a_process_that_serves_somebody_on_a_board_nobody_is_on_miscounts_too() -> None:
    found = compare(evidence({}, {"p1": {ONE: ["lost"]}}, told={"p1": {ONE: 1}}))
    assert found == [Missing(ONE, "lost", "p1"), Miscount(ONE, "p1", 1, 0, 0)]


def test_a_process_that_did_not_answer_is_named_and_its_people_are_left_alone() -> None:
    boards = {ONE: board(member("a", "p2"))}
    seen = Evidence(("p1", "p2"), boards, {ONE: 1}, {"p1": Answer({}, {}, {})})
    assert compare(seen) == [Silent("p2")]
    assert seen.silent == ["p2"]


def test_who_serves_a_board_is_known() -> None:
    seen = evidence({}, {"p2": {ONE: ["a"], TWO: ["b"]}, "p1": {ONE: ["c"], TWO: []}})
    assert seen.serving() == {ONE: ["p1", "p2"], TWO: ["p2"]}
    assert seen.silent == []


def test_boards_and_sessions_come_in_order() -> None:
    boards = {TWO: board(member("b")), ONE: board(member("a"))}
    answer = Answer({TWO: ["z", "y"]}, {TWO: 3}, {TWO: 4})
    assert compare(Evidence(("p1", "p2"), boards, {ONE: 2, TWO: 1}, {"p1": answer})) == [
        Ghost(ONE, member("a")),
        Miscount(ONE, None, 2, 1, VERSION),
        Ghost(TWO, member("b")),
        Missing(TWO, "y", "p1"),
        Missing(TWO, "z", "p1"),
        Miscount(TWO, "p1", 3, 1, 4),
        Silent("p2"),
    ]


def test_what_only_one_of_two_looks_finds_was_on_its_way() -> None:
    coming, going = Ghost(ONE, member("a")), Missing(ONE, "b", "p1")
    stays = Stranded(ONE, member("c", "dead"))
    assert confirmed([coming, stays], [stays, going]) == [stays]


def test_a_wrong_count_must_stand_at_one_version_while_the_right_one_may_change() -> None:
    first = [Miscount(ONE, "p1", 3, 2, VERSION)]
    again = [Miscount(ONE, "p1", 3, 4, VERSION)]
    assert confirmed(first, again) == again
    for other in (
        Miscount(ONE, "p1", 4, 2, VERSION),
        Miscount(ONE, "p2", 3, 2, VERSION),
        Miscount(ONE, None, 3, 2, VERSION),
        Miscount(TWO, "p1", 3, 2, VERSION),
        Miscount(ONE, "p1", 3, 2, VERSION + 1),
    ):
        assert confirmed(first, [other]) == []


def test_silence_is_certain_and_needs_no_second_look() -> None:
    assert Silent("p2").certain
    assert confirmed([], [Silent("p2")]) == [Silent("p2")]
    assert confirmed([Silent("p2")], [Silent("p2")]) == [Silent("p2")]


def test_who_was_silent_once_was_not_compared() -> None:
    assert confirmed([Silent("p2")], []) == [Silent("p2")]


def test_a_count_that_is_right_again_is_forgotten() -> None:
    assert confirmed([Miscount(ONE, None, 3, 2, VERSION)], []) == []


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
            Miscount(ONE, None, 3, 2, VERSION),
            f"board {ONE}: miscount: the store counts 3, the persons on the roster are 2",
        ),
        (
            Miscount(ONE, "p1", 3, 2, VERSION),
            f"board {ONE}: miscount: process p1 tells its clients 3, "
            "the persons on the roster are 2",
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


SAID: dict[str, Any] = {
    "type": "presence.relay",
    "process": "p1",
    "sessions": {ONE.hex: ["a", "b"], TWO.hex: []},
    "told": {ONE.hex: 2, TWO.hex: 0},
    "versions": {ONE.hex: VERSION},
}


def test_an_answer_is_read() -> None:
    answer = Answer({ONE: ["a", "b"], TWO: []}, {ONE: 2, TWO: 0}, {ONE: VERSION})
    assert read_answer(SAID) == ("p1", answer)


def test_a_process_of_before_counts_were_told_is_understood() -> None:
    old = {key: SAID[key] for key in ("type", "process", "sessions")}
    assert read_answer(old) == ("p1", Answer({ONE: ["a", "b"], TWO: []}, {}, {}))


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        [],
        b"process",
        {},
        {"process": "p1"},
        {"sessions": {}},
        *(
            SAID | wrong
            for wrong in (
                {"process": None},
                {"process": b"p1"},
                {"sessions": None},
                {"sessions": [ONE.hex]},
                {"sessions": {"board": []}},
                {"sessions": {1: []}},
                {"sessions": {ONE.hex: "a"}},
                {"sessions": {ONE.hex: None}},
                {"sessions": {ONE.hex: ["a", 1]}},
                {"told": None},
                {"told": [2]},
                {"told": {"board": 2}},
                {"told": {1: 2}},
                {"told": {ONE.hex: -1}},
                {"told": {ONE.hex: "2"}},
                {"told": {ONE.hex: 2.0}},
                {"told": {ONE.hex: True}},
                {"told": {ONE.hex: None}},
                {"versions": None},
                {"versions": {ONE.hex: "5"}},
            )
        ),
    ],
)
def test_garbage_is_no_answer(garbage: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_answer(garbage)
