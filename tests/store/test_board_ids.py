"""Board ids: a board's home, or the next free one if that is taken."""

from uuid import UUID

import pytest

from presence.protocol.board_ids import MAX_BOARD_ID, home_id
from presence.store import memory
from presence.store.base import Store, Timing
from presence.store.memory import BoardIds, MemoryStore
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    GRACE,
    HERE,
    HOME_OF_PAIR,
    NEXT_TO_HOME,
    OTHER_BOARD,
    SECOND_OF_PAIR,
    fill,
    request,
)
from tests.store.worlds import World


async def board_id(store: Store, board: UUID, session: str = "asks") -> int:
    """Return the id a board has, by joining it."""
    return (await store.join(board, request(session))).board_id


async def test_everybody_on_a_board_gets_its_home(store: Store, elsewhere: Store) -> None:
    for board in (BOARD, OTHER_BOARD):
        assert await board_id(store, board) == home_id(board)
        assert await board_id(elsewhere, board, "other") == home_id(board)


@pytest.mark.parametrize("first", [FIRST_OF_PAIR, SECOND_OF_PAIR])
async def test_of_two_boards_with_one_home_the_second_gets_the_next_id(
    store: Store, elsewhere: Store, first: UUID
) -> None:
    (second,) = {FIRST_OF_PAIR, SECOND_OF_PAIR} - {first}
    assert await board_id(elsewhere, first) == HOME_OF_PAIR
    assert await board_id(store, second) == NEXT_TO_HOME


async def test_a_board_keeps_its_id_while_somebody_is_there(store: Store, world: World) -> None:
    await fill(store, 2, FIRST_OF_PAIR)
    await board_id(store, SECOND_OF_PAIR)
    await store.leave(FIRST_OF_PAIR, "filler 0")
    world.now += 600
    admission = await store.join(FIRST_OF_PAIR, request("third"))
    assert (admission.board_id, admission.member.user, admission.people) == (HOME_OF_PAIR, 0, 2)
    assert await board_id(store, SECOND_OF_PAIR, "another") == NEXT_TO_HOME


@pytest.mark.parametrize("reaped", [False, True], ids=["left", "reaped"])
async def test_an_empty_board_keeps_its_id_for_its_rest(
    store: Store, world: World, reaped: bool
) -> None:
    async def empty(board: UUID) -> None:
        if reaped:
            await store.start_grace(board, "asks", GRACE)
            world.now += 3
            await store.reap(board)
        else:
            await store.leave(board, "asks")

    await board_id(store, FIRST_OF_PAIR)
    await empty(FIRST_OF_PAIR)
    world.now += 5
    assert (await store.snapshot(FIRST_OF_PAIR)).board_id == HOME_OF_PAIR
    # A visit ends the rest, and starts another one.
    assert await board_id(store, FIRST_OF_PAIR) == HOME_OF_PAIR
    await empty(FIRST_OF_PAIR)
    world.now += 5
    assert await board_id(store, SECOND_OF_PAIR) == NEXT_TO_HOME
    world.now += 1
    assert (await store.snapshot(FIRST_OF_PAIR)).board_id == 0
    await empty(SECOND_OF_PAIR)
    world.now += 6
    assert await board_id(store, SECOND_OF_PAIR) == HOME_OF_PAIR, "at home after a long time"
    assert await board_id(store, FIRST_OF_PAIR) == NEXT_TO_HOME


async def test_all_of_a_board_is_forgotten_with_its_id(store: Store, world: World) -> None:
    await fill(store, 3)
    for n in range(3):
        await store.leave(BOARD, f"filler {n}")
    world.now += 6
    admission = await store.join(BOARD, request("new"))
    assert (admission.member.user, admission.people) == (0, 1)


async def test_in_memory_a_board_is_kept_as_long_as_the_rest_of_its_user_ids() -> None:
    now = 0.0
    store = MemoryStore(lambda: now, Timing(id_rest=50.0, board_rest=1.0))
    await store.renew(HERE)
    await fill(store, 1)
    await store.leave(BOARD, "filler 0")
    now = 20.0
    assert (await store.join(BOARD, request("early"))).member.user == 1


def test_ids_expire_in_the_order_of_their_release() -> None:
    ids = BoardIds(60.0)
    boards = [UUID(int=n) for n in range(5)]
    for board in boards:
        ids.take(board)
    for n, board in enumerate(reversed(boards)):
        ids.release(board, 100.0 + n)
    ids.release(boards[4], 150.0)  # does not lengthen the rest
    assert ids.expire(162.5) == [boards[4], boards[3], boards[2]]
    assert ids.expire(1000.0) == [boards[1], boards[0]]
    assert ids.expire(1000.0) == []


def test_a_board_shares_the_id_of_its_home_when_all_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Consecutive homes fill the registry without 65,535 searches.
    monkeypatch.setattr(memory, "home_id", lambda board: board.int % MAX_BOARD_ID + 1)
    ids = BoardIds(60.0)
    boards = [UUID(int=number) for number in range(MAX_BOARD_ID)]
    assert [ids.take(board) for board in boards] == list(range(1, MAX_BOARD_ID + 1))
    late = UUID(int=MAX_BOARD_ID + 6)
    assert ids.take(late) == ids.take(late) == 7
    # The id stays with its owner when the other one goes.
    ids.release(late, 0.0)
    assert ids.expire(60.0) == [late]
    assert ids.take(boards[6]) == ids.take(late) == 7
