"""The store of a single process: plain dictionaries on one event loop, needing nothing but
Python."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from presence.protocol.identity import color_for
from presence.protocol.messages import MAX_USERS, NO_USER, Color
from presence.store.base import Admission, Departure, Snapshot, Standing, Ticket, Timing
from presence.store.doors import Doors
from presence.store.registry import BoardIds
from presence.store.roster import Member, people


@dataclass(slots=True)
class Board:
    """Who is on one board: members by session, ends of grace by session, ends of rest by user id
    with whose it was."""

    version: int = 0
    members: dict[str, Member] = field(default_factory=dict)
    broken: dict[str, float] = field(default_factory=dict)
    resting: dict[int, tuple[float, str]] = field(default_factory=dict)


class MemoryStore:
    """The `Store` of one process. `clock` returns seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], timing: Timing | None = None) -> None:
        self._clock = clock
        self._timing = timing or Timing()
        self._boards: dict[UUID, Board] = {}
        self._leases: dict[str, float] = {}
        self._doors = Doors()
        # An id's rest must outlast those of the board's user ids: both are forgotten together.
        self._ids = BoardIds(max(self._timing.board_rest, self._timing.id_rest))

    async def join(self, board: UUID, ticket: Ticket) -> Admission:
        """See `Store.join`."""
        now = self._clock()
        self._doors.admit(board, ticket.person, now, here=self._is_here(board, ticket.person, now))
        here, board_id = self._enter(board, now)
        arrived = all(member.person != ticket.person for member in here.members.values())
        old = next(self._resumable(here, ticket.person, now), None)
        if old is None:
            user, color, since = self._free_user(here, now), _color(here, ticket.person), now
        else:
            user, color, since = old.user, old.color, old.since
            self._remove(here, old)
        asks = (ticket.session, ticket.process, ticket.person, ticket.name)
        member = Member(*asks, color, user, since)
        here.members[ticket.session] = member
        here.version += 1
        stands = self._standing(here, now)
        processes = stands.processes | {ticket.process}
        resumed = old.session if old else None
        people_now, version = stands.people, here.version
        return Admission(member, board_id, people_now, version, processes, resumed, arrived)

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

    async def restore(self, board: UUID, members: Sequence[Member]) -> Snapshot:
        """See `Store.restore`."""
        here = self._boards.get(board, Board())
        lost = [member for member in members if member.session not in here.members]
        back = self._doors.keep_out(board, lost, self._clock())
        if back:
            here, _ = self._enter(board, self._clock())
            self._put_back(here, back)
        return await self.snapshot(board)

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        """See `Store.remove`."""
        here = self._boards.get(board, Board())
        gone = [member for member in here.members.values() if member.person == person]
        sessions = [member.session for member in gone]
        self._doors.remove(board, person, sessions, seconds, self._clock())
        return self._depart(board, here, gone)

    async def shut(self, board: UUID, seconds: float) -> None:
        """See `Store.shut`."""
        self._doors.shut(board, seconds, self._clock())

    async def renew(self, process: str) -> Mapping[UUID, Standing]:
        """See `Store.renew`."""
        now = self._clock()
        # A process that has been without a lease for a grace has nobody left to count.
        stale = [p for p in self._leases if self._lapsed(p, now) >= self._timing.grace]
        for name in stale:
            del self._leases[name]
        self._leases[process] = now + self._timing.lease
        return {
            board: self._standing(here, now)
            for board, here in self._boards.items()
            if any(member.process == process for member in here.members.values())
        }

    async def roster(self, board: UUID) -> tuple[Member, ...]:
        """See `Store.roster`."""
        return self._present(self._boards.get(board, Board()), self._clock())

    async def snapshot(self, board: UUID) -> Snapshot:
        """See `Store.snapshot`."""
        now = self._clock()
        here = self._boards.get(board, Board())
        stands = self._standing(here, now)
        board_id = self._ids.held(board, now)
        return Snapshot(
            self._present(here, now),
            stands.people,
            stands.version,
            stands.processes,
            board_id,
            self._doors.removed(board, now),
            self._doors.is_shut(board, now),
            at=now,
        )

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Store.counts`."""
        now = self._clock()
        return {b: people(self._present(self._boards.get(b, Board()), now)) for b in boards}

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        """See `Store.boards`."""
        counts = await self.counts(self._boards if among is None else among)
        return {board: people for board, people in counts.items() if people}

    async def processes(self) -> Mapping[str, int]:
        """See `Store.processes`."""
        now = self._clock()
        members = [m for here in self._boards.values() for m in self._present(here, now)]
        counted = Counter(member.process for member in members)
        return {p: counted[p] for p in self._leases if self._lapsed(p, now) < 0}

    async def ping(self) -> None:
        """See `Store.ping`: memory is always in reach."""

    def _enter(self, board: UUID, now: float) -> tuple[Board, int]:
        for emptied in self._ids.release(now):
            del self._boards[emptied]
        if board not in self._boards:
            # A board long empty was forgotten: its versions must not come again.
            self._boards[board] = Board(int(now * 1_000_000))
        return self._boards[board], self._ids.take(board)

    def _lapsed(self, process: str, now: float) -> float:
        """Return for how long a process has been without a lease; negative while it holds one."""
        return now - self._leases.get(process, float("-inf"))

    def _gone(self, here: Board, member: Member, now: float) -> bool:
        graced = here.broken.get(member.session, float("inf"))
        return now >= graced or self._lapsed(member.process, now) >= self._timing.grace

    def _present(self, here: Board, now: float) -> tuple[Member, ...]:
        return tuple(m for m in here.members.values() if not self._gone(here, m, now))

    def _is_here(self, board: UUID, person: str, now: float) -> bool:
        present = self._present(self._boards.get(board, Board()), now)
        return any(member.person == person for member in present)

    def _standing(self, here: Board, now: float) -> Standing:
        present = self._present(here, now)
        leased = {m.process for m in present if self._lapsed(m.process, now) < 0}
        return Standing(people(present), here.version, frozenset(leased))

    def _resumable(self, here: Board, person: str, now: float) -> Iterator[Member]:
        for member in self._present(here, now):
            if member.person != person:
                continue
            if member.session in here.broken or self._lapsed(member.process, now) >= 0:
                yield member

    def _free_user(self, here: Board, now: float) -> int:
        here.resting = {user: rest for user, rest in here.resting.items() if rest[0] > now}
        held = {member.user for member in here.members.values()} | here.resting.keys()
        return next((user for user in range(MAX_USERS) if user not in held), NO_USER)

    def _put_back(self, here: Board, lost: list[Member]) -> None:
        # First those who keep their id, so that nobody is given one that its holder wants back.
        clashing = [member for member in lost if not self._seat_again(here, member)]
        for member in clashing:
            free = self._free_user(here, self._clock())
            here.members[member.session] = replace(member, user=free)
        here.version += bool(lost)
        order = {member.session: place for place, member in enumerate(lost)}
        here.members = dict(sorted(here.members.items(), key=lambda item: order.get(item[0], -1)))

    def _seat_again(self, here: Board, member: Member) -> bool:
        """Put a member back under their own user id, where nothing is in the way."""
        if not member.spectator:
            end, person = here.resting.get(member.user, (0.0, member.person))
            rests = end > self._clock() and person != member.person
            if rests or any(other.user == member.user for other in here.members.values()):
                return False
        here.members[member.session] = member
        return True

    def _remove(self, here: Board, member: Member) -> None:
        del here.members[member.session]
        here.broken.pop(member.session, None)

    def _depart(self, board: UUID, here: Board, gone: list[Member]) -> Departure:
        now = self._clock()
        for member in gone:
            self._remove(here, member)
            if not member.spectator:
                here.resting[member.user] = (now + self._timing.id_rest, member.person)
        here.version += bool(gone)
        emptied = bool(gone) and not here.members
        if emptied:
            self._ids.let_go(board, now)
        left = {m.person for m in gone} - {m.person for m in here.members.values()}
        people_now = people(self._present(here, now))
        return Departure(tuple(gone), people_now, here.version, frozenset(left), emptied)


def _color(here: Board, person: str) -> Color:
    own = next((m.color for m in here.members.values() if m.person == person), None)
    return own or color_for(person, {member.color for member in here.members.values()})
