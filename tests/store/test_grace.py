"""A broken session: kept for its grace, gone on for by the same person, reaped after it."""

import pytest

from presence.store.base import Departure, Store
from tests.store.cast import BOARD, OTHER_BOARD, fill, gone, people_on, request, sessions_on
from tests.store.worlds import World


async def test_a_session_in_its_grace_is_still_here(store: Store, world: World) -> None:
    await fill(store, 2)
    await store.start_grace(BOARD, "filler 0")
    await world.advance(2)
    assert await store.reap(BOARD) == Departure((), 2)
    assert await sessions_on(store) == ["filler 0", "filler 1"]
    assert await people_on(store) == 2


async def test_after_the_grace_it_counts_no_more_even_before_it_is_reaped(
    store: Store, world: World
) -> None:
    await fill(store, 2)
    await store.start_grace(BOARD, "filler 0")
    await world.advance(3)
    assert await sessions_on(store) == ["filler 1"]
    assert await people_on(store) == 1


async def test_reaping_tells_who_is_gone_once(store: Store, world: World) -> None:
    members = [admission.member for admission in await fill(store, 3)]
    await store.start_grace(BOARD, "filler 0")
    await store.start_grace(BOARD, "filler 2")
    await world.advance(3)
    departure = await store.reap(BOARD)
    assert set(departure.members) == {members[0], members[2]}
    assert departure.people == 1
    assert await store.reap(BOARD) == Departure((), 1)


async def test_reaping_one_board_leaves_the_others(store: Store, world: World) -> None:
    for board in (BOARD, OTHER_BOARD):
        await fill(store, 1, board)
        await store.start_grace(board, "filler 0")
    await world.advance(3)
    assert gone(await store.reap(BOARD)) == ["filler 0"]
    assert gone(await store.reap(OTHER_BOARD)) == ["filler 0"]


async def test_the_id_is_held_in_the_grace_and_rests_after_it(store: Store, world: World) -> None:
    await fill(store, 1)
    await store.start_grace(BOARD, "filler 0")
    await world.advance(3)
    assert (await store.join(BOARD, request("not told yet"))).member.user == 1
    await store.reap(BOARD)
    await world.advance(3)
    assert (await store.join(BOARD, request("resting"))).member.user == 2
    await world.advance(1)
    assert (await store.join(BOARD, request("rested"))).member.user == 0


async def test_breaking_twice_does_not_lengthen_the_grace(store: Store, world: World) -> None:
    await fill(store, 1)
    await store.start_grace(BOARD, "filler 0")
    await world.advance(2)
    await store.start_grace(BOARD, "filler 0")
    await world.advance(1)
    assert gone(await store.reap(BOARD)) == ["filler 0"]


async def test_the_person_goes_on_under_the_same_id_and_colour(store: Store, world: World) -> None:
    await fill(store, 3)
    before = (await store.join(BOARD, request("old", "ada", name="Ada"))).member
    await store.leave(BOARD, "filler 0")
    await store.start_grace(BOARD, "old")
    await world.advance(2)
    admission = await store.join(BOARD, request("new", "ada", name="Ada L."))
    after = admission.member
    assert (admission.resumed, admission.people) == ("old", 3)
    assert (after.session, after.name) == ("new", "Ada L.")
    assert (after.user, after.color) == (before.user, before.color)
    assert await sessions_on(store) == ["filler 1", "filler 2", "new"]


async def test_the_session_gone_on_for_is_no_more(store: Store, world: World) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    await store.join(BOARD, request("new", "ada"))
    await store.start_grace(BOARD, "old")
    assert await store.leave(BOARD, "old") == Departure((), 1)
    await world.advance(3)
    assert await store.reap(BOARD) == Departure((), 1)
    assert await sessions_on(store) == ["new"]


async def test_the_id_of_one_that_went_on_is_free_after_it_left(store: Store, world: World) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    await store.join(BOARD, request("new", "ada"))
    await store.leave(BOARD, "new")
    await world.advance(3)
    assert (await store.join(BOARD, request("early"))).member.user == 1
    await world.advance(1)
    assert (await store.join(BOARD, request("next"))).member.user == 0


async def test_who_went_on_can_break_and_go_on_again(store: Store, world: World) -> None:
    await store.join(BOARD, request("1", "ada"))
    await store.start_grace(BOARD, "1")
    await world.advance(2)
    await store.join(BOARD, request("2", "ada"))
    await store.start_grace(BOARD, "2")
    await world.advance(2)
    admission = await store.join(BOARD, request("3", "ada"))
    assert (admission.resumed, admission.member.user) == ("2", 0)


async def test_who_comes_back_after_the_grace_is_new(store: Store, world: World) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    await world.advance(3)
    admission = await store.join(BOARD, request("new", "ada"))
    assert (admission.resumed, admission.member.user, admission.people) == (None, 1, 1)
    assert gone(await store.reap(BOARD)) == ["old"]


@pytest.mark.parametrize("person", ["bob", "ADA"])
async def test_nobody_goes_on_for_another(store: Store, person: str) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    admission = await store.join(BOARD, request("new", person))
    assert (admission.resumed, admission.member.user, admission.people) == (None, 1, 2)


async def test_nobody_goes_on_for_a_living_tab(store: Store) -> None:
    await store.join(BOARD, request("old", "ada"))
    admission = await store.join(BOARD, request("new", "ada"))
    assert (admission.resumed, admission.member.user) == (None, 1)


async def test_nobody_goes_on_for_one_who_left(store: Store) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    assert gone(await store.leave(BOARD, "old")) == ["old"]
    assert (await store.join(BOARD, request("new", "ada"))).resumed is None


async def test_nobody_goes_on_from_another_board(store: Store) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    assert (await store.join(OTHER_BOARD, request("new", "ada"))).resumed is None


async def test_each_broken_tab_is_gone_on_for_once(store: Store) -> None:
    for session in ("old 0", "old 1"):
        await store.join(BOARD, request(session, "ada"))
    for session in ("old 0", "old 1"):
        await store.start_grace(BOARD, session)
    admissions = [await store.join(BOARD, request(f"new {n}", "ada")) for n in range(3)]
    resumed = [admission.resumed for admission in admissions]
    assert set(resumed[:2]) == {"old 0", "old 1"}
    assert resumed[2] is None
    assert {admission.member.user for admission in admissions} == {0, 1, 2}


async def test_only_the_broken_tab_is_gone_on_for(store: Store) -> None:
    for session in ("living", "broken"):
        await store.join(BOARD, request(session, "ada"))
    await store.start_grace(BOARD, "broken")
    admission = await store.join(BOARD, request("new", "ada"))
    assert (admission.resumed, admission.member.user) == ("broken", 1)


async def test_a_spectator_goes_on_as_a_spectator(store: Store, world: World) -> None:
    await fill(store, 255)
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    await store.leave(BOARD, "filler 3")
    admission = await store.join(BOARD, request("new", "ada"))
    assert (admission.resumed, admission.member.spectator, admission.people) == ("old", True, 255)
