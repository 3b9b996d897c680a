"""Real Daphnes for every module, one or three with a real Redis, and people on their boards."""

from collections.abc import AsyncIterator, Iterator

import pytest

from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster, run_cluster
from tests.support.fixtures import *  # noqa: F403
from tests.support.redis import RedisServer
from tests.system.people import Crowd


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this module's own, which its tests may pause and end."""
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def processes(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three processes with the example site's own settings."""
    with run_cluster(tmp_path_factory.mktemp("cluster"), environment, redis.url, 3) as running:
        yield running


@pytest.fixture
def cluster(processes: Cluster) -> Cluster:
    """The processes, all of which run: what a test before this one ended is there again."""
    processes.mend()
    return processes


@pytest.fixture
async def store(redis: RedisServer) -> AsyncIterator[RedisStore]:
    """The shared state as the processes have it."""
    reading = RedisStore(redis.url, Timing(grace=5.0, lease=6.0))
    yield reading
    await reading.close()


@pytest.fixture
async def crowd(cluster: Cluster, store: RedisStore) -> AsyncIterator[Crowd]:
    """Puts people on boards; they are gone when the test ends."""
    people = Crowd(cluster, store)
    yield people
    await people.close()
