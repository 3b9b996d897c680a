"""User ids: the lowest free one, at rest after their holder left, none past 255."""

import asyncio

from presence.protocol.messages import MAX_USERS, NO_USER
from presence.store.base import Store
from tests.store.cast import BOARD, OTHER_BOARD, THERE, fill, people_on, request
from tests.store.worlds import World


async def test_an_admission_tells_who_came(store: Store) -> None:
    admission = await store.join(BOARD, request("s", "p", THERE, "Grace"))
    member = admission.member
    said = (member.session, member.person, member.process, member.name)
    assert said == ("s", "p", THERE, "Grace")
    assert (member.user, member.spectator) == (0, False)
    assert (admission.people, admission.resumed) == (1, None)


async def test_ids_are_given_from_0_up(store: Store) -> None:
    assert [admission.member.user for admission in await fill(store, 4)] == [0, 1, 2, 3]


async def test_each_board_has_ids_of_its_own(store: Store) -> None:
    await fill(store, 3)
    assert (await store.join(OTHER_BOARD, request("s"))).member.user == 0


async def test_an_id_is_not_given_again_while_it_rests(store: Store, world: World) -> None:
    await fill(store, 3)
    await store.leave(BOARD, "filler 1")
    await world.advance(3)
    assert (await store.join(BOARD, request("early"))).member.user == 3


async def test_the_lowest_id_is_given_again_after_its_rest(store: Store, world: World) -> None:
    await fill(store, 3)
    await store.leave(BOARD, "filler 1")
    await world.advance(4)
    assert (await store.join(BOARD, request("next"))).member.user == 1
    assert (await store.join(BOARD, request("after"))).member.user == 3


async def test_an_id_rests_on_a_board_that_emptied(store: Store, world: World) -> None:
    await fill(store, 1)
    await store.leave(BOARD, "filler 0")
    await world.advance(3)
    assert (await store.join(BOARD, request("early"))).member.user == 1


async def test_the_rest_begins_anew_with_each_leave(store: Store, world: World) -> None:
    await fill(store, 1)
    await store.leave(BOARD, "filler 0")
    await world.advance(4)
    await store.join(BOARD, request("again"))
    await store.leave(BOARD, "again")
    await world.advance(3)
    assert (await store.join(BOARD, request("early"))).member.user == 1


async def test_the_rest_of_one_id_does_not_lengthen_that_of_another(
    store: Store, world: World
) -> None:
    await fill(store, 2)
    await store.leave(BOARD, "filler 1")
    await world.advance(2)
    await store.leave(BOARD, "filler 0")
    await world.advance(2)
    assert (await store.join(BOARD, request("next"))).member.user == 1


async def test_300_sessions_are_255_users_and_45_spectators(store: Store) -> None:
    admissions = await fill(store, 300)
    users = [admission.member.user for admission in admissions]
    assert users == [*range(MAX_USERS), *[NO_USER] * 45]
    assert [a.member.spectator for a in admissions] == [False] * 255 + [True] * 45
    assert [admission.people for admission in admissions] == list(range(1, 301))
    assert await people_on(store) == 300
    assert len((await store.snapshot(BOARD)).members) == 300


async def test_a_full_board_has_an_id_again_when_the_rest_is_over(
    store: Store, world: World
) -> None:
    await fill(store, 256)
    await store.leave(BOARD, "filler 7")
    await world.advance(3)
    assert (await store.join(BOARD, request("early"))).member.spectator
    await world.advance(1)
    assert (await store.join(BOARD, request("next"))).member.user == 7


async def test_a_spectator_stays_one_and_keeps_no_id_at_rest(store: Store, world: World) -> None:
    await fill(store, 257)
    await store.leave(BOARD, "filler 7")
    departure = await store.leave(BOARD, "filler 255")
    assert [member.user for member in departure.members] == [NO_USER]
    await world.advance(4)
    assert ((await store.snapshot(BOARD)).members)[-1].spectator
    assert (await store.join(BOARD, request("next"))).member.user == 7
    assert (await store.join(BOARD, request("after"))).member.spectator


async def test_joins_at_once_get_ids_of_their_own(store: Store, elsewhere: Store) -> None:
    joins = [(store, elsewhere)[n % 2].join(BOARD, request(f"s{n}")) for n in range(260)]
    admissions = await asyncio.gather(*joins)
    users = sorted(admission.member.user for admission in admissions)
    assert users == [*range(MAX_USERS), *[NO_USER] * 5]
    assert sorted(admission.people for admission in admissions) == list(range(1, 261))


async def test_another_process_sees_the_same_board(store: Store, elsewhere: Store) -> None:
    here = await store.join(BOARD, request("a"))
    there = await elsewhere.join(BOARD, request("b", process=THERE))
    assert (there.member.user, there.people, there.board_id) == (1, 2, here.board_id)
    assert (await store.snapshot(BOARD)).members == (await elsewhere.snapshot(BOARD)).members
    assert (await elsewhere.leave(BOARD, "a")).members == (here.member,)
    assert await people_on(store) == 1
