"""The store: who is on which board, over all processes.

A store allots user ids and board ids, counts people, and forgets processes that stopped renewing
their lease. One suite, `tests/store/`, holds every implementation to what is written here.

Boards are named by their UUID. Times are in seconds. Every method may raise `TryLater` where the
shared state is out of reach. Nothing has changed then, or (where only the answer was lost) nothing
that lasts: a join of which the caller never heard is taken back, a leave may be asked for again.

A board's *version* is a whole number. Every call that puts members on the board or takes members
off raises it by one, however many they are; two different memberships of one board never have the
same version, also where the shared state was emptied in between. Where it fell back to what it knew
a while ago, a version may come again: who relies on it hears of changes in another way too. It is 0
where nothing is known of the board. A session whose time is up is off the roster at once, and
raises the version when it is reaped.

Whom a board keeps out, persons who were removed and newcomers where it is shut, is part of the
shared state. It is forgotten where that is lost.

Who is on a board: one `Member` per socket, several of which may be one person.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from presence.protocol.messages import NO_USER, Color


@dataclass(frozen=True, slots=True)
class Member:
    """One session on one board.

    `session` and `process` are unique strings; `person` is the same for every socket of one person
    (PROTOCOL.md, "Who counts as one person"); `user` is 0..254, or 255 for a spectator.
    """

    session: str
    process: str
    person: str
    name: str
    color: Color
    user: int
    since: float = field(default=0.0, compare=False)
    """When it came, in seconds of the store's clock; who goes on for a session came when it did."""

    @property
    def spectator(self) -> bool:
        """True where the board was full: sees everything, is counted, has no user id."""
        return self.user == NO_USER


def people(members: Iterable[Member]) -> int:
    """Return how many people the members are: tabs of one person count once."""
    return len({member.person for member in members})


REMEMBERED = 3600.0
"""Seconds for which removed sessions are known, at least: no process that slept less puts them
back."""

UNTIL_REOPENED = 365 * 24 * 3600.0
"""Seconds that a board is shut for at most: nothing is kept for ever."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things last, in seconds.

    `grace`: a session whose socket broke stays on the roster. `id_rest`: a user id is not given
    again. `board_rest`: a board id is kept for its empty board. `lease`: a process is believed
    alive after it renewed.
    """

    grace: float = 5.0
    id_rest: float = 5.0
    board_rest: float = 60.0
    lease: float = 10.0


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """Who asks to come onto a board: a `Member` but for what the store decides.

    `session` is unique among all processes; `process` names the asking process.
    """

    session: str
    process: str
    person: str
    name: str


@dataclass(frozen=True, slots=True)
class Admission:
    """What the store decided: the member, the board's id on the wire (1..65535), how many people
    are on the board now, the board's version, the processes that hold a lease and have members
    there (the asking one always), the session of the same person that this one goes on for, if
    one was in its grace, and whether the person `arrived`: had no session here before."""

    member: Member
    board_id: int
    people: int
    version: int
    processes: frozenset[str]
    resumed: str | None = None
    arrived: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Departure:
    """Who is off the board now (nobody, where they were off it before), how many people remain, and
    what says when and not what, so that departures compare without it: the board's version, the
    persons whose last session this took, and whether it was the last of all."""

    members: tuple[Member, ...]
    people: int
    version: int = field(default=0, compare=False)
    left: frozenset[str] = field(default=frozenset(), compare=False)
    emptied: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class BoardSummary:
    """How a board stands: people, version, and the processes that hold a lease and have members
    there."""

    people: int
    version: int
    processes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A board at one moment: its roster in the order they came, and what `BoardSummary` says. Its
    id on the wire is 0 where it holds none.

    `removed` are sessions that were taken off it and must not be put back; `closed`: newcomers are
    kept out. `at` is the moment, by the store's clock.
    """

    members: tuple[Member, ...]
    people: int
    version: int
    processes: frozenset[str]
    board_id: int
    removed: frozenset[str] = frozenset()
    closed: bool = False
    at: float = field(default=0.0, compare=False)


class Store(Protocol):
    """Shared state. See the module's docstring."""

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        """Put a session on a board.

        It goes on for a broken session of the same person, under the same user id and colour, where
        there is one in its grace or of a process whose lease ran out. Otherwise it gets the lowest
        user id that is neither held nor resting, 255 (a spectator) where there is none, and a
        colour as `identity.color_for` says, the person's own where they are here in another tab.

        Raises `Removed` for a person who is kept out, `Forbidden` for one who is not on the board
        while it is shut; nothing has changed then.
        """
        ...

    async def start_grace(self, board: UUID, session: str) -> None:
        """Start a session's grace: its socket broke. Unknown sessions change nothing."""
        ...

    async def leave(self, board: UUID, session: str) -> Departure:
        """Take a session off a board at once; its user id rests. Unknown sessions change
        nothing."""
        ...

    async def reap(self, board: UUID) -> Departure:
        """Take off the board every session whose grace is over, or whose process's lease ran out a
        grace ago. Where several processes reap at once, each member is in one answer only."""
        ...

    async def restore(self, board: UUID, members: Sequence[Member]) -> Snapshot:
        """Put members back whom the shared state has lost, or took for dead.

        Each keeps its session, process, person, name and colour, and its user id, unless another
        session holds that or it rests after somebody else: then it gets the lowest free one (255
        where there is none). Those who are on the board already stay as they are. The snapshot
        tells what everybody has now. Sessions that were removed are not put back, nor those of
        persons who are kept out, which are `removed` from then on.
        """
        ...

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        """Take every session of a person off a board, and keep the person out for so long; where
        that was said before, it holds no more. 0: they may come at once."""
        ...

    async def close_board(self, board: UUID, seconds: float) -> None:
        """Let no newcomers onto a board for so long, a year at most; where that was said before,
        it holds no more. 0: they may come at once. Who is on the board may open further tabs,
        and come back within their grace."""
        ...

    async def renew(self, process: str) -> Mapping[UUID, BoardSummary]:
        """Renew a process's lease; the first call begins it. A process's members count while it
        holds one.

        Tells how the boards stand on which this store put members of the process. Where the shared
        state lost all of them, the board is named once more, without the process: `restore` may put
        them back.
        """
        ...

    async def roster(self, board: UUID) -> tuple[Member, ...]:
        """Return who is on a board, spectators and sessions in their grace included, in the order
        they came."""
        ...

    async def snapshot(self, board: UUID) -> Snapshot:
        """Return the whole of a board as it is at one moment."""
        ...

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many people are on each of the boards: 0 for those nobody is on."""
        ...

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        """Return the boards that somebody is on, in no order, and how many people are on each; only
        those among some, where they are given. Cheaper than `counts` where most are empty. Who is
        on two boards counts on both, so their sum counts them twice."""
        ...

    async def processes(self) -> Mapping[str, int]:
        """Return the processes that hold a lease, and how many members each has on all boards."""
        ...

    async def ping(self) -> None:
        """Return when the shared state answers."""
        ...
