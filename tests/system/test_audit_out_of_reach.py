"""`manage.py presence_audit` ends, and says in one line what is out of reach, wherever in its
course a real Redis stops answering: SIGSTOP keeps connections open, and nothing comes."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from presence.store.base import JoinRequest, Timing
from presence.store.redis import scripts
from presence.store.redis.store import RedisStore
from tests.support.audit import audit, struck
from tests.support.redis import RedisServer, run_redis

BOARD = UUID(int=1)
OPTIONS = ("--repair", "--timeout", "0.5")
STRANDED = f"board {BOARD}: stranded: 'Casper' (session left) is of process dead, without a lease"
SILENT = "process deaf: silent: it holds a lease and did not answer in time"
FOUND = [STRANDED, SILENT, "2 differences in 1 process, 1 board, 1 session."]

COMPARED = "CommandError: Nothing could be compared: "
MENDED = (
    "CommandError: The repair was not finished: ",
    "CommandError: Repaired. What remains could not be compared: ",
)
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
    """The environment of a site where something is to be mended, and a process to be asked."""
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


def test_while_redis_answers_it_is_repaired(site: dict[str, str]) -> None:
    status, lines = audit(site, *OPTIONS)
    assert (status, lines[:3]) == (1, FOUND)
    assert lines[3:5] == ["Repaired. What remains:", SILENT]


def says(line: str, courses: Iterable[str], parts: Iterable[str]) -> bool:
    """Return whether a line says in which course something is out of reach, and what."""
    return line.startswith(tuple(course + part for course in courses for part in parts))


def test_redis_is_paused_before_the_first_look(site: dict[str, str], redis: RedisServer) -> None:
    redis.pause()
    status, (line,) = audit(site, *OPTIONS)
    assert status == 2
    assert says(line, [COMPARED], [STORE])


@pytest.mark.parametrize(
    ("word", "times"),
    [
        pytest.param(PUBLISH, 1, id="while it asks"),
        pytest.param(scripts.SNAPSHOT.sha, 1, id="between the looks"),
        pytest.param(PUBLISH, 3, id="in the second look"),
    ],
)
def test_redis_is_paused_while_it_is_compared(
    site: dict[str, str], redis: RedisServer, word: str, times: int
) -> None:
    with struck(redis, redis.pause, word, times):
        status, (line,) = audit(site, *OPTIONS)
    assert status == 2
    assert says(line, [COMPARED], EITHER)


@pytest.mark.parametrize(
    ("word", "times"),
    [
        pytest.param(scripts.LEAVE.sha, 1, id="while it mends"),
        pytest.param(scripts.PROCESSES.sha, 3, id="after it mended"),
    ],
)
def test_redis_is_paused_while_it_is_repaired(
    site: dict[str, str], redis: RedisServer, word: str, times: int
) -> None:
    with struck(redis, redis.pause, word, times):
        status, lines = audit(site, *OPTIONS)
    assert (status, lines[:-1]) == (2, FOUND)
    assert says(lines[-1], MENDED, EITHER)


@pytest.mark.parametrize("strike", [RedisServer.pause, RedisServer.kill], ids=["paused", "killed"])
def test_the_layers_own_redis_is_out_of_reach_from_the_start(
    two_servers: dict[str, str], layer: RedisServer, strike: Strike
) -> None:
    strike(layer)
    status, (line,) = audit(two_servers, *OPTIONS)
    assert status == 2
    assert says(line, [COMPARED], [LAYER])


@pytest.mark.parametrize(
    ("strike", "times"),
    [
        pytest.param(RedisServer.pause, 1, id="paused while it asks"),
        pytest.param(RedisServer.kill, 1, id="killed while it asks"),
        pytest.param(RedisServer.pause, 3, id="paused in the second look"),
    ],
)
def test_the_layers_own_redis_is_lost(
    two_servers: dict[str, str], layer: RedisServer, strike: Strike, times: int
) -> None:
    with struck(layer, lambda: strike(layer), PUBLISH, times):
        status, (line,) = audit(two_servers, *OPTIONS)
    assert status == 2
    assert says(line, [COMPARED], [LAYER])


def test_the_layers_own_redis_is_paused_while_it_is_repaired(
    two_servers: dict[str, str], layer: RedisServer, redis: RedisServer
) -> None:
    with struck(redis, layer.pause, scripts.LEAVE.sha):
        status, lines = audit(two_servers, *OPTIONS)
    assert (status, lines[:-1]) == (2, FOUND)
    assert says(lines[-1], MENDED, [LAYER])


def test_the_stores_own_redis_is_paused_alone(
    two_servers: dict[str, str], layer: RedisServer, redis: RedisServer
) -> None:
    with struck(layer, redis.pause, PUBLISH):
        status, (line,) = audit(two_servers, *OPTIONS)
    assert status == 2
    assert says(line, [COMPARED], [STORE])
