"""What many processes note: one of them the history, each of them how it does."""

import asyncio
from uuid import UUID

import pytest

from presence.server.stats import ProcessStats
from presence.store.history import HOURS, MINUTES
from presence.store.redis.history import RedisHistory
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster
from tests.support.metrics import scrape
from tests.system.people import Crowd, agreed

A_MINUTE = 60.0
SILENT = 20.0
"""Seconds until the figures of a dead process are told no more, at most."""


@pytest.fixture
def history(store: RedisStore) -> RedisHistory:
    """The history as the processes have it."""
    return RedisHistory(store)


async def scrapes(cluster: Cluster) -> dict[int, dict[str, float]]:
    """Return what the processes say that run, by their number."""
    running = [n for n, server in enumerate(cluster.servers) if server.process.poll() is None]
    return {n: await asyncio.to_thread(scrape, cluster.servers[n]) for n in running}


async def recorders(cluster: Cluster) -> list[int]:
    """Return the processes that say that they write the history."""
    return [n for n, told in (await scrapes(cluster)).items() if told["presence_recorder"]]


async def figures(history: RedisHistory) -> list[ProcessStats]:
    return [ProcessStats.load(text) for text in (await history.published()).values()]


async def test_the_history_survives_who_writes_it(
    cluster: Cluster, crowd: Crowd, history: RedisHistory, board: str
) -> None:
    await crowd.pairs(board)
    told = await scrapes(cluster)
    assert [each["presence_site_people"] for each in told.values()] == [6, 6, 6]
    assert [each["presence_site_boards"] for each in told.values()] == [1, 1, 1]
    assert sum(each["presence_joins_total"] for each in told.values()) == 6
    assert sum(each["presence_sockets"] for each in told.values()) == 6

    async def not_one() -> str:
        found = await recorders(cluster)
        return "" if len(found) == 1 else f"recorders: {found}"

    await agreed(not_one, A_MINUTE)

    async def not_counted() -> str:
        peak = (await history.read(UUID(board), MINUTES, 1))[0].peak
        return "" if peak == 6 else f"the peak is {peak}"

    await agreed(not_counted, A_MINUTE)
    (first,) = await recorders(cluster)
    cluster.kill(first)
    crowd.gone(*[person for person in crowd if person.process == first])
    await agreed(not_one, A_MINUTE)
    assert await recorders(cluster) != [first]
    hours = await history.read(UUID(board), HOURS, 2)
    assert max(hour.peak or 0 for hour in hours) == 6, "nobody counts twice"
    everything = await history.read(None, HOURS, 2)
    assert max(hour.peak or 0 for hour in everything) == 6


async def test_each_process_tells_how_it_does(
    cluster: Cluster, crowd: Crowd, history: RedisHistory, board: str
) -> None:
    await crowd.pairs(board)

    async def not_all() -> str:
        told = await figures(history)
        return "" if sorted(each.sockets for each in told) == [2, 2, 2] else f"{told}"

    await agreed(not_all, SILENT)
    for each in await figures(history):
        assert each.boards == 1
        assert each.store_ms > 0
        assert each.lease_age < 6
    cluster.kill(1)

    async def not_two() -> str:
        told = await figures(history)
        return "" if len(told) == 2 else f"{told}"

    await agreed(not_two, SILENT)
