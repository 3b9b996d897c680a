"""The messages of `presence.v1` as frozen dataclasses (PROTOCOL.md, Messages).

They only hold fields. `presence.protocol` checks the ranges where a message becomes bytes, and
what it decodes is in range already. Board ids are 1..65535 (a client may say 0 for "not known
yet"), user ids 0..254, coordinates 0..65535, intervals and retries milliseconds in 0..65535. A
cursor's ``board=None`` is the compact form, which leaves it out.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from presence.protocol.errors import Notice

SUBPROTOCOL = "presence.v1"
MAX_USERS = 255
NO_USER = 255
MAX_NAME_BYTES = 32
MAX_COORDINATE = 65_535
MAX_MESSAGE_BYTES = 1_024
UNKNOWN_BOARD = 0

Color = tuple[int, int, int]
"""Red, green, blue, each 0..255."""


class Dialect(Enum):
    """COMPACT for sockets that asked for `SUBPROTOCOL`, EXPLICIT for those that asked for none."""

    COMPACT = "compact"
    EXPLICIT = "explicit"


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


class UserState(IntEnum):
    """What a user is doing; only an ACTIVE one's cursor is shown (PROTOCOL.md, STATE)."""

    ACTIVE = 0
    OFF_BOARD = 1
    AWAY = 2
    IDLE = 3


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where one user points."""

    user: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One user of a ROSTER; the name is 1..32 bytes of UTF-8."""

    user: int
    state: UserState
    color: Color
    name: str


@dataclass(frozen=True, slots=True)
class CursorUpdate:
    """Client: my pointer is here."""

    x: int
    y: int
    board: int | None = None


@dataclass(frozen=True, slots=True)
class CursorBroadcast:
    """Server: these pointers moved; any number of them if compact, exactly one if explicit."""

    cursors: tuple[Cursor, ...]
    board: int | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Client: let me in. The board is a hint, the name 0..32 bytes of UTF-8."""

    board: int
    name: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Client: I go, and need no grace."""

    board: int


@dataclass(frozen=True, slots=True)
class UserJoined:
    """Server: somebody is here now."""

    board: int
    user: int
    name: str
    color: Color


@dataclass(frozen=True, slots=True)
class UserLeft:
    """Server: somebody is gone."""

    board: int
    user: int


@dataclass(frozen=True, slots=True)
class PresenceUpdate:
    """Server: so many people are here, 0..4294967295; the explicit dialect says 255 at most."""

    board: int
    count: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Client: I live; and the server's answer."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """Server: you are in, as this user; `NO_USER` for a spectator and for nobody else."""

    board: int
    user: int
    color: Color
    interval: int
    spectator: bool
    name_set: bool


@dataclass(frozen=True, slots=True)
class Roster:
    """Server: exactly these users are here. It replaces what the client knew; the first leaves the
    client itself out, later ones need not."""

    board: int
    users: tuple[RosterEntry, ...]


@dataclass(frozen=True, slots=True)
class SetState:
    """Client: my state is now this; IDLE is the server's to say."""

    state: UserState


@dataclass(frozen=True, slots=True)
class States:
    """Server: these users, by id, changed state; at least one."""

    states: tuple[tuple[int, UserState], ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """Server: leave so many milliseconds between cursor updates; 0 is send none."""

    interval: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Server: return this number, 0..255, at once; and the client's answer."""

    seq: int


@dataclass(frozen=True, slots=True)
class NoticeMessage:
    """Server: what is wrong, and after how many milliseconds to try again."""

    code: Notice
    retry: int


ClientMessage = CursorUpdate | Join | Leave | Heartbeat | SetState | Probe
ServerMessage = (
    CursorBroadcast
    | UserJoined
    | UserLeft
    | PresenceUpdate
    | Heartbeat
    | Welcome
    | Roster
    | States
    | Rate
    | Probe
    | NoticeMessage
)
