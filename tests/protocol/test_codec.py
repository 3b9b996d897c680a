import pytest

from presence.protocol.codec import (
    decode_client,
    decode_server,
    encode,
)
from presence.protocol.errors import MalformedFrame, Notice
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    Heartbeat,
    Join,
    Leave,
    NoticeMessage,
    PresenceUpdate,
    Probe,
    Rate,
    Roster,
    RosterEntry,
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)

COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
DECODERS = [decode_client, decode_server]
FOX = "🦊"


@pytest.mark.parametrize(
    ("message", "hexed"),
    [
        (CursorUpdate(500, 300), "01 01f4 012c"),
        (CursorUpdate(500, 300, board=1234), "01 04d2 01f4 012c"),
        (CursorBroadcast((Cursor(7, 1, 2), Cursor(254, 3, 65535))), "02 07 0001 0002 fe 0003 ffff"),
        (Join(0, ""), "03 0000 00"),
        (Join(0x1234, "Zoë"), "03 1234 04 5a6fc3ab"),
        (Leave(0x1234), "04 1234"),
        (UserJoined(0x1234, 3, "Ada", (1, 2, 3)), "05 1234 03 03 416461 010203"),
        (UserLeft(0x1234, 3), "06 1234 03"),
        (PresenceUpdate(0x1234, 0), "07 1234 00"),
        (PresenceUpdate(0x1234, 254), "07 1234 fe"),
        (PresenceUpdate(0x1234, 255), "07 1234 ff 000000ff"),
        (PresenceUpdate(0x1234, 0xFFFF_FFFF), "07 1234 ff ffffffff"),
        (Heartbeat(), "08"),
        (Welcome(0x1234, 255, (1, 2, 3), 0, True, True), "09 1234 ff 010203 0000 03"),
        (
            Roster(1, (RosterEntry(9, UserState.IDLE, (1, 2, 3), "A"),)),
            "0a 0001 01 09 03 010203 01 41",
        ),
        (SetState(UserState.OFF_BOARD), "0b 01"),
        (States(((0, UserState.ACTIVE), (9, UserState.AWAY))), "0b 0000 0902"),
        (Rate(65535), "0c ffff"),
        (Probe(255), "0d ff"),
        (NoticeMessage(Notice.TOO_FAST, 1), "0e 02 0001"),
    ],
    ids=lambda value: (
        type(value).__name__ if not isinstance(value, str) else value.replace(" ", "")
    ),
)
def test_compact_frames_are_these_bytes(message, hexed):
    assert encode(message, COMPACT) == bytes.fromhex(hexed)


def test_explicit_frames_are_these_bytes():
    assert encode(CursorUpdate(1, 2, board=0), EXPLICIT).hex(" ") == "01 00 00 00 01 00 02"
    assert (
        encode(CursorBroadcast((Cursor(7, 1, 2),), 0x1234), EXPLICIT).hex(" ")
        == "02 12 34 07 00 01 00 02"
    )
    assert encode(PresenceUpdate(0x1234, 255), EXPLICIT).hex(" ") == "07 12 34 ff"


def test_the_explicit_count_is_held_at_255():
    assert encode(PresenceUpdate(0x1234, 70_000), EXPLICIT) == bytes.fromhex("071234ff")
    assert encode(PresenceUpdate(0x1234, 254), EXPLICIT) == bytes.fromhex("071234fe")


@pytest.mark.parametrize("dialect", Dialect)
def test_either_cursor_update_is_read_on_any_socket(dialect):
    assert decode_client(bytes.fromhex("0101f4012c"), dialect) == CursorUpdate(500, 300)
    assert decode_client(bytes.fromhex("0104d201f4012c"), dialect) == CursorUpdate(500, 300, 1234)


@pytest.mark.parametrize(
    "message",
    [
        Welcome(1, 0, (0, 0, 0), 33, False, False),
        Roster(1, ()),
        SetState(UserState.AWAY),
        States(((1, UserState.AWAY),)),
        Rate(33),
        Probe(0),
        NoticeMessage(Notice.REMOVED, 0),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_explicit_cannot_say(message):
    with pytest.raises(
        ValueError, match=f"{type(message).__name__} cannot be said in the explicit dialect"
    ):
        encode(message, EXPLICIT)


@pytest.mark.parametrize(
    ("message", "dialect", "words"),
    [
        (CursorUpdate(-1, 0), COMPACT, "coordinate is -1, outside 0..65535"),
        (CursorUpdate(0, 65536), COMPACT, "coordinate is 65536"),
        (CursorUpdate(0.5, 0), COMPACT, "coordinate is 0.5"),
        (CursorUpdate(0, 0, 65536), EXPLICIT, "board is 65536"),
        (CursorBroadcast(()), COMPACT, "at least one"),
        (CursorBroadcast((Cursor(1, 1, 1),), 5), COMPACT, "names no board"),
        (CursorBroadcast((Cursor(255, 1, 1),)), COMPACT, "user is 255, outside 0..254"),
        (CursorBroadcast((Cursor(1, 1, 1),)), EXPLICIT, "board is None"),
        (CursorBroadcast((), 5), EXPLICIT, "exactly one cursor"),
        (CursorBroadcast((Cursor(1, 1, 1),) * 2, 5), EXPLICIT, "exactly one cursor"),
        (Join(0, FOX * 8 + "a"), COMPACT, "bytes of name is 33, outside 0..32"),
        (Join(0, "\ud800"), COMPACT, "surrogates not allowed"),
        (Leave(-1), COMPACT, "board is -1"),
        (UserJoined(0, 1, "Ada", (0, 0, 0)), COMPACT, "board is 0, outside 1..65535"),
        (UserJoined(1, 255, "Ada", (0, 0, 0)), COMPACT, "user is 255"),
        (UserJoined(1, 1, "", (0, 0, 0)), COMPACT, "bytes of name is 0, outside 1..32"),
        (UserJoined(1, 1, "Ada", (0, 0, 256)), COMPACT, "colour is 256"),
        (UserJoined(1, 1, "Ada", (0, 0)), COMPACT, "shorter"),
        (UserLeft(1, -1), COMPACT, "user is -1"),
        (PresenceUpdate(1, -1), COMPACT, "count is -1"),
        (PresenceUpdate(1, -1), EXPLICIT, "count is -1"),
        (PresenceUpdate(1, 1 << 32), COMPACT, "count is 4294967296"),
        (PresenceUpdate(1, 1 << 32), EXPLICIT, "count is 4294967296"),
        (Welcome(1, 255, (0, 0, 0), 0, False, False), COMPACT, "spectator"),
        (Welcome(1, 3, (0, 0, 0), 0, True, False), COMPACT, "spectator"),
        (Welcome(1, 3, (0, 0, 0), 65536, False, False), COMPACT, "interval is 65536"),
        (
            Roster(1, (RosterEntry(1, UserState.ACTIVE, (0, 0, 0), "A"),) * 256),
            COMPACT,
            "count is 256",
        ),
        (Roster(1, (RosterEntry(1, 4, (0, 0, 0), "A"),)), COMPACT, "4 is none of"),
        (SetState(UserState.IDLE), COMPACT, "is none of"),
        (States(()), COMPACT, "at least one"),
        (States(((1, 4),)), COMPACT, "4 is none of"),
        (Rate(-1), COMPACT, "interval is -1"),
        (Probe(256), COMPACT, "seq is 256"),
        (NoticeMessage(9, 0), COMPACT, "9 is none of"),
        (NoticeMessage(Notice.TOO_FAST, 65536), COMPACT, "retry is 65536"),
    ],
)
def test_fields_out_of_range_are_refused_in_words(message, dialect, words):
    with pytest.raises(ValueError) as caught:
        encode(message, dialect)
    assert words in str(caught.value)


def test_what_is_no_message_cannot_be_said():
    with pytest.raises(ValueError, match="Cursor cannot be said in the compact dialect"):
        encode(Cursor(1, 2, 3), COMPACT)


@pytest.mark.parametrize(
    ("hexed", "dialect", "reason"),
    [
        ("", COMPACT, "empty"),
        ("00", COMPACT, "unknown_type"),
        ("0f", COMPACT, "unknown_type"),
        ("0b01", EXPLICIT, "unknown_type"),
        ("02 07 0001 0002", COMPACT, "unknown_type"),
        ("01 0001 0002 00", COMPACT, "length"),
        ("03 0000 04 616263", COMPACT, "length"),
        ("03 0000 02 616263", COMPACT, "length"),
        ("03 0000", COMPACT, "length"),
        ("03 0000 01 ff", COMPACT, "utf8"),
        ("03 0000 03 eda080", COMPACT, "utf8"),
        ("03 0000 21 61", COMPACT, "name_too_long"),
        ("0b 03", COMPACT, "value"),
        ("0d", COMPACT, "length"),
    ],
)
def test_why_a_clients_frame_is_malformed(hexed, dialect, reason):
    with pytest.raises(MalformedFrame) as caught:
        decode_client(bytes.fromhex(hexed), dialect)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("hexed", "dialect", "reason"),
    [
        ("", EXPLICIT, "empty"),
        ("01 0001 0002", COMPACT, "unknown_type"),
        ("03 0000 00", COMPACT, "unknown_type"),
        ("0c 0021", EXPLICIT, "unknown_type"),
        ("02", COMPACT, "length"),
        ("02 07 0001 00", COMPACT, "length"),
        ("02 ff 0001 0002", COMPACT, "value"),
        ("02 0000 07 0001 0002", EXPLICIT, "value"),
        ("02 1234 07 0001 0002 07 0001 0002", EXPLICIT, "length"),
        ("05 1234 03 00 010203", COMPACT, "length"),
        ("05 1234 03 21 61 010203", COMPACT, "name_too_long"),
        ("05 1234 03 01 80 010203", COMPACT, "utf8"),
        ("05 1234 03 01 61 0102", COMPACT, "length"),
        ("05 1234 03 01 61 01020304", COMPACT, "length"),
        ("06 1234 ff", COMPACT, "value"),
        ("07 1234 ff", COMPACT, "length"),
        ("07 1234 ff 000000fe", COMPACT, "value"),
        ("07 1234 fe 000000fe", COMPACT, "length"),
        ("07 1234 ff 000000ff", EXPLICIT, "length"),
        ("09 1234 ff 010203 0021 00", COMPACT, "value"),
        ("09 1234 03 010203 0021 01", COMPACT, "value"),
        ("09 1234 03 010203 0021 04", COMPACT, "value"),
        ("0a 1234 01", COMPACT, "length"),
        ("0a 1234 00 00", COMPACT, "length"),
        ("0a 1234 01 00 04 010203 01 61", COMPACT, "value"),
        ("0b", COMPACT, "length"),
        ("0b 03", COMPACT, "length"),
        ("0b 03 04", COMPACT, "value"),
        ("0e 00 0000", COMPACT, "value"),
        ("0e 09 0000", COMPACT, "value"),
    ],
)
def test_why_a_servers_frame_is_malformed(hexed, dialect, reason):
    with pytest.raises(MalformedFrame) as caught:
        decode_server(bytes.fromhex(hexed), dialect)
    assert caught.value.reason == reason


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("dialect", Dialect)
def test_a_heartbeat_is_the_same_everywhere(decode, dialect):
    assert decode(b"\x08", dialect) == Heartbeat()
