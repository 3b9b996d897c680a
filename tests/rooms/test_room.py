"""One board: what is said when people come and go, to whom, in which order (PROTOCOL.md)."""

from presence.protocol.codec import pack_position
from presence.protocol.messages import (
    NO_USER,
    Cursor,
    CursorBroadcast,
    PresenceUpdate,
    Roster,
    RosterEntry,
    UserJoined,
    UserLeft,
    Welcome,
)
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
    silent,
)

# Coming


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


def test_those_who_come_in_one_tick_see_each_other_once() -> None:
    board = Board()
    board.arrive("ada", 0)
    board.arrive("bob", 1)
    board.room.people = 2
    flush = board.tick()
    rosters = {session: read(frames)[1] for session, frames in flush.welcomes.items()}
    assert rosters == {
        "ada": Roster(BOARD, (RosterEntry(1, ACTIVE, COLOR, "bob"),)),
        "bob": Roster(BOARD, (RosterEntry(0, ACTIVE, COLOR, "ada"),)),
    }
    assert silent(board.tick())


def test_a_welcome_holds_what_changed_in_the_same_tick() -> None:
    board = Board().seat("ada")
    board.arrive("bob", 1)
    board.room.move("bob", pack_position(5, 6))
    board.room.move("ada", pack_position(7, 8))
    flush = board.tick()
    assert at(0, 7, 8)[0] in read(flush.welcomes["bob"])
    assert read(flush.cursors[COMPACT]) == [CursorBroadcast((Cursor(1, 5, 6), Cursor(0, 7, 8)))]


def test_a_second_tab_is_told_with_the_count_as_it_was() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("ada again", 2, person="ada")
    assert board.told() == [
        UserJoined(BOARD, 2, "ada again", COLOR),
        PresenceUpdate(BOARD, 2),
    ]


def test_a_count_that_changed_elsewhere_is_told_by_itself() -> None:
    board = Board().seat("ada", "bob")
    board.room.people = 7
    assert board.room.pending
    assert board.told() == [PresenceUpdate(BOARD, 7)]
    assert not board.room.pending


def test_many_who_come_at_once_are_told_as_a_roster_in_compact_only() -> None:
    board = Board().seat("ada")
    board.arrive("eve", 30, EXPLICIT)
    board.tick()
    for user in range(1, 13):
        board.arrive(f"guest {user}", user)
    board.room.people = 14
    flush = board.tick()
    roster, count = read(flush.common[COMPACT])[:2]
    assert isinstance(roster, Roster)
    assert {entry.user for entry in roster.users} == {30, *range(13)}
    assert count == PresenceUpdate(BOARD, 14)
    one_by_one = read(flush.common[EXPLICIT], EXPLICIT)
    assert [type(message) for message in one_by_one] == [UserJoined] * 12 + [PresenceUpdate]


# Going


def test_one_who_leaves_is_told_with_the_count() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.room.depart("bob")
    board.room.people = 2
    flush = board.tick()
    assert flush.common[COMPACT] == [bytes.fromhex("06 1234 01"), bytes.fromhex("07 1234 02")]
    assert len(board.room.seats.by_session) == 2
    assert "bob" not in board.room
    assert "ada" in board.room


def test_leaving_takes_everything_unsaid_along() -> None:
    board = Board().seat("ada", "bob", "cy")
    board.room.move("bob", pack_position(1, 1))
    board.room.set_state("bob", AWAY)
    board.room.set_state("bob", ACTIVE)
    board.room.depart("bob")
    board.room.people = 2
    assert board.told() == [UserLeft(BOARD, 1), PresenceUpdate(BOARD, 2)]


def test_joined_and_left_within_a_tick_is_never_told() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("cy", 2)
    board.room.people = 3
    board.room.move("cy", pack_position(1, 1))
    board.room.depart("cy")
    board.room.people = 2
    assert not board.room.pending
    assert silent(board.tick())


def test_left_and_joined_under_one_id_is_told_in_that_order() -> None:
    board = Board().seat("ada", "bob")
    board.room.depart("bob")
    board.arrive("cy", 1)
    assert board.told() == [
        UserLeft(BOARD, 1),
        UserJoined(BOARD, 1, "cy", COLOR),
        PresenceUpdate(BOARD, 2),
    ]


def test_left_joined_and_left_again_is_told_as_left() -> None:
    board = Board().seat("ada", "bob", "eve")
    board.room.depart("bob")
    board.arrive("cy", 1)
    board.room.depart("cy")
    board.room.people = 2
    assert board.told() == [UserLeft(BOARD, 1), PresenceUpdate(BOARD, 2)]


def test_one_session_that_leaves_and_comes_back_is_welcomed_anew() -> None:
    board = Board().seat("ada", "bob")
    board.room.depart("bob")
    board.arrive("bob", 2)
    flush = board.tick()
    assert read(flush.common[COMPACT])[:2] == [
        UserLeft(BOARD, 1),
        UserJoined(BOARD, 2, "bob", COLOR),
    ]
    assert (
        Welcome(BOARD, 2, COLOR, LEAST, spectator=False, name_set=False)
        == read(flush.welcomes["bob"])[0]
    )


def test_an_id_given_before_its_holder_left_stays_with_the_new_holder() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("cy", 1)
    board.room.depart("bob")
    board.room.move("cy", pack_position(1, 2))
    assert board.told() == [
        UserLeft(BOARD, 1),
        UserJoined(BOARD, 1, "cy", COLOR),
        PresenceUpdate(BOARD, 2),
        *at(1, 1, 2),
    ]


# Spectators


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


def test_what_a_spectator_does_is_dropped() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("late", NO_USER)
    board.tick()
    board.room.move("late", pack_position(1, 1))
    board.room.set_state("late", AWAY)
    assert not board.room.pending
    assert silent(board.tick())


def test_a_spectator_goes_and_comes_back_with_nothing_but_the_count() -> None:
    board = Board().seat("ada", "bob")
    board.arrive("late", NO_USER)
    board.arrive("later", NO_USER)
    board.room.people = 4
    board.tick()
    board.room.start_grace("late")
    board.room.resume(member("late again", NO_USER, "late", "other"), COMPACT, "late")
    flush = board.tick()
    assert flush.common[COMPACT] == []
    assert list(flush.welcomes) == ["late again"]
    board.room.depart("later")
    board.room.people = 3
    assert board.told() == [PresenceUpdate(BOARD, 3)]
    assert len(board.room.seats.by_session) == 3


def test_the_count_that_was_told_is_known_also_while_another_is_due() -> None:
    board = Board()
    assert board.room.told_people == 0
    board.seat("ada", "bob")
    assert board.room.told_people == 2
    board.room.people = 3
    assert board.room.told_people == 2
    assert board.told() == [PresenceUpdate(BOARD, 3)]
    assert board.room.told_people == 3
