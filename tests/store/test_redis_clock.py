"""Redis's clock is set back, as with a failover to a machine whose clock is behind."""

import pytest

from presence.store.redis.store import RedisStore
from tests.store.cast import BOARD, HERE, SHORT_LEASE, THERE, gone, people_on, request
from tests.store.redis_place import Place

BACK = 3600.0


@pytest.fixture
async def stores(place: Place) -> tuple[RedisStore, RedisStore]:
    """The stores of two processes with one person each, by a clock that was an hour ahead."""
    place.ahead = BACK
    here, there = place.store(SHORT_LEASE), place.store(SHORT_LEASE)
    for store, process in ((here, HERE), (there, THERE)):
        await store.renew(process)
        await store.join(BOARD, request(f"of {process}", process=process))
        await store.renew(process)
    place.ahead = 0.0
    return here, there


async def test_a_process_that_dies_after_it_is_gone_in_time(
    stores: tuple[RedisStore, RedisStore], place: Place
) -> None:
    here, _ = stores
    await here.renew(HERE)
    place.ahead += SHORT_LEASE.lease + 0.6
    await here.renew(HERE)
    place.ahead += SHORT_LEASE.grace
    await here.renew(HERE)
    assert gone(await here.reap(BOARD)) == [f"of {THERE}"]
    assert await people_on(here) == 1
    assert set(await here.processes()) == {HERE}


async def test_a_grace_that_began_before_it_ends_in_time(
    stores: tuple[RedisStore, RedisStore], place: Place
) -> None:
    here, there = stores
    place.ahead = BACK
    await there.start_grace(BOARD, f"of {THERE}")
    place.ahead = 0.0
    assert await people_on(here) == 2
    place.ahead += SHORT_LEASE.grace + 0.2
    assert gone(await here.reap(BOARD)) == [f"of {THERE}"]


async def test_a_user_id_that_rested_before_it_is_given_again(
    stores: tuple[RedisStore, RedisStore], place: Place
) -> None:
    here, there = stores
    place.ahead = BACK
    await here.leave(BOARD, f"of {HERE}")
    place.ahead = 0.0
    assert (await there.join(BOARD, request("s", process=THERE))).member.user == 0


async def test_nobody_who_lives_is_taken_off(
    stores: tuple[RedisStore, RedisStore], place: Place
) -> None:
    here, there = stores
    for _ in range(5):
        await here.renew(HERE)
        await there.renew(THERE)
        assert gone(await here.reap(BOARD)) == []
        assert await people_on(there) == 2
        place.ahead += 2.0
