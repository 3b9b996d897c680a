"""Every test here that asks for a world, or a store, runs in each of the worlds."""

from collections.abc import AsyncIterator, Iterator

import pytest

from presence.store.base import Store
from presence.store.redis.store import RedisStore
from tests.store.cast import HERE, SHORT_LEASE, THERE
from tests.store.worlds import WORLDS, OpenWorld, RedisWorld, World, redis_world
from tests.support.redis import RedisServer, run_redis, shared_redis

TIMEOUT = 1.0
"""Seconds that the store `impatient` waits for a server."""


MARKS = {"redis": [pytest.mark.redis], "valkey": [pytest.mark.redis, pytest.mark.long]}
"""Both servers run every script in `test_redis_rights`; `make long` holds both to the contract."""


@pytest.fixture(
    params=[
        pytest.param(opener, id=name, marks=MARKS.get(name, ())) for name, opener in WORLDS.items()
    ]
)
def open_world(request: pytest.FixtureRequest) -> OpenWorld:
    """Opens a new world, empty."""
    opener: OpenWorld = request.param
    return opener


@pytest.fixture
async def world(open_world: OpenWorld) -> AsyncIterator[World]:
    """A world of the test's own."""
    async with open_world() as opened:
        yield opened


@pytest.fixture
async def store(world: World) -> Store:
    """A store in which two processes hold leases that outlast the test."""
    made = world.make()
    await made.renew(HERE)
    await made.renew(THERE)
    return made


@pytest.fixture
def elsewhere(world: World, store: Store) -> Store:
    """The store of another process, over the same state as `store`."""
    return world.make()


@pytest.fixture
async def leased(world: World) -> Store:
    """A store in which two processes hold short leases."""
    made = world.make(SHORT_LEASE)
    await made.renew(HERE)
    await made.renew(THERE)
    return made


@pytest.fixture
def leased_elsewhere(world: World, leased: Store) -> Store:
    """The store of another process, over the same state as `leased`."""
    return world.make(SHORT_LEASE)


@pytest.fixture
async def redis() -> AsyncIterator[RedisWorld]:
    """A world on the Redis that all tests share."""
    async with redis_world(shared_redis()) as opened:
        yield opened


@pytest.fixture(scope="session")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that tests may stop, kill and pause, if they leave it running."""
    with run_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def own_redis(own_server: RedisServer) -> AsyncIterator[RedisWorld]:
    """A world on that server."""
    async with redis_world(own_server) as opened:
        yield opened


@pytest.fixture
async def impatient(own_redis: RedisWorld) -> RedisStore:
    """A store on that server with a short timeout, whose process holds a lease."""
    return await own_redis.renewed(timeout=TIMEOUT, connect_timeout=TIMEOUT)
