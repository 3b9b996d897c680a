"""The keys of the Redis store: nothing stays behind, and those of one script share a slot."""

import asyncio
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from redis.crc import key_slot

from presence.protocol.errors import Forbidden
from presence.store.base import SEEN_FOR, Member, Timing
from presence.store.history import MINUTES
from presence.store.redis.history import RedisHistory
from presence.store.redis.store import NOTE_EVERY, RedisStore
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    GRACE,
    HERE,
    OTHER_BOARD,
    SECOND_OF_PAIR,
    SHORT_LEASE,
    THERE,
    break_off,
    fill,
    request,
)
from tests.store.worlds import RedisWorld
from tests.support.waiting import DEADLINE, POLL

pytestmark = pytest.mark.redis


def passing(redis: RedisWorld) -> list[bytes]:
    """Return the names of all keys, but for those that tell for weeks who was seen."""
    return [name for name in redis.names() if b"{processes}:seen:" not in name]


async def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is true of the server, or fail."""
    loop = asyncio.get_running_loop()
    end = loop.time() + DEADLINE
    while not true():
        assert loop.time() < end, f"not within {DEADLINE} s: {what}"
        await asyncio.sleep(POLL)


@pytest.fixture
async def brief(redis: RedisWorld) -> RedisStore:
    """A store with short times, in which the server must forget in real seconds."""
    timing = Timing(grace=0.1, id_rest=0.1, board_rest=0.2, lease=1.0)
    return await redis.renewed(timing, spare=0.5)


async def test_two_thousand_boards_leave_no_key(redis: RedisWorld, brief: RedisStore) -> None:
    boards = [UUID(int=n) for n in range(1, 2001)]
    for start in range(0, 2000, 50):
        some = boards[start : start + 50]
        await asyncio.gather(*(brief.join(board, request(f"{board} s")) for board in some))
        await asyncio.gather(*(brief.leave(board, f"{board} s") for board in some))
    assert redis.names()
    await until(lambda: not passing(redis), "no key of the boards is left")


async def test_a_process_that_dies_leaves_no_key(redis: RedisWorld, brief: RedisStore) -> None:
    await fill(brief, 3)
    await brief.start_grace(BOARD, "filler 0", GRACE)
    await brief.leave(BOARD, "filler 1")
    await brief.reap(BOARD)
    await brief.restore(OTHER_BOARD, [Member("s", HERE, "p", "n", (0, 0, 0), 0)])
    with redis.server.client() as client:
        lives = {name: client.pttl(name) / 1000 for name in redis.names()}
        assert all(0 < life <= 3.5 for name, life in lives.items() if b"{processes}:" not in name)
        persons = [life for name, life in lives.items() if b":person:" in name]
        assert persons, "one key for each person with sessions"
        assert all(12 < life <= 13.7 for life in persons)
        (seen,) = (life for name, life in lives.items() if b":seen:" in name)
        assert seen == pytest.approx(SEEN_FOR + 0.5, abs=3)
        for name in lives:
            if b":person:" in name:
                client.pexpire(name, 500)
    await until(lambda: not passing(redis), "no key of the dead process is left")


async def test_bans_expire(redis: RedisWorld) -> None:
    store = redis.make(Timing(), spare=0.5)
    await store.close_board(BOARD, 1.5)
    await store.close_board(OTHER_BOARD, 60)
    await store.close_board(OTHER_BOARD, 0)
    await store.remove(BOARD, "ada", 1.5)
    with pytest.raises(Forbidden):
        await store.join(BOARD, request("s"))
    with redis.server.client() as client:
        # The bans of the board are the only key: neither refusal nor lifted ban leaves one.
        assert [0 < client.pttl(name) <= 2000 for name in redis.names()] == [True]
    assert await store.renew(HERE) == {}, "the session is not in doubt"
    await until(lambda: len(redis.names()) == 1, "no key but the lease is left")


async def test_keys_of_a_living_process_stay(redis: RedisWorld, brief: RedisStore) -> None:
    first = (await fill(brief, 1))[0]
    with redis.server.client() as client:
        for name in redis.names():
            client.pexpire(name, 400)
        for _ in range(NOTE_EVERY):  # Persons take turns.
            await brief.renew(HERE)
        assert all(client.pttl(name) > 1000 for name in redis.names())
    snapshot = await brief.restore(BOARD, [])
    assert (snapshot.members, snapshot.board_id) == ((first.member,), first.board_id)


async def test_nothing_stays_of_what_is_over(redis: RedisWorld) -> None:
    store = redis.make(SHORT_LEASE, spare=60.0)
    for n in range(30):
        process, board = f"process {n}", UUID(int=n + 1)
        await store.renew(process)
        await store.renew(HERE)
        await break_off(store, f"old {n}", "ada", process)
        await store.join(BOARD, request(f"new {n}", "ada"))
        assert redis.sizes(redis.keys.board(BOARD))["leases"] == 1
        await store.leave(BOARD, f"new {n}")
        await store.join(board, request("s"))
        await store.leave(board, "s")
        redis.now += 4
    kept = redis.sizes(redis.keys.board(BOARD))
    assert kept["members"] == kept["index"] == kept["graces"] == kept["leases"] == 0
    assert kept["users"] == 0
    assert kept["rests"] <= 2
    # Version, number of the roster, and how many places were given.
    assert kept["state"] == 3
    assert max(redis.sizes(redis.keys.registry).values()) <= 4
    assert max(redis.sizes((redis.keys.processes,)).values()) <= 3


async def test_every_script_uses_only_its_keys_and_they_share_a_slot(redis: RedisWorld) -> None:
    with redis.server.client() as client, client.monitor() as monitor:
        await call_everything(redis)
        client.echo("the end")
        commands = commands_of_scripts(monitor)
    assert len(commands) > 130
    for keys, command in commands:
        assert len({key_slot(key.encode()) for key in keys}) == 1
        assert command[0] == "TIME" or command[1] in keys, command


async def call_everything(redis: RedisWorld) -> None:
    """Call every method of a store and of its history."""
    store = redis.make(SHORT_LEASE)
    for process in (HERE, THERE):
        await store.renew(process)
    members = [admission.member for admission in await fill(store, 3)]
    await store.join(SECOND_OF_PAIR, request("s", process=THERE))
    await store.close_board(SECOND_OF_PAIR, 60)
    await store.remove(SECOND_OF_PAIR, "nobody", 60)
    await store.start_grace(BOARD, "filler 0", GRACE)
    await store.leave(SECOND_OF_PAIR, "s")
    redis.now += 3
    await store.reap(BOARD)
    await store.restore(BOARD, members)
    await store.renew(HERE)
    await asyncio.gather(store.counts([BOARD, OTHER_BOARD]), store.boards(), store.processes())
    redis.now += 60
    await store.join(FIRST_OF_PAIR, request("s"))
    await store.reap(BOARD)
    await store.remove_from([BOARD, FIRST_OF_PAIR], "nobody", 60)
    await store.whereabouts("person of filler 1")
    history = RedisHistory(store)
    at = await history.claim(HERE) or 0.0
    await history.record(HERE, at, {BOARD: 1})
    await history.read(BOARD, MINUTES, 2000)
    await history.publish(HERE, "x")
    await history.published()


def commands_of_scripts(monitor: Any) -> list[tuple[list[str], list[str]]]:
    """Return the KEYS of the script and the words, for each command that a script ran."""
    found, keys = [], []
    for sent in monitor.listen():
        # The client gives words without quotes, and persons are parts of keys.
        text = sent["command"].replace("person of ", "person-of-").replace("filler ", "filler-")
        words = re.findall(r'"((?:[^"\\]|\\.)*)"', text) or text.split()
        if words[0] == "ECHO":
            break
        if words[0] == "EVALSHA":
            keys = words[3 : 3 + int(words[2])]
        elif sent["client_type"] == "lua":
            found.append((keys, [words[0].upper(), *words[1:]]))
    return found
