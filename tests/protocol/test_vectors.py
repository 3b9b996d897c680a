"""The golden vectors that the Python and the TypeScript codec share."""

import json
from pathlib import Path

import pytest

from presence.protocol.codec import decode_client, decode_server, encode, encode_cursor
from presence.protocol.errors import MalformedFrame, Notice
from presence.protocol.messages import (
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
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())
DECODE = {"client": decode_client, "server": decode_server}


def message(fields):
    fields = dict(fields)
    return BUILD[fields.pop("type")](fields)


def state(fields):
    if "states" in fields:
        return States(tuple((row["user"], UserState(row["state"])) for row in fields["states"]))
    return SetState(UserState(fields["state"]))


def entry(fields):
    return RosterEntry(
        fields["user"], UserState(fields["state"]), tuple(fields["color"]), fields["name"]
    )


def broadcast(fields):
    return CursorBroadcast(
        tuple(Cursor(**cursor) for cursor in fields["cursors"]), fields.get("board")
    )


def colored(kind):
    return lambda fields: kind(**{**fields, "color": tuple(fields["color"])})


def plain(kind):
    return lambda fields: kind(**fields)


BUILD = {
    "CURSOR_UPDATE": plain(CursorUpdate),
    "CURSOR_BROADCAST": broadcast,
    "JOIN": plain(Join),
    "LEAVE": plain(Leave),
    "USER_JOINED": colored(UserJoined),
    "USER_LEFT": plain(UserLeft),
    "PRESENCE_UPDATE": plain(PresenceUpdate),
    "HEARTBEAT": plain(Heartbeat),
    "WELCOME": colored(Welcome),
    "ROSTER": lambda fields: Roster(fields["board"], tuple(map(entry, fields["users"]))),
    "STATE": state,
    "RATE": plain(Rate),
    "PROBE": plain(Probe),
    "NOTICE": lambda fields: NoticeMessage(Notice(fields["code"]), fields["retry"]),
}


def test_the_vectors_cover_every_message():
    assert {case["message"]["type"] for case in VECTORS["valid"]} == {
        kind.name for kind in MessageType
    }


@pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["name"])
def test_valid(case):
    data, dialect = bytes.fromhex(case["hex"]), Dialect(case["dialect"])
    expected = message(case["message"])
    assert encode(expected, dialect) == data
    assert DECODE[case["direction"]](data, dialect) == expected
    assert data[0] == MessageType[case["message"]["type"]]


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["name"])
def test_malformed(case):
    with pytest.raises(MalformedFrame):
        decode_client(bytes.fromhex(case["hex"]), Dialect(case["dialect"]))


@pytest.mark.parametrize("case", VECTORS["coordinates"], ids=lambda case: str(case["fraction"]))
def test_coordinates(case):
    assert encode_cursor(case["fraction"]) == case["encoded"]
