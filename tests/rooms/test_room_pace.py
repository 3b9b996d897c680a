"""One board: the interval that its people are told (PROTOCOL.md, RATE)."""

from presence.protocol.messages import (
    PresenceUpdate,
    Rate,
    UserJoined,
)
from tests.rooms.board import (
    COMPACT,
    EXPLICIT,
    LEAST,
    Board,
    read,
)


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


def test_the_explicit_dialect_hears_no_rate() -> None:
    board = Board().seat("ada", dialect=EXPLICIT)
    board.arrive("bob", 1, EXPLICIT)
    board.room.people = 2
    assert [type(m) for m in read(board.tick().common[EXPLICIT], EXPLICIT)] == [
        UserJoined,
        PresenceUpdate,
    ]
    assert board.room.interval == LEAST


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
