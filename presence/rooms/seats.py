"""The seats of a board: by session and by user id, of people whom this process serves and of those
whom another one does.

What the people of a board do, as one process tells another that asks for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from presence.protocol.messages import Dialect, UserState
from presence.store.base import Member


@dataclass(frozen=True, slots=True)
class Activity:
    """States, and cursors that are shown, of which each is 4 bytes of position; both by session."""

    states: Mapping[str, UserState] = field(default_factory=dict)
    cursors: Mapping[str, bytes] = field(default_factory=dict)

    def __or__(self, other: "Activity") -> "Activity":
        """Return both in one."""
        return Activity({**self.states, **other.states}, {**self.cursors, **other.cursors})

    def packed(self) -> dict[str, Any]:
        """Return it as a channel layer carries it."""
        states = {session: int(state) for session, state in self.states.items()}
        return {"states": states, "cursors": dict(self.cursors)}


def unpack(said: Mapping[str, Any]) -> Activity:
    """Return what was `packed`; `ValueError` where it was something else."""
    try:
        states = {str(session): UserState(state) for session, state in said["states"].items()}
        cursors = {str(session): bytes(at) for session, at in said["cursors"].items()}
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"no activity: {error!r}") from error
    if any(len(at) != 4 for at in cursors.values()):
        raise ValueError("a position is 4 bytes")
    return Activity(states, cursors)


T = TypeVar("T")


@dataclass(slots=True)
class Seat:
    """A member as their board sees them: `position` is 4 bytes as on the wire, `dialect` is None
    where nobody listens here (the socket broke and its grace runs, or it is `remote`: another
    process's). `name_set`: the server chose the name, not the client."""

    member: Member
    dialect: Dialect | None
    state: UserState = UserState.ACTIVE
    position: bytes | None = None
    looks: bytes = b""
    """Colour and name as a roster has them; encoded when first asked for, once for all rosters."""
    remote: bool = False
    name_set: bool = False

    @property
    def awake(self) -> bool:
        """Whether somebody listens, here or in another process."""
        return self.remote or self.dialect is not None


class Seats:
    """Who sits where. `awake` is how many of them listen; a user id is its latest taker's."""

    def __init__(self) -> None:
        self.awake = 0
        self.by_session: dict[str, Seat] = {}
        self.by_user: dict[int, Seat] = {}

    @property
    def anyone_here(self) -> bool:
        """True where somebody is this process's, awake or not."""
        return any(not seat.remote for seat in self.by_session.values())

    def take(self, seat: Seat) -> None:
        """Add a seat."""
        self.awake += seat.awake
        self.by_session[seat.member.session] = seat
        if not seat.member.spectator:
            self.by_user[seat.member.user] = seat

    def free(self, seat: Seat) -> None:
        """Remove a seat; its user id is left to whoever is next, or to `free_user`."""
        self.hush(seat)
        del self.by_session[seat.member.session]

    def free_user(self, seat: Seat) -> bool:
        """Give up a seat's user id; False where it has none, or another seat holds it by now."""
        held = self.by_user.get(seat.member.user) is seat
        if held:
            del self.by_user[seat.member.user]
        return held

    def hush(self, seat: Seat) -> None:
        """Note that nobody listens at a seat any more."""
        if seat.awake:
            seat.dialect, seat.remote = None, False
            self.awake -= 1

    def dialects(self) -> set[Dialect]:
        """Return the dialects of those who listen here."""
        return {s.dialect for s in self.by_session.values() if s.dialect is not None}

    def members(self, *, elsewhere: bool) -> dict[str, Member]:
        """Return who is here by session: those other processes serve, or those this one does."""
        seats = self.by_session.items()
        return {session: seat.member for session, seat in seats if seat.remote is elsewhere}

    def activity(self) -> Activity:
        """Return what the people do whom this process serves."""
        own = {session: seat for session, seat in self.by_session.items() if not seat.remote}
        shown = {session: seat for session, seat in own.items() if seat.state is UserState.ACTIVE}
        return Activity(
            {session: seat.state for session, seat in own.items()},
            {s: seat.position for s, seat in shown.items() if seat.position is not None},
        )

    def own(self, told: Mapping[int, T]) -> dict[int, T]:
        """Return what of this, by user id, is about people whom this process serves."""
        return {user: what for user, what in told.items() if not self.by_user[user].remote}

    def doings(self) -> tuple[dict[int, bytes], dict[int, UserState]]:
        """Return the positions and states, by user id, of the people whom this process serves."""
        own = self.own(self.by_user)
        positions = {u: seat.position for u, seat in own.items() if seat.position is not None}
        return positions, {user: seat.state for user, seat in own.items()}

    def hear(
        self, process: str, cursors: Mapping[int, bytes], states: Mapping[int, UserState]
    ) -> tuple[dict[int, bytes], dict[int, UserState]]:
        """Take in what people do whom `process` serves; other users are left out, whose id may have
        been theirs.

        Returns the cursors to show, and the states that are new, both by user id.
        """
        told = self._served_by(process, states)
        told = {user: state for user, state in told.items() if self.by_user[user].state != state}
        for user, state in told.items():
            self.by_user[user].state = state
        known = self._served_by(process, cursors)
        for user, position in known.items():
            self.by_user[user].position = position
        # A position told after a state that hides would show the cursor again.
        active = UserState.ACTIVE
        return {u: at for u, at in known.items() if self.by_user[u].state is active}, told

    def strangers(self, process: str, users: Iterable[int]) -> set[int]:
        """Return which of some users are not known for people whom `process` serves."""
        asked = dict.fromkeys(users)
        return asked.keys() - self._served_by(process, asked).keys()

    def _served_by(self, process: str, told: Mapping[int, T]) -> dict[int, T]:
        remote = {u: seat for u, seat in self.by_user.items() if u in told and seat.remote}
        return {u: told[u] for u, seat in remote.items() if seat.member.process == process}
