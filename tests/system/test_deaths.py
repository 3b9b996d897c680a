"""Processes and Redis are killed and paused; what people see is true again in time."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from presence.protocol.errors import Notice
from presence.protocol.messages import NoticeMessage, Roster, UserLeft, Welcome
from presence.store.base import Timing
from tests.support.clients import Client, cursor, joining
from tests.support.cluster import Cluster
from tests.support.redis import RedisServer
from tests.support.waiting import DEADLINE, POLL, SPARE
from tests.system.crowd import Crowd

TRUE_AGAIN = 10.0
"""Seconds until rosters and counts are true after a process or Redis is back."""

HEALTH_WITHIN = 6.0
"""Seconds until /healthz says what is, at most: it gives each part 3, and an answer again for 1."""

DOWN = (503, "store is down\nchannel layer is down")

Pairs = list[list[Client]]


@pytest.fixture(autouse=True)
def running(redis: RedisServer) -> Iterator[RedisServer]:
    """Redis, which runs again after each test."""
    yield redis
    redis.resume()


@pytest.fixture
def death_seen(timing: Timing) -> float:
    """Seconds until the people of a dead process are gone everywhere: a lease and a grace, noticed
    by a renewal and a sweep, on a busy machine."""
    return timing.lease * 4 / 3 + timing.grace + SPARE


async def health(crowd: Crowd) -> list[tuple[int, str]]:
    """Return what each process says of its health."""

    def ask(origin: str) -> tuple[int, str]:
        try:
            with urlopen(f"{origin}/healthz", timeout=DEADLINE) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    servers = crowd.cluster.servers
    return await asyncio.gather(*(asyncio.to_thread(ask, server.origin) for server in servers))


async def health_becomes(crowd: Crowd, told: tuple[int, str]) -> None:
    """Wait until every process says this of its health. An answer is given again for a second."""
    async with asyncio.timeout(HEALTH_WITHIN + SPARE):
        while (seen := await health(crowd)) != [told] * 3:
            assert {*seen} <= {told, (200, "ok"), DOWN}
            await asyncio.sleep(POLL)


async def are_well(crowd: Crowd) -> None:
    """Check that every process is healthy, cursors cross, and a newcomer is let in."""
    await health_becomes(crowd, (200, "ok"))
    mover, number = crowd[0], int(time.monotonic() * 1000) % 60_000
    await mover.send(cursor(number, number))
    for person in crowd[1:]:
        await person.until(
            lambda p=person: (number, number) in p.positions(mover.user), "a cursor after it all"
        )
    await crowd.join(2, crowd[0].board, "Newcomer")
    await crowd.agree()


async def still_move(pairs: Pairs, number: int) -> None:
    """Check that cursors go on inside each process."""
    for ada, bob in pairs:
        await ada.send(cursor(number, number))
        await bob.until(
            lambda a=ada, b=bob: (number, number) in b.positions(a.user), "a cursor meanwhile", 2
        )


@asynccontextmanager
async def without_redis(crowd: Crowd, board: str, pairs: Pairs) -> AsyncIterator[None]:
    """Check what must hold while Redis is away, and again after the block has brought it back."""
    await still_move(pairs, 11)
    for process in range(3):
        client = await crowd.cluster.clients(process, board).connect()
        await client.send(joining("Early"))
        assert await client.closed() == 1013
        notice = client.last(NoticeMessage)
        assert (notice.code, notice.retry > 0) == (Notice.TRY_LATER, True)
        assert not client.all(Welcome)
    await health_becomes(crowd, DOWN)
    await still_move(pairs, 12)
    assert {person.close_code for person in crowd} == {None}
    yield
    await crowd.agree(TRUE_AGAIN + SPARE)
    await are_well(crowd)


async def test_the_people_of_a_killed_process_leave_once(
    crowd: Crowd, cluster: Cluster, board: str, death_seen: float
) -> None:
    *rest, dead = await crowd.pairs(board)
    cluster.kill(2)
    crowd.gone(*dead)
    await crowd.agree(death_seen)
    for person in (*rest[0], *rest[1]):
        left = [message.user for message in person.all(UserLeft)]
        assert sorted(left) == sorted(p.user for p in dead), "each announced once"


async def test_redis_is_killed_and_comes_back_empty(
    crowd: Crowd, running: RedisServer, board: str
) -> None:
    pairs = await crowd.pairs(board)
    running.kill()
    async with without_redis(crowd, board, pairs):
        running.start()
    assert all(len(person.all(Roster)) > 1 for pair in pairs for person in pair)


async def test_redis_forgets_everything(crowd: Crowd, running: RedisServer, board: str) -> None:
    pairs = await crowd.pairs(board)
    with running.client() as client:
        client.flushall()
    # Until the others are put back, a newcomer gets the lowest id, which is somebody else's.
    await crowd.join(1, board, "Latecomer")
    await crowd.agree(TRUE_AGAIN + SPARE)
    await are_well(crowd)
    assert all(len(person.all(Roster)) > 1 for pair in pairs for person in pair)


async def test_redis_is_paused_for_longer_than_leases_last(
    crowd: Crowd, running: RedisServer, board: str, timing: Timing
) -> None:
    pairs = await crowd.pairs(board)
    running.pause()
    began = time.monotonic()
    async with without_redis(crowd, board, pairs):
        # Somebody leaves, which Redis does not learn.
        leaver = pairs[1].pop()
        await leaver.leave()
        # The time itself is what is tested.
        await asyncio.sleep(began + 2 * (timing.lease + timing.grace) - time.monotonic())
        running.resume()
        crowd.gone(leaver)


async def test_a_process_is_paused_until_it_is_taken_for_dead(
    crowd: Crowd, cluster: Cluster, board: str, death_seen: float
) -> None:
    *rest, asleep = await crowd.pairs(board)
    cluster.pause(2)
    crowd.gone(*asleep)
    await crowd.agree(death_seen)
    await crowd.join(0, board, "Latecomer")
    cluster.resume(2)
    crowd.extend(asleep)
    await crowd.agree(TRUE_AGAIN + SPARE)
    await still_move([*rest, asleep], 13)
    await are_well(crowd)
