"""Two processes behind nginx are restarted one after the other, while 500 people move.

PRESENCE_LONG=1 has five rounds.
"""

import asyncio
import logging
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from benchmarks.client import Room, run_client
from benchmarks.machine import allow_files
from benchmarks.rolling import restart_all
from benchmarks.workload import Workload
from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster
from tests.support.nginx import run_nginx
from tests.support.waiting import LONG, POLL

logger = logging.getLogger(__name__)

WORK = Workload(10, 50, rate=2.0, warm_up=0.0, seconds=1.0)
ROUNDS = 5 if LONG else 1


@pytest.fixture(scope="module")
def timing() -> Timing:
    """The site's own times."""
    return Timing()


@pytest.fixture(scope="module")
def size() -> int:
    return 2


async def most_counted(store: RedisStore, boards: list[UUID], over: asyncio.Event) -> set[int]:
    """Return the counts of boards that the store tells until something is over."""
    told: set[int] = set()
    while not over.is_set():
        told |= {*(await store.counts(boards)).values()}
        await asyncio.sleep(POLL * 5)
    return told


@pytest.mark.alone
@pytest.mark.parametrize("boards", [WORK.rooms], indirect=True)
async def test_a_rolling_restart_is_hardly_noticed(
    cluster: Cluster, store: RedisStore, timing: Timing, boards: list[str], tmp_path: Path
) -> None:
    allow_files()
    ports = [server.port for server in cluster.servers]
    with ExitStack() as running:
        front = running.enter_context(run_nginx(tmp_path, "nginx.conf", ports))
        rooms = [Room(front.port, f"/ws/presence/{board}/", board) for board in boards]
        client = running.enter_context(run_client("presence", rooms, WORK, returns=True))
        assert (await asyncio.to_thread(client.joins)).joined == WORK.total
        client.start(time.monotonic())
        await asyncio.to_thread(client.moves)
        over = asyncio.Event()
        counting = asyncio.create_task(most_counted(store, [*map(UUID, boards)], over))
        for _ in range(ROUNDS):
            noticed = await asyncio.to_thread(restart_all, cluster, client)
            logger.info("%s", noticed)
        over.set()
        assert max(await counting) == WORK.people
    assert noticed.ends >= WORK.total * ROUNDS, "everybody was on a process that ended"
    assert (noticed.out, noticed.above, noticed.extra) == (0, 0, 0)
    assert noticed.lacking <= 1000 * timing.grace
    assert noticed.away_most <= 10_000
    assert noticed.gap_p99 <= (1000 if LONG else 3000)


def test_no_process_logged_an_error(processes: Cluster) -> None:
    assert processes.logged("ERROR", "CRITICAL") == []
