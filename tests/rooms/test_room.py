"""One board: what is told, to whom, in which order, when people come, go and move (PROTOCOL.md).

The random events of `test_machine` prove the rest: that every client knows what is so.
"""

import gc
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.protocol.codec import pack_position
from presence.protocol.limits import TokenBucket
from presence.protocol.messages import (
    NO_USER,
    Cursor,
    CursorBroadcast,
    Dialect,
    PresenceUpdate,
    Rate,
    Roster,
    RosterEntry,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.rooms.frames import Flush
from presence.rooms.room import Room
from presence.rooms.seats import Activity, unpack_activity
from tests.rooms.board import (
    ACTIVE,
    AWAY,
    BOARD,
    COLOR,
    COMPACT,
    EXPLICIT,
    IDLE,
    LEAST,
    OFF_BOARD,
    Board,
    at,
    heard,
    member,
    read,
    shared,
    silent,
)

# Coming and going


def test_a_newcomer_gets_welcome_roster_cursors_and_count() -> None:
    board = Board().seat("ada", "bob")
    board.room.move("ada", pack_position(1, 2))
    board.room.set_state("bob", AWAY)
    board.tick()
    board.room.arrive(member("cy", 2), COMPACT, name_set=True)
    board.room.people = 3
    flush = board.tick()
    assert read(flush.welcomes["cy"]) == [
        Welcome(BOARD, 2, COLOR, LEAST, spectator=False, name_set=True),
        Roster(BOARD, (RosterEntry(0, ACTIVE, COLOR, "ada"), RosterEntry(1, AWAY, COLOR, "bob"))),
        *at(0, 1, 2),
        PresenceUpdate(BOARD, 3),
    ]
    assert flush.common[COMPACT] == [
        bytes.fromhex("05 1234 02 02") + b"cy" + bytes(COLOR),
        bytes.fromhex("07 1234 03"),
    ]
    assert flush.cursors[COMPACT] == []


def test_a_newcomer_of_the_explicit_dialect_gets_itself_last_then_cursors_and_count() -> None:
    board = Board().seat("ada", dialect=EXPLICIT)
    board.room.move("ada", pack_position(1, 2))
    board.tick()
    board.arrive("bob", 1, EXPLICIT)
    board.room.people = 2
    flush = board.tick()
    assert read(flush.welcomes["bob"], EXPLICIT) == [
        UserJoined(BOARD, 0, "ada", COLOR),
        UserJoined(BOARD, 1, "bob", COLOR),
        CursorBroadcast((Cursor(0, 1, 2),), BOARD),
        PresenceUpdate(BOARD, 2),
    ]
    assert flush.common == {
        EXPLICIT: [
            bytes.fromhex("05 1234 01 03") + b"bob" + bytes(COLOR),
            bytes.fromhex("07 1234 02"),
        ]
    }


def test_a_count_that_changed_elsewhere_is_told_by_itself() -> None:
    board = Board().seat("ada", "bob")
    board.room.people = 7
    assert board.room.pending
    assert board.told() == [PresenceUpdate(BOARD, 7)]
    assert not board.room.pending


def test_one_who_leaves_is_told_with_the_count() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.room.depart("bob")
    board.room.people = 2
    flush = board.tick()
    assert flush.common[COMPACT] == [bytes.fromhex("06 1234 01"), bytes.fromhex("07 1234 02")]
    assert len(board.room.seats.by_session) == 2
    assert "bob" not in board.room
    assert "ada" in board.room


def test_a_spectator_is_counted_and_not_announced() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("late", NO_USER)
    board.room.people = 3
    flush = board.tick()
    assert read(flush.common[COMPACT]) == [PresenceUpdate(BOARD, 3)]
    welcome, roster, count = read(flush.welcomes["late"])
    assert welcome == Welcome(BOARD, NO_USER, COLOR, 0, spectator=True, name_set=False)
    assert isinstance(roster, Roster)
    assert [entry.user for entry in roster.users] == [0, 1]
    assert count == PresenceUpdate(BOARD, 3)


def test_the_count_that_was_told_is_known_also_while_another_is_due() -> None:
    board = Board()
    assert board.room.told_people == 0
    board.seat("ada", "bob")
    assert board.room.told_people == 2
    board.room.people = 3
    assert board.room.told_people == 2
    assert board.told() == [PresenceUpdate(BOARD, 3)]
    assert board.room.told_people == 3


# Breaking, coming back, reading again


def test_a_session_is_welcomed_by_the_first_flush() -> None:
    board = Board()
    board.arrive("a", user=0)
    assert not board.room.welcomed("a")
    board.tick()
    assert board.room.welcomed("a")
    assert not board.room.welcomed("nobody")


def test_who_comes_back_within_the_grace_is_not_noticed_by_the_others() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.room.move("cy", pack_position(1, 2))
    board.tick()
    board.room.start_grace("cy")
    board.tick()
    board.room.resume(member("cy again", 2, "cy", "cy"), COMPACT, "cy", name_set=True)
    flush = board.tick()
    assert flush.common == {COMPACT: []}
    assert flush.cursors == {COMPACT: []}
    assert read(flush.welcomes["cy again"])[0] == Welcome(
        BOARD, 2, COLOR, LEAST, spectator=False, name_set=True
    )
    assert read(flush.welcomes["cy again"])[-1] == PresenceUpdate(BOARD, 3)
    assert "cy" not in board.room
    assert len(board.room.seats.by_session) == 3


def test_a_new_name_is_announced_without_a_count() -> None:
    board = Board().seat("ada", "bob")
    board.room.resume(member("bob again", 1, "bob", "Robert"), COMPACT, "bob")
    assert board.room.pending
    assert board.told() == [UserJoined(BOARD, 1, "Robert", COLOR)]


def test_a_new_name_within_a_roster_brings_the_cursor_along() -> None:
    board = Board().seat("ada", "bob")
    board.room.move("bob", pack_position(1, 2))
    board.tick()
    board.room.resume(member("bob again", 1, "bob", "Robert"), COMPACT, "bob")
    for user in range(2, 12):
        board.arrive(f"guest {user}", user)
    told = board.told()
    assert isinstance(told[0], Roster)
    assert RosterEntry(1, ACTIVE, COLOR, "Robert") in told[0].users
    assert told[-1:] == at(1, 1, 2)


def test_who_comes_back_before_being_announced_is_announced_once() -> None:
    board = Board().seat("ada", "eve")
    board.arrive("bob", 2)
    board.room.people = 3
    board.room.resume(member("bob again", 2, "bob", "Robert"), COMPACT, "bob")
    flush = board.tick()
    assert read(flush.common[COMPACT]) == [
        UserJoined(BOARD, 2, "Robert", COLOR),
        PresenceUpdate(BOARD, 3),
    ]
    assert list(flush.welcomes) == ["bob again"]


def test_a_broken_session_stays_on_the_roster_and_is_written_to_no_more() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.arrive("eve", 3, EXPLICIT)
    board.room.people = 4
    board.tick()
    board.room.start_grace("eve")
    board.room.start_grace("eve")
    flush = board.tick()
    assert flush.common == {COMPACT: []}
    assert len(board.room.seats.by_session) == 4
    board.arrive("zoe", 4)
    roster = read(board.tick().welcomes["zoe"])[1]
    assert isinstance(roster, Roster)
    assert RosterEntry(3, ACTIVE, COLOR, "eve") in roster.users


def test_one_whose_company_is_broken_is_alone() -> None:
    board = Board().seat("ada", "bob")
    board.room.start_grace("bob")
    assert board.told() == [Rate(0)]
    board.room.depart("bob")
    board.room.people = 1
    assert board.told() == [UserLeft(BOARD, 1), PresenceUpdate(BOARD, 1)]


def test_a_tick_to_nobody_says_nothing() -> None:
    board = Board().seat("ada")
    board.room.depart("ada")
    board.room.people = 0
    assert board.tick() == Flush(common={}, cursors={}, welcomes={})
    assert not board.room.pending
    assert len(board.room.seats.by_session) == 0


@pytest.mark.parametrize("dialect", Dialect)
def test_who_reads_again_gets_what_is_current_once(dialect: Dialect) -> None:
    board = Board().seat("ada", "bob", "cy")
    for x in range(4):
        board.room.move("ada", pack_position(x, 0))
        board.room.move("bob", pack_position(x, 1))
        board.tick()
    board.room.set_state("bob", AWAY)
    (cursors,) = read(board.room.catch_up(dialect), dialect)
    assert isinstance(cursors, CursorBroadcast)
    assert cursors.cursors == (Cursor(0, 3, 0),)


def test_who_reads_again_sees_no_cursor_of_one_who_is_not_announced() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("cy", 2)
    board.room.move("cy", pack_position(1, 2))
    assert board.room.catch_up(COMPACT) == []
    board.tick()
    assert read(board.room.catch_up(COMPACT)) == at(2, 1, 2)


# Cursors and states


def test_only_the_latest_of_the_moves_is_told_and_only_once() -> None:
    board = Board().seat("ada", "bob")
    for x in range(10):
        board.room.move("ada", pack_position(x, 9))
    assert board.tick().cursors == {COMPACT: [bytes.fromhex("02 00 0009 0009")]}
    assert silent(board.tick())


def test_several_movers_are_one_frame_for_all() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.arrive("eve", 30, EXPLICIT)
    board.tick()
    board.room.move("cy", pack_position(1, 2))
    board.room.move("ada", pack_position(3, 4))
    flush = board.tick()
    assert flush.mover is None
    assert flush.cursors == {
        COMPACT: [bytes.fromhex("02 02 0001 0002 00 0003 0004")],
        EXPLICIT: [bytes.fromhex("02 1234 02 0001 0002"), bytes.fromhex("02 1234 00 0003 0004")],
    }


def test_a_stranger_changes_nothing() -> None:
    board = Board().seat("ada", "bob")
    board.room.move("nobody", pack_position(1, 1))
    board.room.set_state("nobody", AWAY)
    board.room.start_grace("nobody")
    board.room.depart("nobody")
    assert not board.room.pending
    assert silent(board.tick())


def sliding_maximum(times: list[float]) -> int:
    """The most of `times` (ascending) that lie within any one second."""
    return max((sum(t <= other < t + 1.0 for other in times) for t in times), default=0)


def drive(room: Room, gaps: list[float], act: Callable[[int], None]) -> list[float]:
    """Act and flush after each gap; return when each position was told."""
    now, told = 50.0, []
    for number, gap in enumerate(gaps):
        now += gap
        act(number)
        cursors = room.flush(now).cursors.get(EXPLICIT, [])
        told += [now] * len(cursors)
    return told


@given(
    tabs=st.integers(1, 5),
    gaps=st.lists(st.sampled_from([0.001, 0.010, 0.0166, 0.033, 0.4]), min_size=90, max_size=200),
)
@settings(deadline=None, max_examples=40)
def test_no_more_than_60_positions_a_second_of_one_person(tabs: int, gaps: list[float]) -> None:
    board = Board().seat("watcher", dialect=EXPLICIT)
    for tab in range(tabs):
        board.arrive(f"tab {tab}", tab + 1, EXPLICIT, person="ada")

    def move_all(number: int) -> None:
        for tab in range(tabs):
            board.room.move(f"tab {tab}", pack_position(number, tab))

    assert sliding_maximum(drive(board.room, gaps, move_all)) <= 60


def test_a_person_in_steady_motion_is_passed_on_at_nearly_60_a_second() -> None:
    board = Board().seat("watcher", "ada", dialect=EXPLICIT)
    told = drive(
        board.room, [0.01] * 1_000, lambda number: board.room.move("ada", pack_position(number, 0))
    )
    assert 560 <= len(told) <= 600


@pytest.mark.parametrize("ticks_away", [0, 1, 2])
def test_leaving_and_coming_back_does_not_widen_the_limit(ticks_away: int) -> None:
    board = Board().seat("watcher", dialect=EXPLICIT)
    room, users = board.room, cycle(range(1, 200))

    def rejoin_and_move(number: int) -> None:
        for tab in range(4):
            room.depart(f"tab {tab}")
        if number % (ticks_away + 1):
            return
        for tab in range(4):
            board.arrive(f"tab {tab}", next(users), EXPLICIT, person="ada")
            room.move(f"tab {tab}", pack_position(number, tab))

    assert sliding_maximum(drive(room, [0.01] * 300, rejoin_and_move)) <= 60


def test_a_person_who_is_gone_leaves_no_limit_behind() -> None:
    def limits() -> int:
        return sum(isinstance(thing, TokenBucket) for thing in gc.get_objects())

    gc.collect()
    before, board = limits(), Board().seat("watcher")
    for n in range(50):
        board.arrive(f"guest {n}", 1 + n)
        board.room.move(f"guest {n}", pack_position(n, n))
        board.tick()
        board.room.depart(f"guest {n}")
        board.tick()
    assert limits() - before <= 2


def test_the_last_position_comes_out_though_it_was_held_back() -> None:
    board = Board().seat("watcher", "ada")
    room, now = board.room, board.now + 1
    for x in range(5):
        room.move("ada", pack_position(x, 0))
        flush = room.flush(now)
    assert silent(flush)
    assert room.pending
    now += 1 / 50
    assert read(room.flush(now).cursors[COMPACT]) == at(1, 4, 0)
    assert not room.pending


def test_a_state_is_told_before_the_cursors() -> None:
    board = Board().seat("ada", "bob")
    board.room.set_state("ada", OFF_BOARD)
    board.room.move("bob", pack_position(1, 2))
    flush = board.tick()
    assert flush.common[COMPACT] == [bytes.fromhex("0b 00 01")]
    assert flush.cursors[COMPACT] == [bytes.fromhex("02 01 0001 0002")]


@pytest.mark.parametrize("state", [OFF_BOARD, AWAY, IDLE])
def test_a_hidden_cursor_is_not_told_and_comes_back_with_active(state: UserState) -> None:
    board = Board().seat("ada", "bob")
    board.room.move("ada", pack_position(1, 2))
    board.room.set_state("ada", state)
    assert board.told() == [States(((0, state),))]
    board.room.set_state("ada", ACTIVE)
    assert board.told() == [States(((0, ACTIVE),)), *at(0, 1, 2)]


def test_the_same_state_again_is_not_told() -> None:
    board = Board().seat("ada", "bob")
    board.room.set_state("ada", ACTIVE)
    assert not board.room.pending
    board.room.set_state("ada", AWAY)
    board.room.set_state("ada", AWAY)
    assert board.room.pending
    assert board.told() == [States(((0, AWAY),))]
    board.room.set_state("ada", AWAY)
    assert not board.room.pending


# The interval


def test_the_interval_is_0_alone_and_begins_and_ends_with_company() -> None:
    board = Board()
    board.arrive("ada", 0)
    board.room.people = 1
    assert board.tick().welcomes["ada"][0] == bytes.fromhex("09 1234 00 0a141e 0000 00")
    board.arrive("bob", 1)
    board.room.people = 2
    flush = board.tick()
    assert flush.common[COMPACT][-1] == bytes.fromhex("0c 0021")
    assert flush.welcomes["bob"][0] == bytes.fromhex("09 1234 01 0a141e 0021 00")
    board.room.depart("bob")
    board.room.people = 1
    assert board.tick().common[COMPACT][-1] == bytes.fromhex("0c 0000")
    assert board.room.interval == 0


def test_a_growing_board_is_slowed_down() -> None:
    board = Board().seat("ada", "bob")
    for user in range(2, 255):
        board.arrive(f"s{user}", user)
    assert Rate(85) in board.told()


def test_lag_raises_the_interval_and_its_end_lowers_it() -> None:
    board = Board().seat("ada", "bob")
    assert board.told(lag=0.1) == [Rate(165)]
    assert board.room.pending
    assert board.told(lag=0.1) == []
    assert board.told(lag=0.0) == [Rate(LEAST)]
    assert not board.room.pending


# Members of other processes


A, B, C = pack_position(1, 2), pack_position(3, 4), pack_position(5, 6)


def test_what_is_heard_is_told_with_the_next_tick_in_each_dialect() -> None:
    board = shared("bob", "cy")
    board.arrive("old", 3, EXPLICIT)
    board.tick()
    board.room.update_remote("process", {1: C}, {})
    board.room.update_remote("process", {1: A, 2: B}, {2: ACTIVE})
    assert board.room.pending
    flush = board.tick()
    assert flush.cursors == {
        COMPACT: [bytes.fromhex("02 01 0001 0002 02 0003 0004")],
        EXPLICIT: [bytes.fromhex("02 1234 01 0001 0002"), bytes.fromhex("02 1234 02 0003 0004")],
    }
    assert flush.common == {COMPACT: [], EXPLICIT: []}
    assert (flush.moved, flush.states) == ({}, {})
    assert not board.room.pending


@pytest.mark.parametrize("state", [OFF_BOARD, AWAY, IDLE])
def test_a_state_is_told_once_and_hides_the_cursor(state: UserState) -> None:
    board = shared("bob")
    assert heard(board, {1: A}, {1: state}) == [States(((1, state),))]
    assert heard(board, {1: B}, {1: state}) == []
    assert board.room.catch_up(COMPACT) == []
    assert heard(board, {1: B}, {1: ACTIVE}) == [States(((1, ACTIVE),)), *at(1, 3, 4)]


@pytest.mark.parametrize("user", [0, 2, 255])
def test_of_strangers_and_of_ones_own_nothing_is_heard(user: int) -> None:
    board = shared("bob")
    board.room.move("ada", C)
    board.tick()
    assert heard(board, {user: A}, {user: AWAY}) == []
    assert read(board.room.catch_up(COMPACT)) == at(0, 5, 6)
    assert silent(board.tick())


def test_what_they_do_takes_nothing_from_a_quota() -> None:
    board = shared("bob")
    told = [heard(board, {1: pack_position(x, 0)}) for x in range(500)]
    assert told == [at(1, x, 0) for x in range(500)]


def test_a_flush_says_what_ones_own_people_did_and_nobody_elses() -> None:
    board = shared("bob")
    board.arrive("cy", 2)
    board.tick()
    heard(board, {1: A}, {1: AWAY})
    board.room.resume(member("bob again", 1, "bob", "bob"), None, "bob")
    board.room.move("ada", B)
    board.room.set_state("cy", IDLE)
    flush = board.tick()
    assert (flush.moved, flush.states) == ({0: B}, {2: IDLE})
    assert read(flush.cursors[COMPACT]) == [CursorBroadcast((Cursor(1, 1, 2), Cursor(0, 3, 4)))]


def test_only_the_process_that_serves_somebody_is_heard_of_them() -> None:
    board = shared("bob")
    board.room.update_remote("another process", {1: A}, {1: UserState.AWAY})
    assert not board.room.pending
    assert board.room.seats.unknown("another process", [1, 7]) == {1, 7}
    assert board.room.seats.unknown("process", [0, 1, 7, 255]) == {0, 7, 255}


def test_who_lost_their_id_to_somebody_else_moves_nobodys_cursor() -> None:
    """After a clash, until this process has looked again."""
    board = Board().seat("ada", "bob")
    board.room.arrive(member("cy", 0), None)
    board.room.move("ada", A)
    board.room.set_state("ada", UserState.AWAY)
    flush = board.tick()
    assert (flush.moved, flush.states, flush.cursors[COMPACT]) == ({}, {}, [])


def moved_on(*sessions: str, **ids: int) -> Board:
    """A board on which a session got another id, and its own is somebody's who is elsewhere."""
    board = Board().seat(*sessions)
    board.room.move("ada", A)
    board.arrive("old", 2, EXPLICIT)
    board.tick()
    board.room.set_state("old", AWAY)
    board.tick()
    for session, user in ids.items():
        board.room.arrive(
            member(f"instead of {session}", board.room.seats.by_session[session].member.user), None
        )
        board.room.reseat(member(session, user))
    return board


def test_who_gets_another_id_is_welcomed_and_keeps_their_cursor() -> None:
    board = moved_on("ada", "bob", ada=3)
    flush = board.tick()
    welcome, roster, *_ = read(flush.welcomes["ada"])
    assert isinstance(welcome, Welcome)
    assert welcome.user == 3
    assert isinstance(roster, Roster)
    assert {entry.user: entry.state for entry in roster.users} == {0: ACTIVE, 1: ACTIVE, 2: AWAY}
    assert read(flush.common[COMPACT]) == [
        UserLeft(BOARD, 0),
        UserJoined(BOARD, 0, "instead of ada", COLOR),
        UserJoined(BOARD, 3, "ada", COLOR),
        PresenceUpdate(BOARD, 2),
    ]
    assert (read(flush.cursors[COMPACT]), flush.moved) == (at(3, 1, 2), {3: A})


def test_one_of_the_explicit_dialect_hears_of_another_id_what_the_others_hear() -> None:
    board = moved_on("ada", "bob", old=3)
    board.room.depart("bob")
    flush = board.tick()
    assert flush.welcomes == {}
    assert read(flush.common[EXPLICIT], EXPLICIT) == [
        UserLeft(BOARD, 2),
        UserLeft(BOARD, 1),
        UserJoined(BOARD, 2, "instead of old", COLOR),
        UserJoined(BOARD, 3, "old", COLOR),
        PresenceUpdate(BOARD, 2),
    ]
    assert (flush.states, States(((3, AWAY),))) == ({3: AWAY}, read(flush.common[COMPACT])[-1])


# Resuming in another process


def test_who_goes_on_elsewhere_is_not_noticed() -> None:
    board = Board().seat("ada", "bob")
    board.room.start_grace("bob")
    board.tick()
    board.room.resume(member("bob again", 1, "bob", "bob"), None, "bob")
    assert board.told() == [Rate(LEAST)]
    assert (len(board.room.seats.by_session), "bob" in board.room, "bob again" in board.room) == (
        2,
        False,
        True,
    )
    assert heard(board, {1: A}) == at(1, 1, 2)


@pytest.mark.parametrize("here", [True, False])
def test_going_on_under_another_id_is_a_leave_and_an_arrival(here: bool) -> None:
    board = shared("bob")
    new = member("bob again", 5, "bob", "bob")
    if here:
        board.room.resume(new, COMPACT, "bob")
    else:
        board.room.resume(new, None, "bob")
    assert board.told() == [
        UserLeft(BOARD, 1),
        UserJoined(BOARD, 5, "bob", COLOR),
        PresenceUpdate(BOARD, 2),
    ]
    assert len(board.room.seats.by_session) == 2


def test_everything_is_told_as_a_roster_once() -> None:
    board = shared("bob")
    heard(board, {1: A})
    board.room.tell_everything()
    assert board.room.pending
    assert board.told() == [
        Roster(BOARD, (RosterEntry(0, ACTIVE, COLOR, "ada"), RosterEntry(1, ACTIVE, COLOR, "bob"))),
        *at(1, 1, 2),
    ]
    assert not board.room.pending
    assert silent(board.tick())


def test_everything_is_nothing_new_in_the_explicit_dialect() -> None:
    board = Board().seat("ada", "bob", dialect=Dialect.EXPLICIT)
    board.room.tell_everything()
    board.room.depart("bob")
    board.room.people = 1
    assert read(board.tick().common[EXPLICIT], EXPLICIT) == [
        UserLeft(BOARD, 1),
        PresenceUpdate(BOARD, 1),
    ]


# What members do, as one process tells another


HERE = Activity({"a": UserState.ACTIVE, "b": UserState.AWAY}, {"a": b"\x00\x01\x02\x03"})


def test_what_is_packed_is_unpacked() -> None:
    assert unpack_activity(HERE.packed()) == HERE
    assert unpack_activity(Activity().packed()) == Activity()


def test_it_is_told_in_what_every_layer_carries() -> None:
    assert HERE.packed() == {"states": {"a": 0, "b": 2}, "cursors": {"a": b"\x00\x01\x02\x03"}}


def test_of_two_processes_it_is_one() -> None:
    there = Activity({"c": UserState.IDLE}, {"c": bytes(4)})
    assert (HERE | there).states == {**HERE.states, "c": UserState.IDLE}
    assert (HERE | there).cursors == {"a": b"\x00\x01\x02\x03", "c": bytes(4)}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"states": {}},
        {"states": [], "cursors": {}},
        {"states": {"a": 9}, "cursors": {}},
        {"states": {}, "cursors": {"a": b"123"}},
        {"states": {}, "cursors": {"a": None}},
    ],
)
def test_anything_else_is_no_activity(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        unpack_activity(said)


def test_the_activity_of_a_board_is_that_of_its_local_members_by_session() -> None:
    board = shared("bob")
    board.arrive("cy", 2)
    board.room.move("ada", A)
    board.room.move("cy", B)
    board.room.set_state("cy", AWAY)
    board.room.update_remote("process", {1: C}, {})
    assert board.room.seats.activity() == Activity({"ada": ACTIVE, "cy": AWAY}, {"ada": A})
