"""One board: people who go on in another process, and user ids that change hands there."""

import pytest

from presence.protocol.codec import pack_position
from presence.protocol.messages import (
    Dialect,
    PresenceUpdate,
    Rate,
    Roster,
    RosterEntry,
    States,
    UserJoined,
    UserLeft,
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
    Board,
    at,
    heard,
    member,
    read,
    shared,
    silent,
)

A, B, C = pack_position(1, 2), pack_position(3, 4), pack_position(5, 6)


# Coming back in another process


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


def test_who_goes_on_here_is_welcomed_and_not_noticed() -> None:
    board = shared("bob", "cy")
    heard(board, {1: A, 2: B})
    board.room.resume(member("bob again", 1, "bob", "bob"), COMPACT, "bob")
    flush = board.tick()
    assert (flush.common, flush.cursors) == ({COMPACT: []}, {COMPACT: []})
    welcome, roster, cursors, _ = read(flush.welcomes["bob again"])
    assert (welcome.user, cursors) == (1, *at(2, 3, 4))  # type: ignore[union-attr]
    assert [entry.user for entry in roster.users] == [0, 2]  # type: ignore[union-attr]
    assert heard(board, {1: C}) == []


def test_who_goes_on_elsewhere_is_active_and_shown_again() -> None:
    board = shared("bob")
    heard(board, {1: A}, {1: AWAY})
    board.room.resume(member("bob again", 1, "bob", "bob"), None, "bob")
    assert board.told() == [States(((1, ACTIVE),)), *at(1, 1, 2)]


def test_news_of_one_who_went_on_elsewhere_overtakes_nothing() -> None:
    board = shared("bob")
    heard(board, {1: A}, {1: AWAY})
    board.room.resume(member("bob again", 1, "bob", "bob"), None, "bob")
    assert heard(board, {1: B}) == [States(((1, ACTIVE),)), *at(1, 3, 4)]


def test_one_who_went_on_elsewhere_and_hid_at_once_stays_hidden() -> None:
    board = shared("bob")
    heard(board, {1: A}, {1: AWAY})
    board.room.resume(member("bob again", 1, "bob", "bob"), None, "bob")
    assert heard(board, {}, {1: IDLE}) == [States(((1, IDLE),))]
    assert silent(board.tick())
    assert not board.room.pending


def test_going_on_for_one_whom_nobody_knew_is_an_arrival() -> None:
    board = shared()
    board.room.resume(member("bob again", 1, "bob", "bob"), None, "bob")
    board.room.people = 2
    assert UserJoined(BOARD, 1, "bob", COLOR) in board.told()


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


def test_what_is_unsaid_of_the_holder_of_an_id_is_not_said_of_the_next() -> None:
    board = Board().seat("ada", "bob")
    board.room.move("bob", A)
    board.room.set_state("bob", IDLE)
    board.room.arrive(member("cy", 1), None)
    assert board.told() == [
        UserLeft(BOARD, 1),
        UserJoined(BOARD, 1, "cy", COLOR),
        PresenceUpdate(BOARD, 2),
    ]


# Telling everything


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
