"""A client that reads the wire and nothing else, and what is really so."""

from dataclasses import dataclass, field

from presence.protocol.codec import decode_server, pack_position
from presence.protocol.messages import (
    Color,
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
from presence.store.base import Member

Known = dict[int, tuple[str, Color]]


@dataclass
class Client:
    """What a browser knows, from its frames alone."""

    dialect: Dialect
    own: int | None = None
    users: Known = field(default_factory=dict)
    states: dict[int, UserState] = field(default_factory=dict)
    cursors: dict[int, bytes] = field(default_factory=dict)
    people: int | None = None
    interval: int | None = None

    def hear(self, frames: list[bytes]) -> None:
        for frame in frames:
            self._take(decode_server(frame, self.dialect))

    def _take(self, message: ServerMessage) -> None:
        match message:
            case Welcome(_, user, color, interval):
                # Where everybody is comes anew.
                self.own, self.interval, self.cursors = user, interval, {}
            case Roster(_, entries):
                self._replace({e.user: (e.name, e.color) for e in entries})
                self.states = {e.user: e.state for e in entries}
            case UserJoined(_, user, name, color):
                self.users[user] = (name, color)
                self.states[user] = UserState.ACTIVE
            case UserLeft(_, user):
                assert user in self.users, "told of a stranger's leaving"
                self._drop(user)
            case States(changes):
                assert {user for user, _ in changes} <= self._known(), "a stranger's state"
                self.states.update(changes)
            case CursorBroadcast(cursors):
                assert {c.user for c in cursors} <= self._known(), "a stranger's cursor"
                self.cursors |= {
                    c.user: pack_position(c.x, c.y) for c in cursors if c.user != self.own
                }
            case PresenceUpdate(_, people):
                self.people = people
            case Rate(interval):
                self.interval = interval
            case _:
                raise AssertionError(f"a room does not say {message}")

    def _known(self) -> set[int | None]:
        return {*self.users, self.own}

    def _replace(self, users: Known) -> None:
        for user in [user for user in self.users if self.users[user] != users.get(user)]:
            self._drop(user)
        self.users = users

    def _drop(self, user: int) -> None:
        for known in (self.users, self.states, self.cursors):
            known.pop(user, None)


@dataclass
class Truth:
    """What is really so of one session; `elsewhere`, where another process serves it."""

    member: Member
    state: UserState = UserState.ACTIVE
    position: bytes | None = None
    elsewhere: bool = False
