"""Every test here that asks for a world, or a store, runs in each of the worlds."""

from collections.abc import AsyncIterator, Iterator

import pytest

from presence.store.base import Store
from presence.store.redis.store import RedisStore
from tests.store.cast import HERE, SHORT_LEASE, THERE, TIMING
from tests.store.redis_place import TIMEOUT, Place
from tests.store.worlds import WORLDS, OpenWorld, World
from tests.support.redis import RedisServer, run_redis, shared_redis


@pytest.fixture(params=list(WORLDS.values()), ids=list(WORLDS))
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
    made = world.make(TIMING)
    await made.renew(HERE)
    await made.renew(THERE)
    return made


@pytest.fixture
def elsewhere(world: World, store: Store) -> Store:
    """The store of another process, over the same state as `store`."""
    return world.make(TIMING)


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
async def place() -> AsyncIterator[Place]:
    """Keys of the test's own on the server that all tests share."""
    async with Place(shared_redis()) as opened:
        yield opened


@pytest.fixture(scope="session")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that tests may stop, kill and pause, and leave running."""
    with run_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def own_place(own_server: RedisServer) -> AsyncIterator[Place]:
    """Keys of the test's own on that server."""
    async with Place(own_server) as opened:
        yield opened


@pytest.fixture
async def impatient(own_place: Place) -> RedisStore:
    """A store on that server that waits half a second, its process living."""
    made = own_place.store(TIMING, timeout=TIMEOUT, connect_timeout=TIMEOUT)
    await made.renew(HERE)
    return made
