"""The store of a single process: plain dictionaries on one event loop, needing nothing but
Python.

Whom boards keep out, for stores that keep it in memory.

Which board holds which id on the wire (PROTOCOL.md, "Identifiers"), for stores that keep it in
memory.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from math import inf
from uuid import UUID

from presence.protocol.board_ids import home_id, next_id
from presence.protocol.errors import Forbidden, Removed
from presence.protocol.identity import color_for
from presence.protocol.messages import MAX_USERS, NO_USER, Color
from presence.store.base import (
    REMEMBERED,
    UNTIL_REOPENED,
    Admission,
    BoardSummary,
    Departure,
    JoinRequest,
    Member,
    Snapshot,
    Timing,
    people,
)


class BoardIds:
    """The ids in use. An id is kept for `rest` seconds after its board was let go."""

    def __init__(self, rest: float) -> None:
        self.shared = 0
        """How often a board had to share its home id because all 65,535 were taken."""
        self._rest = rest
        self._ids: dict[UUID, int] = {}
        self._taken: dict[int, UUID] = {}
        self._resting: dict[UUID, float] = {}

    def take(self, board: UUID) -> int:
        """Return the board's id (1..65535): the one it has, or the next free one from its home
        on."""
        self._resting.pop(board, None)
        if board not in self._ids:
            self._ids[board] = self._allot(board)
        return self._ids[board]

    def held(self, board: UUID, now: float) -> int:
        """Return the id that a board holds, 0 where it holds none or its rest is over."""
        return 0 if self._resting.get(board, inf) <= now else self._ids.get(board, 0)

    def let_go(self, board: UUID, now: float) -> None:
        """Begin the rest of an empty board's id."""
        self._resting.setdefault(board, now + self._rest)

    def release(self, now: float) -> list[UUID]:
        """Free the ids whose rest is over, and return their boards."""
        # Boards were let go in the order in which their rests end, so this stops at the first that
        # has not.
        over = list(takewhile(lambda board: self._resting[board] <= now, self._resting))
        for board in over:
            del self._resting[board]
            board_id = self._ids.pop(board)
            if self._taken.get(board_id) == board:
                del self._taken[board_id]
        return over

    def _allot(self, board: UUID) -> int:
        board_id = next_id(home_id(board), self._taken)
        if board_id in self._taken:
            self.shared += 1
        else:
            self._taken[board_id] = board
        return board_id


Ends = dict[UUID, dict[str, float]]
"""By board, and by person or session: when it is over, in seconds of the store's clock."""


class Bans:
    """Persons who were removed, their sessions, and boards that are shut."""

    def __init__(self) -> None:
        self._persons: Ends = {}
        self._sessions: Ends = {}
        self._shut: dict[UUID, float] = {}

    def admit(self, board: UUID, person: str, now: float, *, here: bool) -> None:
        """Return if a person may come in; `here`: they are on the board already. Raises `Removed`
        or `Forbidden`."""
        if self._persons.get(board, {}).get(person, now) > now:
            raise Removed(person)
        if self.is_shut(board, now) and not here:
            raise Forbidden("the board is closed to newcomers")

    def removed(self, board: UUID, now: float) -> frozenset[str]:
        """Return the sessions that must not be put back."""
        ends = self._sessions.get(board, {})
        return frozenset(session for session, end in ends.items() if end > now)

    def is_shut(self, board: UUID, now: float) -> bool:
        """Return whether newcomers are kept out."""
        return self._shut.get(board, now) > now

    def remove(
        self, board: UUID, person: str, sessions: Collection[str], seconds: float, now: float
    ) -> None:
        """Keep a person out for so long, and their sessions off the board."""
        self._forget(now)
        self._persons.setdefault(board, {})[person] = now + seconds
        remembered = now + max(seconds, REMEMBERED)
        self._sessions.setdefault(board, {}).update(dict.fromkeys(sessions, remembered))

    def keep_out(self, board: UUID, members: Collection[Member], now: float) -> list[Member]:
        """Return which members may be put back; who is kept out is `removed` from now on."""
        persons = self._persons.get(board, {})
        barred = [m.session for m in members if persons.get(m.person, now) > now]
        removed = self._sessions.setdefault(board, {})
        removed.update(dict.fromkeys(barred, now + REMEMBERED))
        return [member for member in members if removed.get(member.session, now) <= now]

    def close_board(self, board: UUID, seconds: float, now: float) -> None:
        """Keep newcomers out for so long."""
        self._forget(now)
        self._shut[board] = now + min(seconds, UNTIL_REOPENED)

    def _forget(self, now: float) -> None:
        """Forget what is over."""
        self._shut = {board: end for board, end in self._shut.items() if end > now}
        self._persons = _unfinished(self._persons, now)
        self._sessions = _unfinished(self._sessions, now)


def _unfinished(ends: Ends, now: float) -> Ends:
    left = {b: {who: end for who, end in here.items() if end > now} for b, here in ends.items()}
    return {board: here for board, here in left.items() if here}


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
        self._bans = Bans()
        # An id's rest must outlast those of the board's user ids: both are forgotten together.
        self._ids = BoardIds(max(self._timing.board_rest, self._timing.id_rest))

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        """See `Store.join`."""
        now = self._clock()
        self._bans.admit(board, request.person, now, here=self._is_here(board, request.person, now))
        here, board_id = self._enter(board, now)
        arrived = all(member.person != request.person for member in here.members.values())
        old = next(self._resumable(here, request.person, now), None)
        if old is None:
            user, color, since = self._free_user(here, now), _color(here, request.person), now
        else:
            user, color, since = old.user, old.color, old.since
            self._remove(here, old)
        asks = (request.session, request.process, request.person, request.name)
        member = Member(*asks, color, user, since)
        here.members[request.session] = member
        here.version += 1
        stands = self._summary(here, now)
        processes = stands.processes | {request.process}
        resumed = old.session if old else None
        people_now, version = stands.people, here.version
        return Admission(member, board_id, people_now, version, processes, resumed, arrived)

    async def start_grace(self, board: UUID, session: str) -> None:
        """See `Store.start_grace`."""
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
        back = self._bans.keep_out(board, lost, self._clock())
        if back:
            here, _ = self._enter(board, self._clock())
            self._put_back(here, back)
        return await self.snapshot(board)

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        """See `Store.remove`."""
        here = self._boards.get(board, Board())
        gone = [member for member in here.members.values() if member.person == person]
        sessions = [member.session for member in gone]
        self._bans.remove(board, person, sessions, seconds, self._clock())
        return self._depart(board, here, gone)

    async def close_board(self, board: UUID, seconds: float) -> None:
        """See `Store.closed`."""
        self._bans.close_board(board, seconds, self._clock())

    async def renew(self, process: str) -> Mapping[UUID, BoardSummary]:
        """See `Store.renew`."""
        now = self._clock()
        # A process that has been without a lease for a grace has nobody left to count.
        stale = [p for p in self._leases if self._lapsed(p, now) >= self._timing.grace]
        for name in stale:
            del self._leases[name]
        self._leases[process] = now + self._timing.lease
        return {
            board: self._summary(here, now)
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
        stands = self._summary(here, now)
        board_id = self._ids.held(board, now)
        return Snapshot(
            self._present(here, now),
            stands.people,
            stands.version,
            stands.processes,
            board_id,
            self._bans.removed(board, now),
            self._bans.is_shut(board, now),
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

    def _summary(self, here: Board, now: float) -> BoardSummary:
        present = self._present(here, now)
        leased = {m.process for m in present if self._lapsed(m.process, now) < 0}
        return BoardSummary(people(present), here.version, frozenset(leased))

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
