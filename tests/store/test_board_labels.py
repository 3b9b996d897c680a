"""Board ids as a store gives them: a board's home, the next one where that is taken."""

from uuid import UUID

from presence.protocol.board_ids import home_id
from presence.store.base import Store
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
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


async def test_a_board_has_its_home(store: Store) -> None:
    assert await board_id(store, BOARD) == home_id(BOARD)
    assert await board_id(store, OTHER_BOARD) == home_id(OTHER_BOARD)


async def test_everybody_on_a_board_is_given_the_same(store: Store, elsewhere: Store) -> None:
    ids = {admission.board_id for admission in await fill(store, 3)}
    assert ids == {await board_id(elsewhere, BOARD)}


async def test_of_two_boards_with_one_home_the_second_has_the_next(store: Store) -> None:
    assert await board_id(store, FIRST_OF_PAIR) == HOME_OF_PAIR
    assert await board_id(store, SECOND_OF_PAIR) == NEXT_TO_HOME


async def test_it_does_not_matter_which_is_the_second(store: Store, elsewhere: Store) -> None:
    assert await board_id(elsewhere, SECOND_OF_PAIR) == HOME_OF_PAIR
    assert await board_id(store, FIRST_OF_PAIR) == NEXT_TO_HOME


async def test_an_id_is_kept_while_somebody_is_there(store: Store, world: World) -> None:
    await board_id(store, FIRST_OF_PAIR)
    await board_id(store, SECOND_OF_PAIR)
    await store.leave(FIRST_OF_PAIR, "asks")
    await world.advance(600)
    assert await board_id(store, FIRST_OF_PAIR, "again") == HOME_OF_PAIR
    assert await board_id(store, SECOND_OF_PAIR, "another") == NEXT_TO_HOME


async def test_who_leaves_early_does_not_take_the_board_along(store: Store, world: World) -> None:
    await fill(store, 2, FIRST_OF_PAIR)
    await store.leave(FIRST_OF_PAIR, "filler 0")
    await world.advance(60)
    assert await board_id(store, SECOND_OF_PAIR) == NEXT_TO_HOME
    admission = await store.join(FIRST_OF_PAIR, request("third"))
    assert (admission.board_id, admission.member.user, admission.people) == (HOME_OF_PAIR, 0, 2)


async def test_an_empty_board_keeps_its_id_for_a_while(store: Store, world: World) -> None:
    await board_id(store, FIRST_OF_PAIR)
    await store.leave(FIRST_OF_PAIR, "asks")
    await world.advance(5)
    assert await board_id(store, SECOND_OF_PAIR) == NEXT_TO_HOME
    assert await board_id(store, FIRST_OF_PAIR) == HOME_OF_PAIR


async def test_then_another_may_have_it(store: Store, world: World) -> None:
    await board_id(store, FIRST_OF_PAIR)
    await store.leave(FIRST_OF_PAIR, "asks")
    await world.advance(6)
    assert await board_id(store, SECOND_OF_PAIR) == HOME_OF_PAIR
    assert await board_id(store, FIRST_OF_PAIR) == NEXT_TO_HOME


async def test_and_it_is_at_home_again_after_a_long_time_away(store: Store, world: World) -> None:
    await board_id(store, FIRST_OF_PAIR)
    await board_id(store, SECOND_OF_PAIR)
    await store.leave(FIRST_OF_PAIR, "asks")
    await store.leave(SECOND_OF_PAIR, "asks")
    await world.advance(6)
    assert await board_id(store, SECOND_OF_PAIR) == HOME_OF_PAIR


async def test_a_visit_ends_the_rest(store: Store, world: World) -> None:
    await board_id(store, FIRST_OF_PAIR)
    await store.leave(FIRST_OF_PAIR, "asks")
    await world.advance(4)
    await board_id(store, FIRST_OF_PAIR)
    await world.advance(4)
    assert await board_id(store, SECOND_OF_PAIR) == NEXT_TO_HOME
    await store.leave(FIRST_OF_PAIR, "asks")
    await world.advance(4)
    assert await board_id(store, FIRST_OF_PAIR) == HOME_OF_PAIR


async def test_a_board_rests_when_its_last_session_is_reaped(store: Store, world: World) -> None:
    await board_id(store, FIRST_OF_PAIR)
    await store.start_grace(FIRST_OF_PAIR, "asks")
    await world.advance(3)
    await store.reap(FIRST_OF_PAIR)
    await world.advance(6)
    assert await board_id(store, SECOND_OF_PAIR) == HOME_OF_PAIR


async def test_a_grace_keeps_the_board_busy(store: Store, world: World) -> None:
    await board_id(store, FIRST_OF_PAIR)
    await store.start_grace(FIRST_OF_PAIR, "asks")
    await world.advance(2)
    assert await board_id(store, SECOND_OF_PAIR) == NEXT_TO_HOME


async def test_a_board_long_empty_is_forgotten_whole(store: Store, world: World) -> None:
    await fill(store, 3)
    for n in range(3):
        await store.leave(BOARD, f"filler {n}")
    await world.advance(6)
    admission = await store.join(BOARD, request("new"))
    assert (admission.member.user, admission.people) == (0, 1)
