"""After random traffic, in which a process was killed, everything that tells how many people there
are tells the same, which is what is true.

A few seconds of it run with all other tests. The whole proof takes ten minutes::

    PRESENCE_TRUTH_SECONDS=600 .venv/bin/pytest tests/cluster/test_truth.py --log-cli-level=INFO
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from random import Random
from typing import Any

import pytest

from presence.checks import LAYER
from presence.server.stats import PUBLISH_INTERVAL, RECORD_INTERVAL
from presence.store.base import Timing
from presence.store.history import RECORDER_LEASE, STATS_TTL
from presence.store.redis.scripts import Keys
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster, run_cluster
from tests.support.own import close_own
from tests.support.redis import RedisServer
from tests.support.staff import make_people
from tests.support.waiting import POLL
from tests.system.people import Crowd, agreed, guest_cookie
from tests.system.surfaces import Desks, Surfaces
from tests.system.traffic import Traffic, Visitor
from tests.system.truth import Comparison

logger = logging.getLogger(__name__)

SEED = int(os.environ.get("PRESENCE_TRUTH_SEED", "20261107"))
SECONDS = float(os.environ.get("PRESENCE_TRUTH_SECONDS", "8"))

BRIEF = SECONDS < 60
"""Whether there is no time for what takes half a minute: the dead are noticed soon then, and
whoever writes the history lives."""

TIMING = Timing(lease=2.0, grace=1.0) if BRIEF else Timing(lease=6.0, grace=5.0)
SETTINGS = "tests.system.sites.quick" if BRIEF else ""

DEATH_EVERY = 120.0
DEATHS = max(1, int(SECONDS // DEATH_EVERY))

PEOPLE_WITHIN = TIMING.lease * 4 / 3 + TIMING.grace + 5
"""Seconds until those are gone who died with a process a moment ago: a renewal and a look at each
board later, and some to spare."""

TOLD_WITHIN = STATS_TTL + PUBLISH_INTERVAL + 5
"""Seconds until nobody tells of a process that died any more."""

LOOKED_WITHIN = RECORD_INTERVAL * 2 + (0 if BRIEF else RECORDER_LEASE)
"""Seconds until somebody looked for the history: another one, if need be."""

NOTED_WITHIN = 1.0
"""Seconds until a look is noted of each board: of all together it is a moment before."""

Look = Callable[[], Awaitable[Comparison]]

ACCOUNTS = ("ann", "ben", "cid", "dee")
MAY = ["view_board", "view_overview"]


@pytest.fixture(scope="module")
def processes(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Two processes of the example site."""
    folder = tmp_path_factory.mktemp("cluster")
    with run_cluster(folder, environment, redis.url, 2, SETTINGS) as running:
        yield running


@pytest.fixture
async def store(redis: RedisServer) -> AsyncIterator[RedisStore]:
    """The shared state as the processes have it."""
    reading = RedisStore(redis.url, TIMING)
    yield reading
    await reading.close()


@pytest.fixture(scope="module")
def sessions(processes: Cluster) -> dict[str, str]:
    """The sessions of one of the staff who may view everything, and of those with an account."""
    return make_people(processes.servers[0], stan=MAY, **dict.fromkeys(ACCOUNTS))


@pytest.fixture(autouse=True)
def shared(settings: Any, redis: RedisServer) -> Iterator[None]:
    """Have the tests' own process be one of the site's that serves nobody."""
    timing = {"LEASE": TIMING.lease, "GRACE": TIMING.grace}
    settings.PRESENCE = {**settings.PRESENCE, **timing, "REDIS_URL": redis.url}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYER, "CONFIG": {"hosts": [redis.url]}}}
    yield
    close_own()


@pytest.fixture
async def desks(
    processes: Cluster, sessions: dict[str, str], boards: list[str]
) -> AsyncIterator[Desks]:
    """Staff who look on, through both processes."""
    opened = Desks(processes, sessions["stan"], boards)
    await opened.everywhere([0, 1])
    yield opened
    await opened.close()


@pytest.fixture
def surfaces(crowd: Crowd, desks: Desks, sessions: dict[str, str]) -> Surfaces:
    """All that tells how many people there are."""
    return Surfaces(crowd, desks, sessions["stan"])


@pytest.fixture
async def traffic(
    crowd: Crowd,
    boards: list[str],
    sessions: dict[str, str],
    desks: Desks,
    redis: RedisServer,
) -> AsyncIterator[Traffic]:
    """The traffic of this run."""
    random = Random(SEED)
    # Each in its part of the time, which leaves the one after it another process to kill.
    deaths = [(n + random.uniform(0.2, 0.8)) * SECONDS / DEATHS for n in range(DEATHS)]
    made = Traffic(
        crowd,
        boards,
        [*guests(), *account_holders(sessions)],
        random,
        grace=TIMING.grace,
        deaths=deaths,
        spared=await recorder(crowd.cluster, redis) if BRIEF else None,
        bereft=desks.bereft,
    )
    beating = asyncio.create_task(made.beat())
    yield made
    beating.cancel()


def guests() -> list[Visitor]:
    """Return people without an account whose tabs know each other."""
    return [Visitor(f"Guest {n}", cookie, cookie) for n in range(12) for cookie in [guest_cookie()]]


def account_holders(sessions: dict[str, str]) -> list[Visitor]:
    """Return people with an account, each of them twice: an account is one person, in whichever
    browser."""
    return [
        Visitor(name, f"sessionid={sessions[name]}{more}", f"account {name}")
        for name in ACCOUNTS
        for more in ("", f"; {guest_cookie()}")
    ]


async def recorder(cluster: Cluster, redis: RedisServer) -> int:
    """Return the number of the process that writes the history, as soon as one does."""
    pids = {str(server.process.pid): number for number, server in enumerate(cluster.servers)}
    found: list[int] = []

    async def look() -> str:
        with redis.client() as client:
            name = client.get(Keys("presence").recorder)
        found.extend([pids[name.decode().split(":")[-2]]] if name else [])
        return "" if found else "nobody writes the history"

    await agreed(look)
    return found[0]


def forget_history(redis: RedisServer) -> None:
    """Have the history begin now."""
    with redis.client() as client:
        for span in ("minutes", "hours"):
            for key in client.scan_iter(f"presence:*:{span}:*"):
                client.delete(key)


async def settled(look: Look, within: float) -> Comparison:
    """Wait until nothing differs, and return what was compared; fail with all that still does."""
    end = time.monotonic() + within
    while (found := await look()).differences:
        if time.monotonic() >= end:
            pytest.fail("\n".join([f"after {within:.1f} s differ:", *map(str, found.differences)]))
        # There is no one event to wait for.
        await asyncio.sleep(POLL * 10)
    return found


async def proven(traffic: Traffic, surfaces: Surfaces, redis: RedisServer) -> None:
    """Wait until everything tells the truth, and see that it goes on to."""
    truth, began = traffic.truth(), time.monotonic()
    await settled(lambda: surfaces.people(truth), PEOPLE_WITHIN)
    people = time.monotonic() - began
    forget_history(redis)
    await settled(lambda: surfaces.now(truth), TOLD_WITHIN)
    now = time.monotonic() - began
    await settled(lambda: surfaces.history(truth), LOOKED_WITHIN)
    found = await settled(lambda: surfaces.audit(truth), 0)
    found.add(await settled(lambda: surfaces.now(truth), 0))
    found.add(await settled(lambda: surfaces.history(truth), NOTED_WITHIN))
    logger.info(
        "%d people in %d sockets on %d boards, %d processes; %d numbers of %d surfaces are equal",
        *(truth.total, truth.sessions, len(truth.busy), len(truth.pids)),
        *(found.compared.total(), len(found.compared)),
    )
    logger.info("people were told after %.1f s, everybody after %.1f s", people, now)


@pytest.mark.timeout(SECONDS + 180)
@pytest.mark.parametrize("boards", [14], indirect=True)
async def test_every_surface_tells_the_truth(
    traffic: Traffic, desks: Desks, surfaces: Surfaces, redis: RedisServer
) -> None:
    logger.info("seed %d (PRESENCE_TRUTH_SEED sets another), %.0f s", SEED, SECONDS)
    try:
        await traffic.run(SECONDS)
        logger.info("did %s", dict(traffic.did))
        await desks.everywhere(traffic.running)
        await proven(traffic, surfaces, redis)
    except (Exception, pytest.fail.Exception) as error:
        error.add_note(f"PRESENCE_TRUTH_SEED={SEED}, after {dict(traffic.did)}")
        raise
    assert traffic.did["kill"] == DEATHS


def test_no_process_met_anything_it_did_not_expect(processes: Cluster) -> None:
    assert processes.logged("ERROR", "CRITICAL") == []
