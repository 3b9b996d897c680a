"""Fixtures for tests of real servers without a browser."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from presence.checks import LAYER
from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster
from tests.support.fixtures import *  # noqa: F403
from tests.support.own import close_own
from tests.support.redis import RedisServer
from tests.support.server import with_settings
from tests.system.crowd import Crowd

QUICK = Timing(lease=2.0, grace=1.0, reload_grace=0.5)
"""Short times, so that dead processes are noticed soon; the site's own are 6, 5 and 3 s."""


def settings_of(timing: Timing) -> dict[str, float]:
    """Return the settings of processes with these times."""
    own = {"LEASE": timing.lease, "GRACE": timing.grace}
    return own | {"RELOAD_GRACE": timing.reload_grace}


@pytest.fixture(scope="module")
def timing() -> Timing:
    """The times of this module's processes that share a Redis."""
    return QUICK


@pytest.fixture(scope="module")
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Whether this module's servers read and write sockets directly; see `BOTH_PATHS`."""
    return bool(getattr(request, "param", True))


@pytest.fixture(scope="module")
def site(environment: dict[str, str], timing: Timing, fast_path: bool) -> dict[str, str]:
    """The environment of this module's servers."""
    own = {**settings_of(timing), "FAST_PATH": fast_path}
    return with_settings(environment, PRESENCE=own)


@pytest.fixture
async def store(redis: RedisServer, timing: Timing) -> AsyncIterator[RedisStore]:
    """The store of the processes."""
    reading = RedisStore(redis.url, timing)
    yield reading
    await reading.close()


@pytest.fixture
async def crowd(cluster: Cluster, store: RedisStore) -> AsyncIterator[Crowd]:
    """Puts people on boards; they are gone when the test ends."""
    people = Crowd(cluster, store)
    yield people
    await people.close()


@pytest.fixture
def shared(settings: Any, redis: RedisServer, timing: Timing) -> Iterator[None]:
    """Make the tests' own process one of the site that serves no sockets."""
    own = {**settings_of(timing), "REDIS_URL": redis.url}
    settings.PRESENCE = {**settings.PRESENCE, **own}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYER, "CONFIG": {"hosts": [redis.url]}}}
    yield
    close_own()
