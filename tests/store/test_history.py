"""The history of people counts and the stats of processes, in every store."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.board_ids import NamedBoard
from presence.store.history import (
    HOURS,
    MINUTES,
    RECORDER_LEASE,
    SPANS,
    STATS_TTL,
    Bucket,
    History,
    Point,
    parse_buckets,
    points,
)
from presence.store.history_memory import MemoryHistory
from presence.store.redis.history import RedisHistory
from tests.store.cast import BOARD, HERE, OTHER_BOARD, THERE
from tests.store.worlds import OpenWorld, RedisWorld

NOON = 1_764_072_000
MINUTE = NOON // 60


def test_a_day_of_minutes_and_thirty_of_hours() -> None:
    assert MINUTES.seconds * MINUTES.kept == 24 * 3600
    assert HOURS.seconds * HOURS.kept == 30 * 24 * 3600


def test_the_newest_bucket_is_the_unfinished_one() -> None:
    assert list(MINUTES.newest(NOON + 59.9, 3)) == [MINUTE - 2, MINUTE - 1, MINUTE]
    assert len(MINUTES.newest(NOON, 10**9)) == MINUTES.kept
    assert len(MINUTES.newest(NOON, 0)) == 0


@given(at=st.integers(0, 4 * 10**9), count=st.integers(1, 2000))
def test_pages_hold_all_buckets_and_live_long_enough(at: int, count: int) -> None:
    for span in SPANS:
        numbers = span.newest(at, count)
        pages = span.pages(numbers)
        assert {n // span.page for n in numbers} == set(pages)
        assert len(pages) <= span.kept // span.page + 1
        # The last sample in the oldest page was in the oldest bucket or later.
        assert numbers[0] * span.seconds + span.page_ttl >= at


def test_points_are_averages_over_all_samples() -> None:
    bucket = Bucket()
    for people in (2, 5, 0, 1):
        bucket = bucket.plus(people)
    site = {MINUTE: bucket, MINUTE + 2: Bucket(6, 0, 0), MINUTE + 3: Bucket(4, 12, 3)}
    own = {MINUTE: bucket, MINUTE + 3: Bucket(2, 6, 3)}
    assert list(points(MINUTES, range(MINUTE, MINUTE + 4), site, own)) == [
        Point(NOON, 2.0, 5),
        Point(NOON + 60, None, None),
        Point(NOON + 120, 0.0, 0),
        Point(NOON + 180, 1.5, 3),
    ]


def test_buckets_are_parsed() -> None:
    parsed = dict(parse_buckets([b"7", b"6 12 3", b"9", b"1 0 0"]))
    assert parsed == {7: Bucket(6, 12, 3), 9: Bucket(1, 0, 0)}


class Past:
    """The histories of two processes over one state, from just after noon on."""

    def __init__(self, world: Any) -> None:
        self.world = world
        world.now = NOON + 5.0
        if isinstance(world, RedisWorld):
            self.here: History = RedisHistory(world.make())
            self.there: History = RedisHistory(world.make())
        else:
            self.here = self.there = MemoryHistory(lambda: float(world.now))

    async def sample(self, process: str = HERE, **people: int) -> bool:
        """Have a process claim, and record people on the boards `a` and `b`."""
        history = self.here if process == HERE else self.there
        at = await history.claim(process)
        if at is None:
            return False
        assert at == pytest.approx(self.world.now, abs=0.5)
        boards = {"a": BOARD, "b": OTHER_BOARD}
        return await history.record(process, at, {boards[b]: n for b, n in people.items()})

    async def minutes(self, board: UUID | None, count: int = 1) -> list[Point]:
        return await self.there.read(board, MINUTES, count)


@pytest.fixture
async def past(open_world: OpenWorld) -> AsyncIterator[Past]:
    async with open_world() as world:
        yield Past(world)


async def test_a_minute_has_average_and_peak_for_each_board_and_all_together(past: Past) -> None:
    assert await past.minutes(None, 3) == [Point(NOON - 60 * n) for n in (2, 1, 0)]
    await past.sample(a=3, b=2)
    past.world.now += 10
    await past.sample(a=1)
    assert await past.minutes(None) == [Point(NOON, 3.0, 5)]
    assert await past.minutes(BOARD) == [Point(NOON, 2.0, 3)]
    assert await past.minutes(OTHER_BOARD) == [Point(NOON, 1.0, 2)]


async def test_a_minute_without_samples_is_a_gap_and_an_empty_one_is_zero(past: Past) -> None:
    await past.sample(a=3)
    past.world.now += 120
    await past.sample()
    values = [(point.people, point.peak) for point in await past.minutes(BOARD, 4)]
    assert values == [(None, None), (3.0, 3), (None, None), (0.0, 0)]
    assert [point.people for point in await past.minutes(uuid4(), 2)] == [None, 0.0]


async def test_hours(past: Past) -> None:
    for people in (1, 7, 1):
        await past.sample(a=people)
        past.world.now += 600
    past.world.now += 3600
    await past.sample(a=2)
    hours = [Point(NOON - 3600), Point(NOON, 3.0, 7), Point(NOON + 3600, 2.0, 2)]
    assert await past.here.read(BOARD, HOURS, 3) == hours


@pytest.mark.parametrize("span", SPANS, ids=lambda span: span.name)
async def test_all_of_a_span_is_kept_and_not_more(past: Past, span: Any) -> None:
    await past.sample(a=3)
    past.world.now += span.seconds * (span.kept - 1)
    await past.sample(a=1)
    read = await past.here.read(BOARD, span, 10**6)
    assert (len(read), read[0].people, read[-1].people) == (span.kept, 3.0, 1.0)
    past.world.now += span.seconds
    await past.sample(a=1)
    assert (await past.here.read(BOARD, span, 10**6))[0].people is None


async def test_a_board_keeps_its_reference_while_it_is_in_the_history(past: Past) -> None:
    boards = [NamedBoard("lobby"), NamedBoard("notes.note:a/b \u20ac"), BOARD]
    bare = [UUID(bytes=board.bytes) for board in boards]
    at = await past.here.claim(HERE)
    assert at is not None
    await past.here.record(HERE, at, dict.fromkeys(boards, 1))
    past.world.now += HOURS.seconds * (HOURS.kept - 1)
    await past.sample()
    assert [str(await past.there.named(board)) for board in bare] == [*map(str, boards)]
    assert await past.there.named(OTHER_BOARD) == OTHER_BOARD


async def test_one_process_at_a_time_records(past: Past) -> None:
    for _ in range(2):
        assert await past.sample(HERE, a=2)
        assert not await past.sample(THERE, a=2)
        past.world.now += 10
    waited = 10.0
    while not await past.sample(THERE, a=3):
        past.world.now += 10
        waited += 10
    assert RECORDER_LEASE <= waited <= 40
    assert await past.minutes(BOARD) == [Point(NOON, 7 / 3, 3)]


async def test_a_recorder_that_slept_past_its_lease_records_nothing(past: Past) -> None:
    at = await past.here.claim(HERE)
    assert at is not None
    past.world.now += RECORDER_LEASE + 1
    assert not await past.here.record(HERE, at, {BOARD: 9}), "nobody has claimed since"
    assert await past.sample(THERE, a=2)
    assert not await past.here.record(HERE, at, {BOARD: 9})
    assert await past.minutes(None) == await past.minutes(BOARD) == [Point(NOON, 2.0, 2)]


async def test_stats_are_kept_until_their_process_is_silent(past: Past) -> None:
    await past.here.publish(HERE, "old")
    await past.here.publish(HERE, '{"a":1}')
    past.world.now += STATS_TTL - 1
    await past.there.publish(THERE, "b")
    assert await past.here.published() == {HERE: '{"a":1}', THERE: "b"}
    past.world.now += 2
    assert await past.here.published() == {THERE: "b"}
    past.world.now += STATS_TTL
    assert await past.here.published() == {}


async def test_the_memory_of_a_process_is_bounded() -> None:
    now = float(NOON)
    history = MemoryHistory(lambda: now)
    for _ in range(40):
        await history.claim(HERE)
        await history.record(HERE, now, {uuid4(): 1, BOARD: 1})
        now += 24 * 3600
    kept = history._buckets
    assert len(kept) <= 33, "boards of the last thirty days, that one, and all together"
    assert all(len(kept[BOARD][span]) <= span.kept for span in SPANS)


@pytest.mark.redis
async def test_every_key_expires(redis: RedisWorld) -> None:
    history = RedisHistory(redis.make(spare=60.0))
    at = await history.claim(HERE)
    assert at is not None
    await history.record(HERE, at, {NamedBoard("lobby"): 1})
    await history.publish(HERE, "x")
    with redis.server.client() as client:
        ttls = {name: client.ttl(name) for name in redis.names()}
    assert len(ttls) == 8
    assert all(0 < seconds <= HOURS.page_ttl for seconds in ttls.values())
    assert max(s for name, s in ttls.items() if b":minutes:" in name) <= MINUTES.page_ttl
    assert max(s for name, s in ttls.items() if b"figures" in name or b"recorder" in name) <= 90


@pytest.mark.redis
async def test_a_board_that_is_always_busy_takes_little_room(redis: RedisWorld) -> None:
    history = RedisHistory(redis.make())
    for _ in range(61):
        await history.record(HERE, await history.claim(HERE) or 0.0, {BOARD: 88})
        redis.now += 60
    with redis.server.client() as client:
        pages = [name for name in redis.names() if BOARD.hex.encode() in name]
        assert client.object("ENCODING", pages[0]) in (b"listpack", b"ziplist")
        assert all(int(client.memory_usage(page) or 0) < 2_500 for page in pages)
    assert len(pages) <= 6
