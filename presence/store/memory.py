"""The store of a single process: plain dictionaries on one event loop."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from math import inf
from uuid import UUID

from presence.protocol.board_ids import home_id, next_id
from presence.protocol.errors import Forbidden, Removed
from presence.protocol.identity import color_for
from presence.protocol.messages import MAX_USERS, NO_USER
from presence.store.base import (
    MAX_CLOSED,
    MAX_SEEN,
    REMOVED_SESSION_TTL,
    SEEN_FOR,
    Admission,
    BoardSummary,
    Departure,
    JoinRequest,
    Member,
    PersonSummary,
    Snapshot,
    Timing,
    kind_of,
    people,
)

NEWCOMERS, PERSON, SESSION = "newcomers", "person", "session"
"""The kinds of bans."""


class BoardIds:
    """Which board holds which id on the wire (PROTOCOL.md, "Identifiers"), until `rest` seconds
    after `release`."""

    def __init__(self, rest: float) -> None:
        self._rest = rest
        self._ids: dict[UUID, int] = {}
        self._owners: dict[int, UUID] = {}
        self._rest_ends: dict[UUID, float] = {}

    def take(self, board: UUID) -> int:
        """Return the board's id, 1..65535: the one it has, or the first free one from its home."""
        self._rest_ends.pop(board, None)
        if board not in self._ids:
            self._ids[board] = next_id(home_id(board), self._owners)
            # With all ids taken, the board shares the id of its home with the id's owner.
            self._owners.setdefault(self._ids[board], board)
        return self._ids[board]

    def get(self, board: UUID, now: float) -> int:
        """Return the id that a board holds, 0 if it holds none or its rest is over."""
        return 0 if self._rest_ends.get(board, inf) <= now else self._ids.get(board, 0)

    def release(self, board: UUID, now: float) -> None:
        """Start the rest of an empty board's id."""
        self._rest_ends.setdefault(board, now + self._rest)

    def expire(self, now: float) -> list[UUID]:
        """Free the ids whose rest is over, and return their boards."""
        # All rests are equally long, so the dictionary is in the order in which they end.
        over = list(takewhile(lambda board: self._rest_ends[board] <= now, self._rest_ends))
        for board in over:
            del self._rest_ends[board]
            board_id = self._ids.pop(board)
            if self._owners.get(board_id) == board:
                del self._owners[board_id]
        return over


class Bans:
    """Persons, sessions and newcomers that boards refuse, each until a time."""

    def __init__(self) -> None:
        self._ends: dict[UUID, dict[tuple[str, str], float]] = {}

    def add(self, board: UUID, kind: str, names: Iterable[str], end: float) -> None:
        """Set the end of bans, in place of an earlier one."""
        for name in names:
            self._ends.setdefault(board, {})[kind, name] = end

    def holds(self, board: UUID, kind: str, name: str, now: float) -> bool:
        """Return whether a ban is in force."""
        return self._ends.get(board, {}).get((kind, name), now) > now

    def sessions(self, board: UUID, now: float) -> frozenset[str]:
        """Return the sessions that must not be put back on a board."""
        ends = self._ends.get(board, {})
        return frozenset(
            name for (kind, name), end in ends.items() if kind == SESSION and end > now
        )

    def expire(self, now: float) -> None:
        """Forget the bans that are over."""
        for board, ends in tuple(self._ends.items()):
            self._ends[board] = {ban: end for ban, end in ends.items() if end > now}
            if not self._ends[board]:
                del self._ends[board]


class Persons:
    """Where persons are, by session, and when they were seen: of each kind, the earliest first."""

    def __init__(self) -> None:
        self.boards: dict[str, dict[str, UUID]] = {}
        self._seen: dict[str, dict[str, float]] = {}

    def put_on(self, board: UUID, member: Member) -> None:
        """Note that a member is on a board."""
        self.boards.setdefault(member.person, {})[member.session] = board

    def take_off(self, member: Member) -> None:
        """Note that a member is off their board."""
        sessions = self.boards[member.person]
        del sessions[member.session]
        if not sessions:
            del self.boards[member.person]

    def note_seen(self, person: str, now: float) -> None:
        """Note that a person is there, and forget those who were not for long."""
        kind = self._seen.setdefault(kind_of(person), {})
        kind.pop(person, None)
        kind[person] = now
        while len(kind) > MAX_SEEN or next(iter(kind.values())) <= now - SEEN_FOR:
            del kind[next(iter(kind))]

    def seen(self, person: str, now: float) -> float | None:
        """Return when a person was last seen."""
        at = self._seen.get(kind_of(person), {}).get(person, -inf)
        return at if at > now - SEEN_FOR else None


@dataclass(slots=True)
class BoardState:
    """Members by session; ends of graces by session; ends of rests by user id, with the person."""

    version: int = 0
    members: dict[str, Member] = field(default_factory=dict)
    graces: dict[str, float] = field(default_factory=dict)
    rests: dict[int, tuple[float, str]] = field(default_factory=dict)

    def take_off(self, member: Member) -> None:
        """Remove a member."""
        del self.members[member.session]
        self.graces.pop(member.session, None)

    def rest(self, member: Member, end: float) -> None:
        """Have the user id of a member who is off the board rest until a time."""
        if not member.spectator:
            self.rests[member.user] = (end, member.person)

    def free_user(self, held: Collection[int], now: float) -> int:
        """Return the lowest user id that is neither held nor at rest, `NO_USER` if none is."""
        self.rests = {user: rest for user, rest in self.rests.items() if rest[0] > now}
        free = (user for user in range(MAX_USERS) if user not in held and user not in self.rests)
        return next(free, NO_USER)


class MemoryStore:
    """The `Store` of one process. `clock` returns seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], timing: Timing | None = None) -> None:
        self._clock = clock
        self._timing = timing or Timing()
        self._boards: dict[UUID, BoardState] = {}
        self._leases: dict[str, float] = {}
        self._bans = Bans()
        self._persons = Persons()
        # A board is forgotten with its id, and its user ids must have finished their rest by then.
        self._ids = BoardIds(max(self._timing.board_rest, self._timing.id_rest))

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        now, person = self._clock(), request.person
        if self._bans.holds(board, PERSON, person, now):
            raise Removed(person)
        tabs = [m for m in self._present(self._board(board), now) if m.person == person]
        if not tabs and self._bans.holds(board, NEWCOMERS, "", now):
            raise Forbidden("the board is closed to newcomers")
        here, board_id = self._open(board, now), self._ids.take(board)
        members = here.members.values()
        own = next((member.color for member in members if member.person == person), None)
        old = next((m for m in tabs if m.session in here.graces or not self._leased(m, now)), None)
        if old is None:
            color, since = own or color_for(person, {member.color for member in members}), now
        else:
            color, since = old.color, old.since
            self._take_off(here, old)
        if old is not None and bool(old.name) is bool(request.name):
            user = old.user
        else:
            if old is not None:
                here.rest(old, now + self._timing.id_rest)
            held = {member.user for member in members}
            user = here.free_user(held, now) if request.name else NO_USER
        asks = (request.session, request.process, person, request.name)
        member = Member(*asks, color, user, since)
        self._put_on(board, here, member)
        self._persons.note_seen(person, now)
        here.version += 1
        summary = self._summary(here, now)
        processes = summary.processes | {request.process}
        resumed = old.session if old else None
        return Admission(
            member, board_id, summary.people, here.version, processes, resumed, own is None
        )

    async def start_grace(self, board: UUID, session: str, seconds: float) -> None:
        here = self._board(board)
        if session in here.members:
            now = self._clock()
            here.graces.setdefault(session, now + seconds)
            self._persons.note_seen(here.members[session].person, now)

    async def leave(self, board: UUID, session: str) -> Departure:
        return self._depart(board, lambda member: member.session == session, seen=True)

    async def reap(self, board: UUID) -> Departure:
        here, now = self._board(board), self._clock()
        return self._depart(board, lambda member: self._gone(here, member, now))

    async def restore(self, board: UUID, members: Sequence[Member]) -> Snapshot:
        now, here = self._clock(), self._board(board)
        lost = [member for member in members if member.session not in here.members]
        banned = [m.session for m in lost if self._bans.holds(board, PERSON, m.person, now)]
        self._bans.add(board, SESSION, banned, now + REMOVED_SESSION_TTL)
        removed = self._bans.sessions(board, now)
        lost = [member for member in lost if member.session not in removed]
        if lost:
            here = self._open(board, now)
            self._ids.take(board)
            self._put_back(board, here, lost, now)
        return await self.snapshot(board)

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        now = self._clock()
        departure = self._depart(board, lambda member: member.person == person, seen=True)
        sessions = [member.session for member in departure.members]
        self._bans.expire(now)
        self._bans.add(board, PERSON, [person], now + seconds)
        self._bans.add(board, SESSION, sessions, now + max(seconds, REMOVED_SESSION_TTL))
        return departure

    async def remove_from(
        self, boards: Collection[UUID], person: str, seconds: float
    ) -> Mapping[UUID, Departure]:
        return {board: await self.remove(board, person, seconds) for board in boards}

    async def close_board(self, board: UUID, seconds: float) -> None:
        now = self._clock()
        self._bans.expire(now)
        self._bans.add(board, NEWCOMERS, [""], now + min(seconds, MAX_CLOSED))

    async def renew(self, process: str) -> Mapping[UUID, BoardSummary]:
        now = self._clock()
        # All members of a process are gone by the time it has had no lease for a grace.
        self._leases = {p: end for p, end in self._leases.items() if end + self._timing.grace > now}
        self._leases[process] = now + self._timing.lease
        return {
            board: self._summary(here, now)
            for board, here in self._boards.items()
            if any(member.process == process for member in here.members.values())
        }

    async def snapshot(self, board: UUID) -> Snapshot:
        now, here = self._clock(), self._board(board)
        summary = self._summary(here, now)
        return Snapshot(
            self._present(here, now),
            summary.people,
            summary.version,
            summary.processes,
            self._ids.get(board, now),
            self._bans.sessions(board, now),
            self._bans.holds(board, NEWCOMERS, "", now),
            at=now,
        )

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        now = self._clock()
        return {board: people(self._present(self._board(board), now)) for board in boards}

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        counts = await self.counts(self._boards if among is None else among)
        return {board: count for board, count in counts.items() if count}

    async def whereabouts(self, person: str) -> PersonSummary:
        now, boards = self._clock(), set()
        for session, board in self._persons.boards.get(person, {}).items():
            here = self._boards[board]
            if not self._gone(here, here.members[session], now):
                boards.add(board)
        seen = now if boards else self._persons.seen(person, now)
        return PersonSummary(tuple(sorted(boards, key=str)), seen, now)

    async def processes(self) -> Mapping[str, int]:
        now = self._clock()
        members = [m for here in self._boards.values() for m in self._present(here, now)]
        counted = Counter(member.process for member in members)
        return {process: counted[process] for process, end in self._leases.items() if end > now}

    async def ping(self) -> None:
        """See `Store.ping`: memory always answers."""

    async def check(self) -> None:
        """See `Store.check`: memory does everything."""

    def _board(self, board: UUID) -> BoardState:
        return self._boards.get(board, BoardState())

    def _open(self, board: UUID, now: float) -> BoardState:
        """Return a board to put members on, and forget the boards that were empty for long."""
        for emptied in self._ids.expire(now):
            del self._boards[emptied]
        # Starting with the clock: the versions of a board that was forgotten must not come again.
        return self._boards.setdefault(board, BoardState(int(now * 1_000_000)))

    def _leased(self, member: Member, now: float) -> bool:
        return self._leases.get(member.process, -inf) > now

    def _gone(self, here: BoardState, member: Member, now: float) -> bool:
        lease_end = self._leases.get(member.process, -inf)
        return now >= min(here.graces.get(member.session, inf), lease_end + self._timing.grace)

    def _present(self, here: BoardState, now: float) -> tuple[Member, ...]:
        return tuple(m for m in here.members.values() if not self._gone(here, m, now))

    def _summary(self, here: BoardState, now: float) -> BoardSummary:
        present = self._present(here, now)
        processes = frozenset(m.process for m in present if self._leased(m, now))
        overdue = len(present) < len(here.members)
        return BoardSummary(people(present), here.version, processes, overdue)

    def _put_on(self, board: UUID, here: BoardState, member: Member) -> None:
        here.members[member.session] = member
        self._persons.put_on(board, member)

    def _take_off(self, here: BoardState, member: Member) -> None:
        here.take_off(member)
        self._persons.take_off(member)

    def _put_back(self, board: UUID, here: BoardState, lost: Sequence[Member], now: float) -> None:
        held = {member.user for member in here.members.values()}
        # Members who keep their user id go first, so that it is not given to one who clashes.
        keep = set()
        for member in lost:
            rest_end, person = here.rests.get(member.user, (now, member.person))
            free = member.user not in held and (rest_end <= now or person == member.person)
            if free or member.spectator:
                keep.add(member.session)
                held.add(member.user)
        for member in lost:
            user = member.user if member.session in keep else here.free_user(held, now)
            held.add(user)
            self._put_on(board, here, replace(member, user=user))
            self._persons.note_seen(member.person, now)
        here.version += 1

    def _depart(
        self, board: UUID, goes: Callable[[Member], bool], *, seen: bool = False
    ) -> Departure:
        now, here = self._clock(), self._board(board)
        gone = tuple(filter(goes, here.members.values()))
        for member in gone:
            self._take_off(here, member)
            if seen:
                self._persons.note_seen(member.person, now)
            here.rest(member, now + self._timing.id_rest)
        here.version += bool(gone)
        emptied = bool(gone) and not here.members
        if emptied:
            self._ids.release(board, now)
        left = {m.person for m in gone} - {m.person for m in here.members.values()}
        count = people(self._present(here, now))
        return Departure(gone, count, here.version, frozenset(left), emptied)
