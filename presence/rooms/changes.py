"""What the sessions on a board have not been told yet."""

from collections.abc import Callable
from dataclasses import dataclass, field

from presence.protocol.messages import UserState
from presence.rooms.seats import Seat


@dataclass(slots=True)
class Changes:
    """What happened, cursors aside; by user id, in the order it happened."""

    left: list[int] = field(default_factory=list)
    joined: dict[int, Seat] = field(default_factory=dict)
    renamed: dict[int, Seat] = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)
    people: int | None = None
    interval: int | None = None
    everything: bool = False
    """Nothing that was told is to be relied on: tell the whole roster."""

    def __bool__(self) -> bool:
        """Whether there is something to tell; `people` and `interval` only a flush sets."""
        return bool(self.left or self.joined or self.renamed or self.states or self.everything)


class PendingChanges:
    """Changes, and where pointers went: `moved`, 4 bytes as on the wire by user id, the latest."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.moved: dict[int, bytes] = {}

    def __bool__(self) -> bool:
        return bool(self.moved or self.changes)

    def leave(self, user: int) -> None:
        """Note that a user id's holder gave it up. One who was not announced is forgotten."""
        self.moved.pop(user, None)
        self.changes.states.pop(user, None)
        self.changes.renamed.pop(user, None)
        if self.changes.joined.pop(user, None) is None:
            self.changes.left.append(user)

    def rename(self, seat: Seat, before: str) -> bool:
        """Note that a user goes on, maybe by another name than `before`. Returns whether those who
        know of the user are to be told so."""
        user = seat.member.user
        if user in self.changes.joined:
            self.changes.joined[user] = seat
            return False
        renamed = seat.member.name != before
        if renamed:
            self.changes.renamed[user] = seat
        return renamed

    def follow(self, moved: dict[int, bytes], states: dict[int, UserState]) -> None:
        """Note what users did: their new states, then where those pointers went that are shown."""
        self.changes.states |= states
        self.moved = {user: at for user, at in self.moved.items() if user not in states} | moved

    def take_moves(self, may: Callable[[int], bool]) -> dict[int, bytes]:
        """Take the moves of those users of whom `may` is true; the others wait."""
        taken = {user: position for user, position in self.moved.items() if may(user)}
        self.moved = {user: at for user, at in self.moved.items() if user not in taken}
        return taken

    def told(self) -> None:
        """Forget the changes: they are told."""
        self.changes = Changes()
