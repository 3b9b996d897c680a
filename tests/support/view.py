"""The state of a board that a client derives from its frames (PROTOCOL.md, Messages)."""

from dataclasses import dataclass, field

from presence.protocol.codec import decode_server, encode, pack_position
from presence.protocol.messages import (
    Anchor,
    AnchoredUpdate,
    Anchors,
    Avatars,
    Color,
    Cursor,
    CursorBroadcast,
    Dialect,
    PresenceUpdate,
    Rate,
    Roster,
    ServerMessage,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)

Users = dict[int, tuple[str, Color]]


@dataclass
class BoardView:
    """A client's view of its board. A message about an unknown user fails.

    `own` is the client's user id, `interval` in milliseconds, a cursor the 4 bytes of its place, or
    12 with an anchor. `anchors` came, and the cursors that they belong to are next; so did the
    `pictures` of users who are told of next. `avatars` are those of users.
    """

    dialect: Dialect
    own: int | None = None
    users: Users = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)
    cursors: dict[int, bytes] = field(default_factory=dict)
    people: int | None = None
    interval: int | None = None
    anchors: dict[int, Anchor] = field(default_factory=dict)
    pictures: dict[int, str] = field(default_factory=dict)
    avatars: dict[int, str] = field(default_factory=dict)

    def hear(self, frames: list[bytes]) -> None:
        """Take in frames of a board, in their order."""
        for frame in frames:
            self.take(decode_server(frame, self.dialect))

    def take(self, message: ServerMessage) -> None:
        """Take in one message of a board."""
        assert isinstance(message, CursorBroadcast) or not self.anchors, "anchors without cursors"
        match message:
            case Welcome(_, user, color, interval):
                # All positions follow a WELCOME.
                self.own, self.interval, self.cursors = user, interval, {}
            case Roster(_, entries):
                self.avatars, self.pictures = self.pictures, {}
                assert self.avatars.keys() <= {entry.user for entry in entries}, "nobody's picture"
                self._replace({entry.user: (entry.name, entry.color) for entry in entries})
                self.states = {entry.user: entry.state for entry in entries}
            case UserJoined(_, user, name, color):
                self._join(user, name, color)
            case UserLeft(_, user):
                assert user in self.users, f"user {user} left and was not here"
                self._drop(user)
            case States(changes):
                assert {user for user, _ in changes} <= self._known(), "a stranger's state"
                self._change(dict(changes))
            case Anchors() | Avatars():
                self._note(message)
            case CursorBroadcast(cursors):
                assert {c.user for c in cursors} <= self._known(), "a stranger's cursor"
                assert self.anchors.keys() <= {c.user for c in cursors}, "an anchor of no cursor"
                positions = {c.user: _position(c, self.anchors.get(c.user)) for c in cursors}
                self.cursors |= {u: at for u, at in positions.items() if u != self.own}
                self.anchors = {}
            case PresenceUpdate(_, people):
                assert not self.pictures, "the picture of somebody who is not told of"
                self.people = people
            case Rate(interval):
                self.interval = interval
            case _:
                raise AssertionError(f"not a message of a board: {message}")

    def _note(self, message: Anchors | Avatars) -> None:
        """Take in what belongs to the next message."""
        if isinstance(message, Anchors):
            self.anchors = dict(message.anchors)
        else:
            self.pictures = dict(message.avatars)

    def _join(self, user: int, name: str, color: Color) -> None:
        self.users[user] = (name, color)
        self.states[user] = UserState.ACTIVE
        self.avatars.pop(user, None)
        if user in self.pictures:
            self.avatars[user] = self.pictures.pop(user)

    def _known(self) -> set[int | None]:
        return {*self.users, self.own}

    def _replace(self, users: Users) -> None:
        for user in [user for user in self.users if self.users[user] != users.get(user)]:
            self._drop(user)
        self.users = users

    def _change(self, states: dict[int, UserState]) -> None:
        self.states |= states
        hidden = {user for user, state in states.items() if state is not UserState.ACTIVE}
        self.cursors = {user: at for user, at in self.cursors.items() if user not in hidden}

    def _drop(self, user: int) -> None:
        for known in (self.users, self.states, self.cursors):
            known.pop(user, None)


def _position(cursor: Cursor, anchor: Anchor | None) -> bytes:
    if anchor is None:
        return pack_position(cursor.x, cursor.y)
    return encode(AnchoredUpdate(cursor.x, cursor.y, anchor), Dialect.COMPACT)[1:]
