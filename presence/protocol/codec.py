"""Messages to bytes and back, in both dialects (PROTOCOL.md, Messages).

The grammar is one table for each sender and dialect. It is strict: a frame has at most one reading,
and the message that was read encodes to the same bytes. The functions at the end build the frames
of a board's tick. There a *position* is what follows the type as it came from the client: the
4 bytes ``x:u16 y:u16`` of CURSOR_UPDATE, or the 12 of ANCHORED_UPDATE, which begin with the same.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol, cast

from presence.protocol.errors import Malformed, MalformedFrame, Notice
from presence.protocol.messages import (
    ALL_SESSIONS,
    MAX_AVATAR_BYTES,
    MAX_SESSIONS,
    NAME_BYTES,
    NO_USER,
    Anchor,
    AnchoredUpdate,
    Anchors,
    Avatars,
    ClientMessage,
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    Gone,
    Heartbeat,
    Join,
    Leave,
    MessageType,
    NoticeMessage,
    PresenceUpdate,
    Probe,
    Rate,
    Roster,
    RosterEntry,
    ServerMessage,
    SessionMessage,
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)


def encode(message: ClientMessage | ServerMessage, dialect: Dialect) -> bytes:
    """Return a message's frame. ``ValueError`` for a message that the dialect does not have, or a
    field out of range."""
    rule = _ENCODERS[dialect].get(type(message))
    if rule is None:
        raise ValueError(f"the {dialect.value} dialect has no {type(message).__name__}")
    kind, record = rule
    return kind + record.write(message)


def decode_client(data: bytes, dialect: Dialect) -> ClientMessage:
    """Return the message in a client's frame; `MalformedFrame` where there is none."""
    return cast(ClientMessage, _decode(data, _CLIENT[dialect]))


def decode_server(data: bytes, dialect: Dialect) -> ServerMessage:
    """Return the message in a server's frame; `MalformedFrame` where there is none."""
    return cast(ServerMessage, _decode(data, _SERVER[dialect]))


# What frames are made of.


class Field(Protocol):
    """One part of a frame, to write and to read.

    ``write`` raises ``ValueError`` for a value that does not fit. ``read`` takes a frame and where
    the part begins, and returns the value and where the next part begins; it raises
    `MalformedFrame`.
    """

    def write(self, value: Any) -> bytes: ...

    def read(self, data: bytes, at: int) -> tuple[Any, int]: ...


class Number:
    """An unsigned big-endian integer of ``size`` bytes that is one of ``values``. It is read as
    ``of``, which is ``int`` or an enum."""

    def __init__(
        self,
        what: str,
        size: int = 1,
        values: Container[int] | None = None,
        of: Callable[[int], int] = int,
    ) -> None:
        self.what = what
        self.size = size
        self.values = range(1 << 8 * size) if values is None else values
        self.of = of

    def write(self, value: int) -> bytes:
        if value not in self.values:
            raise ValueError(f"{self.what} is {value!r}, not in {self.values}")
        return value.to_bytes(self.size, "big")

    def read(self, data: bytes, at: int) -> tuple[int, int]:
        end = at + self.size
        if end > len(data):
            raise MalformedFrame(Malformed.LENGTH)
        value = int.from_bytes(data[at:end], "big")
        if value not in self.values:
            raise MalformedFrame(Malformed.VALUE)
        return self.of(value), end


class Text:
    """``len:u8`` and that many bytes of UTF-8, from ``least`` to ``most``."""

    def __init__(self, what: str, most: int, least: int = 1) -> None:
        self.what = what
        self.most = most
        self.sizes = range(least, most + 1)

    def write(self, value: str) -> bytes:
        encoded = value.encode()
        if len(encoded) not in self.sizes:
            raise ValueError(f"{self.what} is {len(encoded)} bytes long, not in {self.sizes}")
        return bytes((len(encoded),)) + encoded

    def read(self, data: bytes, at: int) -> tuple[str, int]:
        size, start = _COUNT.read(data, at)
        end = start + size
        if size > self.most:
            raise MalformedFrame(Malformed.NAME_TOO_LONG)
        if size not in self.sizes or end > len(data):
            raise MalformedFrame(Malformed.LENGTH)
        try:
            return data[start:end].decode(), end
        except UnicodeDecodeError:
            raise MalformedFrame(Malformed.UTF8) from None


class Name(Text):
    """A name, of up to as many bytes as the dialect can carry."""

    def __init__(self, dialect: Dialect, least: int = 1) -> None:
        super().__init__("name", NAME_BYTES[dialect], least)


class Row:
    """A tuple with one field for each of its values."""

    def __init__(self, *fields: Field) -> None:
        self.fields = fields

    def write(self, value: tuple[Any, ...]) -> bytes:
        pairs = zip(self.fields, value, strict=True)
        return b"".join([field.write(part) for field, part in pairs])

    def read(self, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        parts = []
        for field in self.fields:
            part, at = field.read(data, at)
            parts.append(part)
        return tuple(parts), at


class Many:
    """A tuple of one value or more, up to the end of the frame."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def write(self, value: tuple[Any, ...]) -> bytes:
        if not value:
            raise ValueError("there must be at least one")
        return b"".join(map(self.field.write, value))

    def read(self, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        parts: list[Any] = []
        while at < len(data) or not parts:
            part, at = self.field.read(data, at)
            parts.append(part)
        return tuple(parts), at


class Counted:
    """``count:u8`` and a tuple of that many values."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def write(self, value: tuple[Any, ...]) -> bytes:
        return _COUNT.write(len(value)) + b"".join(map(self.field.write, value))

    def read(self, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        count, at = _COUNT.read(data, at)
        return Row(*[self.field] * count).read(data, at)


class People:
    """A count of people: u8, and from 255 up ``FF`` and, where ``wide``, a u32 with the count."""

    def __init__(self, *, wide: bool) -> None:
        self.wide = wide

    def write(self, value: int) -> bytes:
        if value < _WIDE:
            return _COUNT.write(value)
        count = _WIDE_COUNT.write(value)
        return bytes((_WIDE,)) + count if self.wide else bytes((_WIDE,))

    def read(self, data: bytes, at: int) -> tuple[int, int]:
        count, at = _COUNT.read(data, at)
        return _WIDE_COUNT.read(data, at) if self.wide and count == _WIDE else (count, at)


class CursorBoard:
    """The board of a CURSOR_UPDATE, None where the frame has room for a position only."""

    def write(self, value: int | None) -> bytes:
        return b"" if value is None else _HINT.write(value)

    def read(self, data: bytes, at: int) -> tuple[int | None, int]:
        return _HINT.read(data, at) if len(data) - at == _BOARD_AND_POSITION else (None, at)


class Record:
    """A message or a part of one: the dataclass ``of``, its fields in the order of the wire."""

    def __init__(self, of: type[Any], **fields: Field) -> None:
        self.of = of
        self.fields = fields

    def write(self, value: Any) -> bytes:
        parts = [field.write(getattr(value, name)) for name, field in self.fields.items()]
        return b"".join(parts)

    def read(self, data: bytes, at: int) -> tuple[Any, int]:
        values = {}
        for name, field in self.fields.items():
            values[name], at = field.read(data, at)
        return self.of(**values), at


class WelcomeRecord(Record):
    """WELCOME. Its last byte holds two flags; a spectator's goes with user id 255 only."""

    def write(self, value: Welcome) -> bytes:
        if value.spectator != (value.user == NO_USER):
            raise ValueError(f"a spectator has user id {NO_USER}, and nobody else has")
        return super().write(value) + _FLAGS.write(value.spectator | value.name_set << 1)

    def read(self, data: bytes, at: int) -> tuple[Welcome, int]:
        welcome, at = super().read(data, at)
        flags, at = _FLAGS.read(data, at)
        spectator, name_set = bool(flags & 0b01), bool(flags & 0b10)
        if spectator != (welcome.user == NO_USER):
            raise MalformedFrame(Malformed.VALUE)
        return replace(welcome, spectator=spectator, name_set=name_set), at


_WIDE = 255
_BOARD_AND_POSITION = 6

_COUNT = Number("count")
_WIDE_COUNT = Number("count", 4, range(_WIDE, 1 << 32))
_FLAGS = Number("flags", 1, range(4))
_HINT = Number("board", 2)
_BOARD = Number("board", 2, range(1, 1 << 16))
_USER = Number("user", 1, range(NO_USER))
_USER_OR_NONE = Number("user")
_COORDINATE = Number("coordinate", 2)
_INTERVAL = Number("interval", 2)
_RETRY = Number("retry", 2)
_SEQ = Number("seq")
_STATE = Number("state", 1, tuple(UserState), UserState)
_CLIENTS_STATE = Number("state", 1, tuple(set(UserState) - {UserState.IDLE}), UserState)
_SESSION = Number("session", 1, range(MAX_SESSIONS))
_SESSION_OR_ALL = Number("session", 1, (*range(MAX_SESSIONS), ALL_SESSIONS))
_NOTICE = Number("code", 1, tuple(Notice), Notice)
_COLOR = Row(*[Number("colour")] * 3)
_CURSOR = Record(Cursor, user=_USER, x=_COORDINATE, y=_COORDINATE)
_ANCHOR = Record(Anchor, hash=Number("hash", 4), x=_COORDINATE, y=_COORDINATE)
_ENTRY = Record(RosterEntry, user=_USER, state=_STATE, color=_COLOR, name=Name(Dialect.COMPACT))


def _join(dialect: Dialect) -> Record:
    return Record(Join, board=_HINT, name=Name(dialect, least=0))


def _user_joined(dialect: Dialect) -> Record:
    return Record(UserJoined, board=_BOARD, user=_USER, name=Name(dialect), color=_COLOR)


# The grammar: PROTOCOL.md's table of messages.

_Grammar = Mapping[int, Record]

_CLIENT_EXPLICIT: _Grammar = {
    MessageType.CURSOR_UPDATE: Record(
        CursorUpdate, board=CursorBoard(), x=_COORDINATE, y=_COORDINATE
    ),
    MessageType.JOIN: _join(Dialect.EXPLICIT),
    MessageType.LEAVE: Record(Leave, board=_HINT),
    MessageType.HEARTBEAT: Record(Heartbeat),
}
_CLIENT_COMPACT: _Grammar = {
    **_CLIENT_EXPLICIT,
    MessageType.ANCHORED_UPDATE: Record(
        AnchoredUpdate, x=_COORDINATE, y=_COORDINATE, anchor=_ANCHOR
    ),
    MessageType.JOIN: _join(Dialect.COMPACT),
    MessageType.STATE: Record(SetState, state=_CLIENTS_STATE),
    MessageType.PROBE: Record(Probe, seq=_SEQ),
    MessageType.SESSION: Record(SessionMessage, session=_SESSION),
    MessageType.GONE: Record(Gone, board=_HINT),
}
_SERVER_BOTH: _Grammar = {
    MessageType.USER_LEFT: Record(UserLeft, board=_BOARD, user=_USER),
    MessageType.HEARTBEAT: Record(Heartbeat),
}
_SERVER_EXPLICIT: _Grammar = {
    **_SERVER_BOTH,
    MessageType.USER_JOINED: _user_joined(Dialect.EXPLICIT),
    MessageType.CURSOR_BROADCAST: Record(CursorBroadcast, board=_BOARD, cursors=Row(_CURSOR)),
    MessageType.PRESENCE_UPDATE: Record(PresenceUpdate, board=_BOARD, count=People(wide=False)),
}
_SERVER_COMPACT: _Grammar = {
    **_SERVER_BOTH,
    MessageType.USER_JOINED: _user_joined(Dialect.COMPACT),
    MessageType.CURSOR_BROADCAST: Record(CursorBroadcast, cursors=Many(_CURSOR)),
    MessageType.AVATARS: Record(
        Avatars, avatars=Many(Row(_USER, Text("avatar", MAX_AVATAR_BYTES)))
    ),
    MessageType.ANCHORS: Record(Anchors, anchors=Many(Row(_USER, _ANCHOR))),
    MessageType.PRESENCE_UPDATE: Record(PresenceUpdate, board=_BOARD, count=People(wide=True)),
    MessageType.WELCOME: WelcomeRecord(
        Welcome, board=_BOARD, user=_USER_OR_NONE, color=_COLOR, interval=_INTERVAL
    ),
    MessageType.ROSTER: Record(Roster, board=_BOARD, users=Counted(_ENTRY)),
    MessageType.STATE: Record(States, states=Many(Row(_USER, _STATE))),
    MessageType.RATE: Record(Rate, interval=_INTERVAL),
    MessageType.PROBE: Record(Probe, seq=_SEQ),
    MessageType.NOTICE: Record(NoticeMessage, code=_NOTICE, retry=_RETRY),
    MessageType.SESSION: Record(SessionMessage, session=_SESSION_OR_ALL),
}
_CLIENT = {Dialect.COMPACT: _CLIENT_COMPACT, Dialect.EXPLICIT: _CLIENT_EXPLICIT}
_SERVER = {Dialect.COMPACT: _SERVER_COMPACT, Dialect.EXPLICIT: _SERVER_EXPLICIT}
_ENCODERS = {
    dialect: {
        record.of: (bytes((kind,)), record)
        for grammar in (_CLIENT[dialect], _SERVER[dialect])
        for kind, record in grammar.items()
    }
    for dialect in Dialect
}


def _decode(data: bytes, grammar: _Grammar) -> Any:
    if not data:
        raise MalformedFrame(Malformed.EMPTY)
    if data[0] not in grammar:
        raise MalformedFrame(Malformed.UNKNOWN_TYPE)
    message, end = grammar[data[0]].read(data, 1)
    if end < len(data):
        raise MalformedFrame(Malformed.LENGTH)
    return message


# The frames of a tick.

POSITION = 4
"""Bytes of a position without an anchor, which one with an anchor begins with."""

ANCHORED_POSITION = 12
"""Bytes of a position with an anchor."""

_BROADCAST = bytes((MessageType.CURSOR_BROADCAST,))
_ANCHORS = bytes((MessageType.ANCHORS,))
_ROSTER = bytes((MessageType.ROSTER,))
_USER_BYTE = tuple(bytes((user,)) for user in range(NO_USER))

roster_entry: Callable[[RosterEntry], bytes] = _ENTRY.write
"""Returns one user of a ROSTER, 7..102 bytes; ``ValueError`` for a field out of range."""


def pack_position(x: int, y: int) -> bytes:
    """Return the position of two coordinates; ``ValueError`` outside 0..65535."""
    return _COORDINATE.write(x) + _COORDINATE.write(y)


def unpack_position(position: bytes) -> tuple[int, int]:
    """Return the two coordinates of a position, without its anchor."""
    return int.from_bytes(position[:2], "big"), int.from_bytes(position[2:4], "big")


def cursor_frames(board: int, positions: Mapping[int, bytes], dialect: Dialect) -> list[bytes]:
    """Return the frames of positions by user id: none if there are no positions. In the compact
    dialect one CURSOR_BROADCAST, after ANCHORS if any position has one; in the explicit dialect one
    CURSOR_BROADCAST of 8 bytes for each position."""
    if not positions:
        return []
    if dialect is Dialect.EXPLICIT:
        head = _BROADCAST + _BOARD.write(board)
        return [head + _USER_BYTE[user] + at[:POSITION] for user, at in positions.items()]
    parts = [_BROADCAST]
    for user, position in positions.items():
        parts += (_USER_BYTE[user], position)
    frame = b"".join(parts)
    if len(frame) == 1 + 5 * len(positions):
        return [frame]  # None has an anchor, as is usual.
    anchors = [_ANCHORS]
    for user, position in positions.items():
        if len(position) > POSITION:
            anchors += (_USER_BYTE[user], position[POSITION:])
    plain = {user: position[:POSITION] for user, position in positions.items()}
    return [b"".join(anchors), *cursor_frames(board, plain, dialect)]


def avatar_frames(avatars: Mapping[int, str]) -> list[bytes]:
    """Return the AVATARS of URLs by user id; no frame if there are none."""
    return [encode(Avatars(tuple(avatars.items())), Dialect.COMPACT)] if avatars else []


def roster_frame(board: int, entries: Iterable[bytes]) -> bytes:
    """Return a ROSTER of `roster_entry` results; ``ValueError`` for over 255 of them."""
    listed = tuple(entries)
    return _ROSTER + _BOARD.write(board) + _COUNT.write(len(listed)) + b"".join(listed)
