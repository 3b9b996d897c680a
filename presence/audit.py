"""Whether the store and the processes tell the same story: compares what each said, and puts what
differs in words. Nothing is asked here; `inquiry` does that."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from presence.roster import Member, people
from presence.store.base import Snapshot

Sessions = Mapping[UUID, Collection[str]]
"""The sessions that one process serves or keeps in their grace, by board."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the store says (the processes that hold a lease, the boards) and what those of the
    processes that answered serve."""

    processes: Collection[str]
    boards: Mapping[UUID, Snapshot]
    served: Mapping[str, Sessions]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be; `str` says it in a line.

    Unless `certain`, it may be somebody who is just coming or going, and needs a second look.
    """

    certain: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Ghost(Difference):
    """A member in the store whom their process does not serve."""

    board: UUID
    member: Member

    def __str__(self) -> str:
        who, process = _who(self.member), self.member.process
        return f"board {self.board}: ghost: {who} is in the store, not in live process {process}"


@dataclass(frozen=True, slots=True)
class Stranded(Difference):
    """A member in the store whose process holds no lease."""

    board: UUID
    member: Member

    def __str__(self) -> str:
        who, process = _who(self.member), self.member.process
        return f"board {self.board}: stranded: {who} is of process {process}, without a lease"


@dataclass(frozen=True, slots=True)
class Missing(Difference):
    """A session that a live process serves and the store does not know."""

    board: UUID
    session: str
    process: str

    def __str__(self) -> str:
        return (
            f"board {self.board}: missing: session {self.session} "
            f"of live process {self.process} is not in the store"
        )


@dataclass(frozen=True, slots=True)
class Miscount(Difference):
    """A count that is not the number of persons on the roster of the same moment."""

    certain: ClassVar[bool] = True
    board: UUID
    told: int
    persons: int

    def __str__(self) -> str:
        return (
            f"board {self.board}: miscount: the count is {self.told}, "
            f"the persons on the roster are {self.persons}"
        )


@dataclass(frozen=True, slots=True)
class Silent(Difference):
    """A process that holds a lease and did not answer: its sessions could not be compared."""

    certain: ClassVar[bool] = True
    process: str

    def __str__(self) -> str:
        return f"process {self.process}: silent: it holds a lease and did not answer in time"


def compare(evidence: Evidence) -> list[Difference]:
    """Return what differs, board by board, then the processes that did not answer."""
    found: list[Difference] = []
    for board in sorted({*evidence.boards, *_served_boards(evidence)}):
        found += _compare_board(board, evidence)
    return found + [Silent(name) for name in sorted({*evidence.processes} - {*evidence.served})]


def confirmed(first: Sequence[Difference], second: Sequence[Difference]) -> list[Difference]:
    """Return what two looks, a while apart, agree on, and what is certain from one.

    A process that was silent stays silent here: whether its people were served was not found out.
    """
    still = [difference for difference in second if difference.certain or difference in first]
    silent = [difference for difference in first if isinstance(difference, Silent)]
    return still + [difference for difference in silent if difference not in still]


def summary(found: Sequence[Difference], evidence: Evidence) -> str:
    """Return a sentence that says how much differs, of how much."""
    sessions = sum(len(snapshot.members) for snapshot in evidence.boards.values())
    compared = (
        _plural(len(evidence.processes), "process"),
        _plural(len(evidence.boards), "board"),
        _plural(sessions, "session"),
    )
    differs = f"{_plural(len(found), 'difference')} in" if found else "Nothing differs:"
    return f"{differs} {', '.join(compared)}."


def _compare_board(board: UUID, evidence: Evidence) -> Iterator[Difference]:
    snapshot = evidence.boards.get(board)
    members = snapshot.members if snapshot else ()
    for member in members:
        if member.process not in evidence.processes:
            yield Stranded(board, member)
        elif member.process in evidence.served and not _serves(evidence, board, member):
            yield Ghost(board, member)
    known = {member.session for member in members}
    for process, sessions in sorted(evidence.served.items()):
        for session in sorted(set(sessions.get(board, ())) - known):
            yield Missing(board, session, process)
    persons = people(members)
    if snapshot and snapshot.people != persons:
        yield Miscount(board, snapshot.people, persons)


def _serves(evidence: Evidence, board: UUID, member: Member) -> bool:
    return member.session in evidence.served[member.process].get(board, ())


def _served_boards(evidence: Evidence) -> Iterator[UUID]:
    for sessions in evidence.served.values():
        yield from sessions


def _who(member: Member) -> str:
    return f"{member.name!r} (session {member.session})"


def _plural(number: int, noun: str) -> str:
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"
