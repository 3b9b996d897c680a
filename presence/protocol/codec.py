"""The codec of `presence.v1`: messages to bytes and back, in both dialects (PROTOCOL.md, Messages).

The grammar is four tables, one for each dialect and sender, of `presence.fields`. It is strict:
bytes have at most one reading, and what was read encodes to the same bytes again. The tick's hot
path, at the end, never unpacks a cursor: a *position* is the 4 bytes ``x:u16 y:u16`` as they came.
"""

from collections.abc import Iterable, Mapping
from math import floor, isnan
from typing import Any, cast

from presence.protocol.errors import Malformed, Notice
from presence.protocol.fields import (
    Choice,
    Counted,
    Many,
    Name,
    Number,
    Reader,
    Record,
    Row,
    require,
)
from presence.protocol.messages import (
    MAX_COORDINATE,
    MAX_NAME_BYTES,
    NO_USER,
    ClientMessage,
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
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
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)

_WIDE = 255
_BOARD_AND_POSITION = 6
_SPECTATOR, _NAME_SET = 0b01, 0b10


def encode(message: ClientMessage | ServerMessage, dialect: Dialect) -> bytes:
    """Return the frame; ``ValueError`` for what the dialect cannot say or a field out of range."""
    writer = _WRITERS[dialect].get(type(message))
    if writer is None:
        raise ValueError(f"{type(message).__name__} cannot be said in the {dialect.value} dialect")
    kind, record = writer
    return kind + record.write(message)


def decode_client(data: bytes, dialect: Dialect) -> ClientMessage:
    """Read a frame that a client sent; raises only `MalformedFrame`."""
    return cast(ClientMessage, _read(data, _CLIENT[dialect]))


def decode_server(data: bytes, dialect: Dialect) -> ServerMessage:
    """Read a frame that a server sent; raises only `MalformedFrame`."""
    return cast(ServerMessage, _read(data, _SERVER[dialect]))


def encode_cursor(fraction: float) -> int:
    """Return the coordinate, 0..65535, of a fraction held to 0..1; ``ValueError`` for NaN."""
    if isnan(fraction):
        raise ValueError("a coordinate must be a number")
    return floor(min(max(fraction, 0.0), 1.0) * MAX_COORDINATE)


def decode_cursor(n: int) -> float:
    """Return the fraction, 0..1, of a coordinate held to 0..65535."""
    return min(max(n, 0), MAX_COORDINATE) / MAX_COORDINATE


# The fields that only one message has.


class _MaybeBoard:
    """A CURSOR_UPDATE's board: there if the frame has room for it and the 4 bytes of a position."""

    def write(self, value: int | None) -> bytes:
        return b"" if value is None else _HINT.write(value)

    def read(self, reader: Reader) -> int | None:
        return _HINT.read(reader) if reader.left == _BOARD_AND_POSITION else None


class _NoBoard:
    """The board that a compact CURSOR_BROADCAST leaves to the socket's URL."""

    def write(self, value: None) -> bytes:
        if value is not None:
            raise ValueError("a compact cursor broadcast names no board")
        return b""

    def read(self, reader: Reader) -> None:
        return None


class _OneCursor:
    """The single cursor of an explicit CURSOR_BROADCAST, as a tuple of one."""

    def write(self, value: tuple[Cursor, ...]) -> bytes:
        if len(value) != 1:
            raise ValueError("an explicit cursor broadcast holds exactly one cursor")
        return _CURSOR.write(value[0])

    def read(self, reader: Reader) -> tuple[Cursor]:
        return (_CURSOR.read(reader),)


class _HeldCount:
    """A u8 that says 255 for any greater count."""

    def write(self, value: int) -> bytes:
        _U32.write(value)
        return _U8.write(min(value, _WIDE))

    def read(self, reader: Reader) -> int:
        return _U8.read(reader)


class _Count:
    """A u8, or FF and a u32 from 255 up; the wide form of a small count is malformed."""

    def write(self, value: int) -> bytes:
        wide = _U32.write(value)
        return wide[-1:] if value < _WIDE else bytes((_WIDE,)) + wide

    def read(self, reader: Reader) -> int:
        count = _U8.read(reader)
        return count if count < _WIDE else _WIDE_COUNT.read(reader)


class _Welcome(Record):
    """WELCOME's last byte holds two fields, one of which goes with the user id."""

    def write(self, value: Welcome) -> bytes:
        if value.spectator != (value.user == NO_USER):
            raise ValueError(f"a spectator has user id {NO_USER}, and nobody else has")
        flags = _SPECTATOR * value.spectator | _NAME_SET * value.name_set
        return super().write(value) + bytes((flags,))

    def read(self, reader: Reader) -> Welcome:
        head = {name: field.read(reader) for name, field in self.fields.items()}
        flags = _FLAGS.read(reader)
        spectator, name_set = bool(flags & _SPECTATOR), bool(flags & _NAME_SET)
        require(spectator == (head["user"] == NO_USER), Malformed.VALUE)
        return Welcome(**head, spectator=spectator, name_set=name_set)


_U8, _U32 = Number("count", 1), Number("count", 4)
_WIDE_COUNT = Number("count", 4, least=_WIDE)
_FLAGS = Number("flags", 1, _SPECTATOR | _NAME_SET)
_HINT = Number("board", 2)
_BOARD = Number("board", 2, least=1)
_USER = Number("user", 1, NO_USER - 1)
_ANY_USER = Number("user", 1)
_COORDINATE = Number("coordinate", 2)
_INTERVAL = Number("interval", 2)
_RETRY = Number("retry", 2)
_SEQ = Number("seq", 1)
_COLOR = Row(*[Number("colour", 1)] * 3)
_NAME = Name(MAX_NAME_BYTES, least=1)
_STATE = Choice(UserState)
_CURSOR = Record(Cursor, user=_USER, x=_COORDINATE, y=_COORDINATE)
_ENTRY = Record(RosterEntry, user=_USER, state=_STATE, color=_COLOR, name=_NAME)

# The grammar. PROTOCOL.md's table of messages is this, in prose.

_Grammar = Mapping[MessageType, Record]

_CLIENT_EXPLICIT: _Grammar = {
    MessageType.CURSOR_UPDATE: Record(
        CursorUpdate, board=_MaybeBoard(), x=_COORDINATE, y=_COORDINATE
    ),
    MessageType.JOIN: Record(Join, board=_HINT, name=Name(MAX_NAME_BYTES, least=0)),
    MessageType.LEAVE: Record(Leave, board=_HINT),
    MessageType.HEARTBEAT: Record(Heartbeat),
}
_CLIENT_COMPACT: _Grammar = {
    **_CLIENT_EXPLICIT,
    MessageType.STATE: Record(SetState, state=Choice(set(UserState) - {UserState.IDLE})),
    MessageType.PROBE: Record(Probe, seq=_SEQ),
}
_SERVER_BOTH: _Grammar = {
    MessageType.USER_JOINED: Record(UserJoined, board=_BOARD, user=_USER, name=_NAME, color=_COLOR),
    MessageType.USER_LEFT: Record(UserLeft, board=_BOARD, user=_USER),
    MessageType.HEARTBEAT: Record(Heartbeat),
}
_SERVER_EXPLICIT: _Grammar = {
    **_SERVER_BOTH,
    MessageType.CURSOR_BROADCAST: Record(CursorBroadcast, board=_BOARD, cursors=_OneCursor()),
    MessageType.PRESENCE_UPDATE: Record(PresenceUpdate, board=_BOARD, count=_HeldCount()),
}
_SERVER_COMPACT: _Grammar = {
    **_SERVER_BOTH,
    MessageType.CURSOR_BROADCAST: Record(CursorBroadcast, board=_NoBoard(), cursors=Many(_CURSOR)),
    MessageType.PRESENCE_UPDATE: Record(PresenceUpdate, board=_BOARD, count=_Count()),
    MessageType.WELCOME: _Welcome(
        Welcome, board=_BOARD, user=_ANY_USER, color=_COLOR, interval=_INTERVAL
    ),
    MessageType.ROSTER: Record(Roster, board=_BOARD, users=Counted(_ENTRY)),
    MessageType.STATE: Record(States, states=Many(Row(_USER, _STATE))),
    MessageType.RATE: Record(Rate, interval=_INTERVAL),
    MessageType.PROBE: Record(Probe, seq=_SEQ),
    MessageType.NOTICE: Record(NoticeMessage, code=Choice(Notice), retry=_RETRY),
}
_CLIENT = {Dialect.COMPACT: _CLIENT_COMPACT, Dialect.EXPLICIT: _CLIENT_EXPLICIT}
_SERVER = {Dialect.COMPACT: _SERVER_COMPACT, Dialect.EXPLICIT: _SERVER_EXPLICIT}


def _writers(*grammars: _Grammar) -> dict[type[Any], tuple[bytes, Record]]:
    rules = [rule for grammar in grammars for rule in grammar.items()]
    return {record.of: (bytes((kind,)), record) for kind, record in rules}


_WRITERS = {dialect: _writers(_CLIENT[dialect], _SERVER[dialect]) for dialect in Dialect}


def _read(data: bytes, grammar: _Grammar) -> Any:
    require(len(data) > 0, Malformed.EMPTY)
    require(data[0] in grammar, Malformed.UNKNOWN_TYPE)
    reader = Reader(data, at=1)
    message = grammar[MessageType(data[0])].read(reader)
    require(reader.left == 0, Malformed.LENGTH)
    return message


# The hot path.

_BROADCAST = bytes((MessageType.CURSOR_BROADCAST,))
_ROSTER = bytes((MessageType.ROSTER,))
_COMPACT_MOVE_BYTES = 5
_USER_BYTE = tuple(bytes((user,)) for user in range(NO_USER))


def cursor_position(data: bytes) -> bytes | None:
    """Return the position in a compact CURSOR_UPDATE, None for any other frame."""
    if len(data) == _COMPACT_MOVE_BYTES and data[0] == MessageType.CURSOR_UPDATE:
        return data[1:]
    return None


def pack_position(x: int, y: int) -> bytes:
    """Return the position of two coordinates; ``ValueError`` outside 0..65535."""
    return _COORDINATE.write(x) + _COORDINATE.write(y)


def unpack_position(position: bytes) -> tuple[int, int]:
    """Return the two coordinates of a position."""
    return int.from_bytes(position[:2], "big"), int.from_bytes(position[2:], "big")


def cursor_frame(positions: Mapping[int, bytes]) -> bytes:
    """Return one compact CURSOR_BROADCAST of positions by user id; ``ValueError`` for none."""
    if not positions:
        raise ValueError("a cursor broadcast holds at least one cursor")
    cursors = [_USER_BYTE[user] + position for user, position in positions.items()]
    return _BROADCAST + b"".join(cursors)


def cursor_frames_explicit(board: int, positions: Mapping[int, bytes]) -> list[bytes]:
    """Return an explicit CURSOR_BROADCAST, 8 bytes, for each position by user id."""
    head = _BROADCAST + _BOARD.write(board)
    return [head + _USER_BYTE[user] + position for user, position in positions.items()]


def roster_entry(entry: RosterEntry) -> bytes:
    """Return one user of a ROSTER, 7..38 bytes; ``ValueError`` for a field out of range."""
    return _ENTRY.write(entry)


def roster_frame(board: int, entries: Iterable[bytes]) -> bytes:
    """Return a ROSTER of what `roster_entry` gave; ``ValueError`` for over 255 of them."""
    listed = tuple(entries)
    return _ROSTER + _BOARD.write(board) + _U8.write(len(listed)) + b"".join(listed)
