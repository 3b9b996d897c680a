"""The Redis store beyond the contract: many stores over one server, and a server that forgets."""

import asyncio
import re
from itertools import accumulate
from uuid import UUID

import pytest
from redis.asyncio import Redis

from presence.protocol.graphemes import fit
from presence.protocol.messages import MAX_USERS
from presence.store.base import POOL_RESTS, BoardSummary, JoinRequest
from presence.store.redis.client import CALLS_PER_TRIP
from presence.store.redis.records import unescape
from presence.store.redis.scripts import BOARDS, RELEASE_ID, RESTORE, SUMMARY, TAKE_IDS
from presence.store.redis.store import BOARDS_PER_READ, OLDER_PROCESSES, RedisStore
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    GRACE,
    HERE,
    HOME_OF_PAIR,
    NEXT_TO_HOME,
    OTHER_BOARD,
    SECOND_OF_PAIR,
    SHORT_LEASE,
    THERE,
    fill,
    gone,
    people_on,
    request,
)
from tests.store.clients import Gated, Noting
from tests.store.worlds import RedisWorld

pytestmark = pytest.mark.redis

BACK = 3600.0
"""Seconds by which Redis's clock is set back, as by a failover to a machine that is behind."""


@pytest.fixture
async def four(redis: RedisWorld) -> list[RedisStore]:
    """The stores of four processes, 'process 0' to 'process 3'."""
    return [await redis.renewed(process=f"process {n}") for n in range(4)]


async def test_joins_of_four_processes_at_once(four: list[RedisStore]) -> None:
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


async def test_each_member_is_reaped_by_one_process(
    four: list[RedisStore], redis: RedisWorld
) -> None:
    await fill(four[0], 40)
    for n in range(40):
        await four[0].start_grace(BOARD, f"filler {n}", GRACE)
    redis.now += 3
    departures = await asyncio.gather(*(store.reap(BOARD) for store in four * 5))
    reaped = [session for departure in departures for session in gone(departure)]
    assert sorted(reaped) == sorted(f"filler {n}" for n in range(40))


async def test_two_boards_with_one_home_joined_at_once(four: list[RedisStore]) -> None:
    joins = [
        store.join(board, request(f"{n} {board}", process=f"process {n}"))
        for n, store in enumerate(four)
        for board in (FIRST_OF_PAIR, SECOND_OF_PAIR)
    ]
    ids = [admission.board_id for admission in await asyncio.gather(*joins)]
    assert {*ids[::2]} | {*ids[1::2]} == {HOME_OF_PAIR, NEXT_TO_HOME}
    assert len({*ids[::2]}) == len({*ids[1::2]}) == 1


async def test_a_store_looks_up_the_lease_that_another_renews(four: list[RedisStore]) -> None:
    admission = await four[1].join(BOARD, request("s", process="process 0"))
    assert (admission.people, admission.processes) == (1, {"process 0"})


async def test_stores_with_different_prefixes_do_not_meet(redis: RedisWorld) -> None:
    here, there = await redis.renewed(), await redis.renewed(prefix=f"{redis.prefix}:elsewhere")
    for store in (here, there):
        assert (await store.join(FIRST_OF_PAIR, request("s"))).member.user == 0
        assert (await store.join(SECOND_OF_PAIR, request("s"))).board_id == NEXT_TO_HOME
    await here.leave(FIRST_OF_PAIR, "s")
    assert await people_on(there, FIRST_OF_PAIR) == 1
    assert set(await here.boards()) == {SECOND_OF_PAIR}


async def test_a_client_of_the_sites_own_stays_open(redis: RedisWorld) -> None:
    async with Redis.from_url(redis.server.url) as client:
        store = await redis.renewed(server=client)
        await fill(store, 2)
        assert await people_on(store) == 2
        await store.close()
        assert await client.ping()


async def test_many_boards_are_read_some_at_a_time(redis: RedisWorld) -> None:
    """Neither Redis nor the event loop is held up, not even by preparing later trips."""
    boards = [BOARD, *(UUID(int=n) for n in range(1, 2 * BOARDS_PER_READ + 1))]
    parts = [BOARDS_PER_READ, BOARDS_PER_READ, 1]
    async with Noting.from_url(redis.server.url) as client:
        store = await redis.renewed(server=client)
        await fill(store, 3)
        await store.boards()  # From now on, the server knows the scripts.

        client.trips.clear()
        assert sum((await store.counts(client.counted(boards))).values()) == 3
        taken = [*accumulate(parts)]
        assert client.trips == [(SUMMARY.sha, *part) for part in zip(parts, taken, strict=True)]

        client.trips.clear()
        assert await store.boards(client.counted(boards)) == {BOARD: 3}
        assert client.trips == [*((BOARDS.sha, 1, n) for n in taken), (SUMMARY.sha, 1, taken[-1])]


async def test_more_boards_than_go_in_one_trip(redis: RedisWorld) -> None:
    store = await redis.renewed()
    boards = [UUID(int=n) for n in range(1, 2 * CALLS_PER_TRIP + 2)]
    for board in boards:
        await store.join(board, request(f"s{board}"))
    ids = [(await store.snapshot(board)).board_id for board in boards]
    with redis.server.client() as client:
        client.delete(*redis.keys.registry)
    one_each = dict.fromkeys(boards, 1)
    assert {b: summary.people for b, summary in (await store.renew(HERE)).items()} == one_each
    assert [(await store.snapshot(board)).board_id for board in boards] == ids
    assert await store.counts(boards) == await store.boards() == one_each
    assert await store.processes() == {HERE: len(boards)}


async def test_a_store_serves_one_event_loop_after_the_other(redis: RedisWorld) -> None:
    store = await redis.renewed()
    await fill(store, 1)

    async def elsewhere() -> int:
        try:
            return await people_on(store)
        finally:
            await store.close()

    for _ in range(2):
        assert await asyncio.to_thread(asyncio.run, elsewhere()) == 1
    assert await people_on(store) == 1


async def test_more_calls_at_once_than_connections(redis: RedisWorld) -> None:
    store = await redis.renewed(connections=2, timeout=20.0)
    await asyncio.gather(*(store.join(BOARD, request(f"s{n}")) for n in range(200)))
    assert await people_on(store) == 200
    with redis.server.client() as client:
        assert len([c for c in client.client_list() if c["name"] == redis.prefix]) <= 2


async def test_a_board_shares_the_id_of_its_home_when_all_are_taken(redis: RedisWorld) -> None:
    store = await redis.renewed()
    taken = redis.keys.registry[1]
    with redis.server.client() as client:
        client.hset(taken, mapping={str(n): "other" for n in range(1, 65_536)})
        assert (await store.join(FIRST_OF_PAIR, request("s"))).board_id == HOME_OF_PAIR
        assert (await store.join(SECOND_OF_PAIR, request("s"))).board_id == HOME_OF_PAIR
        # The id stays with its owner when the other ones go.
        await store.leave(FIRST_OF_PAIR, "s")
        redis.now += 6
        await store.join(BOARD, request("s"))
        assert client.hget(taken, str(HOME_OF_PAIR)) == b"other"


async def test_the_first_id_follows_the_last(redis: RedisWorld) -> None:
    store = await redis.renewed()
    with redis.server.client() as client:
        taken = {str(n): "other" for n in range(HOME_OF_PAIR, 65_536)}
        client.hset(redis.keys.registry[1], mapping=taken)
    assert (await store.join(FIRST_OF_PAIR, request("s"))).board_id == 1
    assert (await store.join(SECOND_OF_PAIR, request("s"))).board_id == 2


async def test_scripts_that_were_flushed_are_loaded_again(redis: RedisWorld) -> None:
    store = await redis.renewed()
    await fill(store, 2)
    with redis.server.client() as client:
        client.script_flush()
        assert await store.counts([BOARD, OTHER_BOARD]) == {BOARD: 2, OTHER_BOARD: 0}
        client.script_flush()
        assert (await store.join(BOARD, request("s"))).people == 3


async def test_a_renewal_returns_lost_boards_once(redis: RedisWorld) -> None:
    store = await redis.renewed()
    last = (await fill(store, 2))[-1]
    redis.flush()
    redis.now += 0.01  # The version begins with the clock, which stands still in tests.
    assert await store.renew(HERE) == {BOARD: BoardSummary(0, 0, frozenset())}
    assert await store.renew(HERE) == {}
    assert (await store.restore(BOARD, [last.member])).version > last.version
    assert set(await store.renew(HERE)) == {BOARD}


async def test_each_process_restores_lost_boards_and_clashes_are_resolved(
    redis: RedisWorld,
) -> None:
    here, there = await redis.renewed(), await redis.renewed(process=THERE)
    mine = [(await here.join(BOARD, request(f"h{n}"))).member for n in range(3)]
    yours = [(await there.join(BOARD, request(f"t{n}", process=THERE))).member for n in range(2)]
    redis.flush()
    # Before anybody notices, somebody comes and gets an id that is in use.
    late = (await there.join(BOARD, request("late", process=THERE))).member
    assert late.user == 0
    assert (await here.renew(HERE))[BOARD].processes == {THERE}
    assert (await there.renew(THERE))[BOARD].version == (await there.snapshot(BOARD)).version
    await here.restore(BOARD, mine)
    snapshot = await there.restore(BOARD, yours)
    users = {member.session: member.user for member in snapshot.members}
    assert users == {"late": 0, "h0": 3, "h1": 1, "h2": 2, "t0": 5, "t1": 4}
    assert (snapshot.people, snapshot.processes) == (6, {HERE, THERE})


async def test_boards_in_use_keep_their_ids_when_the_registry_is_lost(redis: RedisWorld) -> None:
    store = await redis.renewed()
    first = await store.join(FIRST_OF_PAIR, request("a"))
    second = await store.join(SECOND_OF_PAIR, request("b"))
    redis.flush()
    assert (await store.restore(SECOND_OF_PAIR, [second.member])).board_id == NEXT_TO_HOME
    assert (await store.restore(FIRST_OF_PAIR, [first.member])).board_id == HOME_OF_PAIR
    redis.flush()
    await store.renew(HERE)
    newcomer = await redis.renewed(process=THERE)
    joined = await newcomer.join(SECOND_OF_PAIR, request("c", process=THERE))
    assert joined.board_id == NEXT_TO_HOME


async def test_an_id_that_another_board_took_meanwhile_stays_there(redis: RedisWorld) -> None:
    store = await redis.renewed()
    member = (await store.join(FIRST_OF_PAIR, request("a"))).member
    redis.flush()
    other = await redis.renewed(process=THERE)
    assert (await other.join(SECOND_OF_PAIR, request("b", process=THERE))).board_id == HOME_OF_PAIR
    assert (await store.restore(FIRST_OF_PAIR, [member])).board_id == NEXT_TO_HOME
    assert (await store.join(FIRST_OF_PAIR, request("c"))).board_id == NEXT_TO_HOME


async def test_a_join_while_the_board_empties_keeps_its_id(redis: RedisWorld) -> None:
    async with Gated(port=redis.server.port) as client:
        store, other = await redis.renewed(server=client), await redis.renewed(process=THERE)
        await store.join(BOARD, request("a"))
        gate = client.gate("before", RELEASE_ID)
        leaving = asyncio.create_task(store.leave(BOARD, "a"))
        await gate.reached.wait()
        admission = await other.join(BOARD, request("b", process=THERE))
        gate.open.set()
        assert gone(await leaving) == ["a"]
    redis.now += 6
    assert (await other.snapshot(BOARD)).board_id == admission.board_id


async def test_who_finds_others_on_a_board_takes_no_id_for_it(redis: RedisWorld) -> None:
    async with Noting.from_url(redis.server.url) as client:
        store, other = await redis.renewed(server=client), await redis.renewed(process=THERE)

        async def takes_id(session: str) -> bool:
            client.trips.clear()
            await store.join(BOARD, request(session))
            return TAKE_IDS.sha in [script for script, *_ in client.trips]

        assert [await takes_id(session) for session in "abc"] == [True, False, False]
        # This process has not heard of it: staff took everybody off, through another one.
        for session in "abc":
            await other.remove(BOARD, f"person of {session}", 1.0)
        assert await takes_id("d")
    redis.now += 6
    assert (await other.snapshot(BOARD)).board_id


async def test_a_renewal_under_way_does_not_forget_members_restored_meanwhile(
    redis: RedisWorld,
) -> None:
    async with Gated(port=redis.server.port) as client:
        store = await redis.renewed(server=client)
        member = (await store.join(BOARD, request("a"))).member
        redis.flush()
        restores, summaries = client.gate("before", RESTORE), client.gate("after", SUMMARY)
        restoring = asyncio.create_task(store.restore(BOARD, [member]))
        await restores.reached.wait()
        renewing = asyncio.create_task(store.renew(HERE))
        await summaries.reached.wait()
        restores.open.set()
        assert (await restoring).members in ((member,), ())
        summaries.open.set()
        await renewing
        for _ in range(2):
            assert set(await store.renew(HERE)) == {BOARD}


@pytest.fixture
async def set_back(redis: RedisWorld) -> tuple[RedisStore, RedisStore]:
    """Two processes with one person each; the clock was set back after they renewed."""
    stores = (redis.make(SHORT_LEASE, spare=60.0), redis.make(SHORT_LEASE, spare=60.0))
    for store, process in zip(stores, (HERE, THERE), strict=True):
        await store.renew(process)
        await store.join(BOARD, request(f"of {process}", process=process))
        await store.renew(process)
    redis.now -= BACK
    return stores


async def test_a_process_that_dies_after_the_clock_was_set_back(
    set_back: tuple[RedisStore, RedisStore], redis: RedisWorld
) -> None:
    here, there = set_back
    for _ in range(5):
        await here.renew(HERE)
        await there.renew(THERE)
        assert gone(await here.reap(BOARD)) == []
        assert await people_on(there) == 2
        redis.now += 2
    await here.renew(HERE)
    await there.renew(THERE)
    for seconds in (SHORT_LEASE.lease + 0.6, SHORT_LEASE.grace):
        redis.now += seconds
        await here.renew(HERE)
    assert gone(await here.reap(BOARD)) == [f"of {THERE}"]
    assert await people_on(here) == 1
    assert set(await here.processes()) == {HERE}


async def test_a_process_that_never_renews_after_the_clock_was_set_back(
    set_back: tuple[RedisStore, RedisStore], redis: RedisWorld
) -> None:
    here, _ = set_back
    await here.renew(HERE)
    for seconds in (SHORT_LEASE.lease + 0.6, SHORT_LEASE.grace):
        redis.now += seconds
        await here.renew(HERE)
    assert gone(await here.reap(BOARD)) == [f"of {THERE}"]


async def test_what_began_before_the_clock_was_set_back_ends_in_time(
    set_back: tuple[RedisStore, RedisStore], redis: RedisWorld
) -> None:
    here, there = set_back
    redis.now += BACK
    await there.start_grace(BOARD, f"of {THERE}", GRACE)
    await here.join(BOARD, request("left"))
    await here.leave(BOARD, "left")
    redis.now -= BACK
    assert await people_on(here) == 2
    assert (await there.join(BOARD, request("s"))).member.user == 2, "the rest is over"
    redis.now += SHORT_LEASE.grace + 0.2
    assert gone(await here.reap(BOARD)) == [f"of {THERE}"]


async def test_processes_of_an_earlier_release_are_noticed(
    redis: RedisWorld, caplog: pytest.LogCaptureFixture
) -> None:
    store = await redis.renewed()
    board = f"{redis.prefix}:{{{BOARD.hex}}}"
    with redis.server.client() as client:
        # What the last release had: its boards and leases under keys of their own.
        client.zadd(redis.keys.older_processes, {"old": (redis.now + 5) * 1e6})
        client.hset(f"{board}:members", "s", "1\t0\t900000\told\tada\tAda\t1")
    await store.check()
    assert store.older_processes == 1
    await store.renew(HERE)
    assert [record.getMessage() for record in caplog.records] == [f"processes: {OLDER_PROCESSES}"]
    assert (await fill(store, 1))[0].member.user == 0
    assert set(await store.processes()) == {HERE}
    with redis.server.client() as client:
        assert client.hlen(f"{board}:members") == 1
    redis.now += 10
    await store.renew(HERE)
    assert store.older_processes == 0
    with redis.server.client() as client:
        assert not client.exists(redis.keys.older_processes)


IN_0_1_0 = re.compile(rb"(\d+)\t(\d+)\t([0-9a-f]+)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(\d+)")
"""The records of members that release 0.1.0 reads."""

LONG = "नमस्ते" * 5


async def test_release_0_1_0_reads_what_this_one_writes(redis: RedisWorld) -> None:
    store = await redis.renewed()
    ada = JoinRequest("ada", HERE, "user:1", LONG, "a pool", avatar='/"a".png')
    bob = JoinRequest("bob", HERE, "bob", "Bob", "a pool")
    members = {(await store.join(BOARD, each)).member for each in (ada, bob)}
    assert {*(await store.snapshot(BOARD)).members} == members
    await store.leave(BOARD, "ada")
    await store.restore(BOARD, [*members])
    assert {*(await store.snapshot(BOARD)).members} == members
    with redis.server.client() as client:
        records = client.hgetall(redis.keys.board(BOARD)[0])
        matches = {session: IN_0_1_0.fullmatch(record) for session, record in records.items()}
    names = {session: unescape(match[7]) for session, match in matches.items() if match}
    assert names == {b"ada": fit(LONG, 32), b"bob": "Bob"}
    assert [unescape(match[6])[:6] for match in matches.values() if match] == ["a pool"] * 2


@pytest.mark.parametrize("more", ["", "\t", "\tof a later\trelease"])
async def test_records_of_other_releases_are_read(redis: RedisWorld, more: str) -> None:
    store = await redis.renewed()
    member = (await store.join(BOARD, request("ada"))).member
    key = redis.keys.board(BOARD)[0]
    with redis.server.client() as client:
        client.hset(key, "ada", client.hget(key, "ada").decode() + more)
    assert (await store.snapshot(BOARD)).members == (member,)
    again = await store.join(BOARD, request("again", member.person))
    assert again.member.color == member.color
    assert (await store.leave(BOARD, "ada")).members == (member,)


async def test_a_picture_and_a_long_name_are_no_part_of_the_pool(redis: RedisWorld) -> None:
    store = await redis.renewed()
    for n in range(POOL_RESTS):
        asked = JoinRequest(f"s{n}", HERE, f"p{n}", LONG, "bad", avatar=f"/{n}.png")
        await store.join(BOARD, asked)
        await store.leave(BOARD, f"s{n}")
        redis.now += 0.1
    late = JoinRequest("late", HERE, "late", "Late", "bad", avatar="/late.png")
    assert (await store.join(BOARD, late)).member.user == 0, "the id that has rested longest"
