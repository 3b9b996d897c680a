"""Redis behind Sentinel, and as a Cluster of six: a server is lost, and what people see is true
again in time, although nobody restarts anything."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from redis.crc import key_slot

from presence.protocol.errors import TryLater
from presence.store.base import Timing
from tests.support.clients import cursor
from tests.support.redis import RedisServer, Replicated, behind_sentinel, six_nodes
from tests.support.waiting import SPARE
from tests.system.crowd import Crowd, agreed
from tests.system.test_deaths import health

TRUE_AGAIN = 15.0
"""Seconds until counts are true after the loss of a server."""

MASTERS = 3
"""Those of the Cluster."""

WAYS = {
    "sentinel, killed": (behind_sentinel, RedisServer.kill),
    "sentinel, hangs": (behind_sentinel, RedisServer.pause),
    "six nodes, killed": (six_nodes, RedisServer.kill),
    "six nodes, hangs": (six_nodes, RedisServer.pause),
}
"""What runs, and how a server of it is lost."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(way, id=name, marks=[pytest.mark.long] if "hangs" in name else [])
        for name, way in WAYS.items()
    ],
)
def way(request: pytest.FixtureRequest) -> Any:
    """One of the ways."""
    return request.param


@pytest.fixture(scope="module")
def redis(way: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    """The Redis of this module's processes."""
    run, _ = way
    with run(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def timing() -> Timing:
    """The site's own times."""
    return Timing()


def of_each_master(boards: list[str]) -> list[str]:
    """Return a board whose keys are on each of the masters."""
    share = -(-16_384 // MASTERS)
    places = {key_slot(UUID(board).hex.encode()) // share: board for board in boards}
    assert len(places) == MASTERS
    return [*places.values()]


@pytest.mark.parametrize("boards", [30], indirect=True)
async def test_counts_are_true_in_time(
    way: Any, redis: Replicated, crowd: Crowd, boards: list[str]
) -> None:
    pairs = {board: await crowd.pairs(board) for board in of_each_master(boards)}
    assert await health(crowd) == [(200, "ok")] * 3
    _, lose = way
    lose(redis.lost)
    # Redis does not learn of these at once.
    for _, _, (_, leaver) in pairs.values():
        await leaver.leave()
        crowd.gone(leaver)

    async def complaint() -> str:
        try:
            return await crowd.complaint()
        except TryLater as error:
            return str(error)

    await agreed(complaint, TRUE_AGAIN + SPARE)

    async def unwell() -> str:
        said = await health(crowd)
        return "" if said == [(200, "ok")] * 3 else str(said)

    await agreed(unwell)
    for board, ((mover, *_), (watcher, _), _) in pairs.items():
        await mover.send(cursor(7, 7))
        await watcher.until(
            lambda m=mover, w=watcher: (7, 7) in w.positions(m.user), "a cursor of another process"
        )
        await crowd.join(2, board, "Newcomer")
    await crowd.agree()
