"""Fixtures of all tests that use real servers, for a folder's conftest.py to import.

A module has other servers by overriding `site` (their environment) or `size` (how many there are).
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.clients import Clients
from tests.support.cluster import Cluster, run_cluster
from tests.support.postgresql import run_postgresql
from tests.support.redis import RedisServer, run_redis
from tests.support.server import ROOT, Server, prepare, serve, site_environment

__all__ = [
    "board", "boards", "clients", "cluster", "dist", "environment", "postgresql", "processes",
    "redis", "server", "site", "size",
]  # fmt: skip

BOARDS = [str(uuid4()) for _ in range(600)]
"""Open boards: each test has one to itself, on which no user id rests."""

COLLISION: list[str] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "frames.json").read_text()
)["board_ids"]["collision"]["uuids"]
"""Two more, whose ids on the wire would be the same."""

_unused = iter(BOARDS)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a site with demo data, `BOARDS` and `COLLISION`."""
    environment = site_environment(tmp_path_factory.mktemp("site"))
    prepare(environment, [*BOARDS, *COLLISION])
    return environment


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """The environment of this module's servers."""
    return environment


@pytest.fixture(scope="module")
def server(site: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne, without Redis."""
    with serve(tmp_path_factory.mktemp("daphne"), site) as running:
        yield running


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this module's own, which its tests may pause and end."""
    with run_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def size() -> int:
    """How many processes there are."""
    return 3


@pytest.fixture(scope="module")
def processes(
    site: dict[str, str], redis: RedisServer, size: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """The site under several Daphnes."""
    with run_cluster(tmp_path_factory.mktemp("cluster"), site, redis.url, size) as running:
        yield running


@pytest.fixture
def cluster(processes: Cluster) -> Cluster:
    """The processes; those that an earlier test ended run again."""
    processes.mend()
    return processes


@pytest.fixture
def board() -> str:
    """The UUID of an open board of this test's own."""
    return next(_unused)


@pytest.fixture
def boards(request: pytest.FixtureRequest) -> list[str]:
    """The UUIDs of three such boards, or of as many as asked for."""
    return [next(_unused) for _ in range(getattr(request, "param", 3))]


@pytest.fixture
async def clients(server: Server, board: str) -> AsyncIterator[Clients]:
    """Opens sockets, on the test's own board, that are closed when the test ends."""
    opened = Clients(server, board)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL database."""
    # Not below pytest's own folders: PostgreSQL's account may not look into them.
    with tempfile.TemporaryDirectory(prefix="presence-") as home, run_postgresql(Path(home)) as url:
        yield url


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what `make dist` builds, once for all of pytest-xdist's workers: it writes
    into this tree, where two at a time would be in each other's way."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, built = shared / "dist", shared / "dist.built"
    with (shared / "dist.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            build(folder)
            built.touch()
    return folder


def build(folder: Path) -> None:
    """Run `make dist` into a folder."""
    environment = [f"VENV={sys.prefix}", f"BIN={sys.prefix}/bin"]
    # -o: what is installed is what the tests run with, however old it is.
    installed = ["-o", f"{sys.prefix}/dev.stamp", "-o", "presence/client/node_modules/.stamp"]
    command = ["make", "dist", f"DIST={folder}", *environment, *installed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
