"""One board: people whom other processes serve, and what is heard of them."""

import pytest

from presence.protocol.codec import pack_position
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
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

A, B, C = pack_position(1, 2), pack_position(3, 4), pack_position(5, 6)


# Coming and going


def test_who_comes_elsewhere_is_announced_as_anybody() -> None:
    board = Board().seat("ada")
    board.room.arrive(member("bob", 1), None)
    board.room.people = 2
    assert board.room.pending
    assert board.told() == [
        UserJoined(BOARD, 1, "bob", COLOR),
        PresenceUpdate(BOARD, 2),
        Rate(LEAST),
    ]


def test_nobody_is_welcomed_who_is_elsewhere() -> None:
    board = Board().seat("ada")
    board.room.arrive(member("bob", 1), None)
    assert board.tick().welcomes == {}


def test_a_newcomer_learns_of_those_elsewhere() -> None:
    board = shared("bob", "cy")
    heard(board, {1: A, 2: B}, {2: AWAY})
    board.arrive("dan", 3)
    board.room.people = 4
    assert read(board.tick().welcomes["dan"]) == [
        Welcome(BOARD, 3, COLOR, LEAST, spectator=False, name_set=False),
        Roster(
            BOARD,
            (
                RosterEntry(0, ACTIVE, COLOR, "ada"),
                RosterEntry(1, ACTIVE, COLOR, "bob"),
                RosterEntry(2, AWAY, COLOR, "cy"),
            ),
        ),
        *at(1, 1, 2),
        PresenceUpdate(BOARD, 4),
    ]


def test_who_leaves_elsewhere_has_left() -> None:
    board = shared("bob", "cy")
    board.room.depart("bob")
    board.room.people = 2
    assert board.told() == [UserLeft(BOARD, 1), PresenceUpdate(BOARD, 2)]


def test_the_interval_counts_people_elsewhere() -> None:
    board = shared("bob")
    assert board.room.interval == LEAST
    board.room.depart("bob")
    board.room.people = 1
    assert Rate(0) in board.told()
    for user in range(1, 100):
        board.room.arrive(member(f"s{user}", user), None)
    board.tick()
    assert board.room.interval == Board().seat(*map(str, range(100))).room.interval


def test_a_spectator_elsewhere_is_counted_and_not_announced() -> None:
    board = shared("bob")
    board.room.arrive(member("late", 255), None)
    board.room.people = 3
    assert board.told() == [PresenceUpdate(BOARD, 3)]
    assert heard(board, {255: A}, {255: AWAY}) == []


def test_who_is_here_and_who_is_elsewhere() -> None:
    board = shared("bob")
    board.room.start_grace("ada")
    assert board.room.seats.local_members() == {"ada": member("ada", 0)}
    assert board.room.seats.remote_members() == {"bob": member("bob", 1)}
    assert board.room.seats.by_session["bob"].member == member("bob", 1)
    assert board.room.serving
    board.room.depart("ada")
    assert not board.room.serving
    with pytest.raises(KeyError):
        board.room.seats.by_session["ada"]


# What they do


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


def test_the_last_position_is_shown_to_those_who_come_later() -> None:
    board = shared("bob")
    heard(board, {1: A})
    heard(board, {1: B})
    assert read(board.room.catch_up(COMPACT)) == at(1, 3, 4)


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


# What other processes are to hear


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


def test_doings_are_all_that_ones_own_people_last_did() -> None:
    board = shared("bob")
    board.arrive("cy", 2)
    board.arrive("late", 255)
    board.tick()
    heard(board, {1: A}, {1: AWAY})
    board.room.move("ada", B)
    board.room.set_state("cy", IDLE)
    assert board.room.seats.activity_by_user() == ({0: B}, {0: ACTIVE, 2: IDLE})


def test_doings_mend_what_was_missed() -> None:
    here, there = shared("bob"), Board()
    there.arrive("bob", 1)
    there.tick()
    heard(here, {}, {1: AWAY})
    there.room.move("bob", C)
    assert heard(here, *there.room.seats.activity_by_user()) == [
        States(((1, ACTIVE),)),
        *at(1, 5, 6),
    ]


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


# Another user id


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


def test_a_name_is_told_before_what_its_bearer_does_next() -> None:
    board = shared("bob")
    board.room.resume(member("bob again", 1, "bob", "Robert"), None, "bob")
    assert heard(board, {1: A}, {1: AWAY}) == [
        UserJoined(BOARD, 1, "Robert", COLOR),
        States(((1, AWAY),)),
    ]
