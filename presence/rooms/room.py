"""One board in this process: who is on it, where their cursors are, and what changed since the
last flush.

Events go in (`arrive`, `move`, `depart` ...); nothing comes out until `flush`, which returns the
frames of one tick, encoded once for everybody (PROTOCOL.md, "Cursors"). A room has no clock and no
socket.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from presence.protocol.codec import cursor_frames
from presence.protocol.identity import anonymous_name, look_of
from presence.protocol.limits import Quotas
from presence.protocol.messages import NO_USER, Dialect, UserState
from presence.rooms.frames import (
    Flush,
    PendingChanges,
    changes_frames,
    shown_cursors,
    welcome_frames,
)
from presence.rooms.pacing import Announcements
from presence.rooms.seats import Seat, Seats
from presence.store.base import Member


class Room:
    """The state of one board in this process.

    `people` is the count over all processes that the store gave last; `told_people` is what the
    sessions here were told last. `interval` is the RATE in milliseconds that they were told last; 0
    for a single socket. `elsewhere`: other processes serve people of the board, and
    `nameless_elsewhere`: some without a name. Of their spectators no seat tells.

    While anybody on the board has no name, it shows counts only: nobody is told of anybody, even of
    those who came before, under another rule.
    """

    def __init__(self, board_id: int) -> None:
        self.board_id = board_id
        self.people = 0
        self.told_people = 0
        self.interval = 0
        self.elsewhere = self.nameless_elsewhere = False
        self.seats = Seats()
        self._newcomers: set[str] = set()
        self._pending = PendingChanges()
        self._quotas = Quotas()
        self.announcements = Announcements()
        self._miscounted = False
        """Whether a newcomer was told another count than the others."""
        self._told_nothing = False
        """Whether the last flush showed counts only."""

    def __contains__(self, session: str) -> bool:
        return session in self.seats.by_session

    @property
    def serving(self) -> bool:
        """True while a member is this process's: connected, or in the grace after that."""
        return self.seats.local > 0

    @property
    def sockets(self) -> int:
        """How many sockets the board has, as far as this process knows."""
        return max(self.seats.connected, 2 * self.elsewhere)

    @property
    def pending(self) -> bool:
        """True while a flush has something to tell, now or when a quota lets it."""
        changes, alone = self._pending, self.sockets <= 1
        if self.counts_only and self._told_nothing:
            news = changes.everything
        else:
            # Moves first, since they are the usual case and quick to see.
            news = bool(changes.moved) or changes.common or alone != (self.interval == 0)
        turns = self.counts_only != self._told_nothing
        return news or turns or bool(self._newcomers) or self._count_differs

    @property
    def counts_only(self) -> bool:
        """True while nobody is told of anybody."""
        return self.seats.nameless > 0 or self.nameless_elsewhere

    @property
    def shown(self) -> Collection[Seat]:
        """The seats that everybody is told of."""
        return () if self.counts_only else self.seats.by_user.values()

    def arrive(self, member: Member, dialect: Dialect | None, *, name_set: bool = False) -> None:
        """Seat a new session, which the next flush announces, and welcomes unless another process
        serves it (`dialect` is None)."""
        self._arrive(self._seat(member, dialect, name_set=name_set))

    def resume(
        self, member: Member, dialect: Dialect | None, old: str, *, name_set: bool = False
    ) -> None:
        """Seat a session as with `arrive`, in the place of session `old` of the same person. The
        others are told only if the name changed."""
        seat = self._seat(member, dialect, name_set=name_set)
        before = self.seats.by_session.get(old)
        if before is None or before.member.user != member.user:
            # Another process knew of the old session, or of its new user id, before this one.
            self.depart(old)
            self._arrive(seat)
            return
        self._remove(before)
        seat.state = before.state
        # A pointer that was off the board, or of a page that went away, is somewhere else now.
        # While nobody has been told so, everybody still shows where it was.
        untold = member.user in self._pending.states
        seat.position = before.position if before.shown or untold else None
        self.seats.add(seat)
        if member.user == NO_USER:
            return
        if self._pending.rename(seat, before.member):
            # In a roster a new name under an id is a new person, whose cursor is not known.
            self._tell_position(seat)
        self.set_state(member.session, UserState.ACTIVE)

    def reseat(self, member: Member) -> None:
        """Give a session another user id. Its state and its position stay.

        The others are told a leave and a join. The session itself is welcomed once more; one of
        the explicit dialect is told what the others are, since no frame of that dialect makes it
        forget the users it knew.
        """
        before = self.seats.by_session[member.session]
        seat = replace(before, member=member, entry=b"")
        welcome = member.session in self._newcomers or seat.dialect is Dialect.COMPACT
        self.depart(member.session)
        self._arrive(seat)
        if welcome:
            self._newcomers.add(member.session)
        if seat.state is UserState.ACTIVE:
            self._tell_position(seat)
        else:
            self._change_state(seat, seat.state)

    def start_grace(self, session: str) -> None:
        """Stop writing to a session whose socket is gone. It stays on the roster."""
        self._newcomers.discard(session)
        if session in self:
            self.seats.mute(self.seats.by_session[session])

    def depart(self, session: str) -> None:
        """Take a session off the board; an unknown one changes nothing."""
        seat = self.seats.by_session.get(session)
        if seat is not None:
            self._remove(seat)
            if self.seats.free_user(seat):
                self._pending.leave(seat.member.user)

    def move(self, session: str, position: bytes) -> None:
        """Note where a session's pointer is (4 or 12 bytes as on the wire); only the latest
        matters. Spectators and unknown sessions change nothing."""
        seat = self.seats.by_session.get(session)
        if seat is None or (user := seat.member.user) == NO_USER:
            return
        seat.position = position
        # After a clash of ids another seat may hold this one until the next snapshot.
        if self.seats.by_user.get(user) is seat:
            self._pending.moved[user] = position
        if seat.state is not UserState.ACTIVE:
            self._change_state(seat, UserState.ACTIVE)

    def set_state(self, session: str, state: UserState) -> None:
        """Note a session's state. Spectators and unknown sessions change nothing."""
        seat = self.seats.by_session.get(session)
        if seat is None or seat.member.spectator or seat.state is state:
            return
        self._change_state(seat, state)
        if state is UserState.ACTIVE:
            self._tell_position(seat)
        else:
            # Clients hide the cursor now; a position told after the state would show it again.
            self._pending.moved.pop(seat.member.user, None)

    def update_remote(
        self, process: str, cursors: dict[int, bytes], states: dict[int, UserState]
    ) -> None:
        """Take in what the members of another process do, by user id (see `Seats.update`)."""
        self._pending.update(*self.seats.update(process, cursors, states))

    def flush(self, now: float, interval: int, *, shared: bool) -> Flush:
        """Return what there is to tell at `now` (seconds), and forget it. `interval` is the pace
        from now on. Unless the board is `shared`, other processes are told nothing."""
        changes, seats = self._pending, self.seats
        if interval != self.interval:
            changes.interval = self.interval = interval
        only_moves = not (changes.common or self._newcomers or self._count_differs or self._hides)
        held, others_wait = (None, 0.0) if only_moves else self._hold(now)
        moved, wait = self._take_moves(now)
        if others_wait:
            wait = _first(wait, others_wait)
        flush = Flush(moves=len(moved), held_back=len(changes.moved), wait=wait)
        for dialect, count in seats.listeners.items():
            if count and moved:
                flush.cursors[dialect] = self._cursor_frames(moved, dialect)
        if shared:
            flush.moved = {u: at for u, at in moved.items() if not seats.by_user[u].remote}
        if not only_moves and (self._newcomers or changes.common):
            self._add_changes(flush, changes, held.joined if held else (), now)
            if shared:
                states = changes.states.items()
                flush.states = {u: s for u, s in states if not seats.by_user[u].remote}
            if changes.left:
                self._quotas.tidy(now)
            self._pending = PendingChanges(moved=changes.moved)
        if held:
            held.moved |= self._pending.moved
            self._pending = held
        return flush

    @property
    def _count_differs(self) -> bool:
        return self.people != self.told_people or self._miscounted

    @property
    def _hides(self) -> bool:
        """Whether nobody is shown, or was at the last flush."""
        return self.counts_only or self._told_nothing

    def _hold(self, now: float) -> tuple[PendingChanges | None, float]:
        """Take out of the pending changes what has to wait. Return the joins among it, and in how
        many seconds the first of it may be told."""
        self._hide_or_show()
        held, joins_wait = self._hold_joins(now)
        return held, _first(joins_wait, self._take_count(now))

    def _hold_joins(self, now: float) -> tuple[PendingChanges | None, float]:
        """Take out of the pending changes the joins that have to wait. Return them, and for how
        many seconds."""
        changes = self._pending
        if changes.everything or not (changes.joined or changes.renamed):
            return None, 0.0
        wait = self.announcements.joins_wait(now)
        if wait:
            return changes.take_joins(), wait
        for user in changes.renamed:
            # A new name makes a user active (PROTOCOL.md), and the state was told before it.
            if (state := self.seats.by_user[user].state) is not UserState.ACTIVE:
                changes.states[user] = state
        return None, 0.0

    def _take_count(self, now: float) -> float:
        """Have the count told that is due; return how many seconds one that is not has to wait."""
        changes = self._pending
        beside = bool(changes.joined or changes.left)
        if not (beside or self._count_differs):
            return 0.0
        wait = self.announcements.count_waits(now, beside=beside)
        if not wait:
            changes.people = self.told_people = self.people
            self._miscounted = False
        return wait

    def _hide_or_show(self) -> None:
        """Where the board shows counts only, tell no more than that all whom clients know are gone.
        Where it does so no longer, tell of everybody."""
        changes, told_nothing = self._pending, self._told_nothing
        self._told_nothing = self.counts_only
        if told_nothing:
            changes.left.clear()
        if self.counts_only:
            if not told_nothing:
                changes.left += [user for user in self.seats.by_user if user not in changes.joined]
                changes.everything = True  # A compact client is not told that it left itself.
            changes.hide()
        elif told_nothing:
            self._show()

    def _show(self) -> None:
        changes = self._pending
        changes.interval = self.interval
        for user, seat in self.seats.by_user.items():
            changes.joined[user] = seat
            changes.states[user] = seat.state
            if seat.state is UserState.ACTIVE:
                self._tell_position(seat)

    def _cursor_frames(
        self, moved: dict[int, bytes], dialect: Dialect
    ) -> list[tuple[bytes, str | None]]:
        users = self.seats.by_user
        frames = cursor_frames(self.board_id, moved, dialect)
        own = users[next(iter(moved))].member.session if len(moved) == 1 else None
        if len(frames) == 1:
            return [(frames[0], own)]
        if dialect is Dialect.COMPACT:
            return [(frame, own) for frame in frames]
        return [(f, users[user].member.session) for f, user in zip(frames, moved, strict=True)]

    def _add_changes(
        self, flush: Flush, changes: PendingChanges, held: Collection[int], now: float
    ) -> None:
        """Add the frames of what is told. The users in `held` are told to nobody yet."""
        board, seats = self.board_id, self.seats
        users = self.shown
        if held:
            users = [seat for seat in users if seat.member.user not in held]
        for dialect, count in seats.listeners.items():
            if count:
                flush.common[dialect] = changes_frames(board, changes, users, dialect)
        self.announcements.told(
            now,
            changes.joined,
            changes.left,
            renamed=len(changes.renamed),
            counted=changes.people is not None,
        )
        if self._newcomers:
            self._miscounted |= self.people != self.told_people
        for session in self._newcomers:
            flush.welcomes[session] = welcome_frames(
                board,
                seats.by_session[session],
                users,
                people=self.people,
                interval=self.interval,
                counts_only=self.counts_only,
            )
        self._newcomers = set()

    def welcomed(self, session: str) -> bool:
        """Return whether a session is on the board and has had its first frames."""
        return session in self and session not in self._newcomers

    def impostors(self) -> list[str]:
        """Return the sessions of guests of this process whose name may be taken for that of an
        account on the board, or of somebody who came before: they came through another process, or
        the account came after them. They get another name when they connect again."""
        alike: dict[str, list[Seat]] = {}
        for seat in self.shown:
            alike.setdefault(look_of(seat.member.name), []).append(seat)
        return [
            seat.member.session
            for seats in alike.values()
            if len(seats) > 1
            for seat in seats
            if not seat.remote and _has_name_of(seat.member, _owner(seats))
        ]

    def tell_everything(self) -> None:
        """Have the next flush tell the whole roster."""
        self._pending.everything = True

    def catch_up(self, dialect: Dialect) -> list[bytes]:
        """Return the current cursors, for a session that was too slow to get the ones between, but
        not those of users who are not announced yet. No frame of the explicit dialect hides a
        cursor, so there the hidden ones are told, too."""
        joined = self._pending.joined
        shown = () if self._told_nothing else self.shown
        known = [seat for seat in shown if seat.member.user not in joined]
        if dialect is Dialect.COMPACT:
            return shown_cursors(self.board_id, dialect, known)
        last = {seat.member.user: seat.position for seat in known}
        told = {user: position for user, position in last.items() if position is not None}
        return cursor_frames(self.board_id, told, dialect)

    def _seat(self, member: Member, dialect: Dialect | None, *, name_set: bool) -> Seat:
        if dialect is not None:
            self._newcomers.add(member.session)
        return Seat(member, dialect, remote=dialect is None, name_set=name_set)

    def _remove(self, seat: Seat) -> None:
        self.seats.remove(seat)
        self._newcomers.discard(seat.member.session)

    def _arrive(self, seat: Seat) -> None:
        user = seat.member.user
        if user in self.seats.by_user:
            # The former holder is gone or gets another id; its pending changes are not this one's.
            self._pending.leave(user)
        self.seats.add(seat)
        if user != NO_USER:
            self._pending.joined[user] = seat

    def _tell_position(self, seat: Seat) -> None:
        if seat.position is not None and self.seats.by_user.get(seat.member.user) is seat:
            self._pending.moved[seat.member.user] = seat.position

    def _change_state(self, seat: Seat, state: UserState) -> None:
        seat.state = state
        if self.seats.by_user.get(seat.member.user) is seat:
            self._pending.states[seat.member.user] = state

    def _take_moves(self, now: float) -> tuple[dict[int, bytes], float]:
        """Take the moves that their persons' quotas allow, and return how many seconds the first of
        the others has to wait. Other processes have applied the quotas of their own people."""
        users, waiting = self.seats.by_user, self._pending.moved
        taken, first = {}, 0.0
        for user, position in waiting.items():
            seat = users[user]
            wait = 0.0 if seat.remote else self._quotas.take(seat.member.person, now)
            if wait:
                first = min(first or wait, wait)
            else:
                taken[user] = position
        if first:
            for user in taken:
                del waiting[user]
        else:
            self._pending.moved = {}
        return taken, first


def _owner(seats: Iterable[Seat]) -> Member:
    """Return whose name it is that several have."""
    return min((seat.member for seat in seats), key=_precedence)


def _precedence(member: Member) -> tuple[bool, float, str]:
    return not member.signed_in, member.since, member.session


def _has_name_of(member: Member, owner: Member) -> bool:
    """Return whether a guest chose a name that is the owner's."""
    chose = member.chooses_name and member.name != anonymous_name(member.person)
    return chose and member.person != owner.person


def _first(wait: float, other: float) -> float:
    """Return the shorter of two waits, of which 0.0 is none."""
    return min(wait, other) if wait and other else wait or other
