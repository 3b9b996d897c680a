"""The store of a single process: plain dictionaries on one event loop."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count, islice, takewhile
from math import inf
from uuid import UUID

from presence.protocol.board_ids import home_id, next_id
from presence.protocol.colors import color_for
from presence.protocol.errors import Forbidden, Removed
from presence.protocol.messages import MAX_USERS, NO_USER, Color
from presence.store.base import (
    MAX_CLOSED,
    MAX_SEEN,
    POOL_HOLDS,
    POOL_LEAVES,
    POOL_RESTS,
    REAP_BATCH,
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
    WornColors,
    kind_of,
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
class Rest:
    """The rest of a user id: when it ends, and who had the id."""

    end: float
    member: Member


class BoardState:
    """The members of one board, and what finds some of them without looking at all.

    `places` numbers the members in the order they came. `present` are the sessions by person,
    `served` by process, of whom `nameless` counts those without a name, and `late` those whose time
    is up and whom nobody has reaped, by person, too.
    """

    def __init__(self, version: int = 0) -> None:
        self.version = version
        self.members: dict[str, Member] = {}
        self.places: dict[str, int] = {}
        self.present: dict[str, dict[str, Member]] = {}
        self.served: dict[str, dict[str, Member]] = {}
        self.late: dict[str, dict[str, Member]] = {}
        self.graces: dict[str, float] = {}
        self.holders: dict[int, Member] = {}
        self.rests: dict[int, Rest] = {}
        self.colors: Counter[Color] = Counter()
        self.nameless: Counter[str] = Counter()
        self._grace_ends: list[tuple[float, str]] = []
        self._places = count()

    def put_on(self, member: Member) -> None:
        """Add a member, who is present."""
        self.members[member.session] = member
        self.places[member.session] = next(self._places)
        self.colors[member.color] += 1
        if not member.spectator:
            self.holders[member.user] = member
            self.rests.pop(member.user, None)
        self.show(member)

    def take_off(self, member: Member) -> None:
        """Remove a member. The user id stays held."""
        del self.members[member.session], self.places[member.session]
        self.colors -= Counter((member.color,))
        if self.is_late(member):
            _discard(self.late, member.person, member)
        else:
            self.hide(member)

    def show(self, member: Member) -> None:
        """Have a member be present."""
        _discard(self.late, member.person, member)
        self.nameless[member.process] += not member.name
        self.present.setdefault(member.person, {})[member.session] = member
        self.served.setdefault(member.process, {})[member.session] = member

    def hide(self, member: Member) -> None:
        """Have a member not be present any more."""
        _discard(self.present, member.person, member)
        self.nameless[member.process] -= not member.name
        _discard(self.served, member.process, member)
        self.graces.pop(member.session, None)

    def is_late(self, member: Member) -> bool:
        """Return whether a member's time is up."""
        return member.session in self.late.get(member.person, ())

    def tabs(self, person: str) -> list[Member]:
        """Return all members of a person."""
        return [*self.present.get(person, {}).values(), *self.late.get(person, {}).values()]

    def start_grace(self, session: str, end: float) -> None:
        """Start the grace of a member who is present, unless one runs."""
        if session not in self.graces:
            self.graces[session] = end
            heappush(self._grace_ends, (end, session))

    def settle(self, ended: Callable[[str], bool], now: float) -> None:
        """Make those late whose grace is over, or whose process has `ended`."""
        over = [m for p, served in self.served.items() if ended(p) for m in served.values()]
        while self._grace_ends and self._grace_ends[0][0] <= now:
            end, session = heappop(self._grace_ends)
            if self.graces.get(session) == end:
                over.append(self.members[session])
        for member in over:
            if not self.is_late(member):
                self.hide(member)
            self.late.setdefault(member.person, {})[member.session] = member

    def let_rest(self, member: Member, end: float) -> None:
        """Have the user id of a member who is off the board rest until a time."""
        if not member.spectator:
            del self.holders[member.user]
            self.rests[member.user] = Rest(end, member)

    def free_user(self, held: Collection[int], now: float) -> int | None:
        """Return the lowest user id that is neither held nor at rest, None if none is."""
        self.rests = {user: rest for user, rest in self.rests.items() if rest.end > now}
        free = (user for user in range(MAX_USERS) if user not in held and user not in self.rests)
        return next(free, None)

    def user_for(self, pool: str, known: Collection[int], now: float) -> int:
        """Return the user id of a newcomer, `NO_USER` for a spectator. See `JoinRequest`."""
        held = len(self.holders)
        if held == MAX_USERS:
            return NO_USER
        if pool and held >= MAX_USERS - POOL_LEAVES:
            of_pool = sum(member.pool == pool for member in self.holders.values())
            if of_pool >= POOL_HOLDS:
                return NO_USER
        free = self.free_user(self.holders.keys() | known, now)
        left: dict[str, list[tuple[float, int]]] = {}
        for user, rest in self.rests.items():
            left.setdefault(rest.member.pool, []).append((rest.end, user))
        own = left.get(pool, []) if pool else []
        if own and (free is None or len(own) >= POOL_RESTS):
            return min(own)[1]
        if free is not None:
            return free
        most = max(map(len, left.values()), default=0)
        longest = [min(rests) for rests in left.values() if len(rests) == most]
        return min(longest)[1] if longest else NO_USER


def _discard(index: dict[str, dict[str, Member]], key: str, member: Member) -> None:
    """Take a member out of an index, if it is there."""
    of_key = index.get(key, {})
    of_key.pop(member.session, None)
    if not of_key:
        index.pop(key, None)


class MemoryStore:
    """The `Store` of one process. `clock` returns seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], timing: Timing | None = None) -> None:
        self._clock = clock
        self._timing = timing or Timing()
        self._boards: dict[UUID, BoardState] = {}
        self._leases: dict[str, float] = {}
        self._retired: set[str] = set()
        self.other_processes = 0
        self._bans = Bans()
        self._persons = Persons()
        self._worn = WornColors()
        # A board is forgotten with its id, and its user ids must have finished their rest by then.
        self._ids = BoardIds(max(self._timing.board_rest, self._timing.id_rest))

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        now, person = self._clock(), request.person
        here = self._board(board, now)
        if self._bans.holds(board, PERSON, person, now):
            raise Removed(person)
        if person not in here.present and self._bans.holds(board, NEWCOMERS, "", now):
            raise Forbidden("the board is closed to newcomers")
        here, board_id = self._open(board, now), self._ids.take(board)
        tabs = here.tabs(person)
        old = self._broken(here, person, now)
        if old is None:
            had = self._worn.get(board, person)
            color = tabs[0].color if tabs else color_for(person, here.colors, had)
            since = now
        else:
            color, since = old.color, old.since
            self._take_off(here, old)
        if old is not None and not old.spectator and request.name:
            user = old.user
        else:
            if old is not None:
                here.let_rest(old, now + self._timing.id_rest)
            known = request.known
            user = here.user_for(request.pool, known, now) if request.name else NO_USER
        asks = (request.session, request.process, person, request.name)
        member = Member(*asks, color, user, since, request.pool, request.avatar)
        self._put_on(board, here, member)
        self._persons.note_seen(person, now)
        self._worn.note(board, member)
        here.version += 1
        self._settle(here, now)
        processes = self._leased(here, now) | {request.process}
        resumed = old.session if old else None
        return Admission(
            member, board_id, len(here.present), here.version, processes, resumed, not tabs
        )

    async def start_grace(self, board: UUID, session: str, seconds: float) -> None:
        now = self._clock()
        here = self._board(board, now)
        member = here.members.get(session)
        if member is not None and not here.is_late(member):
            here.start_grace(session, now + seconds)
            self._persons.note_seen(member.person, now)

    async def leave(self, board: UUID, session: str) -> Departure:
        return self._depart(board, lambda here: _one(here, session), seen=True)

    async def reap(self, board: UUID) -> Departure:
        def overdue(here: BoardState) -> list[Member]:
            late = (member for tabs in here.late.values() for member in tabs.values())
            some = islice(late, REAP_BATCH)
            return sorted(some, key=lambda member: here.places[member.session])

        return self._depart(board, overdue)

    async def restore(
        self, board: UUID, members: Sequence[Member], process: str = "", sessions: int = 0
    ) -> Snapshot:
        now = self._clock()
        here = self._board(board, now)
        back = [m for member in members for m in _one(here, member.session) if here.is_late(m)]
        lost = [member for member in members if member.session not in here.members]
        banned = [m.session for m in lost if self._bans.holds(board, PERSON, m.person, now)]
        self._bans.add(board, SESSION, banned, now + REMOVED_SESSION_TTL)
        removed = self._bans.sessions(board, now)
        lost = [member for member in lost if member.session not in removed]
        if lost or back:
            here = self._open(board, now)
            self._ids.take(board)
            for member in back:
                here.show(member)
            self._put_back(board, here, lost, now)
        return await self.snapshot(board, process, sessions)

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        now = self._clock()
        departure = self._depart(board, lambda here: here.tabs(person), seen=True)
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
        for here in self._boards.values():
            self._settle(here, now)
        self._leases = {p: end for p, end in self._leases.items() if end + self._timing.grace > now}
        self._leases[process] = now + self._timing.lease
        self._retired.discard(process)
        self.other_processes = len(self._holders(now)) - 1
        return {
            board: BoardSummary(
                len(here.present), here.version, self._leased(here, now), bool(here.late)
            )
            for board, here in self._boards.items()
            if process in here.served
        }

    async def retire(self, process: str) -> None:
        self._retired.add(process)

    async def snapshot(self, board: UUID, process: str = "", sessions: int = 0) -> Snapshot:
        now = self._clock()
        here = self._board(board, now)
        members = [*here.members.values()]
        agrees = False
        if process:
            own = here.served.get(process, {})
            agrees = len(own) == sessions
            others = [] if agrees else [member for member in own.values() if member.spectator]
            members = [*here.holders.values(), *others]
        return Snapshot(
            tuple(member for member in members if not here.is_late(member)),
            len(here.present),
            here.version,
            self._leased(here, now),
            self._ids.get(board, now),
            self._bans.sessions(board, now),
            self._bans.holds(board, NEWCOMERS, "", now),
            at=now,
            agrees=agrees,
            hides=any(n for other, n in here.nameless.items() if other != process),
        )

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        now = self._clock()
        return {board: len(self._board(board, now).present) for board in boards}

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        counts = await self.counts(self._boards if among is None else among)
        return {board: count for board, count in counts.items() if count}

    async def whereabouts(self, person: str) -> PersonSummary:
        now = self._clock()
        boards = {
            board
            for board in self._persons.boards.get(person, {}).values()
            if person in self._board(board, now).present
        }
        seen = now if boards else self._persons.seen(person, now)
        return PersonSummary(tuple(sorted(boards, key=str)), seen, now)

    async def processes(self) -> Mapping[str, int]:
        now = self._clock()
        counted: Counter[str] = Counter()
        for board in self._boards:
            served = self._board(board, now).served
            counted.update({process: len(members) for process, members in served.items()})
        return {process: counted[process] for process in self._holders(now)}

    async def ping(self) -> None:
        """See `Store.ping`: memory always answers."""

    async def check(self) -> None:
        """See `Store.check`: memory does everything."""

    def _board(self, board: UUID, now: float) -> BoardState:
        """Return a board as it stands now, an empty one if it is unknown."""
        here = self._boards.get(board) or BoardState()
        self._settle(here, now)
        return here

    def _open(self, board: UUID, now: float) -> BoardState:
        """Return a board to put members on, and forget the boards that were empty for long."""
        for emptied in self._ids.expire(now):
            del self._boards[emptied]
        # Starting with the clock: the versions of a board that was forgotten must not come again.
        return self._boards.setdefault(board, BoardState(int(now * 1_000_000)))

    def _settle(self, here: BoardState, now: float) -> None:
        grace = self._timing.grace
        here.settle(lambda process: self._leases.get(process, -inf) + grace <= now, now)

    def _holders(self, now: float) -> set[str]:
        """Return the processes that hold a lease, but for those that end."""
        return {process for process, end in self._leases.items() if end > now} - self._retired

    def _leased(self, here: BoardState, now: float) -> frozenset[str]:
        """Return the processes that hold a lease and have members who are present."""
        return frozenset(p for p in here.served if self._leases.get(p, -inf) > now)

    def _broken(self, here: BoardState, person: str, now: float) -> Member | None:
        """Return a session of a person that is broken, None if there is none."""
        leased = self._leased(here, now)
        tabs = here.present.get(person, {}).values()
        broken = (m for m in tabs if m.session in here.graces or m.process not in leased)
        return next(broken, None)

    def _put_on(self, board: UUID, here: BoardState, member: Member) -> None:
        here.put_on(member)
        self._persons.put_on(board, member)

    def _take_off(self, here: BoardState, member: Member) -> None:
        here.take_off(member)
        self._persons.take_off(member)

    def _put_back(self, board: UUID, here: BoardState, lost: Sequence[Member], now: float) -> None:
        held = {*here.holders}
        # Members who keep their user id go first, so that it is not given to one who clashes.
        keep = set()
        for member in lost:
            rest = here.rests.get(member.user)
            rests = rest and rest.end > now and rest.member.person != member.person
            if member.spectator or not (member.user in held or rests):
                keep.add(member.session)
                held.add(member.user)
        for member in lost:
            user: int | None = member.user
            if member.session not in keep:
                user = here.free_user(held, now)
            given = NO_USER if user is None else user
            held.add(given)
            self._put_on(board, here, replace(member, user=given))
            self._persons.note_seen(member.person, now)
        here.version += 1

    def _depart(
        self, board: UUID, going: Callable[[BoardState], Sequence[Member]], *, seen: bool = False
    ) -> Departure:
        now = self._clock()
        here = self._board(board, now)
        gone = tuple(going(here))
        for member in gone:
            self._take_off(here, member)
            if seen:
                self._persons.note_seen(member.person, now)
            here.let_rest(member, now + self._timing.id_rest)
        here.version += bool(gone)
        emptied = bool(gone) and not here.members
        if emptied:
            self._ids.release(board, now)
        left = frozenset(m.person for m in gone if not here.tabs(m.person))
        return Departure(gone, len(here.present), here.version, left, emptied, bool(here.late))


def _one(here: BoardState, session: str) -> list[Member]:
    member = here.members.get(session)
    return [] if member is None else [member]
