"""Redis away, slow, read-only or forbidden: `TryLater` in time, and nothing lasts of lost calls."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from uuid import UUID

import pytest

from presence.protocol.errors import TryLater
from presence.store.base import Departure, Timing
from presence.store.redis.scripts import JOIN, RELEASE_ID, TAKE_IDS
from presence.store.redis.store import RedisStore
from tests.store.cast import BOARD, GRACE, HERE, OTHER_BOARD, THERE, fill, gone, people_on, request
from tests.store.clients import Failing
from tests.store.conftest import TIMEOUT
from tests.store.test_redis_offline import CALLS, refused
from tests.store.worlds import RedisWorld, redis_world
from tests.support.server import free_port

pytestmark = pytest.mark.redis


@contextmanager
def paused(redis: RedisWorld) -> Iterator[None]:
    """Have the server not answer in the block. What was sent to it is done after the block."""
    redis.server.pause()
    try:
        yield
    finally:
        redis.server.resume()


async def test_no_answer_comes(own_redis: RedisWorld) -> None:
    """Whatever is asked, each in a world of its own; it is answered afterwards."""
    async with AsyncExitStack() as stack:
        stores = {}
        for name in CALLS:
            world = await stack.enter_async_context(redis_world(own_redis.server))
            stores[name] = await world.renewed(timeout=TIMEOUT, connect_timeout=TIMEOUT)

        async def is_refused(name: str) -> None:
            await refused(CALLS[name](stores[name]))

        with paused(own_redis):
            await asyncio.gather(*map(is_refused, CALLS))
        for name, store in stores.items():
            await CALLS[name](store)


async def test_many_calls_at_once_are_all_refused_in_time(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    with paused(own_redis):
        joins = [refused(impatient.join(BOARD, request(f"s{n}"))) for n in range(200)]
        await asyncio.gather(*joins)
    await impatient.renew(HERE)
    assert (await impatient.join(BOARD, request("s"))).people == 1


async def test_a_server_that_was_killed_is_used_again(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    await asyncio.gather(*(impatient.join(BOARD, request(f"s{n}")) for n in range(20)))
    own_redis.server.kill()
    for _ in range(3):
        await refused(impatient.join(BOARD, request("late")))
    own_redis.server.start()
    assert (await impatient.renew(HERE))[BOARD].version == 0
    assert (await impatient.join(BOARD, request("s"))).member.user == 0


async def test_a_connection_that_died_while_idle_is_not_noticed(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    await asyncio.gather(*(impatient.counts([BOARD]) for _ in range(10)))
    await asyncio.to_thread(own_redis.server.kill)
    await asyncio.to_thread(own_redis.server.start)
    assert (await impatient.join(BOARD, request("s"))).people == 1


async def test_answers_do_not_get_mixed_up_after_a_timeout(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    await fill(impatient, 2)
    with paused(own_redis):
        await asyncio.gather(*(refused(impatient.counts([OTHER_BOARD])) for _ in range(40)))
    asked = (impatient.counts([BOARD, OTHER_BOARD]) for _ in range(60))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    # On a busy machine some of them wait too long for so impatient a store.
    counts = [answer for answer in answers if not isinstance(answer, TryLater)]
    assert counts
    assert counts == [{BOARD: 2, OTHER_BOARD: 0}] * len(counts)


async def test_a_read_only_replica(own_redis: RedisWorld, impatient: RedisStore) -> None:
    await fill(impatient, 1)
    with own_redis.server.client() as client:
        client.replicaof("127.0.0.1", free_port())
        try:
            trouble = await refused(impatient.join(BOARD, request("s")))
            assert "READONLY" in trouble or "read only" in trouble
            await refused(impatient.renew(HERE))
        finally:
            client.replicaof("NO", "ONE")
    assert (await impatient.join(BOARD, request("s"))).people == 2


async def test_no_permission_and_a_wrong_password(own_redis: RedisWorld) -> None:
    with own_redis.server.client() as client:
        rights = {"keys": "*", "categories": ["+@all"], "commands": ["-evalsha"]}
        client.acl_setuser("weak", enabled=True, passwords="+secret", **rights)
    address = f"127.0.0.1:{own_redis.server.port}/0"
    weak = own_redis.make(server=f"redis://weak:secret@{address}")
    await weak.ping()
    assert "permission" in await refused(weak.renew(HERE))
    await refused(own_redis.make(server=f"redis://nobody:wrong@{address}").ping())


async def test_out_of_memory_changes_nothing(own_redis: RedisWorld, impatient: RedisStore) -> None:
    await fill(impatient, 2)
    await impatient.start_grace(BOARD, "filler 1", GRACE)
    before = await impatient.snapshot(BOARD)
    with own_redis.server.client() as client:
        client.config_set("maxmemory", "1")
        client.config_set("maxmemory-policy", "noeviction")
        try:
            for call in (
                impatient.join(BOARD, request("s")),
                impatient.join(BOARD, request("back", "person of filler 1")),
                impatient.leave(BOARD, "filler 0"),
                impatient.remove(BOARD, "person of filler 0", 60),
            ):
                trouble = await refused(call)
                assert "OOM" in trouble or "memory" in trouble
            own_redis.now += GRACE + 0.2
            await refused(impatient.reap(BOARD))
        finally:
            client.config_set("maxmemory", "0")
    own_redis.now -= GRACE + 0.2
    assert await impatient.snapshot(BOARD) == before
    own_redis.now += GRACE + 0.2
    assert gone(await impatient.reap(BOARD)) == ["filler 1"]
    assert await impatient.leave(BOARD, "filler 0") == Departure((before.members[0],), 0)


async def test_the_default_timeout_is_two_seconds(own_redis: RedisWorld) -> None:
    store = RedisStore(own_redis.server.url, Timing(), prefix=own_redis.prefix)
    await store.ping()
    with paused(own_redis):
        start = time.monotonic()
        await refused(store.ping(), 6.0)
        assert time.monotonic() - start > 1.9
    await store.close()


async def test_a_pause_does_no_harm(own_redis: RedisWorld, impatient: RedisStore) -> None:
    other = await own_redis.renewed(timeout=TIMEOUT, process=THERE)
    await fill(impatient, 2)
    await other.join(BOARD, request("t", process=THERE))
    before = await impatient.snapshot(BOARD)
    with paused(own_redis):
        await asyncio.gather(refused(impatient.renew(HERE)), refused(other.renew(THERE)))
    assert (await impatient.renew(HERE))[BOARD].version == before.version
    assert await other.snapshot(BOARD) == before


async def test_a_join_whose_answer_was_lost_is_undone(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    await impatient.join(BOARD, request("stays"))
    with paused(own_redis):
        await refused(impatient.join(BOARD, request("lost")))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(impatient.join(BOARD, request("cancelled")), TIMEOUT / 5)
    assert await people_on(impatient) > 1
    assert (await impatient.renew(HERE))[BOARD].people == await people_on(impatient) == 1
    assert await impatient.leave(BOARD, "lost") == Departure((), 1)


async def test_a_join_that_succeeds_the_second_time_stays(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    with paused(own_redis):
        await refused(impatient.join(BOARD, request("s")))
    await impatient.join(BOARD, request("s"))
    assert (await impatient.renew(HERE))[BOARD].people == 1


async def test_lost_joins_are_undone_in_few_trips(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    boards = [UUID(int=n + 1) for n in range(30)]
    with paused(own_redis):
        await asyncio.gather(*(refused(impatient.join(b, request(f"{b}"))) for b in boards))
    await impatient.ping()
    with own_redis.server.client() as client:
        before = client.info("stats")["total_reads_processed"]
        await impatient.renew(HERE)
        trips = client.info("stats")["total_reads_processed"] - before
    assert await impatient.counts(boards) == dict.fromkeys(boards, 0)
    assert trips < len(boards)


async def test_a_lost_join_that_cannot_be_undone_yet_does_not_stop_the_renewal(
    own_redis: RedisWorld, impatient: RedisStore
) -> None:
    stays = await impatient.join(BOARD, request("stays"))
    with paused(own_redis):
        await refused(impatient.join(OTHER_BOARD, request("lost")))
    assert await people_on(impatient, OTHER_BOARD) == 1
    graces = own_redis.keys.board(OTHER_BOARD)[2]
    with own_redis.server.client() as client:
        # With a key of another type, every script on that board fails.
        client.set(graces, "x")
        assert (await impatient.renew(HERE))[BOARD].version == stays.version
        client.delete(graces)
    assert await people_on(impatient, OTHER_BOARD) == 1
    await impatient.renew(HERE)
    assert await people_on(impatient, OTHER_BOARD) == 0


@pytest.fixture
async def failing(own_redis: RedisWorld) -> AsyncIterator[Failing]:
    async with Failing(port=own_redis.server.port) as client:
        yield client


@pytest.fixture
async def shaky(own_redis: RedisWorld, failing: Failing) -> RedisStore:
    """A store over that client."""
    return await own_redis.renewed(server=failing, spare=60.0)


async def test_a_join_without_a_board_id_is_undone(shaky: RedisStore, failing: Failing) -> None:
    failing.failing.add(TAKE_IDS.sha)
    await refused(shaky.join(BOARD, request("s")))
    assert await people_on(shaky) == 1
    failing.failing.clear()
    assert await shaky.renew(HERE) == {}
    assert await people_on(shaky) == 0


async def test_a_departure_is_returned_even_if_the_board_id_is_not_released(
    shaky: RedisStore, failing: Failing, own_redis: RedisWorld
) -> None:
    admission = await shaky.join(BOARD, request("s"))
    failing.failing.add(RELEASE_ID.sha)
    assert await shaky.leave(BOARD, "s") == Departure((admission.member,), 0)
    # It expires a lease, a grace, a rest and the spare time later.
    own_redis.now += 1000
    assert (await shaky.snapshot(BOARD)).board_id == admission.board_id
    own_redis.now += 100
    assert (await shaky.snapshot(BOARD)).board_id == 0


async def test_a_failed_restoration_is_asked_for_again(
    shaky: RedisStore, failing: Failing, own_redis: RedisWorld
) -> None:
    member = (await shaky.join(BOARD, request("s"))).member
    own_redis.flush()
    assert set(await shaky.renew(HERE)) == {BOARD}
    failing.failing.add(TAKE_IDS.sha)
    await refused(shaky.restore(BOARD, [member]))
    own_redis.flush()
    failing.failing.clear()
    assert (await shaky.renew(HERE))[BOARD].processes == frozenset()
    assert (await shaky.restore(BOARD, [member])).members == (member,)


async def test_after_trouble_nothing_is_sent_before_redis_answers(
    shaky: RedisStore, failing: Failing, own_redis: RedisWorld
) -> None:
    failing.failing.add(JOIN.sha)
    await refused(shaky.join(BOARD, request("s")))
    failing.failing.clear()
    with own_redis.server.client() as client, client.monitor() as monitor:
        await shaky.counts([BOARD])
        await shaky.counts([BOARD])
        client.echo("the end")
        words = []
        for sent in monitor.listen():
            words.append(sent["command"].split()[0])
            if words[-1] == "ECHO":
                break
    assert words.count("PING") == 1
    assert words[0] == "PING"
