"""One board in this process: who is here, their latest cursors, and what changed since the last
tick.

A room is told what happens (`arrive`, `move`, `depart` ...) and says nothing until `flush`, which
returns the frames of one tick: encoded once, for everybody (PROTOCOL.md, "Cursors"). It has no
clock and no socket.
"""

from collections import Counter
from dataclasses import dataclass

from presence.frames import (
    Changes,
    Seat,
    changes_frames,
    cursors_frames,
    moves_frames,
    welcome_frames,
)
from presence.limits import TokenBucket
from presence.messages import Dialect, UserState
from presence.pacing import pace
from presence.roster import Member

POSITIONS_PER_SECOND = 57
POSITIONS_AT_ONCE = 3
"""Positions of one person passed on, over all of their tabs: together never over 60 in any
second."""

LIMIT_KEPT = 1.0
"""Seconds that a person's limit outlasts their last tab: who comes back at once gets no fresh
one."""


@dataclass(slots=True)
class Flush:
    """The frames of one tick.

    `common` goes to every session that was here before, then `cursors` to those that read fast
    enough; `welcomes` (by session) are the first frames of those that came since the last tick, and
    all they get of this one. `mover` is the session whose own cursor is all there is in `cursors`:
    it need not hear of itself.
    """

    common: dict[Dialect, list[bytes]]
    cursors: dict[Dialect, list[bytes]]
    welcomes: dict[str, list[bytes]]
    mover: str | None = None


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
        self._listening = 0
        self._told_people = 0
        self._seats: dict[str, Seat] = {}
        self._users: dict[int, Seat] = {}
        self._newcomers: dict[str, bool] = {}
        self._moved: dict[int, bytes] = {}
        self._changes = Changes()
        self._tabs: Counter[str] = Counter()
        self._buckets: dict[str, TokenBucket] = {}
        self._absent: dict[str, float] = {}

    def __len__(self) -> int:
        """Count the sessions on the board, those in their grace included."""
        return len(self._seats)

    def __contains__(self, session: str) -> bool:
        return session in self._seats

    @property
    def pending(self) -> bool:
        """True where a flush has something to say, now or when a limit lets it.

        It stays true while positions are held back, and while lag keeps the interval up, which only
        a flush can lower again.
        """
        changes = self._changes
        return bool(
            self._moved
            or self._newcomers
            or changes.joined
            or changes.left
            or changes.renamed
            or changes.states
            or self.people != self._told_people
            or self._pace(0.0) != self.interval
        )

    def arrive(self, member: Member, dialect: Dialect, *, name_set: bool = False) -> None:
        """Seat a new session. The others hear of it, and it hears of them, at the next flush."""
        seat = Seat(member, dialect)
        self._sit(seat, name_set)
        if not member.spectator:
            self._changes.joined[member.user] = seat

    def resume(self, member: Member, dialect: Dialect, old: str, *, name_set: bool = False) -> None:
        """Seat `member` where session `old` of the same person was within its grace.

        The others see neither a leave nor a join, unless the person came back under another name.
        """
        self._newcomers.pop(old, None)
        before = self._seats.pop(old, None)
        if before is None:
            self.arrive(member, dialect, name_set=name_set)
            return
        self._stop_listening(before)
        self._close_tab(before.member.person)
        seat = Seat(member, dialect, before.state, before.position)
        self._sit(seat, name_set)
        if member.spectator:
            return
        if member.user in self._changes.joined:
            self._changes.joined[member.user] = seat
        elif member.name != before.member.name:
            self._changes.renamed[member.user] = seat
            # In a roster, a new name under an id is a new person, whose cursor is not known.
            self._tell_position(seat)
        self.set_state(member.session, UserState.ACTIVE)

    def linger(self, session: str) -> None:
        """Stop writing to a session whose socket broke; it stays on the roster for its grace."""
        self._newcomers.pop(session, None)
        if session in self._seats:
            self._stop_listening(self._seats[session])

    def depart(self, session: str) -> None:
        """Take a session off the board; one that is not on it changes nothing."""
        self._newcomers.pop(session, None)
        seat = self._seats.pop(session, None)
        if seat is None:
            return
        self._stop_listening(seat)
        self._close_tab(seat.member.person)
        if self._users.get(seat.member.user) is seat:
            self._forget(seat.member.user)

    def move(self, session: str, position: bytes) -> None:
        """Note where a session's pointer is, 4 bytes as on the wire. Only the latest matters.

        A spectator's is not shown; of a session that is not on the board nothing is known.
        """
        seat = self._seats.get(session)
        if seat is None or seat.member.spectator:
            return
        seat.position = self._moved[seat.member.user] = position
        if seat.state is not UserState.ACTIVE:
            self._restate(seat, UserState.ACTIVE)

    def set_state(self, session: str, state: UserState) -> None:
        """Note what a session does. As with `move`, spectators and strangers change nothing."""
        seat = self._seats.get(session)
        if seat is None or seat.member.spectator or seat.state is state:
            return
        self._restate(seat, state)
        if state is not UserState.ACTIVE:
            # Its cursor is hidden from now on; a position told after the state would show it again.
            self._moved.pop(seat.member.user, None)
        else:
            self._tell_position(seat)

    def flush(self, now: float, lag: float = 0.0) -> Flush:
        """Return what there is to say at `now` (seconds), and forget that it was unsaid.

        `lag` is how late this process's timers are, in seconds; it slows the pace.
        """
        self._settle(lag)
        moved = self._take_moves(now)
        dialects = {seat.dialect for seat in self._seats.values() if seat.dialect is not None}
        board, changes, seats = self.board_id, self._changes, self._users.values()
        flush = Flush(
            common={d: changes_frames(board, changes, seats, d) for d in dialects},
            cursors={d: moves_frames(board, d, moved) for d in dialects},
            welcomes={session: self._welcome(session) for session in self._newcomers},
            mover=self._users[next(iter(moved))].member.session if len(moved) == 1 else None,
        )
        self._changes = Changes()
        self._newcomers = {}
        self._drop_buckets(now)
        return flush

    def welcomed(self, session: str) -> bool:
        """Return whether a session is on the board and has had its first frames."""
        return session in self._seats and session not in self._newcomers

    def catch_up(self, dialect: Dialect) -> list[bytes]:
        """Return the current cursors, for a session that was too slow for the ones between.

        Users who are yet to be announced are left out: their cursors come with the next flush.
        """
        unannounced = self._changes.joined
        known = [seat for user, seat in self._users.items() if user not in unannounced]
        return cursors_frames(self.board_id, dialect, known)

    def _sit(self, seat: Seat, name_set: bool) -> None:
        member = seat.member
        self._listening += 1
        self._seats[member.session] = seat
        self._newcomers[member.session] = name_set
        if not member.spectator:
            self._users[member.user] = seat
        self._tabs[member.person] += 1
        self._absent.pop(member.person, None)
        if member.person not in self._buckets:
            self._buckets[member.person] = TokenBucket(POSITIONS_PER_SECOND, POSITIONS_AT_ONCE)

    def _close_tab(self, person: str) -> None:
        self._tabs[person] -= 1
        if not self._tabs[person]:
            del self._tabs[person]
            self._absent[person] = float("inf")

    def _stop_listening(self, seat: Seat) -> None:
        if seat.dialect is not None:
            seat.dialect = None
            self._listening -= 1

    def _forget(self, user: int) -> None:
        del self._users[user]
        self._moved.pop(user, None)
        self._changes.states.pop(user, None)
        self._changes.renamed.pop(user, None)
        if self._changes.joined.pop(user, None) is None:
            self._changes.left.append(user)

    def _tell_position(self, seat: Seat) -> None:
        if seat.position is not None:
            self._moved[seat.member.user] = seat.position

    def _restate(self, seat: Seat, state: UserState) -> None:
        seat.state = state
        self._changes.states[seat.member.user] = state

    def _pace(self, lag: float) -> int:
        return pace(self._listening, lag, self.interval, self._least)

    def _settle(self, lag: float) -> None:
        interval = self._pace(lag)
        if interval != self.interval:
            self._changes.interval = self.interval = interval
        if self._changes.joined or self._changes.left or self.people != self._told_people:
            self._changes.people = self._told_people = self.people

    def _take_moves(self, now: float) -> dict[int, bytes]:
        """Take the moves that the persons' limits let through; the rest waits for a later tick."""
        moved = {
            user: position
            for user, position in self._moved.items()
            if self._buckets[self._users[user].member.person].take(now)
        }
        self._moved = {u: p for u, p in self._moved.items() if u not in moved}
        return moved

    def _drop_buckets(self, now: float) -> None:
        for person, until in tuple(self._absent.items()):
            if until <= now:
                del self._absent[person], self._buckets[person]
            else:
                self._absent[person] = min(until, now + LIMIT_KEPT)

    def _welcome(self, session: str) -> list[bytes]:
        seat = self._seats[session]
        return welcome_frames(
            self.board_id,
            seat,
            self._users.values(),
            people=self.people,
            interval=self.interval,
            name_set=self._newcomers[session],
        )
