"""The messages of `presence.v1` as frozen dataclasses (PROTOCOL.md, Messages).

They only hold fields; `presence.protocol.codec` checks the ranges. Board ids are 1..65535, user ids
0..254, coordinates 0..65535, intervals and retries 0..65535 milliseconds. A client may send board 0
for "not known yet".
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from presence.protocol.errors import Notice

SUBPROTOCOL = "presence.v1"
MAX_USERS = 255
NO_USER = 255
MAX_MESSAGE_BYTES = 1_024
MAX_AVATAR_BYTES = 255
UNKNOWN_BOARD = 0
MAX_SESSIONS = 16
"""Sessions of one socket."""
ALL_SESSIONS = 255

Color = tuple[int, int, int]
"""Red, green, blue, each 0..255."""


class Dialect(Enum):
    """COMPACT for sockets that asked for `SUBPROTOCOL`, EXPLICIT for those that asked for none."""

    COMPACT = "compact"
    EXPLICIT = "explicit"

    __hash__ = object.__hash__  # An enum's own is slow, and every flush needs it.


NAME_BYTES = {Dialect.COMPACT: 96, Dialect.EXPLICIT: 32}
"""Bytes of UTF-8 that a name has, at most. 96 are 32 letters of Hindi, Tamil or Thai."""

MAX_NAME_BYTES = max(NAME_BYTES.values())
"""The server keeps as much, and tells each client what its dialect can carry."""


class MessageType(IntEnum):
    """The first byte of every frame."""

    CURSOR_UPDATE = 0x01
    CURSOR_BROADCAST = 0x02
    JOIN = 0x03
    LEAVE = 0x04
    USER_JOINED = 0x05
    USER_LEFT = 0x06
    PRESENCE_UPDATE = 0x07
    HEARTBEAT = 0x08
    WELCOME = 0x09
    ROSTER = 0x0A
    STATE = 0x0B
    RATE = 0x0C
    PROBE = 0x0D
    NOTICE = 0x0E
    ANCHORED_UPDATE = 0x0F
    ANCHORS = 0x10
    AVATARS = 0x11
    SESSION = 0x12
    GONE = 0x13


class UserState(IntEnum):
    """What a user is doing. Only the cursor of an ACTIVE user is shown (PROTOCOL.md, STATE)."""

    ACTIVE = 0
    OFF_BOARD = 1
    AWAY = 2
    IDLE = 3


KNOWN_STATES = frozenset(UserState)
"""For what other processes tell, which may be of a later release."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position of one user's pointer."""

    user: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place within an element of the page: ``hash`` is that of the element's id, 0..4294967295,
    and ``x`` and ``y`` are the coordinates in its box (PROTOCOL.md, Anchors)."""

    hash: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One user of a ROSTER; the name is 1..96 bytes of UTF-8."""

    user: int
    state: UserState
    color: Color
    name: str


@dataclass(frozen=True, slots=True)
class CursorUpdate:
    """Client: the pointer is here. ``board`` is None in the short form, which leaves it out."""

    x: int
    y: int
    board: int | None = None


@dataclass(frozen=True, slots=True)
class AnchoredUpdate:
    """Client: the pointer is here, and on an anchor."""

    x: int
    y: int
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class CursorBroadcast:
    """Server: these pointers moved. Compact holds any number and no board, explicit one cursor."""

    cursors: tuple[Cursor, ...]
    board: int | None = None


@dataclass(frozen=True, slots=True)
class Anchors:
    """Server: the anchors of some cursors, by user id, of the CursorBroadcast that follows."""

    anchors: tuple[tuple[int, Anchor], ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Client: asks to enter. Nobody checks ``board``; the name has 0 to `NAME_BYTES` bytes."""

    board: int
    name: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Client: leaves the board at once, without a grace period."""

    board: int


@dataclass(frozen=True, slots=True)
class SessionMessage:
    """Client: what follows is said by this session of the socket, 0..15. Server: what follows is
    for this one alone, or for `ALL_SESSIONS`."""

    session: int


@dataclass(frozen=True, slots=True)
class Gone:
    """Client: the page of this session went away, and may only be loaded again; the socket stays
    open for the others."""

    board: int


@dataclass(frozen=True, slots=True)
class UserJoined:
    """Server: a user came, or one who is here changed their name."""

    board: int
    user: int
    name: str
    color: Color


@dataclass(frozen=True, slots=True)
class UserLeft:
    """Server: a user is gone."""

    board: int
    user: int


@dataclass(frozen=True, slots=True)
class PresenceUpdate:
    """Server: the count of people, 0..4294967295; an explicit frame holds 255 at most."""

    board: int
    count: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Client: the connection works. Server: the answer."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """Server: the JOIN succeeded. A spectator, and nobody else, has user id `NO_USER`."""

    board: int
    user: int
    color: Color
    interval: int
    spectator: bool = False
    name_set: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """Server: exactly these users are here; it replaces what the client knew. The first one leaves
    the client itself out, later ones may include it."""

    board: int
    users: tuple[RosterEntry, ...]


@dataclass(frozen=True, slots=True)
class Avatars:
    """Server: where the pictures of these user ids are, whom the next ROSTER or USER_JOINED tells:
    URLs of 1..255 bytes of ASCII."""

    avatars: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class SetState:
    """Client: my state is now this; only the server may set IDLE."""

    state: UserState


@dataclass(frozen=True, slots=True)
class States:
    """Server: the new states of these user ids, at least one."""

    states: tuple[tuple[int, UserState], ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """Server: wait ``interval`` ms between cursor updates; 0 means send none."""

    interval: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Server: return this number, 0..255, at once. Client: the answer."""

    seq: int


@dataclass(frozen=True, slots=True)
class NoticeMessage:
    """Server: what is wrong, and how many milliseconds to wait before the next try."""

    code: Notice
    retry: int


ClientMessage = (
    CursorUpdate
    | AnchoredUpdate
    | Join
    | Leave
    | Heartbeat
    | SetState
    | Probe
    | SessionMessage
    | Gone
)
ServerMessage = (
    CursorBroadcast
    | Anchors
    | UserJoined
    | UserLeft
    | PresenceUpdate
    | Heartbeat
    | Welcome
    | Roster
    | Avatars
    | States
    | Rate
    | Probe
    | NoticeMessage
    | SessionMessage
)
