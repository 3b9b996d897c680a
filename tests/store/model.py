"""What a store should do, in the simplest words: lists of seats, and a clock of whole seconds.

The model believes the store where the contract leaves a choice (which broken tab is resumed, which
free colour is given), and checks that the choice was allowed.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from uuid import UUID

from presence.protocol.board_ids import home_id, next_id
from presence.protocol.colors import PALETTE
from presence.protocol.errors import Forbidden, Refused, Removed
from presence.protocol.messages import MAX_USERS, NO_USER
from presence.store.base import (
    POOL_RESTS,
    REMOVED_SESSION_TTL,
    Admission,
    BoardSummary,
    Departure,
    JoinRequest,
    Member,
    Snapshot,
    Timing,
)


@dataclass
class Seat:
    """A member, when their grace ends, and whether their process lost its lease a grace ago."""

    member: Member
    grace_end: float = inf
    lost: bool = False


@dataclass
class ModelBoard:
    """Seats in the order they came, rests of user ids and who had them, end of the board id."""

    seats: list[Seat] = field(default_factory=list)
    rests: dict[int, tuple[float, Member]] = field(default_factory=dict)
    board_id: int = 0
    id_end: float = inf
    version: int = 0

    def sessions(self) -> set[str]:
        return {seat.member.session for seat in self.seats}

    def persons(self) -> set[str]:
        return {seat.member.person for seat in self.seats}


@dataclass
class ModelBans:
    """Persons, removed sessions and newcomers that a board refuses, until when."""

    persons: dict[str, float] = field(default_factory=dict)
    sessions: dict[str, float] = field(default_factory=dict)
    newcomers: float = -inf


class Model:
    """Follows a store: call each method with what the store answered."""

    def __init__(self, timing: Timing, pool_rests: int = POOL_RESTS) -> None:
        self.now = 0
        self.pool_rests = pool_rests
        self.timing = timing
        self.boards: dict[UUID, ModelBoard] = {}
        self.bans: dict[UUID, ModelBans] = defaultdict(ModelBans)
        self.leases: dict[str, float] = {}
        self.versions: dict[UUID, int] = {}

    def board(self, board: UUID) -> ModelBoard:
        """Return a board, an empty one if it is unknown."""
        return self.boards.get(board, ModelBoard())

    def renewed(self, process: str, summaries: Mapping[UUID, BoardSummary]) -> None:
        mine = set()
        for board, here in self.boards.items():
            for seat in here.seats:
                if seat.member.process == process:
                    # The renewal comes too late for those who are gone.
                    seat.lost = self._is_gone(seat)
                    mine |= set() if seat.lost else {board}
        self.leases[process] = self.now + self.timing.lease
        # A board may be returned once more where nobody of the process is left.
        assert mine <= summaries.keys()
        assert dict(summaries) == {board: self.summary(board) for board in summaries}

    def grace_started(self, board: UUID, session: str, seconds: float) -> None:
        for seat in self.board(board).seats:
            begins = seat.grace_end == inf and not self._is_gone(seat)
            if seat.member.session == session and begins:
                seat.grace_end = self.now + seconds

    def refusal(self, board: UUID, request: JoinRequest) -> type[Refused] | None:
        """Return what `join` should raise."""
        bans = self.bans[board]
        if bans.persons.get(request.person, -inf) > self.now:
            return Removed
        here = {member.person for member in self.roster(board)}
        return Forbidden if bans.newcomers > self.now and request.person not in here else None

    def removed(self, board: UUID, person: str, seconds: float, departure: Departure) -> None:
        bans = self.bans[board]
        bans.persons[person] = self.now + seconds
        for seat in self.board(board).seats:
            if seat.member.person == person:
                end = self.now + max(seconds, REMOVED_SESSION_TTL)
                bans.sessions[seat.member.session] = end
        self._departed(board, departure, lambda seat: seat.member.person == person)

    def closed(self, board: UUID, seconds: float) -> None:
        self.bans[board].newcomers = self.now + seconds

    def joined(self, board: UUID, request: JoinRequest, admission: Admission) -> None:
        assert admission.arrived is (request.person not in self.board(board).persons())
        here, member = self._open(board), admission.member
        resumable = {
            seat.member.session: seat
            for seat in here.seats
            if seat.member.person == request.person and self._is_broken(seat)
        }
        old = resumable.get(admission.resumed or "")
        assert (old is not None) if resumable else (admission.resumed is None)
        color = member.color
        if old is None:
            assert color in self._colors(here, member.person)
        else:
            color = old.member.color
            here.seats.remove(old)
        if old is not None and old.member.user != NO_USER and request.name:
            user = old.member.user
        else:
            if old is not None and old.member.user != NO_USER:
                here.rests[old.member.user] = (self.now + self.timing.id_rest, old.member)
            given = self._given(here, request.pool) if request.name else {NO_USER}
            user = member.user if member.user in given else min(given)
        asks = (request.session, request.process, request.person, request.name)
        assert member == Member(*asks, color, user)
        assert member.pool == request.pool
        here.seats.append(Seat(member))
        here.rests.pop(user, None)
        self._versioned(board, admission.version, changed=True)
        summary = self.summary(board)
        processes = summary.processes | {request.process}
        expected = (here.board_id, summary.people, summary.version, processes)
        assert expected == (
            admission.board_id,
            admission.people,
            admission.version,
            admission.processes,
        )

    def restored(self, board: UUID, members: Sequence[Member], snapshot: Snapshot) -> None:
        bans, here = self.bans[board], self.board(board)
        asked = {member.session for member in members}
        again = [s for s in here.seats if s.member.session in asked and self._is_gone(s)]
        for seat in again:
            seat.grace_end, seat.lost = inf, False
        lost = [member for member in members if member.session not in here.sessions()]
        for member in lost:
            if bans.persons.get(member.person, -inf) > self.now:
                bans.sessions[member.session] = self.now + REMOVED_SESSION_TTL
        lost = [member for member in lost if member.session not in self._removed(board)]
        here = self._open(board) if lost or again else here
        # First those who get their own user id, then the others.
        fitting = ModelBoard([*here.seats], here.rests)
        clashing = []
        for member in lost:
            fits = member.spectator or self._is_free(fitting, member)
            (fitting.seats if fits else clashing).append(Seat(member))
        for seat in clashing:
            seat.member = replace(seat.member, user=self._lowest(fitting))
            fitting.seats.append(seat)
        order = [member.session for member in lost]
        back = [seat for seat in fitting.seats if seat.member.session in order]
        for seat in back:
            here.rests.pop(seat.member.user, None)
        here.seats += sorted(back, key=lambda seat: order.index(seat.member.session))
        self._versioned(board, snapshot.version, changed=bool(lost or again))
        self.read(board, snapshot)

    def left(self, board: UUID, session: str, departure: Departure) -> None:
        self._departed(board, departure, lambda seat: seat.member.session == session)

    def reaped(self, board: UUID, departure: Departure) -> None:
        self._departed(board, departure, self._is_gone)

    def read(self, board: UUID, snapshot: Snapshot) -> None:
        """Check a snapshot."""
        here, summary = self.board(board), self.summary(board)
        board_id = here.board_id if here.id_end > self.now else 0
        self._versioned(board, snapshot.version, changed=False)
        bans = (self._removed(board), self.bans[board].newcomers > self.now)
        parts = (summary.people, snapshot.version, summary.processes, board_id, *bans)
        assert snapshot == Snapshot(self.roster(board), *parts)

    def read_for(self, board: UUID, process: str, sessions: int, snapshot: Snapshot) -> None:
        """Check a snapshot for a process that believes to have so many sessions."""
        roster = self.roster(board)
        agrees = sum(member.process == process for member in roster) == sessions
        wanted = [m for m in roster if not m.spectator or (m.process == process and not agrees)]
        assert snapshot.agrees is agrees
        assert sorted(snapshot.members, key=repr) == sorted(wanted, key=repr)
        assert snapshot.people == self.people(board)
        assert snapshot.hides is any(not m.name for m in roster if m.process != process)

    def roster(self, board: UUID) -> tuple[Member, ...]:
        return tuple(s.member for s in self.board(board).seats if not self._is_gone(s))

    def persons(self, board: UUID) -> set[str]:
        return {member.person for member in self.roster(board)}

    def people(self, board: UUID) -> int:
        return len({member.person for member in self.roster(board)})

    def summary(self, board: UUID) -> BoardSummary:
        present = [seat for seat in self.board(board).seats if not self._is_gone(seat)]
        leased = {seat.member.process for seat in present if self._lapsed(seat) < 0}
        overdue = len(present) < len(self.board(board).seats)
        version = self.versions.get(board, 0)
        return BoardSummary(self.people(board), version, frozenset(leased), overdue)

    def processes(self) -> dict[str, int]:
        members = [member for board in self.boards for member in self.roster(board)]
        living = [process for process, end in self.leases.items() if end > self.now]
        return {p: sum(member.process == p for member in members) for p in living}

    def _removed(self, board: UUID) -> frozenset[str]:
        ends = self.bans[board].sessions.items()
        return frozenset(session for session, end in ends if end > self.now)

    def _versioned(self, board: UUID, version: int, *, changed: bool) -> None:
        here, last = self.board(board), self.versions.get(board, 0)
        if changed and not here.version:
            # A board that was empty for long may have been forgotten, and its version with it.
            assert version > last
        elif version or board in self.boards:
            assert version == (here.version or last) + changed
        here.version = self.versions[board] = version or last

    def _open(self, board: UUID) -> ModelBoard:
        for other, state in list(self.boards.items()):
            if state.id_end < self.now:
                del self.boards[other]
        if board not in self.boards:
            taken = {state.board_id for state in self.boards.values()}
            self.boards[board] = ModelBoard(board_id=next_id(home_id(board), taken))
        self.boards[board].id_end = inf
        return self.boards[board]

    def _colors(self, here: ModelBoard, person: str) -> set[tuple[int, int, int]]:
        """Return the colours that a new tab may get."""
        present = [seat.member for seat in here.seats if not self._is_gone(seat)]
        own = {member.color for member in present if member.person == person}
        # While some colour is worn by nobody, nobody present wears the new one. Somebody who is
        # gone but not reaped may or may not be in its way.
        all_worn = {seat.member.color for seat in here.seats} == set(PALETTE)
        return own or set(PALETTE) - (set() if all_worn else {m.color for m in present})

    def _lowest(self, here: ModelBoard) -> int:
        held = {seat.member.user for seat in here.seats}
        resting = {user for user, (end, _) in here.rests.items() if end > self.now}
        return min(set(range(MAX_USERS)) - held - resting, default=NO_USER)

    def _given(self, here: ModelBoard, pool: str) -> set[int]:
        """Return the user ids of which a newcomer gets one. A server's clock goes on between rests
        that begin at one time here."""
        left: dict[str, dict[int, float]] = defaultdict(dict)
        for user, (end, member) in here.rests.items():
            if end > self.now:
                left[member.pool][user] = end
        own = left.pop(pool, {}) if pool else {}
        lowest = self._lowest(here)
        if own and (len(own) >= self.pool_rests or lowest == NO_USER):
            return {user for user, end in own.items() if end == min(own.values())}
        if lowest != NO_USER or not left:
            return {lowest}
        most = max(map(len, left.values()))
        rests = {k: v for of in left.values() if len(of) == most for k, v in of.items()}
        return {user for user, end in rests.items() if end == min(rests.values())}

    def _is_free(self, here: ModelBoard, member: Member) -> bool:
        end, before = here.rests.get(member.user, (-inf, member))
        rests = end > self.now and before.person != member.person
        return not rests and member.user not in {seat.member.user for seat in here.seats}

    def _lapsed(self, seat: Seat) -> float:
        return self.now - self.leases.get(seat.member.process, -inf)

    def _is_gone(self, seat: Seat) -> bool:
        lapsed = self._lapsed(seat) > self.timing.grace
        return seat.lost or lapsed or self.now > seat.grace_end

    def _is_broken(self, seat: Seat) -> bool:
        return not self._is_gone(seat) and (seat.grace_end < inf or self._lapsed(seat) > 0)

    def _departed(self, board: UUID, departure: Departure, goes: Callable[[Seat], bool]) -> None:
        here = self.board(board)
        going = [seat for seat in here.seats if goes(seat)]
        assert len(departure.members) == len(going)
        assert set(departure.members) == {seat.member for seat in going}
        here.seats = [seat for seat in here.seats if seat not in going]
        end = self.now + self.timing.id_rest
        here.rests |= {
            seat.member.user: (end, seat.member) for seat in going if not seat.member.spectator
        }
        if going and not here.seats:
            here.id_end = self.now + self.timing.board_rest
        self._versioned(board, departure.version, changed=bool(going))
        assert departure.left == {seat.member.person for seat in going} - here.persons()
        assert departure.emptied is (bool(going) and not here.seats)
        assert departure.people == self.people(board)
