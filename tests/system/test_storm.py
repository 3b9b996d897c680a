"""Random traffic, in which a process is killed and replaced; after it, everything that tells how
many people there are is right.

PRESENCE_SEED sets another seed, PRESENCE_STORM_SECONDS another length. A long run, with the site's
own times and a death every two minutes::

    PRESENCE_STORM_SECONDS=600 .venv/bin/pytest tests/system/test_storm.py --log-cli-level=INFO
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import pytest

from presence.server.stats import PUBLISH_INTERVAL, RECORD_INTERVAL
from presence.store.base import Timing
from presence.store.history import RECORDER_LEASE, STATS_TTL
from presence.store.redis.scripts import Keys
from tests.support.accounts import guest_cookie, sign_in
from tests.support.cluster import Cluster
from tests.support.fixtures import COLLISION
from tests.support.redis import RedisServer
from tests.support.waiting import POLL, SPARE
from tests.system.conftest import QUICK
from tests.system.crowd import Crowd, agreed
from tests.system.surfaces import Surfaces, Told, Truth, differences
from tests.system.traffic import Traffic, Visitor

logger = logging.getLogger(__name__)

SEED = int(os.environ.get("PRESENCE_SEED", "20261107"))
SECONDS = float(os.environ.get("PRESENCE_STORM_SECONDS", "6"))

BRIEF = SECONDS < 60
"""Whether dead processes are noticed soon, and the recorder of the history is never killed."""

TIMING = QUICK if BRIEF else Timing(lease=6.0, grace=5.0)
PROCESSES = 2
DEATHS = max(1, int(SECONDS // 120))

PEOPLE_WITHIN = TIMING.lease * 4 / 3 + TIMING.grace + SPARE
"""Seconds until the people of a dead process are gone: a renewal, a sweep, and some to spare."""

TOLD_WITHIN = STATS_TTL + PUBLISH_INTERVAL + SPARE
"""Seconds until nothing tells of a dead process."""

LOOKED_WITHIN = RECORD_INTERVAL * 2 + (0 if BRIEF else RECORDER_LEASE) + SPARE
"""Seconds until the history has a sample; another process may have to take it over first."""

NOTED_WITHIN = 1.0 + SPARE
"""Seconds between the samples of all boards together and of each board."""

Compare = Callable[[Truth], Awaitable[Told]]

ACCOUNTS = ("ann", "ben", "cid", "dee")
MAY = ["view_board", "view_overview"]


@pytest.fixture(scope="module")
def timing() -> Timing:
    return TIMING


@pytest.fixture(scope="module")
def size() -> int:
    return PROCESSES


@pytest.fixture(scope="module")
def sessions(processes: Cluster) -> dict[str, str]:
    """The sessions of staff who may view everything, and of people with an account."""
    return sign_in(processes.servers[0], stan=MAY, **dict.fromkeys(ACCOUNTS))


@pytest.fixture
async def surfaces(crowd: Crowd, sessions: dict[str, str], shared: None) -> AsyncIterator[Surfaces]:
    opened = Surfaces(crowd, sessions["stan"])
    yield opened
    await opened.close()


@pytest.fixture
async def traffic(
    crowd: Crowd, boards: list[str], sessions: dict[str, str], redis: RedisServer
) -> Traffic:
    random = Random(SEED)
    guests = [Visitor(f"Guest {n}", guest_cookie()) for n in range(12)]
    # An account is one person in all browsers.
    members = [
        Visitor(name, f"sessionid={sessions[name]}{more}")
        for name in ACCOUNTS
        for more in ("", f"; {guest_cookie()}")
    ]
    return Traffic(
        crowd,
        [*boards, *COLLISION],
        [*guests, *members],
        random,
        grace=TIMING.grace,
        spared=[await recorder(crowd.cluster, redis)] if BRIEF else [],
        redis=redis,
    )


async def recorder(cluster: Cluster, redis: RedisServer) -> int:
    """Return the number of the process that writes the history, as soon as one does."""
    found: list[int] = []

    async def nobody() -> bool:
        pids = [str(server.process.pid) for server in cluster.servers]
        with redis.client() as client:
            if name := client.get(Keys("presence").recorder):
                found.append(pids.index(name.decode().split(":")[-2]))
        return not found

    await agreed(nobody)
    return found[0]


def forget_history(redis: RedisServer) -> None:
    """Delete the history, so that it begins now."""
    with redis.client() as client:
        for span in ("minutes", "hours"):
            for key in client.scan_iter(f"presence:*:{span}:*"):
                client.delete(key)


async def settled(compare: Compare, truth: Truth, within: float) -> int:
    """Wait until nothing differs, and return how many things were compared."""
    end = time.monotonic() + within
    while wrong := differences(told := await compare(truth)):
        if time.monotonic() >= end:
            pytest.fail("\n".join([f"after {within:.1f} s differ:", *wrong]))
        # There is no one event to wait for.
        await asyncio.sleep(POLL * 10)
    return sum(len(expected) for _, expected, _ in told)


async def proven(truth: Truth, surfaces: Surfaces, redis: RedisServer) -> None:
    """Wait until everything is right, and check that it stays so."""
    await settled(surfaces.people, truth, PEOPLE_WITHIN)
    forget_history(redis)
    await settled(surfaces.now, truth, TOLD_WITHIN)
    await settled(surfaces.history, truth, LOOKED_WITHIN)
    compared = await settled(surfaces.audit, truth, 0)
    compared += await settled(surfaces.now, truth, 0)
    compared += await settled(surfaces.history, truth, NOTED_WITHIN)
    logger.info(
        "%d people in %d sockets on %d boards: %d numbers are equal",
        *(truth.total, truth.sessions, len(truth.busy), compared),
    )


def keys_for_ever(redis: RedisServer) -> list[bytes]:
    """Return the keys that never expire; those that are gone by now have a TTL of -2."""
    with redis.client() as client:
        return [key for key in client.scan_iter(count=1000) if client.ttl(key) == -1]


@pytest.mark.timeout(SECONDS + 180)
@pytest.mark.parametrize("boards", [12], indirect=True)
async def test_every_surface_tells_the_truth(
    traffic: Traffic, surfaces: Surfaces, redis: RedisServer, boards: list[str]
) -> None:
    logger.info("seed %d (PRESENCE_SEED sets another), %.0f s", SEED, SECONDS)
    beating = asyncio.create_task(traffic.beat())
    random = Random(SEED)
    # Each in its part of the time.
    deaths = [((n + random.uniform(0.2, 0.8)) * SECONDS / DEATHS, "kill") for n in range(DEATHS)]
    try:
        await surfaces.open_pages([*boards, *COLLISION])
        await traffic.run(SECONDS, deaths)
        logger.info("did %s", dict(traffic.did))
        await surfaces.open_pages([*boards, *COLLISION])
        await proven(traffic.truth(), surfaces, redis)
    except (Exception, pytest.fail.Exception) as error:
        error.add_note(f"PRESENCE_SEED={SEED}, after {dict(traffic.did)}")
        raise
    finally:
        beating.cancel()
    assert traffic.did["kill"] == DEATHS
    assert keys_for_ever(redis) == []


def test_no_process_logged_an_error(processes: Cluster) -> None:
    assert processes.logged("ERROR", "CRITICAL") == []
