"""What a board's sessions are told, byte for byte and in order (PROTOCOL.md, Order after JOIN)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from presence.protocol.codec import decode_server
from presence.protocol.messages import (
    NO_USER,
    Avatars,
    Cursor,
    CursorBroadcast,
    Dialect,
    MessageType,
    PresenceUpdate,
    Rate,
    Roster,
    RosterEntry,
    ServerMessage,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.rooms.frames import (
    ROSTER_AFTER,
    PendingChanges,
    changes_frames,
    shown_cursors,
    told_color,
    welcome_frames,
)
from presence.rooms.seats import Seat
from presence.store.base import Member

BOARD = 0x1234
COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
RED = (0xC0, 0x10, 0x20)


def seat(user: int, name: str, dialect: Dialect | None = COMPACT, **known: object) -> Seat:
    member = Member(f"session-{user}-{name}", "process", f"person-{name}", name, RED, user)
    return Seat(member, dialect, **known)  # type: ignore[arg-type]


def crowd(size: int, name: str = "Somebody") -> list[Seat]:
    return [seat(user, f"{name} {user}") for user in range(size)]


def read(frames: list[bytes], dialect: Dialect = COMPACT) -> list[ServerMessage]:
    return [decode_server(frame, dialect) for frame in frames]


def roster_of(seats: list[Seat]) -> Roster:
    entries = [RosterEntry(s.member.user, s.state, RED, s.member.name) for s in seats]
    return Roster(BOARD, tuple(entries))


def changed(left: int, joined: list[Seat], **rest: Any) -> PendingChanges:
    """Return that `left` users have left, and who has joined."""
    gone = [*range(100, 100 + left)]
    return PendingChanges(gone, {seat.member.user: seat for seat in joined}, **rest)


def test_a_compact_welcome_byte_for_byte() -> None:
    ada = seat(0, "Ada", position=b"\x00\x01\xff\xff")
    bob = seat(1, "Bob", state=UserState.AWAY, position=b"\x11\x11\x22\x22")
    newcomer = seat(2, "Cy", name_set=True)
    frames = welcome_frames(BOARD, newcomer, [ada, bob, newcomer], people=3, interval=33)
    assert [frame.hex() for frame in frames] == [
        "09" "1234" "02" "c01020" "0021" "02",
        "0a" "1234" "03" + "00" "00" "c01020" "03416461" + "01" "02" "c01020" "03426f62"
        + "02" "00" "c01020" "024379",
        "02" "00" "0001ffff",
        "07" "1234" "03",
    ]  # fmt: skip


def test_who_chose_the_name_needs_not_be_told_it() -> None:
    welcome, roster, _ = read(welcome_frames(BOARD, seat(2, "Cy"), crowd(2), people=3, interval=33))
    assert isinstance(welcome, Welcome)
    assert (welcome.name_set, roster) == (False, roster_of(crowd(2)))


def test_an_explicit_welcome_byte_for_byte() -> None:
    ada = seat(0, "Ada", position=b"\x00\x01\xff\xff")
    bob = seat(1, "Bob", position=b"\x11\x11\x22\x22")
    newcomer = seat(2, "Cy", EXPLICIT)
    frames = welcome_frames(BOARD, newcomer, [newcomer, ada, bob], people=300, interval=33)
    assert [frame.hex() for frame in frames] == [
        "05" "1234" "00" "03416461" "c01020",
        "05" "1234" "01" "03426f62" "c01020",
        "05" "1234" "02" "024379" "c01020",
        "02" "1234" "00" "0001ffff",
        "02" "1234" "01" "11112222",
        "07" "1234" "ff",
    ]  # fmt: skip


def pictured(user: int, name: str, dialect: Dialect | None = COMPACT) -> Seat:
    plain = seat(user, name, dialect)
    return replace(plain, member=replace(plain.member, avatar=f"/{name}.png"))


def test_pictures_are_told_before_those_who_have_them() -> None:
    ada, bob, cy = pictured(0, "Ada"), seat(1, "Bob"), pictured(2, "Cy")
    here = [ada, bob, cy]
    frames = welcome_frames(BOARD, cy, here, people=3, interval=33)
    both = Avatars(((0, "/Ada.png"), (2, "/Cy.png")))
    assert read(frames)[1:3] == [both, roster_of([ada, bob, cy])]
    assert [frame[0] for frame in welcome_frames(BOARD, bob, [bob], people=1, interval=33)] == [
        MessageType.WELCOME,
        MessageType.ROSTER,
        MessageType.PRESENCE_UPDATE,
    ]
    joined = changed(1, here[1:])
    told = [UserJoined(BOARD, 1, "Bob", RED), UserJoined(BOARD, 2, "Cy", RED)]
    news = [Avatars(((2, "/Cy.png"),)), UserLeft(BOARD, 100), *told]
    assert read(changes_frames(BOARD, joined, here, COMPACT)) == news
    assert read(changes_frames(BOARD, joined, here, EXPLICIT), EXPLICIT) == news[1:]
    everything = changed(0, [cy], everything=True)
    assert read(changes_frames(BOARD, everything, here, COMPACT)) == [both, roster_of(here)]
    old = pictured(2, "Cy", EXPLICIT)
    messages = read(welcome_frames(BOARD, old, [ada], people=2, interval=33), EXPLICIT)
    assert messages[:2] == [UserJoined(BOARD, 0, "Ada", RED), UserJoined(BOARD, 2, "Cy", RED)]


def test_the_colour_says_who_is_signed_in() -> None:
    vectors = json.loads((Path(__file__).parents[1] / "vectors/signed_in.json").read_text())
    for case in vectors["cases"]:
        message = decode_server(bytes.fromhex(case["frame"]), COMPACT)
        users = message.users if isinstance(message, Roster) else [message]
        told = {str(each.user): told_color(owner(each, case)) == each.color for each in users}
        assert told == dict.fromkeys(case["signed_in"], True)
    ada = replace(seat(0, "Ada"), member=replace(seat(0, "Ada").member, person="user:1"))
    joined = PendingChanges(joined={0: ada})
    (compact,) = changes_frames(BOARD, joined, [ada], COMPACT)
    (explicit,) = changes_frames(BOARD, joined, [ada], EXPLICIT)
    assert [compact.hex(), explicit.hex()] == ["0512340003416461c11020", "0512340003416461c01020"]
    welcome, roster, *_ = read(welcome_frames(BOARD, ada, [ada], people=1, interval=0))
    assert (welcome.color, roster.users) == ((0xC1, 0x10, 0x20), ())
    _, roster, *_ = read(welcome_frames(BOARD, seat(1, "Bob"), [ada], people=2, interval=0))
    assert [entry.color for entry in roster.users] == [(0xC1, 0x10, 0x20)]


def owner(told: Any, case: Any) -> Member:
    """Return the member whom a vector tells of; the palette has even reds."""
    person = "user:1" if case["signed_in"][str(told.user)] else "guest:1"
    red, green, blue = told.color
    return Member("session", "process", person, "Ada", (red & 0xFE, green, blue), told.user)


def test_a_spectator_sends_no_cursors_and_is_not_announced_even_to_itself() -> None:
    here, how = crowd(2), {"people": 3, "interval": 85}
    welcome, roster, count = read(welcome_frames(BOARD, seat(NO_USER, "Late"), here, **how))
    assert welcome == Welcome(BOARD, NO_USER, RED, 0, spectator=True, name_set=False)
    assert (roster, count) == (roster_of(here), PresenceUpdate(BOARD, 3))
    frames = welcome_frames(BOARD, seat(NO_USER, "Late", EXPLICIT), here, **how)
    announced = [UserJoined(BOARD, user, f"Somebody {user}", RED) for user in (0, 1)]
    assert read(frames, EXPLICIT) == [*announced, PresenceUpdate(BOARD, 3)]


@pytest.mark.parametrize("state", [UserState.OFF_BOARD, UserState.AWAY, UserState.IDLE])
@pytest.mark.parametrize("dialect", Dialect)
def test_only_the_active_have_a_cursor(state: UserState, dialect: Dialect) -> None:
    hidden = seat(0, "Ada", state=state, position=bytes(4))
    pointless = seat(1, "Bob")
    shown = seat(2, "Cy", position=b"\x00\x07\x00\x09")
    (cursors,) = read(shown_cursors(BOARD, dialect, [hidden, pointless, shown]), dialect)
    assert isinstance(cursors, CursorBroadcast)
    assert cursors.cursors == (Cursor(2, 7, 9),)
    assert shown_cursors(BOARD, dialect, [hidden, pointless]) == []


@pytest.mark.parametrize("dialect", Dialect)
def test_nothing_new_is_no_frame(dialect: Dialect) -> None:
    assert changes_frames(BOARD, PendingChanges(), crowd(3), dialect) == []


def test_changes_come_as_left_joined_renamed_count_rate_states() -> None:
    ada, bob = seat(1, "Ada"), seat(2, "Bob")
    changes = PendingChanges(
        left=[1, 5],
        joined={1: ada},
        renamed={2: bob},
        states={1: UserState.AWAY, 2: UserState.ACTIVE},
        people=255,
        interval=33,
    )
    announced = [
        UserLeft(BOARD, 1),
        UserLeft(BOARD, 5),
        UserJoined(BOARD, 1, "Ada", RED),
        UserJoined(BOARD, 2, "Bob", RED),
        PresenceUpdate(BOARD, 255),
    ]
    compact = changes_frames(BOARD, changes, [ada, bob], COMPACT)
    assert read(compact) == [
        *announced,
        Rate(33),
        States(((1, UserState.AWAY), (2, UserState.ACTIVE))),
    ]
    assert compact[-3:] == [
        bytes.fromhex("07 1234 ff 000000ff"),
        bytes.fromhex("0c 0021"),
        bytes.fromhex("0b 01 02 02 00"),
    ]
    explicit = changes_frames(BOARD, changes, [ada, bob], EXPLICIT)
    assert read(explicit, EXPLICIT) == announced
    assert explicit[-1] == bytes.fromhex("07 1234 ff")


def test_a_roster_replaces_many_joins_and_leaves() -> None:
    here = crowd(ROSTER_AFTER + 1)
    here[0].state, here[1].position = UserState.IDLE, b"\x00\x01\x00\x02"
    changes = changed(3, here, people=9, interval=33, states={0: UserState.IDLE})
    assert read(changes_frames(BOARD, changes, here, COMPACT)) == [
        roster_of(here),
        CursorBroadcast((Cursor(1, 1, 2),)),
        PresenceUpdate(BOARD, 9),
        Rate(33),
        States(((0, UserState.IDLE),)),
    ]


@pytest.mark.parametrize(
    ("here", "left", "joined", "dialect", "kinds"),
    [
        (6, 2, 6, COMPACT, [UserLeft] * 2 + [UserJoined] * 6),
        (255, 0, 20, COMPACT, [UserJoined] * 20),
        (255, 0, 200, COMPACT, [Roster]),
        (200, 50, 200, EXPLICIT, [UserLeft] * 50 + [UserJoined] * 200),
    ],
    ids=["few changes", "a long roster", "many changes", "no rosters in this dialect"],
)
def test_joins_and_leaves_are_told_one_by_one_where_that_is_shorter(
    here: int, left: int, joined: int, dialect: Dialect, kinds: list[type]
) -> None:
    seats = crowd(here, name="A name of nearly 30 bytes")
    frames = changes_frames(BOARD, changed(left, seats[:joined]), seats, dialect)
    assert [type(message) for message in read(frames, dialect)] == kinds


@pytest.mark.parametrize(("dialect", "told"), [(COMPACT, 1), (EXPLICIT, 0)])
def test_everything_is_a_roster_in_the_compact_dialect_alone(dialect: Dialect, told: int) -> None:
    here = crowd(2)
    frames = changes_frames(BOARD, PendingChanges(everything=True), here, dialect)
    assert read(frames, dialect) == [roster_of(here)] * told
