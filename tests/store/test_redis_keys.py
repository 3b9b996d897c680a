"""The keys of the Redis store: nothing stays behind, and those of one script share a slot."""

import asyncio
import re
from itertools import takewhile
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis
from redis.crc import key_slot

from presence.protocol.errors import Forbidden
from presence.store.base import Member, Timing
from presence.store.redis.scripts import LUA
from presence.store.redis.store import RedisStore
from tests.store.cast import (
    BOARD,
    FIRST_OF_PAIR,
    HERE,
    OTHER_BOARD,
    SECOND_OF_PAIR,
    SHORT_LEASE,
    THERE,
    fill,
    request,
)
from tests.store.redis_place import Place, until

# Real seconds, where it is the server that must forget.
BRIEF = Timing(grace=0.1, id_rest=0.1, board_rest=0.2, lease=1.0)


async def test_two_thousand_boards_joined_and_left_leave_no_key(place: Place) -> None:
    store = place.store(BRIEF, spare=0.5)
    await store.renew(HERE)
    boards = [UUID(int=n) for n in range(1, 2001)]
    for some in range(0, 2000, 50):
        now = boards[some : some + 50]
        await asyncio.gather(*(store.join(board, request(f"{board} s")) for board in now))
        await asyncio.gather(*(store.leave(board, f"{board} s") for board in now))
    assert place.names()
    await until(lambda: not place.names(), "no key of the boards is left")


async def test_a_process_that_dies_leaves_no_key(place: Place) -> None:
    store = place.store(BRIEF, spare=0.5)
    await store.renew(HERE)
    await fill(store, 3)
    await store.start_grace(BOARD, "filler 0")
    await store.leave(BOARD, "filler 1")
    await store.reap(BOARD)
    await store.restore(OTHER_BOARD, [Member("s", HERE, "p", "n", (0, 0, 0), 0)])
    with place.server.client() as client:
        assert all(0 < client.pttl(name) <= 3500 for name in place.names())
    await until(lambda: not place.names(), "no key of the dead process is left")


async def test_whom_a_board_keeps_out_is_forgotten_when_that_is_over(place: Place) -> None:
    store = place.store(BRIEF, spare=0.5)
    await store.close_board(BOARD, 0.4)
    await store.close_board(OTHER_BOARD, 60)
    await store.close_board(OTHER_BOARD, 0)
    await store.remove(BOARD, "ada", 0.4)
    with place.server.client() as client:
        assert [0 < client.pttl(name) <= 900 for name in place.names()] == [True]
    await until(lambda: not place.names(), "no key of it is left")


async def test_a_refusal_leaves_no_key(place: Place) -> None:
    store = place.store(BRIEF, spare=0.5)
    await store.renew(HERE)
    await store.close_board(BOARD, 0.4)
    with pytest.raises(Forbidden):
        await store.join(BOARD, request("s"))
    assert len(place.names()) == 2, "the lease, and that the board is shut"
    assert await store.renew(HERE) == {}, "the session is not in doubt"


async def test_keys_of_a_living_process_stay(place: Place) -> None:
    store = place.store(Timing(grace=0.1, id_rest=0.1, board_rest=0.1, lease=1.0), spare=0.1)
    await store.renew(HERE)
    first = (await fill(store, 1))[0]
    loop = asyncio.get_running_loop()
    end = loop.time() + 2.5
    while loop.time() < end:
        await store.renew(HERE)
        assert await store.snapshot(BOARD) == await store.restore(BOARD, [])
        assert (await store.snapshot(BOARD)).members == (first.member,)
    assert (await store.snapshot(BOARD)).board_id == first.board_id


async def test_nothing_stays_of_what_is_over(place: Place) -> None:
    store = place.store(SHORT_LEASE)
    for n in range(30):
        process, board = f"process {n}", UUID(int=n + 1)
        await store.renew(process)
        await store.renew(HERE)
        await store.join(BOARD, request(f"old {n}", "ada", process))
        await store.start_grace(BOARD, f"old {n}")
        await store.join(BOARD, request(f"new {n}", "ada"))
        assert place.sizes(BOARD)["leases"] == 1
        await store.leave(BOARD, f"new {n}")
        await store.join(board, request("s"))
        await store.leave(board, "s")
        place.ahead += 4
    kept = place.sizes(BOARD)
    assert kept["members"] == kept["broken"] == kept["leases"] == 0
    assert kept["resting"] <= 2
    assert max(map(place.size, place.keys.registry)) <= 4
    assert place.size(place.keys.processes[0]) <= 3


async def test_every_script_touches_its_own_keys_only_and_they_share_a_slot(place: Place) -> None:
    store = place.store(SHORT_LEASE)
    with place.server.client() as client, client.monitor() as monitor:
        await exercise(store, place)
        client.echo("that was all")
        touched = commands_of_scripts(monitor)
    assert len(touched) > 100
    for keys, command in touched:
        assert len({key_slot(key.encode()) for key in keys}) == 1
        if command[0] != "TIME":
            assert command[1] in keys, command


async def exercise(store: RedisStore, place: Place) -> None:
    """Ask a store for everything it does."""
    for process in (HERE, THERE):
        await store.renew(process)
    members = [admission.member for admission in await fill(store, 3)]
    await store.join(SECOND_OF_PAIR, request("s", process=THERE))
    await store.close_board(SECOND_OF_PAIR, 60)
    await store.remove(SECOND_OF_PAIR, "nobody", 60)
    await store.start_grace(BOARD, "filler 0")
    await store.leave(SECOND_OF_PAIR, "s")
    place.ahead += 3
    await store.reap(BOARD)
    await store.restore(BOARD, members)
    await store.renew(HERE)
    await asyncio.gather(store.counts([BOARD, OTHER_BOARD]), store.boards(), store.processes())
    place.ahead += 60
    await store.join(FIRST_OF_PAIR, request("s"))
    await store.reap(BOARD)


def commands_of_scripts(monitor: "Redis") -> list[tuple[list[str], list[str]]]:
    """Return the KEYS of the script and the words, for each command that a script ran."""
    found, keys = [], []
    for told in monitor.listen():
        words = re.findall(r'"((?:[^"\\]|\\.)*)"', told["command"]) or told["command"].split()
        if words[0] == "ECHO":
            return found
        if words[0] == "EVALSHA":
            keys = words[3 : 3 + int(words[2])]
        elif told["client_type"] == "lua":
            found.append((keys, [words[0].upper(), *words[1:]]))
    raise AssertionError("the server ended")


@pytest.mark.parametrize("path", sorted(LUA.glob("*.lua")), ids=lambda path: path.stem)
def test_a_script_says_what_it_takes_and_gives(path: Path) -> None:
    head = " ".join(takewhile(lambda line: line.startswith("--"), path.read_text().splitlines()))
    shared = path.stem in {"clock", "board", "bans", "registry"}
    assert "ARGV" in head or "KEYS" in head
    assert shared or all(word in head for word in ("KEYS", "ARGV", "Return"))
