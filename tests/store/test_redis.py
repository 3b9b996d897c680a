"""What holds of the Redis store beyond the contract: many stores over one server."""

import asyncio
from collections.abc import Iterator
from itertools import accumulate
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis as AsyncRedis

from presence.protocol.messages import MAX_USERS
from presence.store.redis.client import CALLS_PER_TRIP
from presence.store.redis.scripts import BOARDS, SUMMARY
from presence.store.redis.store import BOARDS_PER_READ, RedisStore
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    HERE,
    HOME_OF_PAIR,
    NEXT_TO_HOME,
    SECOND_OF_PAIR,
    TIMING,
    fill,
    gone,
    people_on,
    request,
)
from tests.store.redis_place import Place


@pytest.fixture
async def four(place: Place) -> list[RedisStore]:
    """The stores of four processes, 'process 0' to 'process 3'."""
    stores = [place.store(TIMING) for _ in range(4)]
    for n, store in enumerate(stores):
        await store.renew(f"process {n}")
    return stores


async def test_joins_of_four_processes_at_once_get_ids_of_their_own(four: list[RedisStore]) -> None:
    joins = [
        store.join(BOARD, request(f"{n} {i}", process=f"process {n}"))
        for i in range(70)
        for n, store in enumerate(four)
    ]
    admissions = await asyncio.gather(*joins)
    users = sorted(admission.member.user for admission in admissions)
    assert users == [*range(MAX_USERS), *[255] * 25]
    assert sorted(admission.people for admission in admissions) == list(range(1, 281))
    versions = sorted(admission.version for admission in admissions)
    assert versions == list(range(versions[0], versions[0] + 280))


async def test_of_processes_that_reap_at_once_one_is_told_of_each(
    four: list[RedisStore], place: Place
) -> None:
    await fill(four[0], 40)
    for n in range(40):
        await four[0].start_grace(BOARD, f"filler {n}")
    place.ahead += 3
    departures = await asyncio.gather(*(store.reap(BOARD) for store in four * 5))
    told = [session for departure in departures for session in gone(departure)]
    assert sorted(told) == sorted(f"filler {n}" for n in range(40))


async def test_a_colliding_pair_joined_at_once_gets_different_ids(four: list[RedisStore]) -> None:
    joins = [
        store.join(board, request(f"{n} {board}", process=f"process {n}"))
        for n, store in enumerate(four)
        for board in (FIRST_OF_PAIR, SECOND_OF_PAIR)
    ]
    admissions = await asyncio.gather(*joins)
    assert {a.board_id for a in admissions} == {HOME_OF_PAIR, NEXT_TO_HOME}
    assert len({a.board_id for a in admissions[::2]}) == 1
    assert len({a.board_id for a in admissions[1::2]}) == 1


async def test_a_store_asks_for_the_lease_of_a_process_that_another_renews(
    four: list[RedisStore],
) -> None:
    admission = await four[1].join(BOARD, request("s", process="process 0"))
    assert (admission.people, admission.processes) == (1, {"process 0"})


async def test_worlds_under_other_prefixes_do_not_meet(place: Place) -> None:
    here, there = place.store(TIMING), place.store(TIMING, prefix="elsewhere")
    for store in (here, there):
        await store.renew(HERE)
        assert (await store.join(FIRST_OF_PAIR, request("s"))).member.user == 0
    assert (await there.join(SECOND_OF_PAIR, request("s"))).board_id == NEXT_TO_HOME
    assert (await here.join(SECOND_OF_PAIR, request("s"))).board_id == NEXT_TO_HOME
    await here.leave(FIRST_OF_PAIR, "s")
    assert await people_on(there, FIRST_OF_PAIR) == 1
    assert set(await here.boards()) == {SECOND_OF_PAIR}


async def test_a_client_of_the_sites_own_stays_open(place: Place) -> None:
    async with AsyncRedis.from_url(place.server.url) as client:
        store = RedisStore(client, TIMING, prefix=place.prefix)
        await store.renew(HERE)
        await fill(store, 2)
        assert await people_on(store) == 2
        await store.close()
        assert await client.ping()


class Trips(AsyncRedis):
    """A client of the site's own that notes what it sends in each trip: the script, how often, and
    how many boards were `taken` from a `Boards` by then."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sent: list[tuple[str, int, int]] = []
        self.taken = 0

    def pipeline(self, *arguments: Any, **options: Any) -> Any:
        pipe: Any = super().pipeline(*arguments, **options)
        execute = pipe.execute

        async def noted(**how: Any) -> Any:
            self.sent.append((pipe.command_stack[0][0][1], len(pipe.command_stack), self.taken))
            return await execute(**how)

        pipe.execute = noted
        return pipe

    def boards(self, boards: list[UUID]) -> Iterator[UUID]:
        """Yield boards, and count them."""
        for self.taken, board in enumerate(boards, 1):
            yield board


async def test_many_boards_are_read_some_at_a_time(place: Place) -> None:
    """Neither Redis nor the event loop is held up, not even by preparing later trips."""
    boards = [BOARD, *(UUID(int=n) for n in range(1, 2 * BOARDS_PER_READ + 1))]
    parts = [BOARDS_PER_READ, BOARDS_PER_READ, 1]
    async with Trips.from_url(place.server.url) as client:
        store = RedisStore(client, TIMING, prefix=place.prefix)
        await store.renew(HERE)
        await fill(store, 3)
        await store.boards()  # the server knows the scripts from then on

        client.sent = []
        assert sum((await store.counts(client.boards(boards))).values()) == 3
        taken = accumulate(parts)
        assert client.sent == [(SUMMARY.sha, *part) for part in zip(parts, taken, strict=True)]

        client.sent = []
        assert await store.boards(client.boards(boards)) == {BOARD: 3}
        assert client.sent == [
            *((BOARDS.sha, 1, n) for n in accumulate(parts)),
            (SUMMARY.sha, 1, 2001),
        ]


async def test_a_prefix_with_braces_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'a\{b\}'"):
        RedisStore("redis://127.0.0.1:1", prefix="a{b}")


async def test_a_store_serves_one_event_loop_after_the_other(place: Place) -> None:
    store = place.store(TIMING)
    await store.renew(HERE)
    await fill(store, 1)

    async def elsewhere() -> int:
        try:
            return await people_on(store)
        finally:
            await store.close()

    for _ in range(2):
        assert await asyncio.to_thread(asyncio.run, elsewhere()) == 1
    assert await people_on(store) == 1


async def test_more_is_asked_at_once_than_there_are_connections(place: Place) -> None:
    store = place.store(TIMING, connections=2, timeout=20.0)
    await store.renew(HERE)
    await asyncio.gather(*(store.join(BOARD, request(f"s{n}")) for n in range(200)))
    assert await people_on(store) == 200
    with place.server.client() as client:
        mine = [c for c in client.client_list() if c["name"] == place.prefix]
    assert len(mine) <= 2


async def test_a_board_whose_id_is_shared_is_counted(place: Place) -> None:
    store = place.store(TIMING)
    await store.renew(HERE)
    with place.server.client() as client:
        client.hset(place.keys.registry[1], mapping={str(n): "other" for n in range(1, 65_536)})
    assert (await store.join(FIRST_OF_PAIR, request("s"))).board_id == HOME_OF_PAIR
    assert (await store.join(SECOND_OF_PAIR, request("s"))).board_id == HOME_OF_PAIR
    # A sharer that goes does not take the owner's id with it.
    await store.leave(FIRST_OF_PAIR, "s")
    place.ahead += 6
    await store.join(BOARD, request("s"))
    with place.server.client() as client:
        assert client.hget(place.keys.registry[1], str(HOME_OF_PAIR)) == b"other"


async def test_the_next_id_after_the_last_is_the_first(place: Place) -> None:
    store = place.store(TIMING)
    await store.renew(HERE)
    taken = {str(n): "other" for n in range(HOME_OF_PAIR, 65_536)}
    with place.server.client() as client:
        client.hset(place.keys.registry[1], mapping=taken)
    assert (await store.join(FIRST_OF_PAIR, request("s"))).board_id == 1
    assert (await store.join(SECOND_OF_PAIR, request("s"))).board_id == 2


async def test_more_boards_than_go_in_one_trip(place: Place) -> None:
    store = place.store(TIMING)
    boards = [UUID(int=n) for n in range(1, 2 * CALLS_PER_TRIP + 2)]
    await store.renew(HERE)
    for board in boards:
        await store.join(board, request(f"s{board}"))
    ids = [(await store.snapshot(board)).board_id for board in boards]
    with place.server.client() as client:
        client.delete(*place.keys.registry)
    summaries = await store.renew(HERE)
    assert {board: stand.people for board, stand in summaries.items()} == dict.fromkeys(boards, 1)
    assert [(await store.snapshot(board)).board_id for board in boards] == ids
    assert await store.counts(boards) == dict.fromkeys(boards, 1)
    assert set(await store.boards()) == set(boards)
    assert await store.processes() == {HERE: len(boards)}
