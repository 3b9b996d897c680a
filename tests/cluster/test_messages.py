"""What processes tell each other of a board: how it merges, and its form on a layer."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.cluster.layer import board_group, process_group
from presence.cluster.messages import Message, RightsChange, unpack, unpack_change
from presence.protocol.messages import UserState

AWAY, IDLE = UserState.AWAY, UserState.IDLE
A, B, C = b"\x00\x01\x00\x02", b"\x00\x03\x00\x04", b"\xff\xff\xff\xff"

OFF = Message(states={1: AWAY})
INTRODUCTION, RECONNECT = Message(introduction=True), Message(reconnect=True)
USERS = st.integers(0, 254)
MESSAGES = st.builds(
    Message,
    st.integers(0, 2**60),
    st.dictionaries(USERS, st.binary(min_size=4, max_size=4) | st.binary(min_size=12, max_size=12)),
    st.dictionaries(USERS, st.sampled_from(UserState)),
    st.booleans(),
    st.booleans(),
)


def merged(*messages: Message) -> Message:
    together = Message()
    for message in messages:
        together.merge(message)
    return together


@pytest.mark.parametrize(
    ("messages", "together"),
    [
        ([], Message()),
        ([Message(7, {1: A, 2: A}), Message(5, {1: B})], Message(7, {1: B, 2: A})),
        ([Message(5), Message(7)], Message(7)),
        ([Message(0, {}, {3: AWAY}), Message(0, {}, {3: IDLE})], Message(0, {}, {3: IDLE})),
        ([Message(0, {1: A, 2: B}), OFF], Message(0, {2: B}, {1: AWAY})),
        ([Message(0, {1: A}), OFF, Message(0, {1: B})], Message(0, {1: B}, {1: AWAY})),
        ([INTRODUCTION, RECONNECT, Message()], Message(introduction=True, reconnect=True)),
    ],
)
def test_the_latest_of_a_user_and_the_highest_version_count(
    messages: list[Message], together: Message
) -> None:
    assert merged(*messages) == together


def test_merging_leaves_the_later_message_as_it_is() -> None:
    later = Message(cursors={1: A}, states={2: AWAY})
    merged(later).merge(Message(cursors={1: B, 3: C}, states={2: IDLE}))
    assert later == Message(cursors={1: A}, states={2: AWAY})


def test_only_some_users() -> None:
    message = Message(9, {1: A, 2: B}, {2: AWAY, 3: IDLE}, introduction=True)
    assert message.only({2}) == Message(0, {2: B}, {2: AWAY})


def test_the_form_on_a_layer() -> None:
    assert Message(9, cursors={7: A, 254: C}, states={7: IDLE}).packed() == {
        "version": 9,
        "cursors": b"\x07\x00\x01\x00\x02" + b"\xfe\xff\xff\xff\xff",
        "anchors": b"",
        "states": b"\x07\x03",
        "introduction": False,
        "reconnect": False,
    }


def test_an_older_process_and_this_one_understand_each_other_but_for_anchors() -> None:
    packed = Message(cursors={7: A + bytes(8), 254: C}).packed()
    assert packed["cursors"] == Message(cursors={7: A, 254: C}).packed()["cursors"]
    assert packed["anchors"] == b"\x07" + bytes(8)
    del packed["anchors"]
    assert unpack(packed) == Message(cursors={7: A, 254: C})


def test_what_a_later_release_adds_is_left_out() -> None:
    packed = Message(9, {1: A}, {1: AWAY, 2: IDLE}).packed()
    later = packed | {"states": packed["states"] + b"\x03\x09", "new": b"?"}
    assert unpack(later) == Message(9, {1: A}, {1: AWAY, 2: IDLE})


@given(MESSAGES)
def test_unpacking_gives_the_same_message(message: Message) -> None:
    assert unpack(message.packed()) == message
    assert unpack({"type": "anything", "from": "a process", **message.packed()}) == message


@given(MESSAGES, MESSAGES, MESSAGES)
def test_merging_in_two_steps_is_merging_in_one(a: Message, b: Message, c: Message) -> None:
    last_two = replace(b, cursors={**b.cursors}, states={**b.states})
    last_two.merge(c)
    assert merged(a, b, c) == merged(a, last_two)


@pytest.mark.parametrize(
    "garbage",
    [
        {"cursors": b"\x01"},
        {"states": b"\x01"},
        {"cursors": None},
        {"anchors": b"\x01"},
        {"anchors": b"\x02" + bytes(8)},
        {"anchors": None},
        {"version": None},
    ],
)
def test_what_no_message_packs_to_is_refused(garbage: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        unpack(Message(cursors={1: A}).packed() | garbage)
    with pytest.raises(ValueError):
        unpack({})


def test_channels_allows_the_names_of_groups() -> None:
    process = "höst.example:1234:0123abcd" * 5
    for name in (board_group(UUID(int=1)), process_group(process)):
        assert len(name) < 100
        assert name.replace(".", "").replace("-", "").isalnum()
        assert name.isascii()
    assert board_group(UUID(int=1)) != board_group(UUID(int=2))
    assert process_group("host:1:abc") != process_group("host:2:abc")


@given(st.builds(RightsChange, st.frozensets(st.text()), st.booleans()))
def test_a_change_of_rights_survives_the_layer(change: RightsChange) -> None:
    assert unpack_change(change.packed()) == change


@pytest.mark.parametrize("packed", [None, [], 5, "user:1", ["user:1"], [True, 5], [None], {}])
def test_what_is_no_change_of_rights(packed: Any) -> None:
    with pytest.raises(ValueError, match="not a change of rights"):
        unpack_change(packed)
