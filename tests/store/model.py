"""What a store should do, in the plainest words: a list of seats and a clock of whole seconds.

The model believes the store where the contract leaves it a choice (which broken tab is gone on for,
which free colour is given), and checks that the choice was one it had.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from uuid import UUID

from presence.protocol.board_ids import home_id, next_id
from presence.protocol.errors import Forbidden, Refused, Removed
from presence.protocol.identity import PALETTE
from presence.protocol.messages import MAX_USERS, NO_USER
from presence.store.base import (
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
    """A member, and when their grace ends."""

    member: Member
    broken: float = inf


@dataclass
class ModelBoard:
    """The seats in the order they came, when the rests of user ids (and whose they were) and of the
    board end."""

    seats: list[Seat] = field(default_factory=list)
    resting: dict[int, tuple[float, str]] = field(default_factory=dict)
    board_id: int = 0
    let_go: float = inf


@dataclass
class Door:
    """Whom a board keeps out: persons, and newcomers, until when; sessions that are never put
    back."""

    persons: dict[str, float] = field(default_factory=dict)
    newcomers: float = -inf
    removed: dict[str, float] = field(default_factory=dict)


class Model:
    """Follows a store: call each method with what the store answered."""

    def __init__(self, timing: Timing) -> None:
        self.now = 0
        self.timing = timing
        self.boards: dict[UUID, ModelBoard] = {}
        self.doors: dict[UUID, Door] = defaultdict(Door)
        self.leases: dict[str, float] = {}
        self.versions: dict[UUID, int] = {}

    def board(self, board: UUID) -> ModelBoard:
        """Return a board, nobody on it where the model knows of none."""
        return self.boards.get(board, ModelBoard())

    def renewed(self, process: str, summaries: Mapping[UUID, BoardSummary]) -> None:
        """Follow `renew`."""
        self.leases[process] = self.now + self.timing.lease
        mine = {
            b for b in self.boards if process in {s.member.process for s in self.board(b).seats}
        }
        assert dict(summaries) == {board: self.standing(board) for board in mine}

    def lingered(self, board: UUID, session: str) -> None:
        """Follow `linger`."""
        for seat in self.board(board).seats:
            if seat.member.session == session:
                seat.broken = min(seat.broken, self.now + self.timing.grace)

    def refuses(self, board: UUID, request: JoinRequest) -> type[Refused] | None:
        """Return what `join` should raise."""
        door = self.doors[board]
        if door.persons.get(request.person, -inf) > self.now:
            return Removed
        here = {member.person for member in self.roster(board)}
        return Forbidden if door.newcomers > self.now and request.person not in here else None

    def removed(self, board: UUID, person: str, seconds: float, departure: Departure) -> None:
        """Follow `remove`."""
        door = self.doors[board]
        door.persons[person] = self.now + seconds
        for seat in self.board(board).seats:
            if seat.member.person == person:
                door.removed[seat.member.session] = self.now + max(seconds, REMOVED_SESSION_TTL)
        self._depart(board, departure, lambda seat: seat.member.person == person)

    def close_board(self, board: UUID, seconds: float) -> None:
        """Follow `shut`."""
        self.doors[board].newcomers = self.now + seconds

    def joined(self, board: UUID, request: JoinRequest, admission: Admission) -> None:
        """Follow `join`."""
        known = {seat.member.person for seat in self.board(board).seats}
        assert admission.arrived is (request.person not in known)
        here = self._enter(board)
        assert admission.board_id == here.board_id
        old = self._check_resumed(here, request, admission)
        member = admission.member
        user = self._lowest(here) if old is None else old.member.user
        color = self._check_color(here, member) if old is None else old.member.color
        asked = (request.session, request.process, request.person, request.name)
        assert member == Member(*asked, color, user)
        if old is not None:
            here.seats.remove(old)
        here.seats.append(Seat(member))
        self._changed(board, admission.version, True)
        stands = self.standing(board)
        assert (admission.people, admission.version) == (stands.people, stands.version)
        assert admission.processes == stands.processes | {request.process}

    def restored(self, board: UUID, members: Sequence[Member], snapshot: Snapshot) -> None:
        """Follow `restore`."""
        door, here = self.doors[board], self.board(board)
        seated_now = {seat.member.session for seat in here.seats}
        for member in members:
            barred = door.persons.get(member.person, -inf) > self.now
            if barred and member.session not in seated_now:
                door.removed[member.session] = self.now + REMOVED_SESSION_TTL
        present = seated_now | self._removed(board)
        lost = [member for member in members if member.session not in present]
        here = self._enter(board) if lost else here
        seated = ModelBoard([*here.seats], here.resting)
        clashing = []
        for member in lost:
            fits = self._is_free(seated, member)
            (seated.seats if fits else clashing).append(Seat(member))
        for seat in clashing:
            seat.member = replace(seat.member, user=self._lowest(seated))
            seated.seats.append(seat)
        order = [member.session for member in lost]
        come = [seat for seat in seated.seats if seat.member.session in order]
        here.seats += sorted(come, key=lambda seat: order.index(seat.member.session))
        self._changed(board, snapshot.version, bool(lost))
        self.looked(board, snapshot)

    def left(self, board: UUID, session: str, departure: Departure) -> None:
        """Follow `leave`."""
        self._depart(board, departure, lambda seat: seat.member.session == session)

    def reaped(self, board: UUID, departure: Departure) -> None:
        """Follow `reap`."""
        self._depart(board, departure, self._is_gone)

    def roster(self, board: UUID) -> tuple[Member, ...]:
        """Return what the roster should be."""
        return tuple(s.member for s in self.board(board).seats if not self._is_gone(s))

    def people(self, board: UUID) -> int:
        """Return what the count should be."""
        return len({member.person for member in self.roster(board)})

    def standing(self, board: UUID) -> BoardSummary:
        """Return how the board should stand."""
        present = [seat for seat in self.board(board).seats if not self._is_gone(seat)]
        leased = {seat.member.process for seat in present if self._lapsed(seat) < 0}
        return BoardSummary(self.people(board), self.versions.get(board, 0), frozenset(leased))

    def looked(self, board: UUID, snapshot: Snapshot) -> None:
        """Follow `snapshot`."""
        here, stands = self.board(board), self.standing(board)
        board_id = here.board_id if here.let_go > self.now else 0
        self._changed(board, snapshot.version, False)
        shut = self.doors[board].newcomers > self.now
        own = (self._removed(board), shut)
        parts = (stands.people, snapshot.version, stands.processes, board_id, *own)
        assert snapshot == Snapshot(self.roster(board), *parts)

    def processes(self) -> dict[str, int]:
        """Return the living processes and how many members they should have."""
        members = [member for board in self.boards for member in self.roster(board)]
        living = [process for process, end in self.leases.items() if end > self.now]
        return {p: sum(member.process == p for member in members) for p in living}

    def _removed(self, board: UUID) -> frozenset[str]:
        removed = self.doors[board].removed.items()
        return frozenset(session for session, end in removed if end > self.now)

    def _changed(self, board: UUID, version: int, has_changed: bool) -> None:
        before = self.versions.get(board, 0)
        # A board long empty may be forgotten.
        if board in self.boards or version:
            assert version > before if has_changed else version == before
            self.versions[board] = version

    def _enter(self, board: UUID) -> ModelBoard:
        for other, state in list(self.boards.items()):
            if state.let_go < self.now:
                del self.boards[other]
        if board not in self.boards:
            taken = {state.board_id for state in self.boards.values()}
            self.boards[board] = ModelBoard(board_id=next_id(home_id(board), taken))
        self.boards[board].let_go = inf
        return self.boards[board]

    def _check_resumed(
        self, here: ModelBoard, request: JoinRequest, admission: Admission
    ) -> Seat | None:
        could = {
            seat.member.session: seat
            for seat in here.seats
            if seat.member.person == request.person and self._is_broken(seat)
        }
        assert (admission.resumed in could) if could else (admission.resumed is None)
        return could.get(admission.resumed or "")

    def _check_color(self, here: ModelBoard, member: Member) -> tuple[int, int, int]:
        present = [seat.member for seat in here.seats if not self._is_gone(seat)]
        own = {other.color for other in present if other.person == member.person}
        worn = {seat.member.color for seat in here.seats}
        # While some colour is worn by nobody, nobody present wears the new one. One who is gone but
        # not reaped may or may not be in its way.
        none_free = worn == set(PALETTE)
        choice = set(PALETTE) - ({m.color for m in present} if not none_free else set())
        assert member.color in (own or choice)
        return member.color

    def _lowest(self, here: ModelBoard) -> int:
        held = {seat.member.user for seat in here.seats}
        resting = {user for user, (until, _) in here.resting.items() if until > self.now}
        return min(set(range(MAX_USERS)) - held - resting, default=NO_USER)

    def _is_free(self, here: ModelBoard, member: Member) -> bool:
        until, person = here.resting.get(member.user, (-inf, ""))
        rests = until > self.now and person != member.person
        return not rests and member.user not in {seat.member.user for seat in here.seats}

    def _lapsed(self, seat: Seat) -> float:
        return self.now - self.leases.get(seat.member.process, -inf)

    def _is_gone(self, seat: Seat) -> bool:
        return self.now > seat.broken or self._lapsed(seat) > self.timing.grace

    def _is_broken(self, seat: Seat) -> bool:
        return not self._is_gone(seat) and (seat.broken < inf or self._lapsed(seat) > 0)

    def _depart(self, board: UUID, departure: Departure, goes: Callable[[Seat], bool]) -> None:
        here = self.board(board)
        going = [seat for seat in here.seats if goes(seat)]
        assert set(departure.members) == {seat.member for seat in going}
        assert len(departure.members) == len(going)
        here.seats = [seat for seat in here.seats if seat not in going]
        until = self.now + self.timing.id_rest
        here.resting |= {seat.member.user: (until, seat.member.person) for seat in going}
        if going and not here.seats:
            here.let_go = self.now + self.timing.board_rest
        self._changed(board, departure.version, bool(going))
        persons = {seat.member.person for seat in going}
        assert departure.left == persons - {seat.member.person for seat in here.seats}
        assert departure.emptied is (bool(going) and not here.seats)
        assert departure.people == self.people(board)
