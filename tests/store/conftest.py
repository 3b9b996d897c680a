"""Every test here that asks for a world, or a store, runs in each of the worlds."""

from collections.abc import AsyncIterator

import pytest

from presence.store.base import Store
from tests.store.cast import HERE, SHORT_LEASE, THERE, TIMING
from tests.store.worlds import WORLDS, OpenWorld, World


@pytest.fixture(params=list(WORLDS.values()), ids=list(WORLDS))
def open_world(request: pytest.FixtureRequest) -> OpenWorld:
    """Opens a new world, empty."""
    opener: OpenWorld = request.param
    return opener


@pytest.fixture
async def world(open_world: OpenWorld) -> AsyncIterator[World]:
    """A world of the test's own."""
    async with open_world() as opened:
        yield opened


@pytest.fixture
async def store(world: World) -> Store:
    """A store in which two processes hold leases that outlast the test."""
    made = world.make(TIMING)
    await made.renew(HERE)
    await made.renew(THERE)
    return made


@pytest.fixture
def elsewhere(world: World, store: Store) -> Store:
    """The store of another process, over the same state as `store`."""
    return world.make(TIMING)


@pytest.fixture
async def leased(world: World) -> Store:
    """A store in which two processes hold short leases."""
    made = world.make(SHORT_LEASE)
    await made.renew(HERE)
    await made.renew(THERE)
    return made
