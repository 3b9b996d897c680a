"""A thousand random things happen to three processes and three boards, and all agree after it."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from random import Random
from uuid import UUID

import pytest

from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster, run_cluster
from tests.support.redis import RedisServer
from tests.support.wire import cursor
from tests.system.people import Crowd, Person, agreed, guest_cookie

logger = logging.getLogger(__name__)

SEED = int(os.environ.get("PRESENCE_SEED", "20261101"))
OPERATIONS = 1000
AT_ONCE = 5
QUIET_EVERY = 40
KILL_EVERY = 150
MOST = 40
"""So many sockets at most, over all boards."""

QUIET_WITHIN = 12.0
"""Seconds until all agree: a lease of 2 and a grace of 1, noticed by a renewal or two."""

LEAVE = b"\x04\x00\x00"

Operation = Callable[[], Awaitable[object]]


@pytest.fixture(scope="module")
def processes(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three processes whose death is noticed soon."""
    folder, settings = tmp_path_factory.mktemp("cluster"), "tests.system.sites.quick"
    with run_cluster(folder, environment, redis.url, 3, settings) as running:
        yield running


@pytest.fixture
async def store(redis: RedisServer) -> AsyncIterator[RedisStore]:
    """The shared state as the processes have it."""
    reading = RedisStore(redis.url, Timing(lease=2.0, grace=1.0))
    yield reading
    await reading.close()


class Storm:
    """Draws what happens next, and does it."""

    def __init__(self, crowd: Crowd, boards: list[str], random: Random) -> None:
        self.did: Counter[str] = Counter()
        self._crowd = crowd
        self._boards = boards
        self._random = random
        self._cookies = ["", "", "", *(guest_cookie() for _ in range(12))]
        self._names = 0
        self._restarting: dict[int, asyncio.Future[None]] = {}

    async def blow(self, number: int) -> None:
        """Do so many things, a few of them at once; none of those concern the same socket."""
        free = list(self._crowd)
        self._random.shuffle(free)
        await asyncio.gather(*(self._draw(free)() for _ in range(number)))

    async def kill(self) -> None:
        """End a process, and start another in its place while everything else goes on."""
        number = self._random.choice(self._running())
        self.did["kill"] += 1
        self._crowd.cluster.kill(number)
        self._crowd.gone(*(person for person in list(self._crowd) if person.process == number))
        loop = asyncio.get_running_loop()
        again = loop.run_in_executor(None, self._crowd.cluster.restart, number)
        self._restarting[number] = again

    async def calm(self) -> None:
        """Wait until every process runs, and all that people and the store say is true."""
        await asyncio.gather(*self._restarting.values())
        self._restarting = {}
        await agreed(self._complaint, QUIET_WITHIN)

    async def _complaint(self) -> str:
        active = {UUID(person.board) for person in self._crowd}
        stored = set(await self._crowd.store.boards())
        if stored != active:
            return f"the store has people on {stored}, and they are on {active}"
        return await self._crowd.complaint()

    def _running(self) -> list[int]:
        done = [n for n, again in self._restarting.items() if again.done()]
        for number in done:
            del self._restarting[number]
        return [n for n in range(3) if n not in self._restarting]

    def _draw(self, free: list[Person]) -> Operation:
        """Return what to do; it takes the person whom it concerns from the free ones."""
        choices = {"come": 30, "move": 20, "close": 10, "leave": 8, "snap": 8, "return": 14}
        if len(self._crowd) >= MOST:
            del choices["come"]
        if not free:
            choices = {"come": 1}
        (what,) = self._random.choices(list(choices), list(choices.values()))
        self.did[what] += 1
        if what == "come":
            board = self._random.choice(self._boards)
            return self._come(board, self._random.choice(self._cookies))
        act: Callable[[Person], Operation] = getattr(self, f"_{what}")
        return act(free.pop())

    def _come(self, board: str, cookie: str, name: str = "") -> Operation:
        process = self._random.choice(self._running())
        self._names += 1
        name = name or f"N{self._names}"
        return lambda: self._crowd.join(process, board, name, cookie)

    def _move(self, person: Person) -> Operation:
        frame = cursor(self._random.randrange(65_536), self._random.randrange(65_536))
        return lambda: person.client.send(frame)

    def _close(self, person: Person) -> Operation:
        self._crowd.gone(person)
        return person.client.close

    def _snap(self, person: Person) -> Operation:
        self._crowd.gone(person)
        return person.client.snap

    def _leave(self, person: Person) -> Operation:
        self._crowd.gone(person)
        return lambda: person.client.send(LEAVE)

    def _return(self, person: Person) -> Operation:
        """A socket breaks, and its person comes back through some process at once."""
        self._crowd.gone(person)
        come = self._come(person.board, person.cookies, person.name)

        async def again() -> None:
            await person.client.snap()
            await come()

        return again


async def test_after_a_thousand_random_operations_all_agree(
    crowd: Crowd, boards: list[str]
) -> None:
    logger.info("seed %d (PRESENCE_SEED sets another)", SEED)
    storm = Storm(crowd, boards, Random(SEED))
    try:
        for number in range(0, OPERATIONS, AT_ONCE):
            await storm.blow(AT_ONCE)
            if number % KILL_EVERY == KILL_EVERY - AT_ONCE:
                await storm.kill()
            if number % QUIET_EVERY == QUIET_EVERY - AT_ONCE:
                await storm.calm()
        await storm.calm()
    except AssertionError as error:
        raise AssertionError(f"seed {SEED}, after {dict(storm.did)}: {error}") from error
    logger.info("did %s", dict(storm.did))
    assert sum(storm.did.values()) - storm.did["kill"] == OPERATIONS
    assert storm.did["kill"] >= 5


def test_no_process_met_anything_it_did_not_expect(cluster: Cluster) -> None:
    assert cluster.logged("ERROR", "CRITICAL") == []
