"""One board: sessions that break, come back, and read again (PROTOCOL.md, Leaving and PROBE)."""

import pytest

from presence.protocol.codec import pack_position
from presence.protocol.messages import (
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
    Welcome,
)
from presence.rooms.frames import Flush
from tests.rooms.board import (
    ACTIVE,
    AWAY,
    BOARD,
    COLOR,
    COMPACT,
    EXPLICIT,
    LEAST,
    Board,
    at,
    member,
    read,
)

# Coming back


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


def test_who_comes_back_can_move_and_go() -> None:
    board = Board().seat("ada", "bob")
    board.room.start_grace("bob")
    board.room.resume(member("bob again", 1, "bob", "bob"), COMPACT, "bob")
    board.tick()
    board.room.move("bob", pack_position(9, 9))
    assert not board.room.pending
    board.room.move("bob again", pack_position(1, 1))
    assert board.tick().mover == "bob again"
    board.room.depart("bob")
    assert not board.room.pending
    board.room.depart("bob again")
    board.room.people = 1
    assert board.told()[0] == UserLeft(BOARD, 1)


def test_who_comes_back_is_active_and_shows_the_last_position_again() -> None:
    board = Board().seat("ada", "bob")
    board.room.move("bob", pack_position(1, 2))
    board.room.set_state("bob", AWAY)
    board.tick()
    board.room.resume(member("bob again", 1, "bob", "bob"), COMPACT, "bob")
    assert board.told() == [States(((1, ACTIVE),)), *at(1, 1, 2)]


def test_a_new_name_is_announced_without_a_count() -> None:
    board = Board().seat("ada", "bob")
    board.room.resume(member("bob again", 1, "bob", "Robert"), COMPACT, "bob")
    assert board.room.pending
    assert board.told() == [UserJoined(BOARD, 1, "Robert", COLOR)]


def test_a_new_name_is_announced_though_its_socket_breaks_again() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.room.resume(member("bob again", 1, "bob", "Robert"), COMPACT, "bob")
    board.tick()
    board.room.resume(member("bob third", 1, "bob", "Rob"), COMPACT, "bob again")
    board.room.start_grace("bob third")
    assert board.room.pending
    assert UserJoined(BOARD, 1, "Rob", COLOR) in board.told()


def test_one_who_comes_back_before_the_old_socket_broke_is_still_alone() -> None:
    board = Board().seat("ada")
    board.room.resume(member("ada again", 0, "ada", "ada"), COMPACT, "ada")
    assert board.tick().common == {COMPACT: []}
    assert board.room.interval == 0


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


def test_who_comes_back_under_a_new_name_and_leaves_at_once_has_left() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.room.resume(member("bob again", 1, "bob", "Robert"), COMPACT, "bob")
    board.room.depart("bob again")
    board.room.people = 2
    assert board.told() == [UserLeft(BOARD, 1), PresenceUpdate(BOARD, 2)]


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


def test_going_on_for_a_session_of_another_process_is_an_arrival() -> None:
    board = Board().seat("ada", "bob")
    board.room.resume(member("cy again", 2, "cy", "cy"), COMPACT, "cy", name_set=True)
    board.room.people = 3
    flush = board.tick()
    assert read(flush.common[COMPACT]) == [
        UserJoined(BOARD, 2, "cy", COLOR),
        PresenceUpdate(BOARD, 3),
    ]
    assert read(flush.welcomes["cy again"])[0] == Welcome(
        BOARD, 2, COLOR, LEAST, spectator=False, name_set=True
    )


# Breaking


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


def test_who_breaks_before_the_first_tick_is_announced_and_not_welcomed() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("cy", 2)
    board.room.people = 3
    board.room.start_grace("cy")
    flush = board.tick()
    assert flush.welcomes == {}
    assert read(flush.common[COMPACT]) == [
        UserJoined(BOARD, 2, "cy", COLOR),
        PresenceUpdate(BOARD, 3),
    ]


def test_a_tick_to_nobody_says_nothing() -> None:
    board = Board().seat("ada")
    board.room.depart("ada")
    board.room.people = 0
    assert board.tick() == Flush(common={}, cursors={}, welcomes={})
    assert not board.room.pending
    assert len(board.room.seats.by_session) == 0


# Catching up


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
