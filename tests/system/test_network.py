"""Bad networks between clients and a process, and between processes and Redis."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count, product
from statistics import median, quantiles

import pytest

from presence.protocol.messages import CursorBroadcast, Dialect, UserLeft
from tests.support.clients import Client, Clients, cursor
from tests.support.cluster import Cluster, run_cluster
from tests.support.insides import memory
from tests.support.proxy import MOBILE, Link, Proxy, run_proxy
from tests.support.redis import RedisServer
from tests.support.server import Server
from tests.support.waiting import LONG, SPARE
from tests.system.crowd import Crowd
from tests.system.test_deaths import health, still_move

logger = logging.getLogger(__name__)

SECONDS = 60.0 if LONG else 6.0
"""How long people move over a bad network."""

SEEN_WITHIN = 0.6
"""Seconds, for 95 of 100 positions, until somebody on a mobile network sees where somebody on
another one pointed."""

MOVES_EVERY = 0.05
"""Seconds between two moves of a person."""

MOVERS = 6
FRAME_HEADER = 2
"""Bytes before the payload of a small frame."""

MOST_MB = 2.0
"""Memory by which the server may grow for sockets that take half of what is sent."""

TRUE_AGAIN = 10.0
"""Seconds until rosters and counts are true again (docs/scaling.md)."""

RESETS = 5 if LONG else 2

LINES = 5
"""Warnings and errors that a process logs for one trouble, at most."""


@pytest.fixture(scope="module")
def proxy(server: Server) -> Iterator[Proxy]:
    """The network between clients and the server."""
    with run_proxy(server.port) as running:
        yield running


@pytest.fixture
async def remote(proxy: Proxy, server: Server, board: str) -> AsyncIterator[Clients]:
    """Opens sockets through the proxy."""
    opened = Clients(replace(server, port=proxy.port), board)
    yield opened
    proxy.become(Link())
    await opened.close()


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


async def move(client: Client, sent: dict[int, float]) -> None:
    """Move until cancelled, and note when to which place."""
    loop = asyncio.get_running_loop()
    for place in count(1):
        sent[place] = loop.time()
        await client.send(cursor(place, 0))
        await asyncio.sleep(MOVES_EVERY)


@pytest.mark.alone
async def test_people_on_mobile_networks_see_each_other_move(remote: Clients, proxy: Proxy) -> None:
    proxy.become(MOBILE)
    ada, bob = people = [await remote.join(name) for name in ("Ada", "Bob")]
    sent: dict[int, dict[int, float]] = {client.user: {} for client in people}
    moving = [asyncio.create_task(move(client, sent[client.user])) for client in people]
    await asyncio.sleep(SECONDS)
    for task in moving:
        task.cancel()
    ages = []
    for watcher, mover in ((ada, bob), (bob, ada)):
        last = max(sent[mover.user])
        await watcher.until(
            lambda w=watcher, m=mover, at=last: (at, 0) in w.positions(m.user), "the last position"
        )
        for message, at in zip(watcher.messages, watcher.heard_at, strict=True):
            if isinstance(message, CursorBroadcast):
                places = [c.x for c in message.cursors if c.user == mover.user]
                ages += [at - sent[mover.user][place] for place in places]
        assert not watcher.all(UserLeft)
        assert watcher.close_code is None
    logger.info("%d positions, age p50 %.3f s, p95 %.3f s", len(ages), median(ages), p95(ages))
    assert p95(ages) <= SEEN_WITHIN


async def test_half_the_bandwidth_costs_the_server_little(
    remote: Clients, proxy: Proxy, server: Server, clients: Clients
) -> None:
    """Of cursors nobody needs all, and whoever cannot take them stays on the board."""
    crowd = [await clients.join(f"Mover {n}") for n in range(MOVERS)]
    narrow = [await remote.join(f"Narrow {d.name}", dialect=d) for d in Dialect]
    sent: list[dict[int, float]] = [{} for _ in crowd]
    moving = [asyncio.create_task(move(*each)) for each in zip(crowd, sent, strict=True)]
    await asyncio.sleep(1)
    needed = sum(len(frame) + FRAME_HEADER for frame in crowd[0].frames)
    proxy.become(Link(bandwidth=needed / 2))
    before = memory(server)
    await asyncio.sleep(SECONDS / 2)
    grown = memory(server) - before
    for task in moving:
        task.cancel()
    logger.info("%.0f bytes/s needed, memory %+.2f MiB", needed, grown)
    assert grown <= MOST_MB
    assert {client.close_code for client in narrow} == {None}
    proxy.become(Link())
    for client, mover in product(narrow, zip(crowd, sent, strict=True)):
        await client.until(
            lambda c=client, m=mover: (max(m[1]), 0) in c.positions(m[0].user), "the last positions"
        )


# Between the processes and Redis


@pytest.fixture(scope="module")
def to_redis(redis: RedisServer) -> Iterator[Proxy]:
    """The network between the processes and Redis."""
    with run_proxy(redis.port) as running:
        yield running


@pytest.fixture(scope="module")
def processes(
    site: dict[str, str], to_redis: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    url = f"redis://127.0.0.1:{to_redis.port}/0"
    with run_cluster(tmp_path_factory.mktemp("cluster"), site, url, 3) as running:
        yield running


@asynccontextmanager
async def trouble(
    crowd: Crowd, to_redis: Proxy, board: str, times: int = 1
) -> AsyncIterator[list[list[Client]]]:
    """Yield two people of each process. After the block, which troubles the network so many times,
    counts are true again in time, nobody was closed or seen to leave, and the log is short."""
    logged = crowd.cluster.logged("WARNING", "ERROR")
    pairs = await crowd.pairs(board)
    yield pairs
    to_redis.become(Link())
    await crowd.agree(TRUE_AGAIN + SPARE)
    assert await health(crowd) == [(200, "ok")] * 3
    still_here = {person.user for pair in pairs for person in pair}
    for pair in pairs:
        for person in pair:
            assert not still_here & {message.user for message in person.all(UserLeft)}
    lines = crowd.cluster.logged("WARNING", "ERROR")[len(logged) :]
    assert len(lines) <= LINES * len(pairs) * times, lines


async def test_redis_is_far_away(crowd: Crowd, to_redis: Proxy, board: str) -> None:
    async with trouble(crowd, to_redis, board) as pairs:
        to_redis.become(Link(delay=0.1))
        newcomer = await crowd.join(0, board, "Newcomer")
        await crowd.agree()
        await pairs[1][0].send(cursor(5, 5))
        await newcomer.until(
            lambda: (5, 5) in newcomer.positions(pairs[1][0].user), "a cursor of another process"
        )


async def test_redis_is_silent_for_5_s(crowd: Crowd, to_redis: Proxy, board: str) -> None:
    async with trouble(crowd, to_redis, board) as pairs:
        to_redis.fall_silent()
        silent_until = time.monotonic() + 5
        await still_move(pairs, 21)
        await asyncio.sleep(silent_until - time.monotonic())
        await still_move(pairs, 22)
        to_redis.speak()


async def test_connections_to_redis_are_reset(crowd: Crowd, to_redis: Proxy, board: str) -> None:
    async with trouble(crowd, to_redis, board, RESETS) as pairs:
        leavers = [await crowd.join(n % 3, board, f"Leaver {n}") for n in range(RESETS)]
        broken = 0
        for turn, leaver in enumerate(leavers):
            broken += to_redis.reset()
            # The store learns of it by another connection.
            await leaver.leave()
            crowd.gone(leaver)
            await still_move(pairs, 30 + turn)
            await crowd.agree(TRUE_AGAIN + SPARE)
        assert broken >= RESETS
