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

STORE, LAYER = "Redis: ", "the channel layer: "


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


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(0, id="from the start"),
        pytest.param(1, id="while it asks"),
        pytest.param(3, id="in the second reading"),
    ],
)
@pytest.mark.parametrize(
    ("alone", "strike"),
    [
        pytest.param(False, RedisServer.pause, id="Redis pauses"),
        pytest.param(True, RedisServer.pause, id="the layer's own Redis pauses"),
        pytest.param(True, RedisServer.kill, id="the layer's own Redis is killed"),
    ],
)
def test_what_stops_answering_is_told(
    request: pytest.FixtureRequest,
    site: dict[str, str],
    redis: RedisServer,
    alone: bool,
    strike: Callable[[RedisServer], None],
    times: int,
) -> None:
    if alone:
        redis = request.getfixturevalue("layer")
        site = request.getfixturevalue("two_servers")
    with struck(redis, lambda: strike(redis), "PUBLISH", times):
        status, (line,) = audit(site, *OPTIONS)
    assert status == 2
    # Which of the two is used next when one Redis stops is a matter of microseconds.
    parts = [LAYER] if alone else [STORE, LAYER]
    assert line.startswith(tuple(f"CommandError: Nothing could be compared: {p}" for p in parts))
