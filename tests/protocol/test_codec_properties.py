"""What holds for all messages and all bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.codec import (
    cursor_frame,
    cursor_frames_explicit,
    cursor_position,
    decode_client,
    decode_cursor,
    decode_server,
    encode,
    encode_cursor,
    pack_position,
    roster_entry,
    roster_frame,
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

u8, u16, u32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)
boards, users = st.integers(1, 0xFFFF), st.integers(0, 254)
colors = st.tuples(u8, u8, u8)
states = st.sampled_from(UserState)
guest_names = st.text(st.characters(codec="utf-8"), max_size=32).filter(
    lambda name: len(name.encode()) <= 32
)
names = guest_names.filter(bool)
cursors = st.builds(Cursor, users, u16, u16)
moves = st.builds(CursorUpdate, u16, u16, st.none() | u16)
joins = st.builds(UserJoined, boards, users, names, colors)
leaves = st.builds(UserLeft, boards, users)
players = st.builds(Welcome, boards, users, colors, u16, st.just(False), st.booleans())
spectators = st.builds(Welcome, boards, st.just(255), colors, u16, st.just(True), st.booleans())
rosters = st.builds(
    Roster,
    boards,
    st.lists(st.builds(RosterEntry, users, states, colors, names), max_size=9).map(tuple),
)
many_states = st.lists(st.tuples(users, states), min_size=1, max_size=9).map(tuple)

SAID = {
    (decode_client, EXPLICIT): moves
    | st.builds(Join, u16, guest_names)
    | st.builds(Leave, u16)
    | st.just(Heartbeat()),
    (decode_server, EXPLICIT): st.builds(CursorBroadcast, st.tuples(cursors), boards)
    | joins
    | leaves
    | st.builds(PresenceUpdate, boards, u8)
    | st.just(Heartbeat()),
    (decode_server, COMPACT): st.builds(CursorBroadcast, st.lists(cursors, min_size=1).map(tuple))
    | joins
    | leaves
    | st.builds(PresenceUpdate, boards, st.integers(0, 300) | u32)
    | st.just(Heartbeat())
    | players
    | spectators
    | rosters
    | st.builds(States, many_states)
    | st.builds(Rate, u16)
    | st.builds(Probe, u8)
    | st.builds(NoticeMessage, st.sampled_from(Notice), u16),
}
SAID[decode_client, COMPACT] = (
    SAID[decode_client, EXPLICIT]
    | st.builds(SetState, st.sampled_from([UserState.ACTIVE, UserState.OFF_BOARD, UserState.AWAY]))
    | st.builds(Probe, u8)
)
WAYS = list(SAID)


@pytest.mark.parametrize(("decode", "dialect"), WAYS)
@given(data=st.data())
def test_what_is_encoded_decodes_to_the_same(decode, dialect, data):
    message = data.draw(SAID[decode, dialect])
    assert decode(encode(message, dialect), dialect) == message


def read_or_refused(decode, data, dialect):
    """Whatever the bytes: one error, or a message that says exactly these bytes."""
    try:
        message = decode(data, dialect)
    except MalformedFrame:
        return
    assert encode(message, dialect) == data


@pytest.mark.parametrize(("decode", "dialect"), WAYS)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_read_exactly_or_refused(decode, dialect, data):
    read_or_refused(decode, data, dialect)


@pytest.mark.parametrize(("decode", "dialect"), WAYS)
@given(kind=st.integers(1, 14), rest=st.binary(max_size=14))
def test_any_bytes_after_a_known_type_are_read_exactly_or_refused(decode, dialect, kind, rest):
    read_or_refused(decode, bytes((kind,)) + rest, dialect)


@pytest.mark.parametrize(("decode", "dialect"), WAYS)
@given(data=st.data())
def test_damaged_frames_are_read_exactly_or_refused(decode, dialect, data):
    frame = encode(data.draw(SAID[decode, dialect]), dialect)
    at = data.draw(st.integers(0, len(frame)))
    cut, added = data.draw(st.integers(0, 3)), data.draw(st.binary(max_size=3))
    read_or_refused(decode, frame[:at] + added + frame[at + cut :], dialect)


@given(st.floats(0, 1))
def test_a_coordinate_is_less_than_one_step_away(fraction):
    assert 0 <= fraction - decode_cursor(encode_cursor(fraction)) < 1.000001 / 65535


@given(u16, u16)
def test_a_position_is_taken_from_a_compact_cursor_update(x, y):
    assert cursor_position(encode(CursorUpdate(x, y), COMPACT)) == pack_position(x, y)


@given(st.dictionaries(users, st.tuples(u16, u16), min_size=1), boards)
def test_cursor_frames_say_what_the_messages_say(pointers, board):
    positions = {user: pack_position(x, y) for user, (x, y) in pointers.items()}
    said = tuple(Cursor(user, x, y) for user, (x, y) in pointers.items())
    assert cursor_frame(positions) == encode(CursorBroadcast(said), COMPACT)
    assert cursor_frames_explicit(board, positions) == [
        encode(CursorBroadcast((cursor,), board), EXPLICIT) for cursor in said
    ]


@given(rosters)
def test_roster_frames_say_what_the_message_says(roster):
    assert roster_frame(roster.board, map(roster_entry, roster.users)) == encode(roster, COMPACT)
