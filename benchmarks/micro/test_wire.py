"""Frames to bytes and back."""

from typing import Any

import pytest

from presence.protocol.codec import cursor_frames, decode_client, decode_server, encode
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    Join,
    Roster,
    RosterEntry,
    UserState,
)

COMPACT = Dialect.COMPACT
ROSTER = Roster(1, tuple(RosterEntry(n, UserState.ACTIVE, (1, 2, 3), f"P {n}") for n in range(50)))
MESSAGES = {
    "join": Join(0, "Happy Dolphin"),
    "one cursor": CursorBroadcast((Cursor(7, 1000, 2000),)),
    "50 cursors": CursorBroadcast(tuple(Cursor(n, n, n) for n in range(50))),
    "roster of 50": ROSTER,
}


@pytest.mark.parametrize("name", MESSAGES)
def test_encode(benchmark: Any, name: str) -> None:
    assert benchmark(encode, MESSAGES[name], COMPACT)


@pytest.mark.parametrize("message", [Join(0, "Happy Dolphin"), CursorUpdate(1000, 2000)], ids=type)
def test_decode_from_a_client(benchmark: Any, message: Join | CursorUpdate) -> None:
    assert benchmark(decode_client, encode(message, COMPACT), COMPACT) == message


def test_decode_a_roster_of_50(benchmark: Any) -> None:
    assert benchmark(decode_server, encode(ROSTER, COMPACT), COMPACT) == ROSTER


@pytest.mark.parametrize("size", [5, 50, 250])
def test_frame_of_packed_positions(benchmark: Any, size: int) -> None:
    moved = {user: bytes(4) for user in range(size)}
    (frame,) = benchmark(cursor_frames, 1, moved, COMPACT)
    assert len(frame) == 1 + 5 * size
