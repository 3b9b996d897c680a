"""Messages to bytes and back: the golden vectors, all messages, all bytes, and each refusal."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol import messages as m
from presence.protocol.codec import (
    cursor_frames,
    decode_client,
    decode_server,
    encode,
    pack_position,
    roster_entry,
    roster_frame,
    unpack_position,
)
from presence.protocol.errors import MalformedFrame, Notice
from presence.protocol.messages import Dialect, UserState

COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
DECODE = {"client": decode_client, "server": decode_server}
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())
BLACK = (0, 0, 0)

# The golden vectors, which the TypeScript codec runs too


def message(fields):
    """The message that a vector describes."""
    parts = {
        "color": int,
        "cursors": lambda row: m.Cursor(**row),
        "anchors": lambda row: (row["user"], m.Anchor(row["hash"], row["x"], row["y"])),
        "users": lambda row: m.RosterEntry(**{**row, "color": tuple(row["color"])}),
        "states": lambda row: (row["user"], row["state"]),
    }
    values = {
        name: tuple(map(parts[name], value)) if name in parts else value
        for name, value in fields.items()
        if name != "type"
    }
    if "anchor" in values:
        values["anchor"] = m.Anchor(**values["anchor"])
    if fields["type"] == "AVATARS":
        return m.Avatars(tuple(map(tuple, values["avatars"])))
    if fields["type"] == "STATE":
        return m.States(**values) if "states" in values else m.SetState(**values)
    names = {"NOTICE": "NoticeMessage", "SESSION": "SessionMessage"}
    kind = names.get(fields["type"]) or fields["type"].title().replace("_", "")
    return getattr(m, kind)(**values)


def test_the_vectors_cover_every_message():
    kinds = {case["message"]["type"] for case in VECTORS["valid"]}
    assert kinds == {kind.name for kind in m.MessageType}


@pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["name"])
def test_a_vector_both_ways(case):
    data, dialect = bytes.fromhex(case["hex"]), Dialect(case["dialect"])
    expected = message(case["message"])
    assert encode(expected, dialect) == data
    assert DECODE[case["direction"]](data, dialect) == expected
    assert data[0] == m.MessageType[case["message"]["type"]]


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["name"])
def test_a_malformed_vector(case):
    with pytest.raises(MalformedFrame):
        decode_client(bytes.fromhex(case["hex"]), Dialect(case["dialect"]))


@pytest.mark.parametrize("dialect", Dialect)
def test_both_dialects_read_both_cursor_updates(dialect):
    assert decode_client(bytes.fromhex("0101f4012c"), dialect) == m.CursorUpdate(500, 300)
    assert decode_client(bytes.fromhex("0104d201f4012c"), dialect) == m.CursorUpdate(500, 300, 1234)


def test_the_explicit_count_is_held_at_255():
    assert encode(m.PresenceUpdate(0x1234, 70_000), EXPLICIT) == bytes.fromhex("071234ff")


# All messages and all bytes

u8, u16, u32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)
boards, users = st.integers(1, 0xFFFF), st.integers(0, 254)
colors = st.tuples(u8, u8, u8)
states = st.sampled_from(UserState)


def texts(dialect):
    most = m.NAME_BYTES[dialect]
    text = st.text(st.characters(codec="utf-8"), max_size=most)
    return text.filter(lambda name: len(name.encode()) <= most)


def names(dialect):
    return texts(dialect).filter(bool)


urls = st.text("/:%.abcABC019", min_size=1, max_size=m.MAX_AVATAR_BYTES)
cursors = st.builds(m.Cursor, users, u16, u16)
anchors = st.builds(m.Anchor, u32, u16, u16)
entries = st.builds(m.RosterEntry, users, states, colors, names(COMPACT))
rosters = st.builds(m.Roster, boards, st.lists(entries, max_size=9).map(tuple))
welcomes = st.builds(m.Welcome, boards, users, colors, u16, st.just(False), st.booleans())
spectators = st.builds(m.Welcome, boards, st.just(255), colors, u16, st.just(True), st.booleans())

CLIENT_EXPLICIT = st.one_of(
    st.builds(m.CursorUpdate, u16, u16, st.none() | u16),
    st.builds(m.Join, u16, texts(EXPLICIT)),
    st.builds(m.Leave, u16),
    st.just(m.Heartbeat()),
)
CLIENT_COMPACT = st.one_of(
    CLIENT_EXPLICIT,
    st.builds(m.Join, u16, texts(COMPACT)),
    st.builds(m.AnchoredUpdate, u16, u16, anchors),
    st.builds(m.SetState, states.filter(lambda state: state is not UserState.IDLE)),
    st.builds(m.Probe, u8),
    st.builds(m.SessionMessage, st.integers(0, 15)),
    st.builds(m.Gone, u16),
)
SERVER_BOTH = st.one_of(
    st.builds(m.UserLeft, boards, users),
    st.just(m.Heartbeat()),
)
SERVER_EXPLICIT = st.one_of(
    SERVER_BOTH,
    st.builds(m.UserJoined, boards, users, names(EXPLICIT), colors),
    st.builds(m.CursorBroadcast, st.tuples(cursors), boards),
    st.builds(m.PresenceUpdate, boards, u8),
)
SERVER_COMPACT = st.one_of(
    SERVER_BOTH,
    st.builds(m.UserJoined, boards, users, names(COMPACT), colors),
    st.builds(m.CursorBroadcast, st.lists(cursors, min_size=1).map(tuple)),
    st.builds(m.Anchors, st.lists(st.tuples(users, anchors), min_size=1).map(tuple)),
    st.builds(m.PresenceUpdate, boards, st.integers(0, 300) | u32),
    welcomes,
    spectators,
    rosters,
    st.builds(m.States, st.lists(st.tuples(users, states), min_size=1, max_size=9).map(tuple)),
    st.builds(m.Rate, u16),
    st.builds(m.Avatars, st.lists(st.tuples(users, urls), min_size=1, max_size=9).map(tuple)),
    st.builds(m.Probe, u8),
    st.builds(m.NoticeMessage, st.sampled_from(Notice), u16),
    st.builds(m.SessionMessage, st.integers(0, 15) | st.just(255)),
)
every_sender = pytest.mark.parametrize(
    ("decode", "dialect", "messages"),
    [
        (decode_client, COMPACT, CLIENT_COMPACT),
        (decode_client, EXPLICIT, CLIENT_EXPLICIT),
        (decode_server, COMPACT, SERVER_COMPACT),
        (decode_server, EXPLICIT, SERVER_EXPLICIT),
    ],
    ids=["client-compact", "client-explicit", "server-compact", "server-explicit"],
)


@every_sender
@given(data=st.data())
def test_a_message_decodes_to_itself(decode, dialect, messages, data):
    said = data.draw(messages)
    assert decode(encode(said, dialect), dialect) == said


@every_sender
@given(data=st.data())
def test_any_bytes_are_read_exactly_or_refused(decode, dialect, messages, data):
    """Random bytes, bytes after a known type, and damaged frames: no error but one, and a message
    that was read encodes to the same bytes."""
    frame = encode(data.draw(messages), dialect)
    at, cut = data.draw(st.integers(0, len(frame))), data.draw(st.integers(0, 3))
    damaged = frame[:at] + data.draw(st.binary(max_size=3)) + frame[at + cut :]
    after_a_type = bytes((data.draw(st.sampled_from(m.MessageType)),)) + data.draw(
        st.binary(max_size=14)
    )
    for frame in (data.draw(st.binary(max_size=80)), after_a_type, damaged):
        try:
            said = decode(frame, dialect)
        except MalformedFrame:
            continue
        assert encode(said, dialect) == frame


# What is refused


@pytest.mark.parametrize(
    ("message", "dialect", "words"),
    [
        (m.CursorUpdate(-1, 0), COMPACT, "coordinate is -1, not in range(0, 65536)"),
        (m.CursorUpdate(0, 65536), COMPACT, "coordinate is 65536"),
        (m.CursorUpdate(0.5, 0), COMPACT, "coordinate is 0.5"),
        (m.CursorUpdate(0, 0, 65536), EXPLICIT, "board is 65536"),
        (m.AnchoredUpdate(0, 0, m.Anchor(1 << 32, 0, 0)), COMPACT, "hash is 4294967296"),
        (m.AnchoredUpdate(0, 0, m.Anchor(0, 0, 65536)), COMPACT, "coordinate is 65536"),
        (m.CursorBroadcast(()), COMPACT, "at least one"),
        (m.Anchors(()), COMPACT, "at least one"),
        (m.Anchors(((255, m.Anchor(0, 0, 0)),)), COMPACT, "user is 255"),
        (m.CursorBroadcast((m.Cursor(255, 1, 1),)), COMPACT, "user is 255, not in range(0, 255)"),
        (m.CursorBroadcast((m.Cursor(1, 1, 1),)), EXPLICIT, "board is None"),
        (m.CursorBroadcast((), 5), EXPLICIT, "shorter"),
        (m.CursorBroadcast((m.Cursor(1, 1, 1),) * 2, 5), EXPLICIT, "longer"),
        (m.Join(0, "क" * 32 + "a"), COMPACT, "name is 97 bytes long, not in range(0, 97)"),
        (m.Join(0, "🦊" * 8 + "a"), EXPLICIT, "name is 33 bytes long, not in range(0, 33)"),
        (m.Join(0, "\ud800"), COMPACT, "surrogates not allowed"),
        (m.Leave(-1), COMPACT, "board is -1"),
        (m.UserJoined(0, 1, "Ada", BLACK), COMPACT, "board is 0, not in range(1, 65536)"),
        (m.UserJoined(1, 255, "Ada", BLACK), COMPACT, "user is 255"),
        (m.UserJoined(1, 1, "", BLACK), COMPACT, "name is 0 bytes long, not in range(1, 97)"),
        (m.UserJoined(1, 1, "a" * 97, BLACK), COMPACT, "name is 97 bytes long"),
        (m.UserJoined(1, 1, "a" * 33, BLACK), EXPLICIT, "name is 33 bytes long"),
        (m.UserJoined(1, 1, "Ada", (0, 0, 256)), COMPACT, "colour is 256"),
        (m.UserJoined(1, 1, "Ada", (0, 0)), COMPACT, "shorter"),
        (m.Avatars(()), COMPACT, "at least one"),
        (m.Avatars(((1, ""),)), COMPACT, "avatar is 0 bytes long, not in range(1, 256)"),
        (m.Avatars(((1, "/" * 256),)), COMPACT, "avatar is 256 bytes long"),
        (m.Avatars(((1, "/a"),)), EXPLICIT, "the explicit dialect has no Avatars"),
        (m.UserLeft(1, -1), COMPACT, "user is -1"),
        (m.PresenceUpdate(1, -1), COMPACT, "count is -1"),
        (m.PresenceUpdate(1, -1), EXPLICIT, "count is -1"),
        (m.PresenceUpdate(1, 1 << 32), COMPACT, "count is 4294967296"),
        (m.PresenceUpdate(1, 1 << 32), EXPLICIT, "count is 4294967296"),
        (m.Welcome(1, 255, BLACK, 0, spectator=False), COMPACT, "spectator"),
        (m.Welcome(1, 3, BLACK, 0, spectator=True), COMPACT, "spectator"),
        (m.Welcome(1, 3, BLACK, 65536), COMPACT, "interval is 65536"),
        (
            m.Roster(1, (m.RosterEntry(1, UserState.ACTIVE, BLACK, "A"),) * 256),
            COMPACT,
            "count is 256",
        ),
        (m.Roster(1, (m.RosterEntry(1, 4, BLACK, "A"),)), COMPACT, "state is 4"),
        (m.SetState(UserState.IDLE), COMPACT, "state is <UserState.IDLE: 3>"),
        (m.States(()), COMPACT, "at least one"),
        (m.States(((1, 4),)), COMPACT, "state is 4"),
        (m.Rate(-1), COMPACT, "interval is -1"),
        (m.Probe(256), COMPACT, "seq is 256"),
        (m.NoticeMessage(9, 0), COMPACT, "code is 9"),
        (m.NoticeMessage(Notice.TOO_FAST, 65536), COMPACT, "retry is 65536"),
        (m.Cursor(1, 2, 3), COMPACT, "the compact dialect has no Cursor"),
        (m.Welcome(1, 0, BLACK, 33), EXPLICIT, "the explicit dialect has no Welcome"),
        (m.Roster(1, ()), EXPLICIT, "no Roster"),
        (m.SetState(UserState.AWAY), EXPLICIT, "no SetState"),
        (m.States(((1, UserState.AWAY),)), EXPLICIT, "no States"),
        (m.Rate(33), EXPLICIT, "no Rate"),
        (m.Probe(0), EXPLICIT, "no Probe"),
        (m.NoticeMessage(Notice.REMOVED, 0), EXPLICIT, "no NoticeMessage"),
        (m.AnchoredUpdate(0, 0, m.Anchor(0, 0, 0)), EXPLICIT, "no AnchoredUpdate"),
        (m.Anchors(((1, m.Anchor(0, 0, 0)),)), EXPLICIT, "no Anchors"),
    ],
)
def test_what_cannot_be_encoded(message, dialect, words):
    with pytest.raises(ValueError) as caught:
        encode(message, dialect)
    assert words in str(caught.value)


MALFORMED = {
    ("client", COMPACT): {
        "empty": [""],
        "unknown_type": ["00", "11", "02 07 0001 0002"],
        "length": [
            *("01 0001 0002 00", "03 0000 04 616263", "03 0000 02 616263", "03 0000", "0d"),
            *("0f 0001 0002", "0f 0001 0002 00000000 0003 0004 00"),
        ],
        "utf8": ["03 0000 01 ff", "03 0000 03 eda080"],
        "name_too_long": ["03 0000 61 61"],
        "value": ["0b 03"],
    },
    ("client", EXPLICIT): {
        "unknown_type": ["0b01", "0f 0001 0002 00000000 0003 0004"],
        "name_too_long": ["03 0000 21 61"],
    },
    ("server", COMPACT): {
        "unknown_type": ["01 0001 0002", "03 0000 00"],
        "length": [
            *("02", "02 07 0001 00", "05 1234 03 00 010203", "05 1234 03 01 61 0102"),
            *("05 1234 03 01 61 01020304", "07 1234 ff", "07 1234 fe 000000fe"),
            *("11", "11 03", "11 03 00", "11 03 02 2f"),
            *("0a 1234 01", "0a 1234 00 00", "0b", "0b 03", "10", "10 07 00000000 0003"),
        ],
        "utf8": ["05 1234 03 01 80 010203", "11 03 01 80"],
        "name_too_long": ["05 1234 03 61 61 010203", "0a 1234 01 00 00 010203 61 61"],
        "value": [
            *("02 ff 0001 0002", "06 1234 ff", "07 1234 ff 000000fe"),
            *("09 1234 ff 010203 0021 00", "09 1234 03 010203 0021 01"),
            *("09 1234 03 010203 0021 04", "0a 1234 01 00 04 010203 01 61"),
            *("0b 03 04", "0e 00 0000", "0e 09 0000"),
            "10 ff 00000000 0003 0004",
        ],
    },
    ("server", EXPLICIT): {
        "empty": [""],
        "unknown_type": ["0c 0021", "10 07 00000000 0003 0004"],
        "length": ["02 1234 07 0001 0002 07 0001 0002", "07 1234 ff 000000ff"],
        "name_too_long": ["05 1234 03 21 61 010203"],
        "value": ["02 0000 07 0001 0002"],
    },
}


@pytest.mark.parametrize(
    ("sender", "dialect", "reason", "hexed"),
    [
        (sender, dialect, reason, hexed)
        for (sender, dialect), reasons in MALFORMED.items()
        for reason, frames in reasons.items()
        for hexed in frames
    ],
)
def test_why_a_frame_is_malformed(sender, dialect, reason, hexed):
    with pytest.raises(MalformedFrame) as caught:
        DECODE[sender](bytes.fromhex(hexed), dialect)
    assert caught.value.reason == reason


# The frames of a tick


@given(u16, u16)
def test_a_position_is_the_end_of_a_cursor_update(x, y):
    position = pack_position(x, y)
    assert encode(m.CursorUpdate(x, y), COMPACT)[1:] == position
    assert unpack_position(position) == (x, y)


@given(st.dictionaries(users, st.tuples(u16, u16), min_size=1), boards)
def test_cursor_frames_say_what_the_messages_say(pointers, board):
    positions = {user: pack_position(x, y) for user, (x, y) in pointers.items()}
    said = tuple(m.Cursor(user, x, y) for user, (x, y) in pointers.items())
    assert cursor_frames(board, positions, COMPACT) == [encode(m.CursorBroadcast(said), COMPACT)]
    assert cursor_frames(board, {}, COMPACT) == cursor_frames(board, {}, EXPLICIT) == []
    assert cursor_frames(board, positions, EXPLICIT) == [
        encode(m.CursorBroadcast((cursor,), board), EXPLICIT) for cursor in said
    ]


@given(st.dictionaries(users, st.tuples(u16, u16, st.none() | anchors), min_size=1), boards)
def test_anchors_come_first_and_every_cursor_without_them(pointers, board):
    updates = {
        user: m.AnchoredUpdate(x, y, anchor) if anchor else m.CursorUpdate(x, y)
        for user, (x, y, anchor) in pointers.items()
    }
    positions = {user: encode(update, COMPACT)[1:] for user, update in updates.items()}
    plain = {user: position[:4] for user, position in positions.items()}
    assert [*map(unpack_position, positions.values())] == [(x, y) for x, y, _ in pointers.values()]
    anchored = tuple((user, anchor) for user, (_, _, anchor) in pointers.items() if anchor)
    expected = [encode(m.Anchors(anchored), COMPACT)] if anchored else []
    expected += cursor_frames(board, plain, COMPACT)
    assert cursor_frames(board, positions, COMPACT) == expected
    assert cursor_frames(board, positions, EXPLICIT) == cursor_frames(board, plain, EXPLICIT)


@given(rosters)
def test_a_roster_frame_says_what_the_message_says(roster):
    assert roster_frame(roster.board, map(roster_entry, roster.users)) == encode(roster, COMPACT)


def test_a_roster_holds_255_at_most():
    entry = roster_entry(m.RosterEntry(1, UserState.ACTIVE, BLACK, "A"))
    assert roster_frame(1, [entry] * 255) == b"\x0a\x00\x01\xff" + entry * 255
    with pytest.raises(ValueError, match="count is 256"):
        roster_frame(1, [entry] * 256)
