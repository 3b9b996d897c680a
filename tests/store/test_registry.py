"""`BoardIds`: the registry of ids that stores in memory share."""

from uuid import UUID

import pytest

from presence.protocol.board_ids import MAX_BOARD_ID
from presence.store import memory as registry
from presence.store.memory import BoardIds
from tests.store.cast import FIRST_OF_PAIR, HOME_OF_PAIR, NEXT_TO_HOME, SECOND_OF_PAIR

REST = 60.0


def a_board(number: int) -> UUID:
    return UUID(int=number + (0x4 << 76) + (0x8 << 62))


def test_taking_again_is_the_same() -> None:
    ids = BoardIds(REST)
    assert ids.take(FIRST_OF_PAIR) == ids.take(FIRST_OF_PAIR) == HOME_OF_PAIR


def test_an_id_is_free_when_its_rest_is_over_and_not_before() -> None:
    ids = BoardIds(REST)
    ids.take(FIRST_OF_PAIR)
    ids.release(FIRST_OF_PAIR, 100.0)
    assert ids.expire(159.9) == []
    assert ids.take(SECOND_OF_PAIR) == NEXT_TO_HOME
    assert ids.expire(160.0) == [FIRST_OF_PAIR]
    assert ids.take(FIRST_OF_PAIR) == HOME_OF_PAIR


def test_a_board_holds_its_id_until_the_rest_is_over() -> None:
    ids = BoardIds(REST)
    assert ids.get(FIRST_OF_PAIR, 0.0) == 0
    ids.take(FIRST_OF_PAIR)
    assert ids.get(FIRST_OF_PAIR, 1e9) == HOME_OF_PAIR
    ids.release(FIRST_OF_PAIR, 100.0)
    assert ids.get(FIRST_OF_PAIR, 159.9) == HOME_OF_PAIR
    assert ids.get(FIRST_OF_PAIR, 160.0) == 0


def test_letting_go_twice_does_not_lengthen_the_rest() -> None:
    ids = BoardIds(REST)
    ids.take(FIRST_OF_PAIR)
    ids.release(FIRST_OF_PAIR, 100.0)
    ids.release(FIRST_OF_PAIR, 150.0)
    assert ids.expire(160.0) == [FIRST_OF_PAIR]


def test_taking_ends_the_rest() -> None:
    ids = BoardIds(REST)
    ids.take(FIRST_OF_PAIR)
    ids.release(FIRST_OF_PAIR, 100.0)
    ids.take(FIRST_OF_PAIR)
    assert ids.expire(1000.0) == []


def test_releases_come_in_the_order_of_letting_go() -> None:
    ids = BoardIds(REST)
    boards = [a_board(n) for n in range(5)]
    for board in boards:
        ids.take(board)
    for n, board in enumerate(reversed(boards)):
        ids.release(board, 100.0 + n)
    assert ids.expire(162.5) == [boards[4], boards[3], boards[2]]
    assert ids.expire(1000.0) == [boards[1], boards[0]]
    assert ids.expire(1000.0) == []


def test_when_every_id_is_taken_a_board_shares_its_home_and_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Homes in a row fill the registry without 65,535 searches.
    monkeypatch.setattr(registry, "home_id", lambda board: board.int % MAX_BOARD_ID + 1)
    ids = BoardIds(REST)
    boards = [UUID(int=number) for number in range(MAX_BOARD_ID)]
    assert [ids.take(board) for board in boards] == list(range(1, MAX_BOARD_ID + 1))

    late = [UUID(int=MAX_BOARD_ID + 6), UUID(int=MAX_BOARD_ID + 7)]
    assert [ids.take(board) for board in late] == [7, 8]
    assert ids.take(late[0]) == 7

    # A sharer that goes does not take the owner's id with it.
    ids.release(late[0], 0.0)
    assert ids.expire(REST) == [late[0]]
    assert ids.take(boards[6]) == 7
    assert ids.take(late[0]) == 7
