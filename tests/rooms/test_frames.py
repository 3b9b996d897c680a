"""What a board's sessions are told, byte for byte and in order (PROTOCOL.md, Order after JOIN)."""

import pytest

from presence.protocol.codec import decode_server
from presence.protocol.messages import (
    NO_USER,
    Cursor,
    CursorBroadcast,
    Dialect,
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


def comings(left: int, joined: list[Seat]) -> PendingChanges:
    return PendingChanges(
        left=list(range(100, 100 + left)), joined={s.member.user: s for s in joined}
    )


def test_a_compact_welcome_byte_for_byte() -> None:
    ada = seat(0, "Ada", position=b"\x00\x01\xff\xff")
    bob = seat(1, "Bob", state=UserState.AWAY, position=b"\x11\x11\x22\x22")
    newcomer = seat(2, "Cy", name_set=True)
    frames = welcome_frames(BOARD, newcomer, [ada, bob, newcomer], people=3, interval=33)
    assert [frame.hex() for frame in frames] == [
        "09" "1234" "02" "c01020" "0021" "02",
        "0a" "1234" "02" + "00" "00" "c01020" "03416461" + "01" "02" "c01020" "03426f62",
        "02" "00" "0001ffff",
        "07" "1234" "03",
    ]  # fmt: skip


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


def test_the_first_one_on_a_board_gets_an_empty_roster_and_no_cursors() -> None:
    ada = seat(0, "Ada", position=b"\x00\x01\x00\x02")
    frames = welcome_frames(BOARD, ada, [ada], people=1, interval=0)
    assert read(frames) == [
        Welcome(BOARD, 0, RED, 0, spectator=False, name_set=False),
        Roster(BOARD, ()),
        PresenceUpdate(BOARD, 1),
    ]


def test_a_spectator_is_asked_for_no_cursors_and_sees_everybody() -> None:
    here, spectator = crowd(255), seat(NO_USER, "Late")
    welcome, roster, count = read(welcome_frames(BOARD, spectator, here, people=256, interval=85))
    assert welcome == Welcome(BOARD, NO_USER, RED, 0, spectator=True, name_set=False)
    assert isinstance(roster, Roster)
    assert [entry.user for entry in roster.users] == list(range(255))
    assert count == PresenceUpdate(BOARD, 256)


def test_an_explicit_spectator_is_not_announced_even_to_itself() -> None:
    frames = welcome_frames(BOARD, seat(NO_USER, "Late", EXPLICIT), crowd(1), people=2, interval=33)
    assert read(frames, EXPLICIT) == [
        UserJoined(BOARD, 0, "Somebody 0", RED),
        PresenceUpdate(BOARD, 2),
    ]


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


def test_a_roster_replaces_many_comings() -> None:
    here = crowd(ROSTER_AFTER + 1)
    here[0].state = UserState.IDLE
    frames = changes_frames(BOARD, comings(3, here), here, COMPACT)
    assert read(frames) == [
        Roster(BOARD, tuple(RosterEntry(s.member.user, s.state, RED, s.member.name) for s in here))
    ]


def test_a_roster_is_followed_by_what_it_does_not_say() -> None:
    here = crowd(ROSTER_AFTER + 1)
    changes = comings(0, here)
    changes.people, changes.interval = 9, 33
    changes.states = {0: UserState.AWAY}
    told = read(changes_frames(BOARD, changes, here, COMPACT))
    assert [type(message) for message in told] == [Roster, PresenceUpdate, Rate, States]


def test_few_comings_are_told_one_by_one() -> None:
    here = crowd(ROSTER_AFTER - 2)
    told = read(changes_frames(BOARD, comings(2, here), here, COMPACT))
    assert [type(message) for message in told] == [UserLeft] * 2 + [UserJoined] * (ROSTER_AFTER - 2)


def test_a_roster_that_replaces_all_is_followed_by_the_cursors() -> None:
    seats = crowd(ROSTER_AFTER + 1)
    seats[0].position = b"\x00\x01\x00\x02"
    told = read(changes_frames(BOARD, comings(0, seats), seats, COMPACT))
    assert [type(message) for message in told] == [Roster, CursorBroadcast]
    assert told[1] == CursorBroadcast((Cursor(0, 1, 2),))


def test_comings_stay_single_where_the_roster_is_longer() -> None:
    here = crowd(255, name="A name of nearly 30 bytes")
    few = changes_frames(BOARD, comings(0, here[:20]), here, COMPACT)
    assert len(few) == 20
    many = changes_frames(BOARD, comings(0, here[:200]), here, COMPACT)
    assert [type(message) for message in read(many)] == [Roster]


def test_the_explicit_dialect_always_tells_one_by_one() -> None:
    here = crowd(200)
    told = read(changes_frames(BOARD, comings(50, here), here, EXPLICIT), EXPLICIT)
    assert [type(message) for message in told] == [UserLeft] * 50 + [UserJoined] * 200
