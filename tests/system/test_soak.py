"""Random traffic on three processes that share a Redis, in which processes are killed and ended and
Redis is killed: nothing grows, and nothing is left when everybody has gone.

`make soak` runs it for 15 minutes (MINUTES sets another length), and asserts slopes as well, which
a short run cannot have. PRESENCE_SEED sets another seed.
"""

import asyncio
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import linear_regression

import pytest
from django.conf import settings

from presence.store.base import Timing
from presence.store.redis.scripts import LAYOUT
from tests.support.accounts import guest_cookie, sign_in
from tests.support.cluster import Cluster, run_cluster
from tests.support.insides import WATCHED, descriptors, memory, objects, tasks, threads
from tests.support.redis import RedisServer
from tests.support.server import Server, with_settings
from tests.system.conftest import QUICK, settings_of
from tests.system.crowd import Crowd, agreed
from tests.system.traffic import Traffic, Visitor

logger = logging.getLogger(__name__)

SEED = int(os.environ.get("PRESENCE_SEED", "20261129"))
LONG = float(os.environ.get("PRESENCE_SOAK_MINUTES", "0")) * 60
"""Seconds of a long run; 0 for a short one."""

ROUND = 60.0 if LONG else 3.0
"""Seconds of traffic, after which everybody leaves."""

ROUNDS = max(2, int(LONG // (ROUND + 10)))
WARM_UP = ROUND / 2
"""Seconds of traffic before anything is measured."""

TIMING = Timing(lease=6.0) if LONG else QUICK

PROCESSES = 3
WITNESSES = (0, 1)
"""The processes that nobody ends: what they have can grow for the whole run."""

TIMERS_LAST = 10.0 if LONG else 0.0
"""Seconds for which timers last after everybody has gone, some of them cancelled."""

SAMPLE_EVERY = ROUND / 10

MOST_MB_A_MINUTE = 0.2
"""Bound for the slope of a witness's memory over the last two thirds of a long run."""

MOST_OBJECTS_A_MINUTE = 50
"""The same for its objects, from the first quiet time to the last."""

REDIS_CONNECTIONS = 16 + 3
"""Connections of a process to Redis, at most: those of the store, and the layer's."""

THREADS = 24
"""Threads of a process, at most: those for rules, for pages and for signals."""

UNHANDLED = re.compile(
    r"never (retrieved|awaited)|Exception (ignored|in thread)|Unhandled|destroyed"
)

OUTAGE = re.compile(
    r"presence\.server\.hub: channel layer: failed, will retry"
    r"|channels_redis\.pubsub: Unexpected exception (in receive task|while cleaning-up channel)"
)
"""Errors that an outage of Redis logs."""

ASKED = re.compile(r"presence\.views: healthz: |django\.request: Service Unavailable: /healthz")
"""What a process logs in an outage whenever it is asked how it is, as for each that starts."""

LINES_OF_AN_OUTAGE = 3
"""Warnings and errors of presence in a process for an outage, at most: of the store, of its stats
and of the layer. Another for each board tells that its people are put back."""

LASTING = {
    "{processes}": "leases, and when accounts were last seen, for 30 days",
    "{boards}": "the boards' ids on the wire, while they rest and as long again",
    "{figures}": "what each process told of itself last",
    "{check}": "what /healthz tries the rights of the Redis user with, for a second",
    "{history}": "counts of past minutes and hours, and who records them",
    "{board}:minutes": "the same of a board",
    "{board}:hours": "the same of a board",
}
"""Kinds of keys that may remain when nobody is on a board. Each has a TTL."""

PASSING = {
    "{board}:state": "a board's version",
    "{board}:rests": "user ids that rest",
    "{board}:out": "bans; none here",
    **dict.fromkeys(
        [f"{{board}}:{part}" for part in ("members", "index", "graces", "leases", "users")],
        "people of a process that died, where no other has people: counted no more",
    ),
}
"""Those that go within `KEYS_LAST`."""

KEYS_LAST = 150.0
"""Seconds: the time for which a board keeps its id, a minute to spare, and another for TTLs."""


@dataclass(slots=True)
class Series:
    """What was measured of one process: memory in MiB, and in quiet times the objects by type, by
    the time in minutes."""

    memory: list[tuple[float, float]] = field(default_factory=list)
    objects: list[tuple[float, Counter[str]]] = field(default_factory=list)

    @property
    def more_objects(self) -> float:
        """Objects by which it grew in a minute, from the first quiet time to the last."""
        (begin, first), (end, last) = self.objects[0], self.objects[-1]
        return (last.total() - first.total()) / (end - begin)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the growth a minute over the last two thirds, by least squares."""
    late = [(at, value) for at, value in points if at >= points[-1][0] / 3]
    return linear_regression(*zip(*late, strict=True)).slope if len(late) > 1 else 0.0


class Watch:
    """Measures the processes of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.series: dict[int, Series] = {}

    @property
    def minutes(self) -> float:
        return (self._loop.time() - self._began) / 60

    async def sample(self) -> None:
        """Sample the memory until cancelled."""
        while True:
            for server in self._cluster.servers:
                if server.process.poll() is None:
                    self._of(server).memory.append((self.minutes, memory(server)))
            await asyncio.sleep(SAMPLE_EVERY)

    async def quiet(self) -> None:
        """Count the objects of processes that serve nobody, as soon as no timer of somebody who
        was there can have any. Not between rounds: it collects garbage, which may be what grows."""
        await asyncio.sleep(TIMERS_LAST)
        for server in self._cluster.servers:
            found = await asyncio.to_thread(objects, server, collect=True)
            self._of(server).objects.append((self.minutes, found))

    def witnesses(self) -> Iterator[tuple[Server, Series]]:
        """Yield the processes that lived all the time."""
        for number in WITNESSES:
            server = self._cluster.servers[number]
            yield server, self._of(server)

    def table(self) -> str:
        """Return the memory of each process over time, and the objects of the witnesses."""
        lines = ["memory in MiB at the minutes, and the slope of the last two thirds, a minute"]
        for pid, series in self.series.items():
            every = max(1, len(series.memory) // 12)
            values = " ".join(f"{at:.1f}:{value:.1f}" for at, value in series.memory[::every])
            lines.append(f"process {pid}: {values} slope {slope(series.memory):+.3f}")
        for server, series in self.witnesses():
            (_, first), (_, last) = series.objects[0], series.objects[-1]
            lines.append(
                f"objects of process {server.process.pid}: {first.total()}, then {last.total()}: "
                f"{series.more_objects:+.1f} a minute, {(last - first).most_common(8)}; "
                f"{threads(server)} threads; {dict(descriptors(server))}; {dict(tasks(server))}"
            )
        return "\n".join(lines)

    def _of(self, server: Server) -> Series:
        return self.series.setdefault(server.process.pid, Series())


@pytest.fixture(scope="module")
def timing() -> Timing:
    return TIMING


@pytest.fixture(scope="module")
def site(environment: dict[str, str], timing: Timing) -> dict[str, str]:
    """As in production: with DEBUG Django remembers the last 9,000 queries of each thread."""
    # Guests' cookies are signed here.
    own = {"DEBUG": "0", "SECRET_KEY": settings.SECRET_KEY, "ALLOWED_HOSTS": "127.0.0.1"}
    return with_settings({**environment, **own}, PRESENCE=settings_of(timing))


@pytest.fixture(scope="module")
def processes(
    site: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with run_cluster(folder, site, redis.url, PROCESSES, WATCHED) as running:
        yield running


def visitors(cluster: Cluster) -> list[Visitor]:
    accounts = sign_in(cluster.servers[0], **dict.fromkeys(("ann", "ben", "cid")))
    guests = [Visitor(f"Guest {n}", guest_cookie()) for n in range(10)]
    return [*guests, *(Visitor(name, f"sessionid={key}") for name, key in accounts.items())]


def kinds_of_keys(redis: RedisServer) -> tuple[Counter[str], list[bytes]]:
    """Return how many keys there are of each kind, and those that never expire."""
    with redis.client() as client:
        keys = [*client.scan_iter(count=1000)]
        for_ever = [key for key in keys if client.ttl(key) == -1]
    kinds: Counter[str] = Counter()
    for key in keys:
        name = re.sub(rf"\{{[0-9a-f]{{32}}\}}(:{LAYOUT})?", "{board}", key.decode())
        _, kind, *of_board = name.split(":")
        kinds[f"{kind}:{of_board[0]}" if kind == "{board}" else kind] += 1
    return kinds, for_ever


@pytest.mark.long
@pytest.mark.timeout(LONG * 2 + 180)
async def test_nothing_grows_and_nothing_is_left(
    crowd: Crowd, boards: list[str], redis: RedisServer
) -> None:
    cluster, random = crowd.cluster, Random(SEED)
    known = await asyncio.to_thread(visitors, cluster)
    traffic = Traffic(
        crowd, boards, known, random, grace=TIMING.grace, spared=WITNESSES, redis=redis
    )
    logger.info("seed %d (PRESENCE_SEED sets another), %d rounds of %.0f s", SEED, ROUNDS, ROUND)

    async def come_and_go(seconds: float, *fates: str) -> None:
        times = [(random.uniform(0.2, 0.8) * seconds, fate) for fate in fates]
        await traffic.run(seconds, times)
        await crowd.agree(TIMING.lease * 4 / 3 + TIMING.grace + 10)
        await traffic.leave()
        await agreed(nobody_is_anywhere)
        await all_is_closed(cluster)

    async def nobody_is_anywhere() -> object:
        return await crowd.store.boards()

    beating = asyncio.create_task(traffic.beat())
    await come_and_go(WARM_UP)
    watch, usual, usually_open = Watch(cluster), Counter[str](), Counter[str]()
    for server in cluster.servers:
        usual |= tasks(server)
        usually_open |= descriptors(server)
    usually_open[f"to {redis.port}"] = REDIS_CONNECTIONS
    await watch.quiet()
    sampling = asyncio.create_task(watch.sample())
    for number in range(ROUNDS):
        await come_and_go(ROUND, ("kill", "terminate")[number % 2], "outage")
    sampling.cancel()
    beating.cancel()
    await watch.quiet()
    logger.info("did %s\n%s", dict(traffic.did), watch.table())

    async def more_tasks() -> object:
        return [dict(more) for server in cluster.servers if (more := tasks(server) - usual)]

    await agreed(more_tasks)
    for server in cluster.servers:
        assert not descriptors(server) - usually_open
        assert threads(server) <= THREADS
    # The long run waits until no board has any but those of its history.
    await asyncio.sleep(KEYS_LAST if LONG else 0)
    kinds, for_ever = kinds_of_keys(redis)
    logger.info("keys left: %s", dict(kinds))
    assert for_ever == []
    assert kinds.keys() <= (LASTING if LONG else LASTING | PASSING).keys()
    lines = [
        line for line in cluster.logged("WARNING", "ERROR", "CRITICAL") if not ASKED.search(line)
    ]
    errors = [line for line in lines if " WARNING " not in line and not OUTAGE.search(line)]
    assert errors + cluster.matching(UNHANDLED) == []
    lines = [line for line in lines if " presence." in line]
    assert len(lines) <= ROUNDS * PROCESSES * (LINES_OF_AN_OUTAGE + len(boards)), lines
    if LONG:
        for _, series in watch.witnesses():
            assert slope(series.memory) <= MOST_MB_A_MINUTE
            assert series.more_objects <= MOST_OBJECTS_A_MINUTE


async def all_is_closed(cluster: Cluster) -> None:
    """Wait until no process has a connection to a client."""

    async def open_connections() -> object:
        return [d["client"] for server in cluster.servers if (d := descriptors(server))["client"]]

    await agreed(open_connections)
