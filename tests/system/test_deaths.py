"""Whatever dies, what people see is true again in time: processes and Redis, ended and paused."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from presence.protocol.codec import encode
from presence.protocol.errors import Notice
from presence.protocol.messages import Dialect, Join, NoticeMessage, UserLeft, Welcome
from tests.support.cluster import Cluster
from tests.support.redis import RedisServer
from tests.support.wire import cursor
from tests.system.people import Crowd, Person, guest_cookie

logger = logging.getLogger(__name__)

DEATH_SEEN = 15.0
"""Seconds until the people of a dead process are gone everywhere."""

TRUE_AGAIN = 10.0
"""Seconds after Redis is back until rosters and counts are true."""

GRACE = 5.0
HEALTH_SEEN = 5.0
"""Seconds until /healthz answers, at most: it gives each part 3."""


@pytest.fixture(autouse=True)
def running(redis: RedisServer) -> Iterator[RedisServer]:
    """Redis, which runs again after each test."""
    yield redis
    redis.resume()


async def health(crowd: Crowd, process: int) -> tuple[int, str]:
    """Ask a process how it is."""

    def ask() -> tuple[int, str]:
        try:
            with urlopen(f"{crowd.cluster.servers[process].origin}/healthz", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(ask)


async def is_well(crowd: Crowd) -> None:
    """All agree, every process says it is well, cursors cross, and a newcomer is let in."""
    assert [await health(crowd, n) for n in range(3)] == [(200, "ok")] * 3
    mover, number = crowd[0], int(time.monotonic() * 1000) % 60_000
    await mover.client.send(cursor(number, number))
    for person in crowd[1:]:
        await person.until(
            lambda p: (number, number) in p.positions[mover.user], "a cursor after it all"
        )
    await crowd.join(2, crowd[0].board, "Newcomer")
    await crowd.agree()


async def are_told_to_come_later(crowd: Crowd, board: str) -> None:
    """Through every process: a join gets its NOTICE and its close code."""
    for process in range(3):
        client = await crowd.cluster.clients(process, board).connect()
        await client.send(encode(Join(0, "Early"), Dialect.COMPACT))
        assert await client.closed() == 1013
        assert client.last(NoticeMessage).code is Notice.TRY_LATER
        assert client.last(NoticeMessage).retry > 0
        assert not client.all(Welcome)


async def still_move(pairs: list[list[Person]], number: int) -> None:
    """Inside each process, cursors go on as if nothing were."""
    for ada, bob in pairs:
        await ada.client.send(cursor(number, number))
        await bob.until(
            lambda p, user=ada.user: (number, number) in p.positions[user], "a cursor meanwhile", 2
        )


async def are_told_everything(crowd: Crowd, rosters: dict[Person, int], within: float) -> None:
    """Everybody gets a ROSTER beyond those they had."""
    end = time.monotonic() + within
    for person in crowd:
        had = rosters.get(person, 0)
        left = end - time.monotonic()
        await person.until(lambda p, n=had: p.rosters > n, "a ROSTER after the gap", left)


@asynccontextmanager
async def without_redis(crowd: Crowd, board: str, pairs: list[list[Person]]) -> AsyncIterator[None]:
    """Look at what must hold while Redis is away, then let the block bring it back."""
    await still_move(pairs, 11)
    await are_told_to_come_later(crowd, board)
    for process in range(3):
        began = time.monotonic()
        assert await health(crowd, process) == (503, "store is down")
        assert time.monotonic() - began < HEALTH_SEEN
    await still_move(pairs, 12)
    assert {person.client.close_code for person in crowd} == {None}
    rosters = {person: person.listen().rosters for person in crowd}
    yield
    began = time.monotonic()
    await crowd.agree(TRUE_AGAIN)
    await are_told_everything(crowd, rosters, TRUE_AGAIN - (time.monotonic() - began))
    logger.info("true again after %.1f s", time.monotonic() - began)
    await is_well(crowd)


async def test_a_killed_process_takes_its_people_along(
    crowd: Crowd, cluster: Cluster, board: str
) -> None:
    pairs = await crowd.pairs(board)
    dead = pairs[2]
    cluster.kill(2)
    killed = time.monotonic()
    crowd.gone(*dead)
    await crowd.agree(DEATH_SEEN)
    logger.info("seen after %.1f s", time.monotonic() - killed)
    for person in crowd:
        left = [message.user for message in person.client.all(UserLeft)]
        assert sorted(left) == sorted(p.user for p in dead), "each announced once"
        assert person.count == 4


async def test_people_of_a_stopping_process_come_back_through_others(
    crowd: Crowd, cluster: Cluster, board: str
) -> None:
    watchers = [await crowd.join(process, board, f"W{process}") for process in (1, 2)]
    cookies = [guest_cookie() for _ in range(4)]
    people = [await crowd.join(0, board, f"P{n}", cookie) for n, cookie in enumerate(cookies)]
    leaver = await crowd.join(0, board, "Leaver")
    await crowd.agree()
    before = [watcher.comings_and_goings() for watcher in watchers]

    cluster.terminate(0)
    began = time.monotonic()
    for person in (*people, leaver):
        assert await person.client.closed(within=5) == 1012
        assert person.client.messages[-1] == person.client.last(NoticeMessage)
        assert person.client.last(NoticeMessage).code is Notice.RESTARTING
        assert 0 < person.client.last(NoticeMessage).retry <= 3000
    crowd.gone(*people, leaver)
    # As clients do it: each after its part of `retry`. The last one comes when all of it is over.
    retry = people[0].client.last(NoticeMessage).retry / 1000
    for number, person in enumerate(people):
        wait = began + retry * (number + 1) / len(people) - time.monotonic()
        await asyncio.sleep(max(0.0, wait))
        again = await crowd.join(1 + number % 2, board, person.name, person.cookies)
        assert again.user == person.user
        assert again.client.last(Welcome).color == person.client.last(Welcome).color
    await crowd.agree(within=GRACE + 5)
    assert time.monotonic() - began >= GRACE - 0.5, "the leaver was kept for the grace"
    for watcher, told in zip(watchers, before, strict=True):
        assert watcher.comings_and_goings() == told + 1, "nothing but that one left for good"
        assert [message.user for message in watcher.client.all(UserLeft)] == [leaver.user]
    await asyncio.to_thread(cluster.servers[0].process.wait, 15)
    assert cluster.servers[0].process.returncode is not None


async def test_redis_is_killed_and_comes_back_empty(
    crowd: Crowd, running: RedisServer, board: str
) -> None:
    pairs = await crowd.pairs(board)
    running.kill()
    async with without_redis(crowd, board, pairs):
        running.start()


async def test_redis_forgets_everything(crowd: Crowd, running: RedisServer, board: str) -> None:
    await crowd.pairs(board)
    rosters = {person: person.listen().rosters for person in crowd}
    with running.client() as client:
        client.flushall()
    began = time.monotonic()
    # Whoever comes before the others are put back takes the lowest id: somebody else's.
    newcomer = await crowd.join(1, board, "Newcomer")
    await crowd.agree(TRUE_AGAIN)
    logger.info("true again after %.1f s", time.monotonic() - began)
    assert newcomer.count == 7
    await are_told_everything(crowd, rosters, TRUE_AGAIN - (time.monotonic() - began))
    await is_well(crowd)


async def test_redis_is_paused_for_20_seconds(
    crowd: Crowd, running: RedisServer, board: str
) -> None:
    pairs = await crowd.pairs(board)
    running.pause()
    began = time.monotonic()
    async with without_redis(crowd, board, pairs):
        # Somebody goes meanwhile, which Redis cannot be told.
        leaver = pairs[1].pop()
        await leaver.client.close()
        # The time itself is what is tested.
        await asyncio.sleep(began + 20 - time.monotonic())
        running.resume()
        crowd.gone(leaver)


async def test_a_process_is_paused_for_30_seconds(
    crowd: Crowd, cluster: Cluster, board: str
) -> None:
    pairs = await crowd.pairs(board)
    asleep = pairs[2]
    cluster.pause(2)
    began = time.monotonic()
    crowd.gone(*asleep)
    await crowd.agree(DEATH_SEEN)
    logger.info("taken for dead after %.1f s", time.monotonic() - began)
    newcomer = await crowd.join(0, board, "Newcomer")
    # The time itself is what is tested.
    await asyncio.sleep(began + 30 - time.monotonic())
    cluster.resume(2)
    began = time.monotonic()
    crowd.extend(asleep)
    await crowd.agree(TRUE_AGAIN)
    logger.info("true again after %.1f s", time.monotonic() - began)
    assert newcomer.count == 7
    await still_move(pairs, 13)
    await is_well(crowd)
