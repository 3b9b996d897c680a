"""What counts as a difference between the store and the processes, and the line that tells it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from presence.server.audit import (
    Answer,
    Counts,
    Difference,
    Evidence,
    Sessions,
    compare,
    confirmed,
    read_answer,
    summary,
)
from presence.store.base import Member, Snapshot, people

ONE, TWO = UUID(int=1), UUID(int=2)
VERSION = 5


def member(session: str, process: str = "p1", person: str = "") -> Member:
    return Member(session, process, person or session, session.title(), (1, 2, 3), 0)


def board(*members: Member) -> Snapshot:
    return Snapshot(members, people(members), VERSION, frozenset(m.process for m in members), 7)


def board_of_dead() -> Snapshot:
    """A board of a process whose lease ran out."""
    return replace(board(member("a", "dead")), processes=frozenset())


def evidence(
    boards: Mapping[UUID, Snapshot],
    served: Mapping[str, Sessions],
    processes: tuple[str, ...] = ("p1", "p2"),
    *,
    counts: Counts | None = None,
    told: Mapping[str, Counts] | None = None,
    version: int = VERSION,
) -> Evidence:
    """Return evidence in which processes that are not in `served` serve nobody. Unless `counts` or
    `told` say otherwise, the store and the processes count right."""
    right = {board: snapshot.people for board, snapshot in boards.items()}
    told = dict.fromkeys(processes, right) | dict(told or {})
    versions = dict.fromkeys(right, version)
    answers = {
        process: Answer(served.get(process, {}), told[process], versions) for process in processes
    }
    return Evidence(processes, boards, right if counts is None else counts, answers)


def lines(found: list[Difference]) -> list[str]:
    return [str(difference) for difference in found]


GHOST = f"board {ONE}: ghost: 'A' (session a) is in the store, not in live process p1"
MISSING = f"board {ONE}: missing: session b of live process p2 is not in the store"
STRANDED = f"board {ONE}: stranded: 'A' (session a) is of process dead, without a lease"
SILENT = "process p2: silent: it holds a lease and did not answer in time"


def miscount(source: str, count: int, persons: int, board: UUID = ONE) -> str:
    return f"board {board}: miscount: {source} {count}, the persons on the roster are {persons}"


def tells(process: str) -> str:
    return f"process {process} tells its clients"


BOTH = {ONE: board(member("a"), member("b", "p2")), TWO: board(member("c", "p2"))}
SERVED: dict[str, Sessions] = {"p1": {ONE: ["a"]}, "p2": {ONE: ["b"], TWO: ["c"]}}
TABS = {ONE: board(member("a", person="x"), member("b", person="x"))}


@pytest.mark.parametrize(
    "same",
    [
        evidence({}, {}, ()),
        evidence({ONE: board()}, {"p1": {ONE: []}}),
        evidence(BOTH, SERVED),
        evidence(BOTH, SERVED, counts={}, told={"p1": {}, "p2": {}}),
        evidence({ONE: board(member("a", "ended"))}, {}),
        evidence(TABS, {"p1": {ONE: ["a", "b"]}}, counts={ONE: 1}),
        evidence(BOTH, SERVED, told={"p1": {ONE: 2, TWO: 9}}),
    ],
    ids=[
        "nobody",
        "empty",
        "equal",
        "counts unknown",
        "of a process that ended",
        "tabs",
        "told to nobody",
    ],
)
def test_the_same_story_has_no_difference(same: Evidence) -> None:
    assert compare(same) == []


@pytest.mark.parametrize(
    ("different", "found"),
    [
        (evidence({ONE: board(member("a"))}, {}), [GHOST]),
        (
            # Served on another board, or by another process.
            evidence({ONE: board(member("a"))}, {"p1": {TWO: ["a"]}, "p2": {ONE: ["a"]}}),
            [GHOST, f"board {TWO}: missing: session a of live process p1 is not in the store"],
        ),
        (evidence({ONE: board_of_dead()}, {}), [STRANDED]),
        (evidence({ONE: board(member("a"))}, {"p1": {ONE: ["a"]}, "p2": {ONE: ["b"]}}), [MISSING]),
        (
            evidence({}, {"p2": {ONE: ["b"]}}, told={"p2": {ONE: 1}}),
            [MISSING, miscount(tells("p2"), 1, 0)],
        ),
        (evidence(BOTH, SERVED, counts={ONE: 3}), [miscount("the store counts", 3, 2)]),
        (
            evidence(BOTH, SERVED, told={"p1": {ONE: 3}, "p2": {ONE: 1, TWO: 2}}),
            [
                miscount(tells("p1"), 3, 2),
                miscount(tells("p2"), 1, 2),
                miscount(tells("p2"), 2, 1, TWO),
            ],
        ),
        (
            # Those of a process that did not answer are left alone.
            Evidence(("p1", "p2"), {ONE: board(member("b", "p2"))}, {}, {"p1": Answer({}, {}, {})}),
            [SILENT],
        ),
    ],
)
def test_each_difference_is_a_line(different: Evidence, found: list[str]) -> None:
    assert lines(compare(different)) == found


def test_differences_are_in_order() -> None:
    boards = {TWO: board(member("b")), ONE: board(member("a"))}
    answer = Answer({TWO: ["z", "y"]}, {TWO: 3}, {TWO: 4})
    found = compare(Evidence(("p1", "p2"), boards, {ONE: 2, TWO: 1}, {"p1": answer}))
    assert lines(found) == [
        GHOST,
        miscount("the store counts", 2, 1),
        GHOST.replace(f"{ONE}", f"{TWO}").replace("'A' (session a)", "'B' (session b)"),
        f"board {TWO}: missing: session y of live process p1 is not in the store",
        f"board {TWO}: missing: session z of live process p1 is not in the store",
        miscount(tells("p1"), 3, 1, TWO),
        SILENT,
    ]


def test_what_only_one_of_two_comparisons_finds_was_on_its_way() -> None:
    ghost = compare(evidence({ONE: board(member("a"))}, {}))
    stranded = compare(evidence({ONE: board_of_dead()}, {}))
    assert confirmed(ghost + stranded, stranded) == stranded
    assert confirmed(ghost, []) == confirmed([], ghost) == []


def test_a_wrong_count_must_stand_at_one_version_while_the_right_one_may_change() -> None:
    def wrong(told: int, persons: int = 2, *, by: str = "p1", version: int = VERSION) -> Any:
        here = {ONE: board(*(member(f"s{n}", by) for n in range(persons)))}
        served = {by: {ONE: [f"s{n}" for n in range(persons)]}}
        counted = evidence(here, served, told={by: {ONE: told}}, version=version)
        (difference,) = compare(counted)
        return [difference]

    assert confirmed(wrong(3, 2), wrong(3, 4)) == wrong(3, 4)
    for other in (wrong(4), wrong(3, by="p2"), wrong(3, version=VERSION + 1)):
        assert confirmed(wrong(3), other) == []


def test_silence_is_certain_from_one_comparison() -> None:
    (silent,) = compare(Evidence(("p2",), {}, {}, {}))
    for first, second in [([], [silent]), ([silent], []), ([silent], [silent])]:
        assert confirmed(first, second) == [silent]


def test_the_summary_tells_how_much_differs_of_how_much() -> None:
    seen = evidence({ONE: board(member("a"), member("b")), TWO: board(member("c"))}, {})
    assert summary([], seen) == "Nothing differs: 2 processes, 2 boards, 3 sessions."
    alone = evidence({ONE: board(member("a"))}, {}, ("p1",))
    found = compare(alone)
    assert summary(found, alone) == "1 difference in 1 process, 1 board, 1 session."
    assert summary(found * 2, alone).startswith("2 differences in ")


ANSWER: dict[str, Any] = {
    "type": "presence.relay",
    "process": "p1",
    "sessions": {ONE.hex: ["a", "b"], TWO.hex: []},
    "told": {ONE.hex: 2, TWO.hex: 0},
    "versions": {ONE.hex: VERSION},
}


def test_answers_of_this_and_of_an_older_release_are_read() -> None:
    sessions = {ONE: ["a", "b"], TWO: []}
    answer = Answer(sessions, {ONE: 2, TWO: 0}, {ONE: VERSION})
    assert read_answer(ANSWER) == ("p1", answer)
    older = {key: ANSWER[key] for key in ("type", "process", "sessions")}
    assert read_answer(older) == ("p1", Answer(sessions, {}, {}))


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        [],
        b"process",
        {},
        {"process": "p1"},
        {"sessions": {}},
        *({**ANSWER, "process": process} for process in (None, b"p1")),
        *(
            {**ANSWER, "sessions": sessions}
            for sessions in (None, [ONE.hex], {"board": []}, {1: []})
        ),
        *({**ANSWER, "sessions": {ONE.hex: here}} for here in ("a", None, ["a", 1])),
        *({**ANSWER, "told": told} for told in (None, [2], {"board": 2}, {1: 2})),
        *({**ANSWER, "told": {ONE.hex: count}} for count in (-1, "2", 2.0, True, None)),
        *({**ANSWER, "versions": versions} for versions in (None, {ONE.hex: "5"})),
    ],
)
def test_garbage_is_not_an_answer(garbage: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_answer(garbage)
