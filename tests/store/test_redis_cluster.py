"""The Redis store on a real Cluster of three servers, each of which refuses keys of the others."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import pytest
from redis.asyncio.cluster import RedisCluster

from presence.protocol.errors import TryLater
from presence.store.history import HOURS, MINUTES
from presence.store.redis.history import RedisHistory
from presence.store.redis.store import RedisStore
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    GRACE,
    HERE,
    HOME_OF_PAIR,
    NEXT_TO_HOME,
    SECOND_OF_PAIR,
    THERE,
    TIMING,
    fill,
    gone,
    request,
)
from tests.support.redis import RedisServer, run_cluster

pytestmark = pytest.mark.redis

BOARDS = [UUID(int=n + 1) for n in range(200)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    """The servers of the cluster."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
async def store(nodes: list[RedisServer]) -> AsyncIterator[RedisStore]:
    """A store over the cluster, in which two processes hold leases."""
    async with RedisCluster(host="127.0.0.1", port=nodes[0].port) as client:
        made = RedisStore(client, TIMING, prefix=f"cluster-{uuid4().hex}")
        for process in (HERE, THERE):
            await made.renew(process)
        yield made


async def test_a_board_from_first_to_last(store: RedisStore) -> None:
    members = [admission.member for admission in await fill(store, 3)]
    assert [member.user for member in members] == [0, 1, 2]
    await store.start_grace(BOARD, "filler 2", GRACE)
    resumed = await store.join(BOARD, request("new", "person of filler 2", THERE))
    assert (resumed.resumed, resumed.people, resumed.processes) == ("filler 2", 3, {HERE, THERE})
    assert gone(await store.leave(BOARD, "new")) == ["new"]
    assert gone(await store.reap(BOARD)) == []
    snapshot = await store.restore(BOARD, [members[2]])
    assert snapshot.members == tuple(members)
    assert snapshot == await store.snapshot(BOARD)
    await store.close_board(BOARD, 60)
    for n in range(3):
        await store.remove(BOARD, f"person of filler {n}", 60)
    assert await store.boards() == {}


async def test_boards_of_every_server_are_renewed_and_counted_together(
    store: RedisStore, nodes: list[RedisServer]
) -> None:
    versions = {board: (await store.join(board, request("s"))).version for board in BOARDS}
    for node in nodes:
        with node.client() as client:
            assert int(client.dbsize()) > 100
    summaries = await store.renew(HERE)
    assert {board: summary.version for board, summary in summaries.items()} == versions
    assert await store.counts(BOARDS) == await store.boards() == dict.fromkeys(BOARDS, 1)
    assert await store.processes() == {HERE: 200, THERE: 0}


async def test_a_person_on_boards_of_every_server(store: RedisStore) -> None:
    for board in BOARDS:
        await store.join(board, request(f"s {board}", "user:7"))
    assert (await store.whereabouts("user:7")).boards == tuple(BOARDS)
    departures = await store.remove_from(BOARDS, "user:7", 0)
    assert [gone(departures[board]) for board in BOARDS] == [[f"s {board}"] for board in BOARDS]
    assert await store.boards() == {}
    assert (await store.whereabouts("user:7")).boards == ()


async def test_two_boards_with_one_home(store: RedisStore) -> None:
    joins = [store.join(board, request(f"{board}")) for board in (FIRST_OF_PAIR, SECOND_OF_PAIR)]
    admissions = await asyncio.gather(*joins)
    assert {admission.board_id for admission in admissions} == {HOME_OF_PAIR, NEXT_TO_HOME}


async def test_a_url_of_one_node_is_told_from_that_of_a_cluster(nodes: list[RedisServer]) -> None:
    store = RedisStore(nodes[0].url, TIMING)
    with pytest.raises(TryLater, match=r"redis\+cluster://"):
        await store.counts(BOARDS)
    await store.close()


async def test_the_history(store: RedisStore) -> None:
    history = RedisHistory(store)
    at = await history.claim(HERE) or 0.0
    await history.record(HERE, at, {UUID(int=n): 1 for n in range(1, 30)})
    assert (await history.read(None, HOURS, 1))[0].peak == 29
    assert (await history.read(UUID(int=7), MINUTES, 100))[-1].peak == 1


async def test_scripts_flushed_on_one_server_are_loaded_again(
    store: RedisStore, nodes: list[RedisServer]
) -> None:
    for board in BOARDS[:20]:
        await store.join(board, request("s"))
    with nodes[1].client() as client:
        client.script_flush()
    assert len(await store.renew(HERE)) == 20


async def test_a_server_of_the_cluster_that_is_down(
    store: RedisStore, nodes: list[RedisServer]
) -> None:
    for board in BOARDS[:20]:
        await store.join(board, request("s"))
    nodes[2].pause()
    try:
        with pytest.raises(TryLater):
            await store.renew(HERE)
    finally:
        nodes[2].resume()

    async def renewed() -> None:
        while True:
            try:
                assert len(await store.renew(HERE)) == 20
            except TryLater:
                continue
            return

    await asyncio.wait_for(renewed(), 15)
