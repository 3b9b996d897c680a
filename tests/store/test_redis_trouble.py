"""Redis away, slow, read only or forbidden: `TryLater` in time, and all well when it is back."""

import asyncio
import time
from typing import Any

import pytest

from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.store.cast import BOARD, HERE, OTHER_BOARD, THERE, TIMING, fill, people_on, request
from tests.store.redis_place import TIMEOUT, Place, refused
from tests.support.server import free_port

ASKS: dict[str, Any] = {
    "join": lambda store: store.join(BOARD, request("s")),
    "linger": lambda store: store.start_grace(BOARD, "s"),
    "leave": lambda store: store.leave(BOARD, "s"),
    "reap": lambda store: store.reap(BOARD),
    "restore": lambda store: store.restore(BOARD, []),
    "renew": lambda store: store.renew(HERE),
    "snapshot": lambda store: store.snapshot(BOARD),
    "counts": lambda store: store.counts([BOARD]),
    "boards": lambda store: store.boards(),
    "processes": lambda store: store.processes(),
    "ping": lambda store: store.ping(),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_nobody_listens(ask: Any) -> None:
    store = RedisStore(f"redis://127.0.0.1:{free_port()}")
    await refused(ask(store))
    await store.close()


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
async def test_no_answer_comes(own_place: Place, impatient: RedisStore, ask: Any) -> None:
    own_place.server.pause()
    try:
        await refused(ask(impatient))
    finally:
        own_place.server.resume()
    await ask(impatient)


async def test_many_who_ask_at_once_are_all_refused_in_time(
    own_place: Place, impatient: RedisStore
) -> None:
    own_place.server.pause()
    try:
        asked = [refused(impatient.join(BOARD, request(f"s{n}"))) for n in range(200)]
        await asyncio.gather(*asked)
    finally:
        own_place.server.resume()
    await impatient.renew(HERE)
    assert (await impatient.join(BOARD, request("s"))).people == 1


async def test_killed_and_back_it_is_used_without_a_restart(
    own_place: Place, impatient: RedisStore
) -> None:
    await asyncio.gather(*(impatient.join(BOARD, request(f"s{n}")) for n in range(20)))
    own_place.server.kill()
    for _ in range(3):
        await refused(impatient.join(BOARD, request("late")))
    own_place.server.start()
    assert (await impatient.renew(HERE))[BOARD].version == 0
    assert (await impatient.join(BOARD, request("s"))).member.user == 0


async def test_a_connection_that_died_while_idle_is_not_noticed(
    own_place: Place, impatient: RedisStore
) -> None:
    await asyncio.gather(*(impatient.counts([BOARD]) for _ in range(10)))
    await asyncio.to_thread(own_place.server.kill)
    await asyncio.to_thread(own_place.server.start)
    assert (await impatient.join(BOARD, request("s"))).people == 1


async def test_answers_do_not_get_mixed_up_after_a_timeout(
    own_place: Place, impatient: RedisStore
) -> None:
    await fill(impatient, 2)
    own_place.server.pause()
    try:
        asked = [refused(impatient.counts([OTHER_BOARD])) for _ in range(40)]
        await asyncio.gather(*asked)
    finally:
        own_place.server.resume()
    told = await asyncio.gather(*(impatient.counts([BOARD, OTHER_BOARD]) for _ in range(60)))
    assert told == [{BOARD: 2, OTHER_BOARD: 0}] * 60


async def test_a_read_only_replica(own_place: Place, impatient: RedisStore) -> None:
    await fill(impatient, 1)
    with own_place.server.client() as client:
        client.replicaof("127.0.0.1", free_port())
        try:
            error = await refused(impatient.join(BOARD, request("s")))
            assert "READONLY" in str(error) or "read only" in str(error)
            await refused(impatient.renew(HERE))
        finally:
            client.replicaof("NO", "ONE")
    assert (await impatient.join(BOARD, request("s"))).people == 2


async def test_no_permission(own_place: Place, impatient: RedisStore) -> None:
    with own_place.server.client() as client:
        client.acl_setuser(
            "weak",
            enabled=True,
            passwords="+secret",
            keys="*",
            categories=["+@all"],
            commands=["-evalsha"],
        )
    url = f"redis://weak:secret@127.0.0.1:{own_place.server.port}/0"
    weak = RedisStore(url, TIMING, prefix=own_place.prefix)
    await weak.ping()
    error = await refused(weak.renew(HERE))
    assert "permission" in str(error)
    await weak.close()


async def test_out_of_memory_changes_nothing(own_place: Place, impatient: RedisStore) -> None:
    await fill(impatient, 1)
    with own_place.server.client() as client:
        client.config_set("maxmemory", "1")
        client.config_set("maxmemory-policy", "noeviction")
        try:
            error = await refused(impatient.join(BOARD, request("s")))
            assert "OOM" in str(error) or "memory" in str(error)
        finally:
            client.config_set("maxmemory", "0")
    assert await people_on(impatient) == 1


async def test_a_wrong_password(own_place: Place) -> None:
    store = RedisStore(f"redis://nobody:wrong@127.0.0.1:{own_place.server.port}/0")
    await refused(store.ping())
    await store.close()


async def test_by_itself_a_store_waits_two_seconds(own_place: Place) -> None:
    store = own_place.store(Timing())
    await store.ping()
    own_place.server.pause()
    try:
        begin = time.monotonic()
        await refused(store.ping(), 6.0)
        assert time.monotonic() - begin > 1.9
    finally:
        own_place.server.resume()


async def test_processes_are_unharmed_by_a_pause(own_place: Place, impatient: RedisStore) -> None:
    other = own_place.store(TIMING, timeout=TIMEOUT)
    await other.renew(THERE)
    await fill(impatient, 2)
    await other.join(BOARD, request("t", process=THERE))
    before = await impatient.snapshot(BOARD)
    own_place.server.pause()
    try:
        await asyncio.gather(refused(impatient.renew(HERE)), refused(other.renew(THERE)))
    finally:
        own_place.server.resume()
    assert (await impatient.renew(HERE))[BOARD].version == before.version
    assert await other.snapshot(BOARD) == before
