"""The history and the figures, whatever they are kept in."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio.cluster import RedisCluster
from redis.crc import key_slot

from presence.protocol.errors import TryLater
from presence.store.base import Timing
from presence.store.history import HOURS, MINUTES, RECORDER_LEASE, STATS_TTL, History, Point
from presence.store.history_memory import MemoryHistory
from presence.store.redis.history import RedisHistory
from presence.store.redis.store import RedisStore
from tests.store.cast import BOARD, HERE, OTHER_BOARD, THERE
from tests.store.redis_place import Place
from tests.store.test_redis_keys import commands_of_scripts
from tests.support.redis import run_cluster, shared_redis
from tests.support.server import free_port

NOON = 1_764_072_000.0
PROGRAMS = {"redis": "redis-server", "valkey": "valkey-server"}


class Past:
    """Histories over one state, and the time that passes for them, from just after noon on."""

    def __init__(self, make: Callable[[Callable[[], float]], History]) -> None:
        self.now = NOON + 5
        self.here, self.there = make(self.time), make(self.time)

    def time(self) -> float:
        return self.now

    async def look(self, process: str = HERE, **people: int) -> bool:
        """Have a process claim, and count people on the boards `a` and `b`."""
        history = self.here if process == HERE else self.there
        at = await history.claim(process)
        if at is None:
            return False
        assert at == pytest.approx(self.now, abs=0.5)
        boards = {"a": BOARD, "b": OTHER_BOARD}
        return await history.record(process, at, {boards[b]: n for b, n in people.items()})

    async def minutes(self, board: UUID | None, count: int = 1) -> list[Point]:
        return await self.there.read(board, MINUTES, count)


@pytest.fixture(params=["memory", "redis", "valkey"])
async def past(request: pytest.FixtureRequest) -> AsyncIterator[Past]:
    if request.param == "memory":
        shared: list[History] = []

        def one(clock: Callable[[], float]) -> History:
            shared.append(MemoryHistory(clock))
            return shared[0]

        yield Past(one)
        return
    url, prefix = shared_redis(PROGRAMS[request.param]).url, f"past-{uuid4().hex}"
    stores: list[RedisStore] = []

    def another(clock: Callable[[], float]) -> History:
        stores.append(RedisStore(url, prefix=prefix, ahead=lambda: clock() - time.time()))
        return RedisHistory(stores[-1])

    yield Past(another)
    for store in stores:
        await store.close()


async def test_a_minute_has_the_average_and_the_most(past: Past) -> None:
    for people in (1, 4, 4):
        assert await past.look(a=people)
        past.now += 10
    assert await past.minutes(BOARD) == [Point(int(NOON), 3.0, 4)]
    assert await past.minutes(None) == [Point(int(NOON), 3.0, 4)]


async def test_all_boards_together_and_each(past: Past) -> None:
    await past.look(a=3, b=2)
    past.now += 10
    await past.look(a=1)
    assert await past.minutes(None) == [Point(int(NOON), 3.0, 5)]
    assert await past.minutes(BOARD) == [Point(int(NOON), 2.0, 3)]
    assert await past.minutes(OTHER_BOARD) == [Point(int(NOON), 1.0, 2)]


async def test_nobody_is_zero_where_somebody_looked_and_else_a_gap(past: Past) -> None:
    await past.look(a=3)
    past.now += 120
    await past.look()
    told = await past.minutes(BOARD, 4)
    assert [(point.people, point.peak) for point in told] == [
        (None, None),
        (3.0, 3),
        (None, None),
        (0.0, 0),
    ]
    unknown = await past.minutes(uuid4(), 2)
    assert [point.people for point in unknown] == [None, 0.0]


async def test_nothing_was_before_the_first_look(past: Past) -> None:
    assert await past.minutes(None, 3) == [Point(int(NOON) - 60 * n) for n in (2, 1, 0)]


async def test_hours_gather_what_minutes_do(past: Past) -> None:
    for people in (1, 7, 1):
        await past.look(a=people)
        past.now += 600
    past.now += 3600
    await past.look(a=2)
    told = await past.here.read(BOARD, HOURS, 3)
    assert told == [
        Point(int(NOON) - 3600),
        Point(int(NOON), 3.0, 7),
        Point(int(NOON) + 3600, 2.0, 2),
    ]


async def test_the_whole_day_and_not_more_is_told(past: Past) -> None:
    await past.look(a=3)
    past.now += 60 * (MINUTES.kept - 1)
    await past.look(a=1)
    told = await past.minutes(BOARD, 10**6)
    assert len(told) == MINUTES.kept
    assert (told[0].people, told[-1].people) == (3.0, 1.0)
    past.now += 60
    await past.look(a=1)
    assert (await past.minutes(BOARD, 10**6))[0].people is None


async def test_the_whole_month_is_told(past: Past) -> None:
    await past.look(a=3)
    past.now += 3600 * (HOURS.kept - 1)
    await past.look(a=1)
    told = await past.here.read(BOARD, HOURS, 10**6)
    assert (len(told), told[0].people, told[-1].people) == (HOURS.kept, 3.0, 1.0)


async def test_one_process_at_a_time_records(past: Past) -> None:
    assert await past.look(HERE, a=2)
    assert not await past.look(THERE, a=2)
    past.now += 10
    assert await past.look(HERE, a=2)
    assert not await past.look(THERE, a=2)
    assert await past.minutes(BOARD) == [Point(int(NOON), 2.0, 2)]


async def test_another_takes_over_within_a_minute_of_its_death(past: Past) -> None:
    await past.look(HERE, a=2)
    waited = 0.0
    while not await past.look(THERE, a=3):
        past.now += 10
        waited += 10
    assert waited <= 60
    assert waited >= RECORDER_LEASE
    assert await past.minutes(BOARD) == [Point(int(NOON), 2.5, 3)]


async def test_one_that_slept_past_its_lease_counts_nothing_twice(past: Past) -> None:
    at = await past.here.claim(HERE)
    assert at is not None
    past.now += RECORDER_LEASE + 1
    assert not await past.here.record(HERE, at, {BOARD: 9}), "nobody has claimed since"
    assert await past.look(THERE, a=2)
    assert not await past.here.record(HERE, at, {BOARD: 9})
    assert await past.minutes(None) == await past.minutes(BOARD) == [Point(int(NOON), 2.0, 2)]


async def test_figures_are_told_until_their_process_is_silent(past: Past) -> None:
    await past.here.publish(HERE, "old")
    await past.here.publish(HERE, '{"a":1}')
    past.now += STATS_TTL - 1
    await past.there.publish(THERE, "b")
    assert await past.here.published() == {HERE: '{"a":1}', THERE: "b"}
    past.now += 2
    assert await past.here.published() == {THERE: "b"}
    past.now += STATS_TTL
    assert await past.here.published() == {}


async def test_the_memory_of_a_process_is_bounded() -> None:
    history = MemoryHistory(lambda: past.now)
    past = Past(lambda clock: history)
    for _ in range(40):
        await history.claim(HERE)
        await history.record(HERE, past.now, {uuid4(): 1, BOARD: 1})
        past.now += 24 * 3600
    kept = history._buckets
    assert len(kept) <= 33, "boards of the last thirty days, that one, and all together"
    assert all(len(kept[BOARD][span]) <= span.kept for span in (MINUTES, HOURS))


async def test_every_key_expires(place: Place) -> None:
    history = RedisHistory(place.store(Timing()))
    at = await history.claim(HERE)
    assert at is not None
    await history.record(HERE, at, {BOARD: 1})
    await history.publish(HERE, "x")
    with place.server.client() as client:
        lasts = {name: client.ttl(name) for name in place.names()}
    assert len(lasts) == 7
    assert all(0 < seconds <= HOURS.page_ttl for seconds in lasts.values())
    assert max(s for name, s in lasts.items() if b":minutes:" in name) <= MINUTES.page_ttl
    assert max(s for name, s in lasts.items() if b"figures" in name or b"recorder" in name) <= 90


async def test_a_board_that_was_busy_for_a_month_keeps_so_much(place: Place) -> None:
    history = RedisHistory(place.store(Timing()))
    for _ in range(61):
        await history.record(HERE, await history.claim(HERE) or 0.0, {BOARD: 88})
        place.ahead += 60
    with place.server.client() as client:
        pages = [name for name in place.names() if BOARD.hex.encode() in name]
        sizes = {name: int(client.memory_usage(name) or 0) for name in pages}
        assert client.object("ENCODING", pages[0]) in (b"listpack", b"ziplist")
    hour = max(size for name, size in sizes.items() if b":minutes:" in name)
    day = max(size for name, size in sizes.items() if b":hours:" in name)
    assert hour < 2_500
    assert day < 2_500
    assert len(pages) <= 6


async def test_the_scripts_touch_keys_of_one_slot(place: Place) -> None:
    history = RedisHistory(place.store(Timing()))
    with place.server.client() as client, client.monitor() as monitor:
        at = await history.claim(HERE) or 0.0
        await history.record(HERE, at, {BOARD: 1})
        await history.read(BOARD, MINUTES, 2000)
        await history.publish(HERE, "x")
        await history.published()
        client.echo("that was all")
        touched = commands_of_scripts(monitor)
    assert len(touched) > 30
    for keys, command in touched:
        assert len({key_slot(key.encode()) for key in keys}) == 1
        assert command[0] == "TIME" or command[1] in keys, command


async def test_a_cluster_keeps_it_too(tmp_path: Any) -> None:
    with run_cluster(tmp_path) as nodes:
        client = RedisCluster("127.0.0.1", nodes[0].port)
        history = RedisHistory(RedisStore(client, Timing(), timeout=20))
        at = await history.claim(HERE) or 0.0
        await history.record(HERE, at, {UUID(int=n): 1 for n in range(1, 30)})
        assert (await history.read(None, HOURS, 1))[0].peak == 29
        assert (await history.read(UUID(int=7), MINUTES, 100))[-1].peak == 1
        await client.aclose()


async def test_a_server_that_is_away_is_told() -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}", Timing())
    history = RedisHistory(store)
    for asked in (
        history.claim(HERE),
        history.record(HERE, NOON, {}),
        history.read(None, HOURS, 1),
        history.publish(HERE, ""),
        history.published(),
    ):
        with pytest.raises(TryLater):
            await asked
    await store.close()
