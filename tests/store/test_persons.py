"""Where persons are, and when they were last seen."""

from uuid import UUID

import pytest

from presence.protocol.board_ids import NamedBoard
from presence.store import base, memory
from presence.store.base import SEEN_FOR, Store
from presence.store.redis import store as redis_store
from presence.store.redis.scripts import NOTE_PERSONS
from presence.store.redis.store import NOTE_EVERY
from tests.store.cast import (
    BOARD,
    GRACE,
    HERE,
    OTHER_BOARD,
    SHORT_LEASE,
    THERE,
    TIMING,
    break_off,
    gone,
    request,
)
from tests.store.clients import Failing, Noting
from tests.store.worlds import RedisWorld, World

ADA = "user:7"
POST = NamedBoard("blog.post:ü 42")


async def places(store: Store, person: str = ADA) -> tuple[UUID, ...]:
    """Return the boards that a person is on."""
    return (await store.whereabouts(person)).boards


async def seen_before(store: Store, person: str = ADA) -> float | None:
    """Return how many seconds ago a person was seen."""
    found = await store.whereabouts(person)
    return None if found.seen is None else round(found.at - found.seen)


async def test_boards_with_their_references(store: Store, elsewhere: Store) -> None:
    assert await places(store) == ()
    for n, board in enumerate((OTHER_BOARD, BOARD, POST, BOARD)):
        await (store, elsewhere)[n % 2].join(board, request(f"s{n}", ADA, (HERE, THERE)[n % 2]))
    await store.join(BOARD, request("other", "user:70"))
    for each in (store, elsewhere):
        found = await places(each)
        assert found == (BOARD, OTHER_BOARD, POST)
        assert str(found[2]) == "blog.post:ü 42"
    await store.leave(BOARD, "s1")
    assert BOARD in await places(store), "another tab is left"
    await elsewhere.leave(BOARD, "s3")
    await elsewhere.remove(OTHER_BOARD, ADA, 60)
    assert await places(store) == (POST,)
    assert await places(store, "user:70") == (BOARD,)


@pytest.mark.parametrize("person", ["guest:ü\t\"'\\", "nobody", "embedded:{x}"])
async def test_any_person(store: Store, person: str) -> None:
    await store.join(BOARD, request("s", person))
    assert await places(store, person) == (BOARD,)
    assert await seen_before(store, person) == 0


async def test_a_grace_counts_until_its_end(store: Store, world: World) -> None:
    await break_off(store, "s", ADA)
    world.now += 2
    assert await places(store) == (BOARD,)
    assert await seen_before(store) == 0
    world.now += 1
    assert await places(store) == ()
    await store.reap(BOARD)
    assert await places(store) == ()
    assert await seen_before(store) == 3, "when the grace began"


async def test_a_return_within_the_grace(store: Store, elsewhere: Store, world: World) -> None:
    await break_off(store, "s", ADA)
    await elsewhere.join(BOARD, request("new", ADA, THERE))
    world.now += 5
    await store.reap(BOARD)
    assert await places(store) == (BOARD,)
    await elsewhere.leave(BOARD, "new")
    assert await places(store) == ()


async def test_when_somebody_was_last_seen(store: Store, world: World) -> None:
    assert await seen_before(store) is None
    await store.join(BOARD, request("s", ADA))
    world.now += 100
    assert await seen_before(store) == 0
    await store.leave(BOARD, "s")
    world.now += 5
    assert await seen_before(store) == 5
    await store.join(BOARD, request("s", ADA))
    await store.remove(BOARD, ADA, 0)
    world.now += SEEN_FOR - 10
    await store.join(BOARD, request("other", "user:8"))
    assert await seen_before(store) == SEEN_FOR - 10
    world.now += 20
    assert await seen_before(store) is None


async def test_the_latest_of_a_kind_are_known(
    store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (base, memory, redis_store):
        monkeypatch.setattr(module, "MAX_SEEN", 3)
    for n in range(5):
        for kind in ("user", "guest"):
            world.now += 1
            await store.join(BOARD, request(f"{kind} {n}", f"{kind}:{n}"))
            await store.leave(BOARD, f"{kind} {n}")
    for kind, late in (("user", 1), ("guest", 0)):
        found = [await seen_before(store, f"{kind}:{n}") for n in range(5)]
        assert found == [None, None, 4 + late, 2 + late, late]


async def test_the_people_of_a_dead_process(
    leased: Store, leased_elsewhere: Store, world: World
) -> None:
    await leased.join(BOARD, request("s", ADA, THERE))
    for seconds, on in ((4, (BOARD,)), (2, (BOARD,)), (1, ())):
        world.now += seconds
        await leased.renew(HERE)
        assert await places(leased) == on
        assert await leased_elsewhere.boards() == dict.fromkeys(on, 1)
    assert gone(await leased.reap(BOARD)) == ["s"]
    assert await seen_before(leased) == 7


async def test_restored_people(store: Store, world: World) -> None:
    admission = await store.join(BOARD, request("s", ADA))
    await store.leave(BOARD, "s")
    await store.restore(BOARD, [admission.member])
    assert await places(store) == (BOARD,)


async def test_a_person_is_removed_from_many_boards(store: Store, elsewhere: Store) -> None:
    for board in (BOARD, POST):
        await elsewhere.join(board, request(f"s {board}", ADA, THERE))
    departures = await store.remove_from([BOARD, OTHER_BOARD, POST], ADA, 60)
    assert {board: gone(departure) for board, departure in departures.items()} == {
        BOARD: [f"s {BOARD}"],
        OTHER_BOARD: [],
        POST: [f"s {POST}"],
    }
    assert await places(store) == ()


# What only Redis has: calls that are lost, and trips


@pytest.mark.redis
async def test_each_takes_as_many_trips_as_for_one_board(redis: RedisWorld) -> None:
    boards = [UUID(int=n + 1) for n in range(200)]
    async with Noting.from_url(redis.server.url) as client:
        store = await redis.renewed(server=client)
        # From now on, the server knows the scripts.
        await places(store)
        await store.join(BOARD, request("s"))
        await store.remove(BOARD, "person of s", 0)
        for board in boards:
            await store.join(board, request(f"s {board}", ADA))
        client.trips.clear()
        assert len(await places(store)) == 200
        assert len(client.trips) == 1
        await store.remove_from(boards, ADA, 0)
        assert client.trips[1][1] == 200
        assert len(client.trips) == 4, "and the notes, and what is left of emptied boards"
        client.trips.clear()
        await store.join(BOARD, request("s", ADA))
        assert len(client.trips) == 2, "as without a note of the person"


@pytest.mark.redis
async def test_what_was_lost_is_noted_again(redis: RedisWorld) -> None:
    store = await redis.renewed()
    await store.join(BOARD, request("s", ADA))
    await store.join(BOARD, request("grace", "user:8"))
    await store.start_grace(BOARD, "grace", GRACE)
    with redis.server.client() as client:
        client.delete(*redis.keys.person(ADA))
    assert await places(store) == ()
    for _ in range(NOTE_EVERY):
        await store.renew(HERE)
    assert await places(store) == (BOARD,)
    redis.now += 3
    assert await places(store, "user:8") == (), "noting again keeps a grace"


@pytest.mark.redis
async def test_a_note_of_a_leave_that_was_lost(redis: RedisWorld) -> None:
    async with Failing.from_url(redis.server.url) as client:
        store = await redis.renewed(SHORT_LEASE, server=client)
        await store.join(BOARD, request("s", ADA))
        client.failing = {NOTE_PERSONS.sha}
        assert gone(await store.remove(BOARD, ADA, 0)) == ["s"]
        client.failing.clear()
        assert await places(store) == (BOARD,)
        for _ in range(30):
            redis.now += 3
            await store.renew(HERE)
        assert await places(store) == ()
        await store.join(OTHER_BOARD, request("new", ADA))
        assert redis.sizes(redis.keys.person(ADA)[:1]) == {"7": 1}, "nothing stays of it"


@pytest.mark.redis
async def test_a_session_that_another_process_took_off(redis: RedisWorld) -> None:
    """The process that serves it notes it once more before it hears of that."""
    store, staff = await redis.renewed(), await redis.renewed(process=THERE)
    await store.join(BOARD, request("s", ADA))
    await staff.remove(BOARD, ADA, 60)
    for _ in range(NOTE_EVERY):
        await store.renew(HERE)
        assert await places(store) == ()


@pytest.mark.redis
async def test_a_clock_that_is_set_back(redis: RedisWorld) -> None:
    store = await redis.renewed(TIMING)
    await store.join(BOARD, request("s", ADA))
    redis.now -= 100_000
    assert await seen_before(store) == 0
    for _ in range(NOTE_EVERY):
        await store.renew(HERE)
    assert await places(store) == (BOARD,)
