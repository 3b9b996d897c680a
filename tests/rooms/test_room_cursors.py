"""One board: cursors, states and the pace they are told at (PROTOCOL.md, Cursors)."""

import gc
from collections.abc import Callable
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.protocol.codec import pack_position
from presence.protocol.limits import TokenBucket
from presence.protocol.messages import (
    CursorBroadcast,
    States,
    UserState,
)
from presence.rooms.room import Room
from tests.rooms.board import (
    ACTIVE,
    AWAY,
    COMPACT,
    EXPLICIT,
    IDLE,
    OFF_BOARD,
    Board,
    at,
    member,
    read,
    silent,
)

# Moving


def test_only_the_latest_of_the_moves_is_told_and_only_once() -> None:
    board = Board().seat("ada", "bob")
    for x in range(10):
        board.room.move("ada", pack_position(x, 9))
    assert board.tick().cursors == {COMPACT: [bytes.fromhex("02 00 0009 0009")]}
    assert silent(board.tick())


def test_a_lone_mover_is_named_so_that_it_need_not_hear_itself() -> None:
    board = Board().seat("ada", "bob")
    board.room.move("bob", pack_position(1, 1))
    assert board.tick().mover == "bob"


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


def test_a_quiet_tick_names_no_mover() -> None:
    board = Board().seat("ada", "bob")
    assert board.tick().mover is None


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


def test_who_comes_back_soon_can_move_later() -> None:
    board = Board().seat("watcher", "ada")
    board.room.depart("ada")
    board.tick()
    board.arrive("ada", 1)
    board.tick()
    board.room.move("ada", pack_position(1, 1))
    assert board.told() == at(1, 1, 1)


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


def test_breaking_and_coming_back_does_not_widen_the_limit() -> None:
    board = Board().seat("watcher", dialect=EXPLICIT)
    room = board.room
    board.arrive("ada 0", 1, EXPLICIT, person="ada")

    def resume_and_move(number: int) -> None:
        session = f"ada {number + 1}"
        room.resume(member(session, 1, "ada", "ada"), EXPLICIT, f"ada {number}")
        room.move(session, pack_position(number, 0))

    assert sliding_maximum(drive(room, [0.01] * 300, resume_and_move)) <= 60


def test_the_limits_of_different_persons_are_their_own() -> None:
    board = Board().seat(*(f"p{n}" for n in range(100)))
    for n in range(100):
        board.room.move(f"p{n}", pack_position(n, 0))
    (cursors,) = board.told()
    assert isinstance(cursors, CursorBroadcast)
    assert len(cursors.cursors) == 100


def test_one_who_was_long_gone_starts_with_a_fresh_limit() -> None:
    board = Board().seat("watcher", "ada")
    for _ in range(3):
        board.room.depart("ada")
        board.tick()
        board.tick()
        board.arrive("ada", 1)
        board.room.move("ada", pack_position(1, 1))
        assert at(1, 1, 1)[0] in board.told()


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


def test_tabs_of_one_person_take_turns_under_their_limit() -> None:
    board = Board().seat("watcher")
    for tab in range(1, 7):
        board.arrive(f"tab {tab}", tab, person="ada")
    for tab in range(1, 7):
        board.room.move(f"tab {tab}", pack_position(tab, 0))
    heard = []
    for _ in range(2):
        cursors = board.told()[-1]
        assert isinstance(cursors, CursorBroadcast)
        heard += [cursor.user for cursor in cursors.cursors]
    assert sorted(heard) == [1, 2, 3, 4, 5, 6]


# States


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


def test_a_move_makes_its_user_active() -> None:
    board = Board().seat("ada", "bob")
    board.room.set_state("ada", IDLE)
    board.tick()
    board.room.move("ada", pack_position(1, 2))
    assert board.told() == [States(((0, ACTIVE),)), *at(0, 1, 2)]
    board.room.move("ada", pack_position(3, 4))
    assert board.told() == at(0, 3, 4)


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


def test_active_without_a_known_position_is_a_state_only() -> None:
    board = Board().seat("ada", "bob")
    board.room.set_state("ada", AWAY)
    board.tick()
    board.room.set_state("ada", ACTIVE)
    assert board.told() == [States(((0, ACTIVE),))]


def test_the_explicit_dialect_hears_no_states_but_no_hidden_cursor_either() -> None:
    board = Board().seat("ada", "bob", dialect=EXPLICIT)
    board.room.move("ada", pack_position(1, 2))
    board.room.set_state("ada", AWAY)
    flush = board.tick()
    assert (flush.common, flush.cursors) == ({EXPLICIT: []}, {EXPLICIT: []})
