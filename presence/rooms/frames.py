"""What a board has yet to tell, and the frames that tell it, encoded from its seats.

PROTOCOL.md, "Order after JOIN", gives the orders.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from presence.protocol.codec import avatar_frames, cursor_frames, encode, roster_entry, roster_frame
from presence.protocol.graphemes import fit
from presence.protocol.messages import (
    NAME_BYTES,
    NO_USER,
    Color,
    Dialect,
    PresenceUpdate,
    Rate,
    RosterEntry,
    ServerMessage,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.rooms.seats import Seat
from presence.store.base import Member

FRAME_COST = 128
"""Bytes that one more frame is worth. Sending a small frame costs a server more than its bytes do,
so this decides when one roster is cheaper than many joins and leaves."""

ROSTER_AFTER = 8
"""Joins and leaves of one tick that are always told one by one."""


@dataclass(slots=True)
class PendingChanges:
    """What the sessions of a board have not been told yet: changes since the last flush, by user
    id, in the order they happened.

    `moved` holds the latest position of each cursor, 4 or 12 bytes as on the wire. `people` and
    `interval` are set by the flush that tells them. `everything`: earlier frames may have told
    what is no longer true, so the next flush tells the whole roster.
    """

    left: list[int] = field(default_factory=list)
    joined: dict[int, Seat] = field(default_factory=dict)
    renamed: dict[int, Seat] = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)
    moved: dict[int, bytes] = field(default_factory=dict)
    people: int | None = None
    interval: int | None = None
    everything: bool = False

    @property
    def common(self) -> bool:
        """True where there is more to tell than moves."""
        return bool(
            self.states
            or self.joined
            or self.left
            or self.renamed
            or self.people is not None
            or self.interval is not None
            or self.everything
        )

    def leave(self, user: int) -> None:
        """Note that a user id is free. A user that was not announced yet is simply forgotten."""
        self.moved.pop(user, None)
        self.states.pop(user, None)
        self.renamed.pop(user, None)
        if self.joined.pop(user, None) is None:
            self.left.append(user)

    def rename(self, seat: Seat, former: Member) -> bool:
        """Note that another session goes on under a user id. Returns whether the name or the
        picture changed for those who know the user already."""
        user = seat.member.user
        if user in self.joined:
            self.joined[user] = seat
            return False
        if (seat.member.name, seat.member.avatar) == (former.name, former.avatar):
            return False
        self.renamed[user] = seat
        return True

    def take_joins(self) -> "PendingChanges":
        """Take out the joins and new names, with what those who joined do, and return them."""
        taken = PendingChanges(joined=self.joined, renamed=self.renamed)
        taken.states = {user: self.states.pop(user) for user in self.joined if user in self.states}
        taken.moved = {user: self.moved.pop(user) for user in self.joined if user in self.moved}
        self.joined, self.renamed = {}, {}
        return taken

    def hide(self) -> None:
        """Forget what there is to tell of people, but for who left."""
        self.interval = None
        for changes in (self.joined, self.renamed, self.states, self.moved):
            changes.clear()

    def update(self, moved: Mapping[int, bytes], states: Mapping[int, UserState]) -> None:
        """Note new states, and the positions of cursors that are shown after them."""
        for user, state in states.items():
            self.states[user] = state
            self.moved.pop(user, None)
        self.moved |= moved


@dataclass(slots=True)
class Flush:
    """The frames of one flush.

    `common` goes to every session that was here before, by dialect, then `cursors` to those that
    read fast enough: each frame with the session whose own cursor is all that it holds, which need
    not get it. `welcomes` holds, by session, the first frames of a newcomer, which gets nothing
    else of this flush. `moved` (positions) and `states` are what the members of this process did,
    by user id, for the other processes. `moves` counts the positions told, `held_back` those that
    wait for their person's quota. In `wait` seconds something may be told that had to wait: a
    position, a join or the count; 0.0: nothing waits.
    """

    common: dict[Dialect, list[bytes]] = field(default_factory=dict)
    cursors: dict[Dialect, list[tuple[bytes, str | None]]] = field(default_factory=dict)
    welcomes: dict[str, list[bytes]] = field(default_factory=dict)
    moved: dict[int, bytes] = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)
    moves: int = 0
    held_back: int = 0
    wait: float = 0.0

    def frames_for(self, session: str, dialect: Dialect) -> tuple[list[bytes], list[bytes]]:
        """Return the common frames and the frames of cursors for one session that was here."""
        cursors = [frame for frame, own in self.cursors.get(dialect, ()) if own != session]
        return self.common.get(dialect, []), cursors


def changes_frames(
    board_id: int, changes: PendingChanges, seats: Collection[Seat], dialect: Dialect
) -> list[bytes]:
    """Return the frames for sessions that were here before, cursors not included."""
    messages: list[ServerMessage] = [UserLeft(board_id, user) for user in changes.left]
    came = (*changes.joined.values(), *changes.renamed.values())
    messages += [_user_joined(board_id, seat, dialect) for seat in came]
    frames = [encode(message, dialect) for message in messages]
    if dialect is Dialect.COMPACT:
        frames = _or_roster(frames, board_id, came, seats, always=changes.everything)
    if changes.people is not None:
        frames.append(encode(PresenceUpdate(board_id, changes.people), dialect))
    if dialect is Dialect.COMPACT and changes.interval is not None:
        frames.append(encode(Rate(changes.interval), dialect))
    if dialect is Dialect.COMPACT and changes.states:
        frames.append(encode(States(tuple(changes.states.items())), dialect))
    return frames


def welcome_frames(
    board_id: int,
    newcomer: Seat,
    seats: Iterable[Seat],
    *,
    people: int,
    interval: int,
    counts_only: bool = False,
) -> list[bytes]:
    """Return the first frames of a newcomer, in its own dialect. With `counts_only`, nobody is told
    of the newcomer."""
    others = [seat for seat in seats if seat is not newcomer]
    dialect = newcomer.dialect or Dialect.COMPACT
    if dialect is Dialect.EXPLICIT:
        # A spectator has no user id to announce it by.
        last = [] if newcomer.member.user == NO_USER or counts_only else [newcomer]
        first = [
            encode(_user_joined(board_id, seat, dialect), dialect) for seat in [*others, *last]
        ]
    else:
        member = newcomer.member
        spectator = member.user == NO_USER
        pace = 0 if spectator else interval
        color = told_color(member)
        welcome = Welcome(board_id, member.user, color, pace, spectator, newcomer.name_set)
        # Only the server knows the name that it chose, and where the picture is.
        last = [newcomer] if (newcomer.name_set or member.avatar) and not spectator else []
        first = [encode(welcome, dialect), *_roster(board_id, [*others, *last])]
    count = encode(PresenceUpdate(board_id, people), dialect)
    return [*first, *shown_cursors(board_id, dialect, others), count]


def shown_cursors(board_id: int, dialect: Dialect, seats: Iterable[Seat]) -> list[bytes]:
    """Return the cursors that are shown, at their last positions; no frame if there are none."""
    shown = {seat.member.user: seat.position for seat in seats if seat.shown}
    return cursor_frames(board_id, {u: at for u, at in shown.items() if at is not None}, dialect)


def _or_roster(
    frames: list[bytes],
    board_id: int,
    came: Iterable[Seat],
    seats: Collection[Seat],
    *,
    always: bool,
) -> list[bytes]:
    """Return joins and leaves as they are, with the pictures of those who `came`, or one roster
    where that is cheaper, or `always`."""
    changes = [*_avatars(came), *frames]
    if len(frames) <= ROSTER_AFTER and not always:
        return changes
    roster = _roster(board_id, seats)
    if _cost(changes) < _cost(roster) and not always:
        return changes
    # A roster replaces all that a client knew, the cursors too.
    return [*roster, *shown_cursors(board_id, Dialect.COMPACT, seats)]


def _cost(frames: Iterable[bytes]) -> int:
    return sum(FRAME_COST + len(frame) for frame in frames)


def _roster(board_id: int, seats: Collection[Seat]) -> list[bytes]:
    return [*_avatars(seats), roster_frame(board_id, map(_roster_entry, seats))]


def _avatars(seats: Iterable[Seat]) -> list[bytes]:
    """Return where the pictures of members are, which goes before they are told of."""
    members = [seat.member for seat in seats]
    return avatar_frames({member.user: member.avatar for member in members if member.avatar})


def told_color(member: Member) -> Color:
    """Return a member's colour as the compact dialect tells it: its lowest bit of red says who is
    signed in (PROTOCOL.md, Identifiers)."""
    red, green, blue = member.color
    return (red | 1, green, blue) if member.signed_in else member.color


def _user_joined(board_id: int, seat: Seat, dialect: Dialect) -> UserJoined:
    member = seat.member
    color = told_color(member) if dialect is Dialect.COMPACT else member.color
    return UserJoined(board_id, member.user, fit(member.name, NAME_BYTES[dialect]), color)


def _roster_entry(seat: Seat) -> bytes:
    member = seat.member
    if not seat.entry:
        entry = roster_entry(RosterEntry(member.user, seat.state, told_color(member), member.name))
        seat.entry = entry[2:]
    return bytes((member.user, seat.state)) + seat.entry
