"""The members of one board as one process sees them: its own, and those of other processes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from presence.protocol.codec import POSITION
from presence.protocol.messages import KNOWN_STATES, NO_USER, Dialect, UserState
from presence.store.base import Member


@dataclass(frozen=True, slots=True)
class Activity:
    """Who does what on a board, by session: the state of each, and the position of each cursor
    that is shown: 4 bytes, without its anchor."""

    states: Mapping[str, UserState] = field(default_factory=dict)
    cursors: Mapping[str, bytes] = field(default_factory=dict)

    def __or__(self, other: "Activity") -> "Activity":
        """Return the activity of both together."""
        return Activity({**self.states, **other.states}, {**self.cursors, **other.cursors})

    def packed(self) -> dict[str, Any]:
        """Return the form that a channel layer can carry."""
        states = {session: int(state) for session, state in self.states.items()}
        return {"states": states, "cursors": dict(self.cursors)}


def unpack_activity(packed: Mapping[str, Any]) -> Activity:
    """Return the activity that was packed, without states that are not known here; `ValueError` for
    anything else."""
    try:
        told = packed["states"].items()
        states = {str(each): UserState(state) for each, state in told if state in KNOWN_STATES}
        cursors = {str(session): bytes(at) for session, at in packed["cursors"].items()}
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"not an activity: {error!r}") from error
    if any(len(position) != POSITION for position in cursors.values()):
        raise ValueError(f"a position is {POSITION} bytes")
    return Activity(states, cursors)


@dataclass(slots=True)
class Seat:
    """One member on one board.

    `dialect` is None when this process writes to nobody here: the socket is gone and a grace runs,
    or the member is `remote`, that is served by another process. `position` is 4 or 12 bytes as
    on the wire. `name_set`: the server chose the name, not the client.
    """

    member: Member
    dialect: Dialect | None
    state: UserState = UserState.ACTIVE
    position: bytes | None = None
    entry: bytes = b""
    """Colour and name as a ROSTER has them; encoded on first use, once for all rosters."""
    remote: bool = False
    name_set: bool = False

    @property
    def connected(self) -> bool:
        """Whether a socket is open, in this process or in another."""
        return self.remote or self.dialect is not None

    @property
    def shown(self) -> bool:
        """Whether clients show this cursor."""
        return self.position is not None and self.state is UserState.ACTIVE


class Seats:
    """The seats of one board, by session and by user id.

    `connected` counts the seats with an open socket, `nameless` those of people whom the board must
    not show. A user id that is given anew belongs to the seat that took it last.
    """

    def __init__(self) -> None:
        self.connected = self.nameless = 0
        self.by_session: dict[str, Seat] = {}
        self.by_user: dict[int, Seat] = {}
        self.remote: dict[str, Seat] = {}
        """The seats of members whom other processes serve: of those with user ids only."""
        self.listeners: Counter[Dialect] = Counter()
        """How many sessions of this process are written to in each dialect."""

    @property
    def local(self) -> int:
        """How many members this process serves, or keeps in their grace."""
        return len(self.by_session) - len(self.remote)

    def add(self, seat: Seat) -> None:
        """Add a seat, and give it its user id."""
        self.connected += seat.connected
        self.nameless += not seat.member.name
        if seat.dialect is not None:
            self.listeners[seat.dialect] += 1
        self.by_session[seat.member.session] = seat
        if seat.remote:
            self.remote[seat.member.session] = seat
        if seat.member.user != NO_USER:
            self.by_user[seat.member.user] = seat

    def holds_user(self, seat: Seat) -> bool:
        """Return whether no other seat has taken the user id of a seat."""
        user = seat.member.user
        return user == NO_USER or self.by_user.get(user) is seat

    def remove(self, seat: Seat) -> None:
        """Remove a seat. Its user id stays taken until `free_user` or until another seat has it."""
        self.mute(seat)
        self.nameless -= not seat.member.name
        del self.by_session[seat.member.session]

    def free_user(self, seat: Seat) -> bool:
        """Free the user id of a removed seat; False if it had none or another seat has it now."""
        held = self.by_user.get(seat.member.user) is seat
        if held:
            del self.by_user[seat.member.user]
        return held

    def mute(self, seat: Seat) -> None:
        """Note that the socket of a seat is gone. The seat is this process's from now on."""
        if seat.dialect is not None:
            self.listeners[seat.dialect] -= 1
        self.connected -= seat.connected
        self.remote.pop(seat.member.session, None)
        seat.dialect, seat.remote = None, False

    def local_members(self) -> dict[str, Member]:
        """Return the members that this process serves, by session."""
        return {s: seat.member for s, seat in self.by_session.items() if not seat.remote}

    def remote_members(self) -> dict[str, Member]:
        """Return the members that other processes serve, by session."""
        return {session: seat.member for session, seat in self.remote.items()}

    def activity(self) -> Activity:
        """Return what the members of this process do, by session."""
        local = {s: seat for s, seat in self.by_session.items() if not seat.remote}
        shown = {s: seat.position for s, seat in local.items() if seat.shown}
        return Activity(
            {session: seat.state for session, seat in local.items()},
            {session: at[:POSITION] for session, at in shown.items() if at is not None},
        )

    def activity_by_user(self) -> tuple[dict[int, bytes], dict[int, UserState]]:
        """Return the positions and the states of the members of this process, by user id."""
        local = {user: seat for user, seat in self.by_user.items() if not seat.remote}
        positions = {u: seat.position for u, seat in local.items() if seat.position is not None}
        return positions, {user: seat.state for user, seat in local.items()}

    def unknown(self, process: str, users: Iterable[int]) -> set[int]:
        """Return which of these user ids are not known as members of another process."""
        return {user for user in users if not self._serves(process, user)}

    def update(
        self, process: str, cursors: Mapping[int, bytes], states: Mapping[int, UserState]
    ) -> tuple[dict[int, bytes], dict[int, UserState]]:
        """Take in what the members of another process do, by user id.

        Returns the positions that differ and are shown, and the states that differ. User ids that
        are not known as members of that process are ignored: they may have had another holder.
        """
        changed = {
            user: state
            for user, state in states.items()
            if self._serves(process, user) and self.by_user[user].state is not state
        }
        for user, state in changed.items():
            self.by_user[user].state = state
        moved = {
            user: position
            for user, position in cursors.items()
            if self._serves(process, user)
            and (user in changed or self.by_user[user].position != position)
        }
        for user, position in moved.items():
            self.by_user[user].position = position
        return {user: at for user, at in moved.items() if self.by_user[user].shown}, changed

    def _serves(self, process: str, user: int) -> bool:
        seat = self.by_user.get(user)
        return seat is not None and seat.remote and seat.member.process == process
