"""A server of Redis is lost: a replica takes over, and store and channel layer follow it. For whole
processes, tests/system/test_failover.py shows it with every change."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from presence.cluster.hosts import layer_hosts
from presence.cluster.requests import bounded, check_layer
from presence.protocol.errors import TryLater
from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.store.cast import HERE, THERE, gone, request
from tests.support.redis import RedisServer, Replicated, behind_sentinel, six_nodes
from tests.support.waiting import SPARE

pytestmark = [pytest.mark.redis, pytest.mark.long]

TRUE_AGAIN = 15.0
"""Seconds until all is well after the loss of a server."""

BOARDS = [UUID(int=n + 1) for n in range(60)]
"""So many that each server of a Cluster has some."""


@pytest.fixture(params=[behind_sentinel, six_nodes])
def redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Replicated]:
    """A Redis of this test's own."""
    run: Callable[[Path], AbstractContextManager[Replicated]] = request.param
    with run(tmp_path) as running:
        yield running


@pytest.fixture(params=[RedisServer.kill, RedisServer.pause])
def lose(request: pytest.FixtureRequest) -> Callable[[RedisServer], None]:
    """How a server is lost."""
    way: Callable[[RedisServer], None] = request.param
    return way


@pytest.fixture
async def stores(redis: Replicated) -> AsyncIterator[list[RedisStore]]:
    """The stores of two processes, which hold leases of the usual length."""
    made = [RedisStore(redis.url, Timing()) for _ in (HERE, THERE)]
    yield made
    for store in made:
        await store.close()


@pytest.fixture
async def layers(redis: Replicated) -> AsyncIterator[list[Any]]:
    """The layers of two processes."""
    made = [RedisPubSubChannelLayer(hosts=layer_hosts(redis.url)) for _ in (HERE, THERE)]
    yield made
    for layer in made:
        await layer.flush()


async def in_time(work: Callable[[], Awaitable[object]]) -> None:
    """Wait until something succeeds, as the hub does: it tries again."""
    async with asyncio.timeout(TRUE_AGAIN + SPARE):
        while True:
            try:
                await work()
            except (TryLater, TimeoutError, AssertionError):
                await asyncio.sleep(0.2)
                continue
            return


async def test_counts_are_true_in_time(
    redis: Replicated, stores: list[RedisStore], lose: Callable[[RedisServer], None]
) -> None:
    here, there = stores
    await here.renew(HERE)
    await there.renew(THERE)
    members = {}
    for board in BOARDS:
        await here.join(board, request(f"h {board}"))
        joined = await there.join(board, request(f"t {board}", process=THERE))
        members[board] = joined.member
    lose(redis.lost)

    async def renewed() -> None:
        """Renew, as the hubs do, and restore what a replica missed."""
        await here.renew(HERE)
        for board, summary in (await there.renew(THERE)).items():
            if THERE not in summary.processes:
                await there.restore(board, [members[board]])
        assert await here.counts(BOARDS) == dict.fromkeys(BOARDS, 2)

    await in_time(renewed)
    for board in BOARDS:
        assert gone(await here.leave(board, f"h {board}")) == [f"h {board}"]
    assert await there.boards() == dict.fromkeys(BOARDS, 1)
    await there.check()


async def test_messages_arrive_in_time(
    redis: Replicated, layers: list[Any], lose: Callable[[RedisServer], None]
) -> None:
    here, there = layers
    channel = await there.new_channel()
    await there.group_add("board", channel)
    await check_layer(here)
    await check_layer(there)
    heard: asyncio.Queue[int] = asyncio.Queue()

    async def listen() -> None:
        while True:
            heard.put_nowait((await there.receive(channel))["number"])

    listening = asyncio.create_task(listen())
    lose(redis.lost)
    numbers = count()

    async def crosses() -> None:
        number = next(numbers)
        await bounded("send", here.group_send("board", {"number": number}), 2)
        async with asyncio.timeout(0.5):
            while await heard.get() != number:
                pass

    await in_time(crosses)
    for layer in layers:
        await in_time(partial(check_layer, layer))
    listening.cancel()
    await asyncio.wait([listening])
