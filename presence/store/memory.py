"""The store of a single process: plain dictionaries on one event loop, needing nothing but
Python."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from presence.identity import color_for
from presence.messages import MAX_USERS, NO_USER, Color
from presence.roster import Member, people
from presence.store.base import Admission, Departure, Ticket, Timing
from presence.store.registry import BoardIds


@dataclass(slots=True)
class Board:
    """Who is on one board: members by session, ends of grace by session, ends of rest by user
    id."""

    members: dict[str, Member] = field(default_factory=dict)
    broken: dict[str, float] = field(default_factory=dict)
    resting: dict[int, float] = field(default_factory=dict)


class MemoryStore:
    """The `Store` of one process. `clock` returns seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], timing: Timing | None = None) -> None:
        self._clock = clock
        self._timing = timing or Timing()
        self._boards: dict[UUID, Board] = {}
        self._leases: dict[str, float] = {}
        # An id's rest must outlast those of the board's user ids: both are forgotten together.
        self._ids = BoardIds(max(self._timing.board_rest, self._timing.id_rest))

    async def join(self, board: UUID, ticket: Ticket) -> Admission:
        """See `Store.join`."""
        now = self._clock()
        for emptied in self._ids.release(now):
            del self._boards[emptied]
        board_id = self._ids.take(board)
        here = self._boards.setdefault(board, Board())
        old = next(self._resumable(here, ticket.person, now), None)
        if old is None:
            user, color = self._free_user(here, now), _color(here, ticket.person)
        else:
            user, color = old.user, old.color
            self._remove(here, old)
        member = Member(ticket.session, ticket.process, ticket.person, ticket.name, color, user)
        here.members[ticket.session] = member
        return Admission(member, board_id, self._count(here, now), old.session if old else None)

    async def linger(self, board: UUID, session: str) -> None:
        """See `Store.linger`."""
        here = self._boards.get(board)
        if here is not None and session in here.members:
            here.broken.setdefault(session, self._clock() + self._timing.grace)

    async def leave(self, board: UUID, session: str) -> Departure:
        """See `Store.leave`."""
        here = self._boards.get(board, Board())
        gone = [here.members[session]] if session in here.members else []
        return self._depart(board, here, gone)

    async def reap(self, board: UUID) -> Departure:
        """See `Store.reap`."""
        now = self._clock()
        here = self._boards.get(board, Board())
        return self._depart(
            board, here, [m for m in here.members.values() if self._gone(here, m, now)]
        )

    async def renew(self, process: str) -> None:
        """See `Store.renew`."""
        now = self._clock()
        # A process that has been without a lease for a grace has nobody left to count.
        stale = [p for p in self._leases if self._lapsed(p, now) >= self._timing.grace]
        for name in stale:
            del self._leases[name]
        self._leases[process] = now + self._timing.lease

    async def roster(self, board: UUID) -> tuple[Member, ...]:
        """See `Store.roster`."""
        now = self._clock()
        here = self._boards.get(board, Board())
        return tuple(m for m in here.members.values() if not self._gone(here, m, now))

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Store.counts`."""
        now = self._clock()
        return {board: self._count(self._boards.get(board, Board()), now) for board in boards}

    async def ping(self) -> None:
        """See `Store.ping`: memory is always in reach."""

    def _lapsed(self, process: str, now: float) -> float:
        """Return for how long a process has been without a lease; negative while it holds one."""
        return now - self._leases.get(process, float("-inf"))

    def _gone(self, here: Board, member: Member, now: float) -> bool:
        graced = here.broken.get(member.session, float("inf"))
        return now >= graced or self._lapsed(member.process, now) >= self._timing.grace

    def _resumable(self, here: Board, person: str, now: float) -> Iterator[Member]:
        for member in here.members.values():
            if member.person != person or self._gone(here, member, now):
                continue
            if member.session in here.broken or self._lapsed(member.process, now) >= 0:
                yield member

    def _free_user(self, here: Board, now: float) -> int:
        here.resting = {user: until for user, until in here.resting.items() if until > now}
        held = {member.user for member in here.members.values()} | here.resting.keys()
        return next((user for user in range(MAX_USERS) if user not in held), NO_USER)

    def _remove(self, here: Board, member: Member) -> None:
        del here.members[member.session]
        here.broken.pop(member.session, None)

    def _depart(self, board: UUID, here: Board, gone: list[Member]) -> Departure:
        now = self._clock()
        for member in gone:
            self._remove(here, member)
            if not member.spectator:
                here.resting[member.user] = now + self._timing.id_rest
        if gone and not here.members:
            self._ids.let_go(board, now)
        return Departure(tuple(gone), self._count(here, now))

    def _count(self, here: Board, now: float) -> int:
        return people(m for m in here.members.values() if not self._gone(here, m, now))


def _color(here: Board, person: str) -> Color:
    own = next((m.color for m in here.members.values() if m.person == person), None)
    return own or color_for(person, {member.color for member in here.members.values()})
