"""Coordinates, and the hot path that never unpacks a cursor."""

import math

import pytest

from presence.protocol.codec import (
    cursor_frame,
    cursor_frames_explicit,
    cursor_position,
    decode_cursor,
    encode_cursor,
    pack_position,
    roster_entry,
    roster_frame,
)
from presence.protocol.messages import (
    RosterEntry,
    UserState,
)

# Coordinates


@pytest.mark.parametrize(
    ("fraction", "n"),
    [
        (0.0, 0),
        (1.0, 65535),
        (0.5, 32767),
        (-0.0, 0),
        (-3.0, 0),
        (1.5, 65535),
        (math.inf, 65535),
        (-math.inf, 0),
    ],
)
def test_fractions_become_coordinates_and_are_held_to_the_surface(fraction, n):
    assert encode_cursor(fraction) == n


def test_nan_is_nowhere():
    with pytest.raises(ValueError, match="must be a number"):
        encode_cursor(math.nan)


@pytest.mark.parametrize(
    ("n", "fraction"), [(0, 0.0), (65535, 1.0), (13107, 0.2), (-1, 0.0), (70000, 1.0)]
)
def test_coordinates_become_fractions(n, fraction):
    assert decode_cursor(n) == fraction


# The hot path


@pytest.mark.parametrize(
    "hexed",
    ["", "01", "01 0001 0002 00", "04d2 01f4 012c", "01 04d2 01f4 012c", "02 0001 0002", "08"],
)
def test_nothing_else_has_a_position(hexed):
    assert cursor_position(bytes.fromhex(hexed)) is None


def test_a_position_is_four_bytes():
    assert pack_position(0x0102, 0xFFFE) == b"\x01\x02\xff\xfe"


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, 65536)])
def test_a_position_must_be_on_the_surface(x, y):
    with pytest.raises(ValueError, match="coordinate is"):
        pack_position(x, y)


def test_cursor_frames_are_these_bytes():
    positions = {7: b"\x00\x01\x00\x02", 254: b"\xff\xff\x00\x00"}
    assert cursor_frame(positions).hex() == "0207" + "00010002" + "fe" + "ffff0000"
    assert [frame.hex() for frame in cursor_frames_explicit(0x1234, positions)] == [
        "0212340700010002",
        "021234feffff0000",
    ]


def test_a_cursor_frame_without_cursors_is_no_frame():
    with pytest.raises(ValueError, match="at least one cursor"):
        cursor_frame({})
    assert cursor_frames_explicit(1, {}) == []


def test_a_roster_holds_255_at_most():
    entry = roster_entry(RosterEntry(1, UserState.ACTIVE, (1, 2, 3), "A"))
    assert roster_frame(1, [entry] * 255) == b"\x0a\x00\x01\xff" + entry * 255
    with pytest.raises(ValueError, match="count is 256"):
        roster_frame(1, [entry] * 256)
