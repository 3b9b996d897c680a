"""`manage.py presence_audit` ends, and says in one line what is out of reach, wherever a real Redis
stops answering: SIGSTOP keeps connections open, and nothing comes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from presence.store.base import JoinRequest, Timing
from presence.store.redis import scripts
from presence.store.redis.store import RedisStore
from tests.support.audit import audit, struck
from tests.support.redis import RedisServer, run_redis

BOARD = UUID(int=1)
OPTIONS = ("--timeout", "0.5")
STRANDED = f"board {BOARD}: stranded: 'Casper' (session left) is of process dead, without a lease"
SILENT = "process deaf: silent: it holds a lease and did not answer in time"
FOUND = [STRANDED, SILENT, "2 differences in 1 process, 1 board, 1 session."]

COMPARED = "CommandError: Nothing could be compared: "
STORE, LAYER = "Redis: ", "the channel layer: "
EITHER = (STORE, LAYER)
"""Which of them is the next to be used when the server stops is a matter of microseconds."""

PUBLISH = "PUBLISH"

Strike = Callable[[RedisServer], None]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of this test's own that knows the scripts, so that it is asked for each of them
    once."""
    with run_redis(tmp_path) as running:
        with running.client() as client:
            for script in vars(scripts).values():
                if isinstance(script, scripts.Script):
                    client.script_load(script.text)
        yield running


@pytest.fixture
async def site(redis: RedisServer, environment: dict[str, str]) -> dict[str, str]:
    """The environment of a site where something differs, and a process to be asked."""
    deaf = RedisStore(redis.url, Timing(lease=290.0))
    await deaf.renew("deaf")
    dead = RedisStore(redis.url, Timing(grace=290.0, lease=0.001), spare=300.0)
    await dead.renew("dead")
    await dead.join(BOARD, JoinRequest("left", "dead", "casper", "Casper"))
    for store in (deaf, dead):
        await store.close()
    settings = "tests.client_facing.sites.long_grace"
    return {**environment, "REDIS_URL": redis.url, "DJANGO_SETTINGS_MODULE": settings}


@pytest.fixture
def layer(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis for the channel layer alone."""
    with run_redis(tmp_path) as running:
        yield running


@pytest.fixture
def two_servers(site: dict[str, str], layer: RedisServer) -> dict[str, str]:
    """The environment of a site whose channel layer is on a Redis of its own."""
    settings = "tests.client_facing.sites.own_layer"
    return {**site, "LAYER_URL": layer.url, "DJANGO_SETTINGS_MODULE": settings}


def test_while_redis_answers_differences_are_found(site: dict[str, str]) -> None:
    assert audit(site, *OPTIONS) == (1, FOUND)


def assert_unknown(result: tuple[int, list[str]], *parts: str) -> None:
    """Assert that the only line says that one of these is out of reach."""
    status, (line,) = result
    assert status == 2
    assert line.startswith(tuple(COMPARED + part for part in parts)), line


def test_redis_is_paused_from_the_start(site: dict[str, str], redis: RedisServer) -> None:
    redis.pause()
    assert_unknown(audit(site, *OPTIONS), STORE)


@pytest.mark.parametrize(
    ("word", "times"),
    [
        pytest.param(PUBLISH, 1, id="while it asks"),
        pytest.param(scripts.SNAPSHOT.sha, 1, id="between the readings"),
        pytest.param(PUBLISH, 3, id="in the second reading"),
    ],
)
def test_redis_is_paused_while_it_is_compared(
    site: dict[str, str], redis: RedisServer, word: str, times: int
) -> None:
    with struck(redis, redis.pause, word, times):
        assert_unknown(audit(site, *OPTIONS), *EITHER)


@pytest.mark.parametrize("strike", [RedisServer.pause, RedisServer.kill], ids=["paused", "killed"])
def test_the_layers_own_redis_is_out_of_reach_from_the_start(
    two_servers: dict[str, str], layer: RedisServer, strike: Strike
) -> None:
    strike(layer)
    assert_unknown(audit(two_servers, *OPTIONS), LAYER)


@pytest.mark.parametrize(
    ("strike", "times"),
    [
        pytest.param(RedisServer.pause, 1, id="paused while it asks"),
        pytest.param(RedisServer.kill, 1, id="killed while it asks"),
        pytest.param(RedisServer.pause, 3, id="paused in the second reading"),
    ],
)
def test_the_layers_own_redis_is_lost(
    two_servers: dict[str, str], layer: RedisServer, strike: Strike, times: int
) -> None:
    with struck(layer, lambda: strike(layer), PUBLISH, times):
        assert_unknown(audit(two_servers, *OPTIONS), LAYER)


def test_the_stores_own_redis_is_paused_alone(
    two_servers: dict[str, str], layer: RedisServer, redis: RedisServer
) -> None:
    with struck(layer, redis.pause, PUBLISH):
        assert_unknown(audit(two_servers, *OPTIONS), STORE)
