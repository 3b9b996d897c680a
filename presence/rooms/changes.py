"""What the sessions of a board have not been told yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from presence.protocol.messages import UserState
from presence.rooms.seats import Seat


@dataclass(slots=True)
class PendingChanges:
    """Changes since the last flush, by user id, in the order they happened.

    `moved` holds the latest position of each cursor, 4 bytes as on the wire. `people` and
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

    def __bool__(self) -> bool:
        """Whether there is something to tell besides moves."""
        return bool(
            self.left
            or self.joined
            or self.renamed
            or self.states
            or self.everything
            or self.people is not None
            or self.interval is not None
        )

    def leave(self, user: int) -> None:
        """Note that a user id is free. A user that was not announced yet is simply forgotten."""
        self.moved.pop(user, None)
        self.states.pop(user, None)
        self.renamed.pop(user, None)
        if self.joined.pop(user, None) is None:
            self.left.append(user)

    def rename(self, seat: Seat, former_name: str) -> bool:
        """Note that another session goes on under a user id. Returns whether the name changed for
        those who know the user already."""
        user = seat.member.user
        if user in self.joined:
            self.joined[user] = seat
            return False
        if seat.member.name == former_name:
            return False
        self.renamed[user] = seat
        return True

    def update(self, moved: Mapping[int, bytes], states: Mapping[int, UserState]) -> None:
        """Note new states, and the positions of cursors that are shown after them."""
        for user, state in states.items():
            self.states[user] = state
            self.moved.pop(user, None)
        self.moved |= moved

    def take_moves(self, allowed: Callable[[int], bool]) -> dict[int, bytes]:
        """Take out the moves of the users that are `allowed`; the others stay."""
        taken = {user: position for user, position in self.moved.items() if allowed(user)}
        for user in taken:
            del self.moved[user]
        return taken
