"""Snapshots, what a renewal returns, and which processes live."""

from uuid import UUID

from presence.protocol.board_ids import NamedBoard, home_id
from presence.store.base import BoardSummary, Snapshot, Store
from tests.store.cast import (
    BOARD,
    GRACE,
    HERE,
    OTHER_BOARD,
    THERE,
    break_off,
    fill,
    gone,
    request,
)
from tests.store.test_grace import renew_for
from tests.store.worlds import World


async def test_a_snapshot_is_the_whole_board(store: Store) -> None:
    assert await store.snapshot(BOARD) == Snapshot((), 0, 0, frozenset(), 0)
    members = tuple(admission.member for admission in await fill(store, 20))
    last = await store.join(BOARD, request("tab", "person of filler 0", THERE))
    both = frozenset({HERE, THERE})
    whole = Snapshot((*members, last.member), 20, last.version, both, home_id(BOARD))
    assert await store.snapshot(BOARD) == whole


async def test_a_snapshot_leaves_out_members_who_are_gone(leased: Store, world: World) -> None:
    stays = (await leased.join(BOARD, request("stays"))).member
    await break_off(leased, "broken", "ada")
    await leased.join(BOARD, request("dead", process=THERE))
    await renew_for(leased, world, 7)
    snapshot = await leased.snapshot(BOARD)
    assert (snapshot.members, snapshot.people) == ((stays,), 1)
    assert snapshot.processes == {HERE}


async def test_a_renewal_returns_the_boards_of_the_process(store: Store) -> None:
    await fill(store, 2)
    last = await store.join(BOARD, request("there", process=THERE))
    other = await store.join(OTHER_BOARD, request("also there", process=THERE))
    here = BoardSummary(3, last.version, frozenset({HERE, THERE}))
    there = BoardSummary(1, other.version, frozenset({THERE}))
    for _ in range(2):
        assert await store.renew(HERE) == {BOARD: here}
        assert await store.renew(THERE) == {BOARD: here, OTHER_BOARD: there}
    assert await store.renew("process-new") == {}
    await store.leave(BOARD, "filler 0")
    assert set(await store.renew(HERE)) == {BOARD}
    await store.leave(BOARD, "filler 1")
    assert await store.renew(HERE) == {}


async def test_a_renewal_leaves_out_boards_whose_sessions_were_reaped(
    store: Store, elsewhere: Store, world: World
) -> None:
    await fill(store, 2)
    await store.start_grace(BOARD, "filler 0", GRACE)
    world.now += 3
    version = (await store.snapshot(BOARD)).version
    summary = BoardSummary(1, version, frozenset({HERE}), overdue=True)
    assert await store.renew(HERE) == {BOARD: summary}
    assert gone(await elsewhere.reap(BOARD)) == ["filler 0"]
    assert await store.renew(HERE) == {BOARD: BoardSummary(1, version + 1, frozenset({HERE}))}
    await store.leave(BOARD, "filler 1")
    assert await store.renew(HERE) == {}


async def test_a_renewal_leaves_out_sessions_that_another_process_resumed(
    store: Store, elsewhere: Store
) -> None:
    await break_off(store, "old", "ada")
    await store.join(BOARD, request("new", "ada", THERE))
    assert await store.renew(HERE) == {}
    assert set(await store.renew(THERE)) == {BOARD}
    await store.join(BOARD, request("stays"))
    await break_off(store, "of bob", "bob")
    await elsewhere.join(BOARD, request("bob again", "bob", THERE))
    assert set(await store.renew(HERE)) == {BOARD}
    await store.leave(BOARD, "stays")
    assert await store.renew(HERE) == {}


async def test_processes_with_a_lease_and_their_members(leased: Store, world: World) -> None:
    assert await leased.processes() == {HERE: 0, THERE: 0}
    await fill(leased, 3)
    await fill(leased, 2, OTHER_BOARD)
    await leased.join(BOARD, request("there", process=THERE))
    await leased.join(BOARD, request("nowhere", process="process-without"))
    await leased.start_grace(BOARD, "filler 0", GRACE)
    assert await leased.processes() == {HERE: 5, THERE: 1}
    await renew_for(leased, world, 5)
    assert await leased.processes() == {HERE: 4}
    world.now += 5
    assert await leased.processes() == {}


async def test_a_board_is_known_by_its_reference(store: Store, elsewhere: Store) -> None:
    """Also to a process that has nobody there, and after the shared state was lost."""
    lobby, article = NamedBoard("lobby"), NamedBoard("blog.article:ü\t42")
    plain = UUID(article.hex)
    members = [(await store.join(board, request("here"))).member for board in (lobby, article)]
    await store.join(BOARD, request("here"))
    for found in (await elsewhere.boards(), await elsewhere.boards([lobby, article, BOARD])):
        assert found == {lobby: 1, article: 1, BOARD: 1}
        assert {*map(str, found)} == {"lobby", "blog.article:ü\t42", str(BOARD)}
    await store.leave(plain, "here")
    assert await elsewhere.boards([article]) == {}
    await store.restore(article, members[1:])
    assert [*map(str, await elsewhere.boards([article]))] == [str(article)]
