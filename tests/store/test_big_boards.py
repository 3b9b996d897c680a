"""Boards with thousands of people: what a call costs, and whose the few user ids are."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from presence.protocol.messages import MAX_USERS, NO_USER
from presence.store.base import (
    POOL_HOLDS,
    POOL_LEAVES,
    POOL_RESTS,
    REAP_BATCH,
    JoinRequest,
    Store,
)
from presence.store.redis import scripts
from presence.store.redis.scripts import Script
from tests.store.cast import (
    BOARD,
    GRACE,
    HERE,
    THERE,
    fill,
    gone,
    people_on,
    request,
)
from tests.store.test_grace import renew_for
from tests.store.worlds import RedisWorld, World
from tests.support.opcodes import OpcodeCount
from tests.support.waiting import LONG

FEW, FULL, MANY = 50, 300, 5_000 if LONG else 2_000
"""People on a board. On a full one, some have no user id."""

NOISE = 0.15
"""Share by which the steps of a call may differ: some members have left a pool, others have not."""


def asks(session: str, pool: str = "", process: str = HERE) -> JoinRequest:
    """Return a request of somebody of a pool."""
    return replace(request(session, process=process), pool=pool)


async def user_of(store: Store, session: str, pool: str = "") -> int:
    """Join, and return the user id."""
    return (await store.join(BOARD, asks(session, pool))).member.user


# Whose user ids are


async def test_a_pool_that_comes_and_goes_starves_nobody(store: Store) -> None:
    used = {await user_of(store, "holds", "bad")}
    for n in range(3 * MAX_USERS):
        used.add(await user_of(store, f"s{n}", "bad"))
        await store.leave(BOARD, f"s{n}")
    assert used == set(range(POOL_RESTS + 1))
    assert await user_of(store, "honest", "good") == POOL_RESTS + 1
    assert await user_of(store, "nobody's") == POOL_RESTS + 2


async def test_a_pool_leaves_ids_to_others(store: Store) -> None:
    users = [await user_of(store, f"s{n}", "bad") for n in range(MAX_USERS)]
    kept = MAX_USERS - POOL_LEAVES
    assert users == [*range(kept), *[NO_USER] * POOL_LEAVES]
    assert [await user_of(store, f"good {n}", "good") for n in range(POOL_LEAVES - 1)] == [
        *range(kept, MAX_USERS - 1)
    ]
    assert await user_of(store, "more", "bad") == NO_USER
    for n in range(kept - POOL_HOLDS + 1):
        await store.leave(BOARD, f"s{n}")
    assert await user_of(store, "less", "bad") != NO_USER


@pytest.mark.parametrize("pool", ["", "good"])
async def test_a_pool_of_few_gets_the_last_id(store: Store, pool: str) -> None:
    await fill(store, MAX_USERS - 1)
    assert await user_of(store, "s", pool) == MAX_USERS - 1


# Redis follows its own clock.
@pytest.mark.alone
@pytest.mark.parametrize("crowd", ["bad", ""])
async def test_a_crowd_that_left_keeps_nobody_out(store: Store, world: World, crowd: str) -> None:
    for n in range(3):
        await user_of(store, f"good {n}", "good")
    for n in range(MAX_USERS - 3):
        await user_of(store, f"s{n}", crowd and f"{crowd} {n % 2}")
    crowd_leaves = [7, *range(7), *range(8, MAX_USERS - 3)]
    for session in [*(f"good {n}" for n in range(3)), *(f"s{n}" for n in crowd_leaves)]:
        world.now += 0.005
        await store.leave(BOARD, session)
    assert [await user_of(store, f"late {n}") for n in range(3)] == [10, 3, 4]
    assert await user_of(store, "late 3", "good") == 0, "their own come first"


async def test_a_pool_gets_back_the_id_that_has_rested_longest(store: Store, world: World) -> None:
    for n in range(POOL_RESTS):
        await user_of(store, f"s{n}", "bad")
    for n in (3, 1, 2, 0, *range(4, POOL_RESTS)):
        world.now += 0.1
        await store.leave(BOARD, f"s{n}")
    assert await user_of(store, "first", "bad") == 3
    assert await user_of(store, "second", "bad") == POOL_RESTS, "fewer rest than may"
    await store.leave(BOARD, "second")
    assert await user_of(store, "third", "bad") == 1
    await store.leave(BOARD, "first")
    world.now += 4
    assert await user_of(store, "later", "bad") == 0, "no id is at rest any more"


async def test_on_a_full_board_a_pool_gets_back_what_it_left(store: Store, world: World) -> None:
    await fill(store, MAX_USERS - 1)
    assert await user_of(store, "s", "good") == MAX_USERS - 1
    await store.leave(BOARD, "s")
    assert await user_of(store, "again", "good") == MAX_USERS - 1
    assert await user_of(store, "third", "good") == NO_USER
    # The id is held now, and was not left behind at rest.
    await store.leave(BOARD, "filler 7")
    world.now += 4
    assert await user_of(store, "fourth", "good") == 7


async def test_a_pool_is_kept_with_the_member(store: Store, elsewhere: Store) -> None:
    member = (await store.join(BOARD, asks("s", "pool\t1"))).member
    assert member.pool == "pool\t1"
    (read,) = (await elsewhere.snapshot(BOARD)).members
    assert read.pool == "pool\t1"
    assert (await store.leave(BOARD, "s")).members[0].pool == "pool\t1"
    (back,) = (await store.restore(BOARD, [member])).members
    assert back.pool == "pool\t1"
    assert "pool" not in repr(back)


# Those whose time is up


async def test_a_process_that_comes_back_too_late_has_lost_its_people(
    leased: Store, world: World
) -> None:
    member = (await leased.join(BOARD, request("s", process=THERE))).member
    await renew_for(leased, world, 7)
    await leased.renew(THERE)
    assert (await people_on(leased), (await leased.snapshot(BOARD)).processes) == (0, set())
    assert (await leased.renew(HERE)) == {}
    snapshot = await leased.restore(BOARD, [member])
    assert (snapshot.members, snapshot.processes) == ((member,), {THERE})
    assert (await leased.renew(THERE))[BOARD].people == 1
    assert gone(await leased.reap(BOARD)) == []
    assert (await leased.join(BOARD, request("t"))).member.user == 1, "it kept its user id"


async def test_many_are_reaped_a_part_at_a_time(leased: Store, world: World) -> None:
    people = REAP_BATCH + 30
    for n in range(people):
        await leased.join(BOARD, request(f"s{n}", f"p{n}", THERE))
    await leased.join(BOARD, request("stays"))
    await renew_for(leased, world, 7)
    assert await people_on(leased) == 1, "all are gone before anybody is reaped"
    first = await leased.reap(BOARD)
    assert (len(first.members), len(first.left), first.more) == (REAP_BATCH, REAP_BATCH, True)
    second = await leased.reap(BOARD)
    assert (len(second.members), second.people, second.more) == (30, 1, False)
    assert {*gone(first), *gone(second)} == {f"s{n}" for n in range(people)}


async def test_many_are_put_back(store: Store, elsewhere: Store) -> None:
    members = [admission.member for admission in await fill(store, MAX_USERS + 200)]
    for member in members:
        await store.leave(BOARD, member.session)
    clash = (await elsewhere.join(BOARD, request("clash", process=THERE))).member
    lost = [replace(members[0], user=0), *members[1:]]
    snapshot = await store.restore(BOARD, [*reversed(lost)])
    assert snapshot.people == len(members) + 1
    users = {member.session: member.user for member in snapshot.members}
    moved = {member.session: NO_USER for member in lost if member.user == clash.user}
    assert len(moved) == 1
    assert users == {"clash": clash.user, **{m.session: m.user for m in lost}, **moved}


# What a process reads of a board


async def test_a_process_reads_no_spectators_of_others(store: Store) -> None:
    for n in range(MAX_USERS + 3):
        await store.join(BOARD, request(f"h{n}"))
    for n in range(5):
        await store.join(BOARD, request(f"t{n}", process=THERE))
    holders = [f"h{n}" for n in range(MAX_USERS)]
    read = await store.snapshot(BOARD, THERE, 5)
    assert ([m.session for m in read.members], read.people, read.agrees) == (holders, 263, True)
    for believed in (4, 6):
        read = await store.snapshot(BOARD, THERE, believed)
        own = [f"t{n}" for n in range(5)]
        assert ([m.session for m in read.members], read.agrees) == ([*holders, *own], False)
    read = await store.snapshot(BOARD, HERE, MAX_USERS + 3)
    assert ([m.session for m in read.members], read.agrees) == (holders, True)
    whole = await store.snapshot(BOARD)
    assert len(whole.members) == MAX_USERS + 8
    assert not whole.agrees


async def test_a_roster_that_was_read_before_is_read_again_when_it_changed(
    store: Store, elsewhere: Store, world: World
) -> None:
    await store.join(BOARD, request("a"))
    await elsewhere.join(BOARD, request("b", process=THERE))

    async def roster() -> list[str]:
        snapshot = await store.snapshot(BOARD, HERE, 1)
        assert snapshot.people == len({member.person for member in snapshot.members})
        return [member.session for member in snapshot.members]

    assert await roster() == ["a", "b"]
    await elsewhere.join(BOARD, request("c", process=THERE))
    assert await roster() == ["a", "b", "c"]
    await elsewhere.start_grace(BOARD, "b", GRACE)
    assert await roster() == ["a", "b", "c"]
    world.now += 3
    assert await roster() == ["a", "c"], "its grace is over"
    await elsewhere.start_grace(BOARD, "c", GRACE)
    await elsewhere.join(BOARD, request("d", "person of c", THERE))
    assert await roster() == ["a", "d"]
    await elsewhere.leave(BOARD, "d")
    assert await roster() == ["a"]


# What a call costs


def counted(script: Script, key: str) -> Script:
    """Return a script that adds to a key how many commands it ran, and how many words these were
    and returned. Whatever looks at all members of a board reads their words before."""
    text = f"""
        local run, steps = redis.call, 0
        local function size(reply)
          local found = 1
          for _, part in ipairs(type(reply) == 'table' and reply or {{}}) do
            found = found + size(part)
          end
          return found
        end
        local function counting(...)
          local reply = run(...)
          steps = steps + #{{...}} + size(reply)
          return reply
        end
        local function work()
          {script.text.replace("redis.call(", "counting(")}
        end
        local reply = work()
        run('INCRBY', '{key}', steps)
        return reply
    """
    return replace(script, text=text, sha=f"counted-{script.sha}")


@pytest.fixture
def steps(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Awaitable[int]]:
    """Awaits a call of the store; returns how many steps it took."""
    if isinstance(world, RedisWorld):
        key = f"{world.prefix}:steps"
        with world.server.client() as client:
            for name, script in vars(scripts).items():
                # Each renewal notes a part of the process's own sessions with their persons.
                if isinstance(script, Script) and name != "NOTE_PERSONS":
                    told = counted(script, key)
                    sha = client.script_load(told.text)
                    monkeypatch.setattr(scripts, name, replace(told, sha=sha))

    async def measure(call: Any) -> int:
        if isinstance(world, RedisWorld):
            with world.server.client() as client:
                client.delete(key)
                await call
                return int(client.get(key) or 0)
        with OpcodeCount("presence/store/") as count:
            await call
        return count.steps

    return measure


async def crowd(store: Store, people: range) -> None:
    """Put people on the board, half of them elsewhere."""
    for start in range(people.start, people.stop, 500):
        numbers = range(start, min(start + 500, people.stop))
        joins = [asks(f"s{n}", f"pool {n % 50}", (HERE, THERE)[n % 2]) for n in numbers]
        await asyncio.gather(*(store.join(BOARD, join) for join in joins))


async def costs(
    store: Store, steps: Callable[[Any], Awaitable[int]], people: int
) -> dict[str, int]:
    """Return how many steps each call takes, with so many people on the board."""
    new, back, tab = f"new {people}", f"back {people}", f"tab {people}"
    found = {
        "join": await steps(store.join(BOARD, asks(new, "pool 1"))),
        "another tab": await steps(store.join(BOARD, request(tab, "person of s7"))),
        "grace": await steps(store.start_grace(BOARD, new, GRACE)),
        "return": await steps(store.join(BOARD, request(back, f"person of {new}"))),
        "leave": await steps(store.leave(BOARD, back)),
        "removal": await steps(store.remove(BOARD, f"person of s{people - 1}", 0)),
        "renewal": await steps(store.renew(THERE)),
        "count": await steps(store.counts([BOARD])),
        "list": await steps(store.boards()),
        "reap": await steps(store.reap(BOARD)),
        "read": await steps(store.snapshot(BOARD, THERE, people // 2 - 1)),
        "second read": await steps(store.snapshot(BOARD, THERE, people // 2 - 1)),
    }
    await store.leave(BOARD, tab)
    await store.join(BOARD, request(f"s{people - 1}", process=THERE))
    return found


async def test_no_call_costs_more_on_a_bigger_board(
    store: Store, steps: Callable[[Any], Awaitable[int]]
) -> None:
    at, before = {}, 0
    for people in (FEW, FULL, MANY):
        await crowd(store, range(before, people))
        at[people], before = await costs(store, steps, people), people
    assert all(cost > 5 for cost in at[FEW].values()), at
    # There are more user ids on a full board, which a newcomer and a process have to know.
    full = ("join", "another tab", "read", "second read")
    allowed = at[FEW] | {name: at[FULL][name] for name in full}
    shares = {name: at[MANY][name] / allowed[name] for name in allowed}
    assert max(shares.values()) < 1 + NOISE, f"{shares} of {allowed}"
