"""The store: who is on which board, over all processes.

A store allots user ids and board ids, counts people, and forgets processes that stopped renewing
their lease. One suite, `tests/store/`, holds every implementation to what is written here.

Boards are named by their UUID. Times are in seconds. Every method may raise `TryLater` where the
shared state is out of reach, and has then changed nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from presence.roster import Member


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
class Ticket:
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
    are on the board now, and the session of the same person that this one goes on for, if one was
    in its grace."""

    member: Member
    board_id: int
    people: int
    resumed: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """Who is off the board now (nobody, where they were off it before), and how many people
    remain."""

    members: tuple[Member, ...]
    people: int


class Store(Protocol):
    """Shared state. See the module's docstring."""

    async def join(self, board: UUID, ticket: Ticket) -> Admission:
        """Put a session on a board.

        It goes on for a broken session of the same person, under the same user id and colour, where
        there is one in its grace or of a process whose lease ran out. Otherwise it gets the lowest
        user id that is neither held (until its holder left or was reaped) nor resting, 255 (a
        spectator) where there is none, and a colour as `identity.color_for` says, the person's own
        where they are here in another tab.
        """
        ...

    async def linger(self, board: UUID, session: str) -> None:
        """Start a session's grace: its socket broke. Unknown sessions change nothing."""
        ...

    async def leave(self, board: UUID, session: str) -> Departure:
        """Take a session off a board at once; its user id rests. Unknown sessions change
        nothing."""
        ...

    async def reap(self, board: UUID) -> Departure:
        """Take off the board every session whose grace is over, or whose process's lease ran out a
        grace ago."""
        ...

    async def renew(self, process: str) -> None:
        """Renew a process's lease; the first call begins it. A process's members count while it
        holds one, and for a grace after that; a late renewal brings back those not yet reaped."""
        ...

    async def roster(self, board: UUID) -> tuple[Member, ...]:
        """Return who is on a board, spectators and sessions in their grace included, in the order
        they came; a session that goes on for another comes last."""
        ...

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many people are on each of the boards: 0 for those nobody is on."""
        ...

    async def ping(self) -> None:
        """Return when the shared state answers."""
        ...
