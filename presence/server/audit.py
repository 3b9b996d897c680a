"""Whether the store and the processes tell the same story: compares what each said, and puts what
differs in words. Nothing is asked here; `inquiry` does that."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from presence.store.base import Member, Snapshot, people

Sessions = Mapping[UUID, Collection[str]]
"""The sessions that one process serves or keeps in their grace, by board."""

Counts = Mapping[UUID, int]
"""How many people somebody says are on the boards."""


NOBODY = Snapshot((), 0, 0, frozenset(), 0)
"""A board of which the store knows nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process says: whom it serves, which counts it last told its clients, and which version
    of each board it knows (`store.base`). A count that is missing is not known."""

    sessions: Sessions
    told: Counts
    versions: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the store says (the processes that hold a lease, the boards, their counts as lists and
    metrics show them), and what those of the processes say that answered."""

    processes: Collection[str]
    boards: Mapping[UUID, Snapshot]
    counts: Counts
    answers: Mapping[str, Answer]

    @property
    def silent(self) -> list[str]:
        """The processes that did not answer, in order."""
        return sorted({*self.processes} - {*self.answers})

    def serving(self) -> dict[UUID, list[str]]:
        """Return the processes that say they serve somebody, by board, in order."""
        found: dict[UUID, list[str]] = {}
        for process, answer in sorted(self.answers.items()):
            for board, sessions in answer.sessions.items():
                if sessions:
                    found.setdefault(board, []).append(process)
        return found


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be; `str` says it in a line.

    Unless `certain`, it may be somebody who is just coming or going, and needs a second look.
    """

    certain: ClassVar[bool] = False

    @property
    def fault(self) -> object:
        """What two looks must agree on."""
        return self


@dataclass(frozen=True, slots=True)
class OnBoard(Difference):
    """What differs on one board."""

    board: UUID


@dataclass(frozen=True, slots=True)
class Ghost(OnBoard):
    """A member in the store whom their process does not serve."""

    member: Member

    def __str__(self) -> str:
        who, process = _who(self.member), self.member.process
        return f"board {self.board}: ghost: {who} is in the store, not in live process {process}"


@dataclass(frozen=True, slots=True)
class Stranded(OnBoard):
    """A member in the store whose process holds no lease."""

    member: Member

    def __str__(self) -> str:
        who, process = _who(self.member), self.member.process
        return f"board {self.board}: stranded: {who} is of process {process}, without a lease"


@dataclass(frozen=True, slots=True)
class Missing(OnBoard):
    """A session that a live process serves and the store does not know."""

    session: str
    process: str

    def __str__(self) -> str:
        return (
            f"board {self.board}: missing: session {self.session} "
            f"of live process {self.process} is not in the store"
        )


@dataclass(frozen=True, slots=True)
class Miscount(OnBoard):
    """A count that is not the number of persons on the store's roster: one that a process told its
    clients, or the store's own where `process` is None. `version` is the board's as they know it.
    """

    process: str | None
    told: int
    persons: int
    version: int

    @property
    def fault(self) -> object:
        """The wrong number, for as long as nothing happens that would bring another. Where people
        come and go all the time, each look finds some on their way, and the same number may be
        wrong twice. Meanwhile the right one may change."""
        return self.board, self.process, self.told, self.version

    def __str__(self) -> str:
        tells = f"process {self.process} tells its clients" if self.process else "the store counts"
        return (
            f"board {self.board}: miscount: {tells} {self.told}, "
            f"the persons on the roster are {self.persons}"
        )


@dataclass(frozen=True, slots=True)
class Silent(Difference):
    """A process that holds a lease and did not answer: its sessions could not be compared."""

    certain: ClassVar[bool] = True
    process: str

    def __str__(self) -> str:
        return f"process {self.process}: silent: it holds a lease and did not answer in time"


def read_answer(message: object) -> tuple[str, Answer]:
    """Return which process answers, and what, from a message of the channel layer.

    It is {"process": str, "sessions": {board: [session]}, "told": {board: people}, "versions":
    {board: version}}, the boards as 32 hexadecimal digits. An older process says the first two.
    `ValueError` for anything else.
    """
    match message:
        case {"process": str(process), "sessions": sessions, **rest}:
            told, versions = (_by_board(rest.get(n, {}), _is_count) for n in ("told", "versions"))
            return process, Answer(_by_board(sessions, _are_sessions), told, versions)
    raise ValueError("no answer of a process")


def compare(evidence: Evidence) -> list[Difference]:
    """Return what differs, board by board, then the processes that did not answer."""
    found: list[Difference] = []
    serving = evidence.serving()
    for board in sorted({*evidence.boards, *serving}):
        snapshot = evidence.boards.get(board, NOBODY)
        processes = serving.get(board, ())
        found += _nobodys(board, snapshot, evidence)
        found += _missing(board, snapshot, processes, evidence)
        found += _miscounts(board, snapshot, processes, evidence)
    return found + [Silent(process) for process in evidence.silent]


def confirmed(first: Sequence[Difference], second: Sequence[Difference]) -> list[Difference]:
    """Return what two looks, a while apart, agree on, and what is certain from one.

    A process that was silent stays silent here: whether its people were served was not found out.
    """
    faults = {difference.fault for difference in first}
    still = [
        difference for difference in second if difference.certain or difference.fault in faults
    ]
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


def _nobodys(board: UUID, snapshot: Snapshot, evidence: Evidence) -> Iterator[Difference]:
    for member in snapshot.members:
        if member.process not in evidence.processes:
            yield Stranded(board, member)
        elif not _may_serve(evidence, board, member):
            yield Ghost(board, member)


def _may_serve(evidence: Evidence, board: UUID, member: Member) -> bool:
    answer = evidence.answers.get(member.process)
    return answer is None or member.session in answer.sessions.get(board, ())


def _missing(
    board: UUID, snapshot: Snapshot, processes: Sequence[str], evidence: Evidence
) -> Iterator[Difference]:
    known = {member.session for member in snapshot.members}
    for process in processes:
        for session in sorted(set(evidence.answers[process].sessions[board]) - known):
            yield Missing(board, session, process)


def _miscounts(
    board: UUID, snapshot: Snapshot, processes: Sequence[str], evidence: Evidence
) -> Iterator[Difference]:
    persons = people(snapshot.members)
    if evidence.counts.get(board, persons) != persons:
        yield Miscount(board, None, evidence.counts[board], persons, snapshot.version)
    for process in processes:
        answer = evidence.answers[process]
        told = answer.told.get(board, persons)
        if told != persons:
            yield Miscount(board, process, told, persons, answer.versions.get(board, 0))


def _by_board(said: object, fits: Callable[[object], bool]) -> dict[UUID, Any]:
    if not isinstance(said, dict):
        raise ValueError("not by board")
    if not all(isinstance(board, str) and fits(value) for board, value in said.items()):
        raise ValueError("not what is said of a board")
    return {UUID(hex=board): value for board, value in said.items()}


def _are_sessions(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(session, str) for session in value)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _who(member: Member) -> str:
    return f"{member.name!r} (session {member.session})"


def _plural(number: int, noun: str) -> str:
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"
