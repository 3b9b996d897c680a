"""One board in this process: who is here, their latest cursors, and what changed since the last
tick.

A room is told what happens (`arrive`, `move`, `depart` ...) and says nothing until `flush`, which
returns the frames of one tick: encoded once, for everybody (PROTOCOL.md, "Cursors"). It has no
clock and no socket.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from presence.protocol.limits import Quotas
from presence.protocol.messages import Dialect, UserState
from presence.rooms.changes import PendingChanges
from presence.rooms.frames import (
    Flush,
    changes_frames,
    cursors_frames,
    moves_frames,
    welcome_frames,
)
from presence.rooms.pacing import pace
from presence.rooms.seats import Activity, Seat, Seats
from presence.store.base import Member


class Room:
    """The state of one board in this process.

    `least` is the shortest interval between cursor frames in milliseconds; `people` is the count
    that the store last gave, over all processes.
    """

    def __init__(self, board_id: int, least: int) -> None:
        self.board_id = board_id
        self.people = 0
        self.interval = 0
        self._least = least
        self._told_people = 0
        self._seats = Seats()
        self._newcomers: set[str] = set()
        self._pending = PendingChanges()
        self._quotas = Quotas()

    def __len__(self) -> int:
        """Count the sessions on the board, those in their grace included."""
        return len(self._seats.by_session)

    def __contains__(self, session: str) -> bool:
        return session in self._seats.by_session

    @property
    def serving(self) -> bool:
        """True where this process serves somebody here, or did until their socket broke."""
        return self._seats.anyone_here

    @property
    def told_people(self) -> int:
        """The count that the sessions here were last told; `people` is the next."""
        return self._told_people

    @property
    def pending(self) -> bool:
        """True where a flush has something to say, now or when a limit lets it.

        It stays true while positions are held back, and while lag keeps the interval up, which only
        a flush can lower again.
        """
        return bool(
            self._pending
            or self._newcomers
            or self.people != self._told_people
            or self._pace(0.0) != self.interval
        )

    @property
    def held_back(self) -> int:
        """How many moves wait for a later tick: those of persons who sent too many, after a
        flush."""
        return len(self._pending.moved)

    def arrive(self, member: Member, dialect: Dialect, *, name_set: bool = False) -> None:
        """Seat a new session. The others hear of it, and it hears of them, at the next flush."""
        self._newcomers.add(member.session)
        self._arrive(Seat(member, dialect, name_set=name_set))

    def arrive_elsewhere(self, member: Member) -> None:
        """Seat a session that another process serves."""
        self._arrive(Seat(member, None, remote=True))

    def resume(self, member: Member, dialect: Dialect, old: str, *, name_set: bool = False) -> None:
        """Seat `member` where session `old` of the same person was within its grace.

        The others see neither a leave nor a join, unless the person came back under another name.
        """
        self._newcomers.add(member.session)
        self._resume(Seat(member, dialect, name_set=name_set), old)

    def resume_elsewhere(self, member: Member, old: str) -> None:
        """Seat a session that another process serves where session `old` was. As with `resume`."""
        self._resume(Seat(member, None, remote=True), old)

    def reseat(self, member: Member) -> None:
        """Give a session that is on the board another user id. It keeps what it does and where its
        pointer is.

        For the others one has left and one has come. The session itself is welcomed once more; one
        of the explicit dialect, which no frame would tell to forget whom it knew, hears what the
        others do.
        """
        before = self._seats.by_session[member.session]
        seat = replace(before, member=member, looks=b"")
        greet = member.session in self._newcomers or seat.dialect is Dialect.COMPACT
        self.depart(member.session)
        self._arrive(seat)
        if greet:
            self._newcomers.add(member.session)
        if seat.state is UserState.ACTIVE:
            self._tell_position(seat)
        else:
            self._restate(seat, seat.state)

    def start_grace(self, session: str) -> None:
        """Stop writing to a session whose socket broke; it stays on the roster for its grace."""
        self._newcomers.discard(session)
        if session in self:
            self._seats.hush(self._seats.by_session[session])

    def depart(self, session: str) -> None:
        """Take a session off the board; one that is not on it changes nothing."""
        seat = self._seats.by_session.get(session)
        if seat is None:
            return
        self._unseat(seat)
        if self._seats.free_user(seat):
            self._pending.leave(seat.member.user)

    def move(self, session: str, position: bytes) -> None:
        """Note where a session's pointer is, 4 bytes as on the wire. Only the latest matters.

        A spectator's is not shown; of a session that is not on the board nothing is known.
        """
        seat = self._seats.by_session.get(session)
        if seat is None or seat.member.spectator:
            return
        seat.position = position
        self._tell_position(seat)
        if seat.state is not UserState.ACTIVE:
            self._restate(seat, UserState.ACTIVE)

    def set_state(self, session: str, state: UserState) -> None:
        """Note what a session does. As with `move`, spectators and strangers change nothing."""
        seat = self._seats.by_session.get(session)
        if seat is None or seat.member.spectator or seat.state is state:
            return
        self._restate(seat, state)
        if state is not UserState.ACTIVE:
            # Its cursor is hidden from now on; a position told after the state would show it again.
            self._pending.moved.pop(seat.member.user, None)
        else:
            self._tell_position(seat)

    def flush(self, now: float, lag: float = 0.0) -> Flush:
        """Return what there is to say at `now` (seconds), and forget that it was pending.

        `lag` is how late this process's timers are, in seconds; it slows the pace.
        """
        self._settle(lag)
        moved = self._take_moves(now)
        board, changes, users = self.board_id, self._pending.changes, self._seats.by_user
        dialects = self._seats.dialects()
        flush = Flush(
            common={d: changes_frames(board, changes, users.values(), d) for d in dialects},
            cursors={d: moves_frames(board, d, moved) for d in dialects},
            welcomes={session: self._welcome(session) for session in self._newcomers},
            mover=users[next(iter(moved))].member.session if len(moved) == 1 else None,
            moved=self._seats.own(moved),
            states=self._seats.own(changes.states),
        )
        if changes.left:
            self._quotas.tidy(now)
        self._pending.told()
        self._newcomers = set()
        return flush

    def welcomed(self, session: str) -> bool:
        """Return whether a session is on the board and has had its first frames."""
        return session in self and session not in self._newcomers

    def hear(
        self, process: str, cursors: Mapping[int, bytes], states: Mapping[int, UserState]
    ) -> None:
        """Note what people did whom `process` serves, positions and states by user id.

        Users whom nobody here knows for its people are left out.
        """
        shown, told = self._seats.hear(process, cursors, states)
        self._pending.follow(shown, told)

    def strangers(self, process: str, users: Iterable[int]) -> set[int]:
        """Return which of some users are not known here for people whom `process` serves."""
        return self._seats.strangers(process, users)

    def doings(self) -> tuple[dict[int, bytes], dict[int, UserState]]:
        """Return all that another process must `hear` of the people whom this one serves."""
        return self._seats.doings()

    def members(self, *, elsewhere: bool) -> dict[str, Member]:
        """Return who is here by session: those other processes serve, or those this one does."""
        return self._seats.members(elsewhere=elsewhere)

    def activity(self) -> Activity:
        """Return what the people do whom this process serves."""
        return self._seats.activity()

    def member(self, session: str) -> Member:
        """Return a session's member; `KeyError` where it is not on the board."""
        return self._seats.by_session[session].member

    def tell_everything(self) -> None:
        """Have the next flush tell the whole roster: what was told before may have been lost."""
        self._pending.changes.everything = True

    def catch_up(self, dialect: Dialect) -> list[bytes]:
        """Return the current cursors, for a session that was too slow for the ones between.

        Users who are yet to be announced are left out: their cursors come with the next flush.
        """
        unannounced = self._pending.changes.joined
        known = [seat for user, seat in self._seats.by_user.items() if user not in unannounced]
        return cursors_frames(self.board_id, dialect, known)

    def _unseat(self, seat: Seat) -> None:
        self._seats.free(seat)
        self._newcomers.discard(seat.member.session)

    def _arrive(self, seat: Seat) -> None:
        user = seat.member.user
        if user in self._seats.by_user:
            # Its holder is gone or about to get another; what is unsaid is not the new one's.
            self._pending.leave(user)
        self._seats.take(seat)
        if not seat.member.spectator:
            self._pending.changes.joined[user] = seat

    def _resume(self, seat: Seat, old: str) -> None:
        before = self._seats.by_session.get(old)
        if before is None or before.member.user != seat.member.user:
            # Another process was the first to know of the one before, or of its new user id.
            self.depart(old)
            self._arrive(seat)
            return
        self._unseat(before)
        seat.state, seat.position = before.state, before.position
        self._seats.take(seat)
        if not seat.member.spectator:
            self._go_on(seat, before.member.name)

    def _go_on(self, seat: Seat, name_before: str) -> None:
        if self._pending.rename(seat, name_before):
            # In a roster, a new name under an id is a new person, whose cursor is not known.
            self._tell_position(seat)
        self.set_state(seat.member.session, UserState.ACTIVE)

    def _tell_position(self, seat: Seat) -> None:
        if seat.position is not None and self._holds_id(seat):
            self._pending.moved[seat.member.user] = seat.position

    def _restate(self, seat: Seat, state: UserState) -> None:
        seat.state = state
        if self._holds_id(seat):
            self._pending.changes.states[seat.member.user] = state

    def _holds_id(self, seat: Seat) -> bool:
        # After a clash the store may have given the id to somebody else, until we look again.
        return self._seats.by_user.get(seat.member.user) is seat

    def _pace(self, lag: float) -> int:
        return pace(self._seats.awake, lag, self.interval, self._least)

    def _settle(self, lag: float) -> None:
        changes, interval = self._pending.changes, self._pace(lag)
        if interval != self.interval:
            changes.interval = self.interval = interval
        if changes.joined or changes.left or self.people != self._told_people:
            changes.people = self._told_people = self.people

    def _take_moves(self, now: float) -> dict[int, bytes]:
        """Take the moves that the persons' limits let through; the rest waits for a later tick.
        Those of other processes' people have been through theirs."""
        users, quotas = self._seats.by_user, self._quotas
        return self._pending.take_moves(
            lambda user: users[user].remote or quotas[users[user].member.person].take(now)
        )

    def _welcome(self, session: str) -> list[bytes]:
        seat, seats = self._seats.by_session[session], self._seats.by_user.values()
        board, people, interval = self.board_id, self.people, self.interval
        return welcome_frames(board, seat, seats, people=people, interval=interval)
