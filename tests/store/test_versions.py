"""A board's version: raised by every change of who is on it, and by nothing else."""

from presence.store.base import Store
from tests.store.cast import BOARD, HERE, OTHER_BOARD, fill, request
from tests.store.worlds import World


async def version_of(store: Store) -> int:
    """Return the version of the board."""
    return (await store.snapshot(BOARD)).version


async def test_a_board_that_nobody_was_on_has_0(store: Store) -> None:
    assert await version_of(store) == 0
    assert (await store.leave(BOARD, "nobody")).version == 0
    assert (await store.reap(BOARD)).version == 0


async def test_every_join_raises_it_by_one(store: Store) -> None:
    versions = [admission.version for admission in await fill(store, 4)]
    assert versions == list(range(versions[0], versions[0] + 4))
    assert await version_of(store) == versions[-1]


async def test_it_begins_beyond_any_that_was_before(store: Store, world: World) -> None:
    first = (await fill(store, 1))[0].version
    for _ in range(100):
        await store.join(BOARD, request("again"))
        await store.leave(BOARD, "again")
    last = (await store.leave(BOARD, "filler 0")).version
    assert last == first + 201
    await world.advance(3600)
    assert (await fill(store, 1))[0].version > last


async def test_leaving_raises_it_by_one(store: Store) -> None:
    came = (await fill(store, 2))[-1].version
    assert (await store.leave(BOARD, "filler 0")).version == came + 1
    assert (await store.leave(BOARD, "filler 0")).version == came + 1
    assert (await store.leave(BOARD, "filler 1")).version == came + 2


async def test_reaping_raises_it_by_one_however_many_go(store: Store, world: World) -> None:
    came = (await fill(store, 3))[-1].version
    for session in ("filler 0", "filler 2"):
        await store.start_grace(BOARD, session)
    assert (await store.reap(BOARD)).version == came
    await world.advance(3)
    assert (await store.reap(BOARD)).version == came + 1
    assert (await store.reap(BOARD)).version == came + 1


async def test_going_on_for_another_session_raises_it_by_one(store: Store) -> None:
    came = (await store.join(BOARD, request("old", "ada"))).version
    await store.start_grace(BOARD, "old")
    again = await store.join(BOARD, request("new", "ada"))
    assert (again.resumed, again.version) == ("old", came + 1)


async def test_restoring_raises_it_by_one_where_somebody_was_lost(store: Store) -> None:
    members = [admission.member for admission in await fill(store, 3)]
    for n in (0, 1):
        await store.leave(BOARD, f"filler {n}")
    before = await version_of(store)
    assert (await store.restore(BOARD, members)).version == before + 1
    assert (await store.restore(BOARD, members)).version == before + 1
    assert (await store.restore(BOARD, [])).version == before + 1


async def test_what_changes_no_membership_leaves_it(store: Store, world: World) -> None:
    came = (await fill(store, 2))[-1].version
    await store.start_grace(BOARD, "filler 0")
    await store.start_grace(BOARD, "nobody")
    await store.leave(BOARD, "nobody")
    await store.renew(HERE)
    await store.counts([BOARD])
    await fill(store, 3, OTHER_BOARD)
    await world.advance(3)
    assert await version_of(store) == came
    assert (await store.renew(HERE))[BOARD].version == came
