"""How boards stand: snapshots, what a renewal tells, which processes and boards there are."""

from presence.protocol.board_ids import home_id
from presence.store.base import BoardSummary, Snapshot, Store
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    HERE,
    NEXT_TO_HOME,
    OTHER_BOARD,
    SECOND_OF_PAIR,
    THERE,
    fill,
    gone,
    request,
)
from tests.store.test_leases import renew_for
from tests.store.worlds import World


async def test_the_snapshot_of_a_board_nobody_was_on(store: Store) -> None:
    assert await store.snapshot(BOARD) == Snapshot((), 0, 0, frozenset(), 0)


async def test_a_snapshot_is_the_roster_and_all_else(store: Store) -> None:
    members = tuple(admission.member for admission in await fill(store, 20))
    last = await store.join(BOARD, request("tab", "person of filler 0", THERE))
    snapshot = await store.snapshot(BOARD)
    assert snapshot.members == (*members, last.member) == (await store.snapshot(BOARD)).members
    assert (snapshot.people, snapshot.version, snapshot.board_id) == (
        20,
        last.version,
        home_id(BOARD),
    )
    assert snapshot.processes == last.processes == {HERE, THERE}


async def test_a_snapshot_has_the_id_that_the_board_was_given(store: Store, world: World) -> None:
    await fill(store, 1, FIRST_OF_PAIR)
    await fill(store, 1, SECOND_OF_PAIR)
    assert (await store.snapshot(SECOND_OF_PAIR)).board_id == NEXT_TO_HOME
    await store.leave(SECOND_OF_PAIR, "filler 0")
    await world.advance(5)
    assert (await store.snapshot(SECOND_OF_PAIR)).board_id == NEXT_TO_HOME
    await world.advance(1)
    assert (await store.snapshot(SECOND_OF_PAIR)).board_id == 0


async def test_a_snapshot_leaves_out_who_is_gone(leased: Store, world: World) -> None:
    stays = (await leased.join(BOARD, request("stays"))).member
    await leased.join(BOARD, request("broken"))
    await leased.join(BOARD, request("dead", process=THERE))
    await leased.start_grace(BOARD, "broken")
    await renew_for(leased, world, 7)
    snapshot = await leased.snapshot(BOARD)
    assert (snapshot.members, snapshot.people) == ((stays,), 1)
    assert snapshot.processes == {HERE}


async def test_an_admission_names_the_processes_that_are_there(store: Store) -> None:
    assert (await store.join(BOARD, request("a"))).processes == {HERE}
    await store.join(OTHER_BOARD, request("b", process=THERE))
    assert (await store.join(BOARD, request("c"))).processes == {HERE}
    assert (await store.join(BOARD, request("d", process=THERE))).processes == {HERE, THERE}
    await store.leave(BOARD, "d")
    assert (await store.join(BOARD, request("e"))).processes == {HERE}


async def test_a_process_without_a_lease_is_not_there_but_to_itself(
    leased: Store, world: World
) -> None:
    await leased.join(BOARD, request("a", process=THERE))
    await renew_for(leased, world, 5)
    assert (await leased.join(BOARD, request("b"))).processes == {HERE}
    assert (await leased.join(BOARD, request("c", process=THERE))).processes == {HERE, THERE}
    assert (await leased.snapshot(BOARD)).processes == {HERE}


async def test_a_renewal_tells_how_the_boards_of_the_process_stand(store: Store) -> None:
    await fill(store, 3)
    last = await store.join(BOARD, request("there", process=THERE))
    other = await store.join(OTHER_BOARD, request("also there", process=THERE))
    here = BoardSummary(4, last.version, frozenset({HERE, THERE}))
    assert dict(await store.renew(HERE)) == {BOARD: here}
    there = BoardSummary(1, other.version, frozenset({THERE}))
    assert dict(await store.renew(THERE)) == {BOARD: here, OTHER_BOARD: there}
    assert dict(await store.renew("process-new")) == {}


async def test_a_renewal_is_silent_on_boards_that_the_process_left(store: Store) -> None:
    await fill(store, 2)
    await fill(store, 1, OTHER_BOARD)
    await store.leave(BOARD, "filler 0")
    assert set(await store.renew(HERE)) == {BOARD, OTHER_BOARD}
    await store.leave(BOARD, "filler 1")
    assert set(await store.renew(HERE)) == {OTHER_BOARD}


async def test_a_renewal_is_silent_on_boards_of_which_the_process_was_reaped(
    store: Store, world: World
) -> None:
    await fill(store, 1)
    await store.start_grace(BOARD, "filler 0")
    await world.advance(3)
    assert dict(await store.renew(HERE)) == {
        BOARD: BoardSummary(0, (await store.snapshot(BOARD)).version, frozenset())
    }
    await store.reap(BOARD)
    assert dict(await store.renew(HERE)) == {}


async def test_a_renewal_is_silent_where_another_process_went_on(store: Store) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    await store.join(BOARD, request("new", "ada", THERE))
    assert dict(await store.renew(HERE)) == {}
    assert set(await store.renew(THERE)) == {BOARD}


async def test_a_renewal_forgets_those_for_whom_another_process_went_on(
    store: Store, elsewhere: Store
) -> None:
    await store.join(BOARD, request("stays"))
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    await elsewhere.join(BOARD, request("new", "ada", THERE))
    assert set(await store.renew(HERE)) == {BOARD}
    await store.leave(BOARD, "stays")
    assert dict(await store.renew(HERE)) == {}


async def test_a_renewal_forgets_those_whom_another_process_took_off(
    store: Store, elsewhere: Store, world: World
) -> None:
    await fill(store, 2)
    await store.start_grace(BOARD, "filler 0")
    await world.advance(3)
    # Whose time is up is there until somebody says so.
    assert set(await store.renew(HERE)) == {BOARD}
    assert gone(await elsewhere.reap(BOARD)) == ["filler 0"]
    assert set(await store.renew(HERE)) == {BOARD}
    await store.leave(BOARD, "filler 1")
    assert dict(await store.renew(HERE)) == {}


async def test_what_was_restored_is_renewed(store: Store, world: World) -> None:
    member = (await fill(store, 1))[0].member
    await store.leave(BOARD, "filler 0")
    snapshot = await store.restore(BOARD, [member])
    assert (await store.renew(HERE))[BOARD].version == snapshot.version


async def test_processes_are_those_with_a_lease_and_their_members(
    leased: Store, world: World
) -> None:
    assert dict(await leased.processes()) == {HERE: 0, THERE: 0}
    await fill(leased, 3)
    await fill(leased, 2, OTHER_BOARD)
    await leased.join(BOARD, request("there", process=THERE))
    await leased.join(BOARD, request("nowhere", process="process-without"))
    await leased.start_grace(BOARD, "filler 0")
    assert dict(await leased.processes()) == {HERE: 5, THERE: 1}
    await renew_for(leased, world, 5)
    assert dict(await leased.processes()) == {HERE: 4}
    await world.advance(5)
    assert dict(await leased.processes()) == {}


async def test_boards_are_those_that_somebody_is_on(store: Store, world: World) -> None:
    assert list(await store.boards()) == []
    await fill(store, 2)
    await fill(store, 1, OTHER_BOARD)
    assert set(await store.boards()) == {BOARD, OTHER_BOARD}
    await store.leave(OTHER_BOARD, "filler 0")
    assert dict(await store.boards()) == {BOARD: 2}
    for n in range(2):
        await store.start_grace(BOARD, f"filler {n}")
    assert list(await store.boards()) == [BOARD]
    await world.advance(3)
    assert list(await store.boards()) == []


async def test_boards_among_some(store: Store) -> None:
    await fill(store, 2)
    await fill(store, 1, OTHER_BOARD)
    assert dict(await store.boards([])) == {}
    assert dict(await store.boards([OTHER_BOARD, FIRST_OF_PAIR])) == {OTHER_BOARD: 1}
    assert dict(await store.boards([BOARD, OTHER_BOARD])) == {BOARD: 2, OTHER_BOARD: 1}
    await store.leave(OTHER_BOARD, "filler 0")
    assert dict(await store.boards([OTHER_BOARD])) == {}
