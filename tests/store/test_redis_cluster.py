"""The Redis store on a real Cluster of three servers, each of which refuses keys of another's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import pytest
from redis.asyncio.cluster import RedisCluster

from presence.protocol.errors import TryLater
from presence.store.redis.store import RedisStore
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
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

BOARDS = [UUID(int=n + 1) for n in range(200)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    """The servers of the cluster."""
    with run_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
async def store(nodes: list[RedisServer]) -> AsyncIterator[RedisStore]:
    """A store over the cluster, its process living."""
    async with RedisCluster(host="127.0.0.1", port=nodes[0].port) as client:
        made = RedisStore(client, TIMING, prefix=f"cluster-{uuid4().hex}")
        for process in (HERE, THERE):
            await made.renew(process)
        yield made


async def test_a_board_from_first_to_last(store: RedisStore) -> None:
    members = [admission.member for admission in await fill(store, 3)]
    assert [member.user for member in members] == [0, 1, 2]
    await store.start_grace(BOARD, "filler 2")
    resumed = await store.join(BOARD, request("new", "person of filler 2", THERE))
    assert (resumed.resumed, resumed.people, resumed.processes) == ("filler 2", 3, {HERE, THERE})
    assert gone(await store.leave(BOARD, "new")) == ["new"]
    assert gone(await store.reap(BOARD)) == []
    snapshot = await store.restore(BOARD, [members[2]])
    assert snapshot.members == tuple(members)
    assert snapshot == await store.snapshot(BOARD)
    for n in range(3):
        await store.leave(BOARD, f"filler {n}")
    assert list(await store.boards()) == []


async def test_boards_of_every_server_are_renewed_and_counted_at_once(
    store: RedisStore, nodes: list[RedisServer]
) -> None:
    versions = {}
    for board in BOARDS:
        versions[board] = (await store.join(board, request("s"))).version
    assert all(keys_of(node) > 100 for node in nodes)
    summaries = await store.renew(HERE)
    assert {board: standing.version for board, standing in summaries.items()} == versions
    assert dict(await store.counts(BOARDS)) == dict.fromkeys(BOARDS, 1)
    assert set(await store.boards()) == set(BOARDS)
    assert dict(await store.processes()) == {HERE: 200, THERE: 0}


async def test_a_colliding_pair(store: RedisStore) -> None:
    joins = [store.join(board, request(f"{board}")) for board in (FIRST_OF_PAIR, SECOND_OF_PAIR)]
    admissions = await asyncio.gather(*joins)
    assert {admission.board_id for admission in admissions} == {HOME_OF_PAIR, NEXT_TO_HOME}


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
    await asyncio.wait_for(_renewed(store), 15)


async def _renewed(store: RedisStore) -> None:
    while True:
        try:
            assert len(await store.renew(HERE)) == 20
        except TryLater:
            continue
        return


def keys_of(node: RedisServer) -> int:
    """Return how many keys a server has."""
    with node.client() as client:
        return int(client.dbsize())
