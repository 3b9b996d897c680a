"""What a board's sessions are told, as encoded frames. Pure functions over seats and changes.

The orders are PROTOCOL.md's, "Order after JOIN".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from presence.protocol.codec import (
    cursor_frame,
    cursor_frames_explicit,
    encode,
    roster_entry,
    roster_frame,
)
from presence.protocol.messages import (
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
from presence.rooms.changes import Changes
from presence.rooms.seats import Seat

FRAME_COST = 128
"""Bytes that sending one more frame is held to be worth: a server spends more on a small frame's
passage than on its bytes. Decides when a roster is cheaper than many joins and leaves."""

ROSTER_AFTER = 8
"""Up to so many joins and leaves in one tick are always told one by one."""


@dataclass(slots=True)
class Flush:
    """The frames of one tick.

    `common` goes to every session that was here before, then `cursors` to those that read fast
    enough; `welcomes` (by session) are the first frames of those that came since the last tick, and
    all they get of this one. `mover` is the session whose own cursor is all there is in `cursors`:
    it need not hear of itself. `moved` (4 bytes of position) and `states`, by user id, are what the
    people of this process did, for other processes.
    """

    common: dict[Dialect, list[bytes]]
    cursors: dict[Dialect, list[bytes]]
    welcomes: dict[str, list[bytes]]
    mover: str | None = None
    moved: dict[int, bytes] = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)


def changes_frames(
    board_id: int, changes: Changes, seats: Collection[Seat], dialect: Dialect
) -> list[bytes]:
    """Return what those who were here before are told, cursors aside."""
    if dialect is Dialect.EXPLICIT:
        told: list[ServerMessage] = [*_comings(board_id, changes), *_count(board_id, changes)]
        return [encode(message, dialect) for message in told]
    return [
        *_roster_or_comings(board_id, changes, seats),
        *(encode(message, dialect) for message in _count(board_id, changes)),
        *(encode(Rate(ms), dialect) for ms in (changes.interval,) if ms is not None),
        *states_frames(dialect, changes.states),
    ]


def welcome_frames(
    board_id: int,
    newcomer: Seat,
    seats: Iterable[Seat],
    *,
    people: int,
    interval: int,
) -> list[bytes]:
    """Return the first frames of a session that has just come, in its own dialect."""
    others = [seat for seat in seats if seat is not newcomer]
    dialect = newcomer.dialect or Dialect.COMPACT
    if dialect is Dialect.EXPLICIT:
        # A spectator has no user id, so there is nothing to announce it by.
        last = [] if newcomer.member.spectator else [newcomer]
        first = [encode(_joined(board_id, seat), dialect) for seat in [*others, *last]]
    else:
        welcome = _welcome(board_id, newcomer, interval)
        roster = roster_frame(board_id, [_entry(seat) for seat in others])
        first = [encode(welcome, dialect), roster]
    count = encode(PresenceUpdate(board_id, people), dialect)
    return [*first, *cursors_frames(board_id, dialect, others), count]


def cursors_frames(board_id: int, dialect: Dialect, seats: Iterable[Seat]) -> list[bytes]:
    """Return the last known cursors of those who are active: no frame where there are none."""
    known = {
        seat.member.user: seat.position
        for seat in seats
        if seat.position is not None and seat.state is UserState.ACTIVE
    }
    return moves_frames(board_id, dialect, known)


def moves_frames(board_id: int, dialect: Dialect, moved: dict[int, bytes]) -> list[bytes]:
    """Return the cursors in `moved` (user id -> 4 bytes of position): no frame where there are
    none."""
    if not moved:
        return []
    if dialect is Dialect.EXPLICIT:
        return cursor_frames_explicit(board_id, moved)
    return [cursor_frame(moved)]


def states_frames(dialect: Dialect, states: dict[int, UserState]) -> list[bytes]:
    """Return who does what: no frame where there is nothing, or no way, to say it."""
    if not states or dialect is Dialect.EXPLICIT:
        return []
    return [encode(States(tuple(states.items())), dialect)]


def _roster_or_comings(board_id: int, changes: Changes, seats: Collection[Seat]) -> list[bytes]:
    comings = [encode(message, Dialect.COMPACT) for message in _comings(board_id, changes)]
    if len(comings) <= ROSTER_AFTER and not changes.everything:
        return comings
    roster = roster_frame(board_id, [_entry(seat) for seat in seats])
    one_by_one = sum(FRAME_COST + len(frame) for frame in comings)
    if one_by_one < FRAME_COST + len(roster) and not changes.everything:
        return comings
    # It replaces all that was known, where people's cursors are included.
    return [roster, *cursors_frames(board_id, Dialect.COMPACT, seats)]


def _comings(board_id: int, changes: Changes) -> list[ServerMessage]:
    left = [UserLeft(board_id, user) for user in changes.left]
    seats = [*changes.joined.values(), *changes.renamed.values()]
    return [*left, *(_joined(board_id, seat) for seat in seats)]


def _count(board_id: int, changes: Changes) -> list[ServerMessage]:
    return [] if changes.people is None else [PresenceUpdate(board_id, changes.people)]


def _welcome(board_id: int, seat: Seat, interval: int) -> Welcome:
    member = seat.member
    pace = 0 if member.spectator else interval
    return Welcome(board_id, member.user, member.color, pace, member.spectator, seat.name_set)


def _joined(board_id: int, seat: Seat) -> UserJoined:
    member = seat.member
    return UserJoined(board_id, member.user, member.name, member.color)


def _entry(seat: Seat) -> bytes:
    member = seat.member
    if not seat.looks:
        entry = roster_entry(RosterEntry(member.user, seat.state, member.color, member.name))
        seat.looks = entry[2:]
    return bytes((member.user, seat.state)) + seat.looks
