"""Compares what the store and the processes, which `auditor` asks, say about who is on the
boards."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from presence.store.base import Snapshot, people

Sessions = Mapping[UUID, Collection[str]]
"""The sessions that one process serves or keeps in their grace, by board."""

Counts = Mapping[UUID, int]
"""How many people somebody says are on the boards."""

EMPTY = Snapshot((), 0, 0, frozenset(), 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process says: its sessions, the counts that it last told its clients, and the version
    of each board that it knows. A missing count is not compared."""

    sessions: Sessions
    told: Counts
    versions: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the store says (the processes with a lease, the boards, and their counts as lists and
    metrics show them), and the answers of the processes that gave one."""

    processes: Collection[str]
    boards: Mapping[UUID, Snapshot]
    counts: Counts
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be, as a line of text.

    It is certain if `fault` is None. Otherwise it may be somebody who is just coming or going: it
    is confirmed when a second comparison finds the same fault.
    """

    line: str
    fault: Hashable | None

    def __str__(self) -> str:
        return self.line


def read_answer(message: object) -> tuple[str, Answer]:
    """Return the process and its answer in a message of the channel layer.

    The message is {"process": str, "sessions": {board: [session]}, "told": {board: people},
    "versions": {board: version}}, with boards as 32 hexadecimal digits. Older releases send the
    first two. Raises `ValueError` for anything else.
    """
    match message:
        case {"process": str(process), "sessions": sessions, **rest}:
            told, versions = rest.get("told", {}), rest.get("versions", {})
            answer = Answer(
                _by_board(sessions, _are_sessions),
                _by_board(told, _is_count),
                _by_board(versions, _is_count),
            )
            return process, answer
        case _:
            raise ValueError("not an answer")


def compare(evidence: Evidence) -> list[Difference]:
    """Return what differs, board by board, then the processes that did not answer."""
    found: list[Difference] = []
    served = {
        board
        for answer in evidence.answers.values()
        for board, sessions in answer.sessions.items()
        if sessions
    }
    # The store's own first: they have their references.
    for board in sorted({*evidence.boards} | served):
        found += _compare_sessions(board, evidence)
        found += _compare_counts(board, evidence)
    for process in sorted({*evidence.processes} - {*evidence.answers}):
        line = f"process {process}: silent: it holds a lease and did not answer in time"
        found.append(Difference(line, None))
    return found


def confirmed(first: Sequence[Difference], second: Sequence[Difference]) -> list[Difference]:
    """Return what two comparisons, a while apart, agree on, and what is certain in either: the
    people of a process that was silent once were not compared."""
    faults = {difference.fault for difference in first}
    still = [d for d in second if d.fault is None or d.fault in faults]
    return still + [d for d in first if d.fault is None and d not in still]


def summary(found: Sequence[Difference], evidence: Evidence) -> str:
    """Return a sentence that tells how much differs, of how much."""
    sessions = sum(len(snapshot.members) for snapshot in evidence.boards.values())
    compared = (
        _plural(len(evidence.processes), "process"),
        _plural(len(evidence.boards), "board"),
        _plural(sessions, "session"),
    )
    differs = f"{_plural(len(found), 'difference')} in" if found else "Nothing differs:"
    return f"{differs} {', '.join(compared)}."


def _compare_sessions(board: UUID, evidence: Evidence) -> Iterator[Difference]:
    snapshot = evidence.boards.get(board, EMPTY)
    members = snapshot.members
    for member in members:
        session, process = member.session, member.process
        who = f"{member.name!r} (session {session})"
        answer = evidence.answers.get(process)
        if process not in evidence.processes and process not in snapshot.processes:
            line = f"stranded: {who} is of process {process}, without a lease"
        elif answer is not None and session not in answer.sessions.get(board, ()):
            line = f"ghost: {who} is in the store, not in live process {process}"
        else:
            continue
        yield Difference(f"board {board}: {line}", (board, line))
    known = {member.session for member in members}
    for process, answer in _serving(board, evidence):
        for session in sorted({*answer.sessions[board]} - known):
            line = f"missing: session {session} of live process {process} is not in the store"
            yield Difference(f"board {board}: {line}", (board, line))


def _compare_counts(board: UUID, evidence: Evidence) -> Iterator[Difference]:
    snapshot = evidence.boards.get(board, EMPTY)
    persons = people(snapshot.members)
    counts = [("the store counts", evidence.counts.get(board, persons), snapshot.version)]
    for process, answer in _serving(board, evidence):
        version = answer.versions.get(board, 0)
        source = f"process {process} tells its clients"
        counts.append((source, answer.told.get(board, persons), version))
    for source, count, version in counts:
        if count != persons:
            line = f"miscount: {source} {count}, the persons on the roster are {persons}"
            # Where people come and go, each comparison finds some counts on their way, and a number
            # may be wrong twice by chance: its source must know the same version. The right number
            # may change.
            yield Difference(f"board {board}: {line}", (board, source, count, version))


def _serving(board: UUID, evidence: Evidence) -> list[tuple[str, Answer]]:
    """Return the processes that serve somebody on a board, in order."""
    answers = sorted(evidence.answers.items(), key=lambda item: item[0])
    return [(process, answer) for process, answer in answers if answer.sessions.get(board)]


def _by_board(value: object, fits: Callable[[object], bool]) -> dict[UUID, Any]:
    if not isinstance(value, dict):
        raise ValueError("not a dict by board")
    if not all(isinstance(board, str) and fits(each) for board, each in value.items()):
        raise ValueError("not what belongs to a board")
    return {UUID(hex=board): each for board, each in value.items()}


def _are_sessions(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(session, str) for session in value)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _plural(number: int, noun: str) -> str:
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"
