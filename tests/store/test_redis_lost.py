"""The shared state is lost, or its scripts are, while processes live on."""

import asyncio

from presence.store.redis.scripts import RELEASE_ID, RESTORE, SUMMARY
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    HERE,
    HOME_OF_PAIR,
    NEXT_TO_HOME,
    OTHER_BOARD,
    SECOND_OF_PAIR,
    THERE,
    TIMING,
    fill,
    gone,
    request,
)
from tests.store.redis_place import Gated, Place


async def test_flushed_scripts_are_loaded_again(place: Place) -> None:
    store = place.store(TIMING)
    await store.renew(HERE)
    await fill(store, 2)
    with place.server.client() as client:
        client.script_flush()
    assert dict(await store.counts([BOARD, OTHER_BOARD])) == {BOARD: 2, OTHER_BOARD: 0}
    with place.server.client() as client:
        client.script_flush()
    assert (await store.join(BOARD, request("s"))).people == 3


async def test_a_renewal_tells_once_of_boards_that_were_lost(place: Place) -> None:
    store = place.store(TIMING)
    await store.renew(HERE)
    last = (await fill(store, 2))[-1]
    place.flush()
    told = (await store.renew(HERE))[BOARD]
    assert (told.people, told.version, told.processes) == (0, 0, frozenset())
    assert dict(await store.renew(HERE)) == {}
    assert (await store.restore(BOARD, [last.member])).version > last.version
    assert set(await store.renew(HERE)) == {BOARD}


async def test_lost_boards_are_restored_by_each_process_and_clashes_resolved(place: Place) -> None:
    here, there = place.store(TIMING), place.store(TIMING)
    await here.renew(HERE)
    await there.renew(THERE)
    mine = [(await here.join(BOARD, request(f"h{n}"))).member for n in range(3)]
    yours = [(await there.join(BOARD, request(f"t{n}", process=THERE))).member for n in range(2)]
    place.flush()
    # Before anybody notices, somebody comes and gets an id that was given.
    late = (await there.join(BOARD, request("late", process=THERE))).member
    assert late.user == 0
    assert (await here.renew(HERE))[BOARD].processes == {THERE}
    assert (await there.renew(THERE))[BOARD].version == (await there.snapshot(BOARD)).version
    await here.restore(BOARD, mine)
    snapshot = await there.restore(BOARD, yours)
    users = {member.session: member.user for member in snapshot.members}
    assert users == {"late": 0, "h0": 3, "h1": 1, "h2": 2, "t0": 5, "t1": 4}
    assert (snapshot.people, snapshot.processes) == (6, {HERE, THERE})


async def test_boards_in_use_keep_their_ids_when_the_registry_is_lost(place: Place) -> None:
    store = place.store(TIMING)
    await store.renew(HERE)
    first = await store.join(FIRST_OF_PAIR, request("a"))
    second = await store.join(SECOND_OF_PAIR, request("b"))
    place.flush()
    assert (await store.restore(SECOND_OF_PAIR, [second.member])).board_id == NEXT_TO_HOME
    assert (await store.restore(FIRST_OF_PAIR, [first.member])).board_id == HOME_OF_PAIR
    place.flush()
    await store.renew(HERE)
    newcomer = place.store(TIMING)
    await newcomer.renew(THERE)
    joined = await newcomer.join(SECOND_OF_PAIR, request("c", process=THERE))
    assert joined.board_id == NEXT_TO_HOME


async def test_an_id_that_another_board_took_meanwhile_is_not_taken_back(place: Place) -> None:
    store, other = place.store(TIMING), place.store(TIMING)
    await store.renew(HERE)
    await other.renew(THERE)
    member = (await store.join(FIRST_OF_PAIR, request("a"))).member
    place.flush()
    await other.renew(THERE)
    assert (await other.join(SECOND_OF_PAIR, request("b", process=THERE))).board_id == HOME_OF_PAIR
    assert (await store.restore(FIRST_OF_PAIR, [member])).board_id == NEXT_TO_HOME
    assert (await store.join(FIRST_OF_PAIR, request("c"))).board_id == NEXT_TO_HOME


async def test_who_comes_while_a_board_empties_keeps_its_id(place: Place) -> None:
    async with Gated(port=place.server.port) as client:
        store, other = place.store_over(client), place.store(TIMING)
        await store.renew(HERE)
        await other.renew(THERE)
        await store.join(BOARD, request("a"))
        gate = client.before(RELEASE_ID)
        leaving = asyncio.create_task(store.leave(BOARD, "a"))
        await gate.reached.wait()
        admission = await other.join(BOARD, request("b", process=THERE))
        gate.open.set()
        assert gone(await leaving) == ["a"]
    place.ahead += 6
    assert (await other.snapshot(BOARD)).board_id == admission.board_id


async def test_a_renewal_under_way_does_not_forget_who_is_put_back_meanwhile(place: Place) -> None:
    async with Gated(port=place.server.port) as client:
        store = place.store_over(client)
        await store.renew(HERE)
        member = (await store.join(BOARD, request("a"))).member
        place.flush()
        restores, stands = client.before(RESTORE), client.after(SUMMARY)
        restoring = asyncio.create_task(store.restore(BOARD, [member]))
        await restores.reached.wait()
        renewing = asyncio.create_task(store.renew(HERE))
        await stands.reached.wait()
        restores.open.set()
        assert (await restoring).members in ((member,), ())
        stands.open.set()
        await renewing
        for _ in range(2):
            assert set(await store.renew(HERE)) == {BOARD}
