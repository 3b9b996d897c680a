"""Three real Daphnes and a real Redis for every module, and people who go on their boards."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster, run_cluster
from tests.support.redis import RedisServer
from tests.support.server import manage, prepare, site_environment
from tests.system.people import COLLISION, Crowd

BOARDS = [str(uuid4()) for _ in range(110)]
"""Open boards: a test has one to itself, where no id is resting."""

MAKE_BOARDS = (
    "from presence_site.models import Board\n"
    "Board.objects.bulk_create(Board(id=id, title='Test', open_to_guests=True) for id in {})"
)

_unused = iter(BOARDS)


def make_boards(environment: dict[str, str], boards: list[str]) -> None:
    """Make boards that are open to guests."""
    manage(environment, "shell", "--no-imports", "-c", MAKE_BOARDS.format(boards))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a site with demo data and `BOARDS` and the two of `COLLISION`."""
    environment = site_environment(tmp_path_factory.mktemp("site"))
    prepare(environment)
    make_boards(environment, [*BOARDS, *COLLISION["uuids"]])
    return environment


@pytest.fixture
def board() -> str:
    """The UUID of an open board of this test's own."""
    return next(_unused)


@pytest.fixture
def boards(request: pytest.FixtureRequest) -> list[str]:
    """The UUIDs of three such boards, or of as many as asked for."""
    return [next(_unused) for _ in range(getattr(request, "param", 3))]


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
