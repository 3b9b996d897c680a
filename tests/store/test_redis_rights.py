"""Redis users that may do no more than docs/scaling.md lists, and TLS."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from presence.cluster.hosts import layer_hosts
from presence.cluster.requests import check_layer
from presence.protocol.errors import TryLater
from presence.store.base import Timing
from presence.store.redis.scripts import LUA
from presence.store.redis.store import RedisStore
from tests.store.test_redis_offline import CALLS, refused
from tests.support.redis import RedisServer, cluster_url, run_cluster, run_redis, run_sentinel

pytestmark = pytest.mark.redis

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
USERS = {
    words[2]: words[3:]
    for words in map(str.split, re.findall(r"^ACL SETUSER .*$", DOCUMENT, re.MULTILINE))
}
RIGHTS = {user: [word for word in words if word[0] == "+"] for user, words in USERS.items()}


def allow(server: RedisServer, user: str, *more: str, without: str = "") -> None:
    """Give a user the rights of the document."""
    words = [word for word in (*USERS[user], *more) if word != without]
    with server.client() as client:
        client.execute_command("ACL SETUSER", user, "reset", *words)


@pytest.fixture(scope="module", params=["redis-server", "valkey-server"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server with users of its own."""
    with run_redis(tmp_path_factory.mktemp("users"), program=request.param) as running:
        yield running


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    """The store of the user of the document."""
    allow(server, "presence")
    made = RedisStore(f"redis://presence:password@127.0.0.1:{server.port}/0", Timing())
    yield made
    await made.close()


@pytest.fixture
async def layer(server: RedisServer) -> AsyncIterator[Any]:
    """The layer of the user of the document."""
    allow(server, "layer")
    url = f"redis://layer:password@127.0.0.1:{server.port}/0"
    made = RedisPubSubChannelLayer(hosts=layer_hosts(url))
    yield made
    await made.flush()


def test_the_check_runs_every_command_of_the_scripts() -> None:
    texts = {path.stem: path.read_text() for path in LUA.glob("*.lua")}
    checked = set(re.findall(r"\{'([A-Z]+)'", texts["check"]))
    called = set(re.findall(r"redis\.p?call\('([A-Z]+)'", "".join(texts.values())))
    assert checked | {"TIME"} == called
    assert {f"+{name.lower()}" for name in called} < set(RIGHTS["presence"])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_the_rights_of_the_document_suffice(store: RedisStore, call: Any) -> None:
    await store.check()
    await call(store)


@pytest.mark.parametrize("right", RIGHTS["presence"])
async def test_a_right_that_is_missing_is_noticed(
    server: RedisServer, store: RedisStore, right: str
) -> None:
    await store.check()
    allow(server, "presence", without=right)
    name = right[1:].partition("|")[0]
    assert name in (await refused(store.check())).lower()


async def test_a_pattern_that_fits_no_key_is_noticed(
    server: RedisServer, store: RedisStore
) -> None:
    allow(server, "presence", "~other:*", without="~presence:*")
    assert "key" in await refused(store.check())


async def test_a_layer_that_may_do_all_is_well(layer: Any) -> None:
    await check_layer(layer)


@pytest.mark.parametrize("right", ["+publish", "+subscribe", "&asgi*"])
async def test_a_layer_that_carries_nothing_is_noticed(
    server: RedisServer, layer: Any, right: str, caplog: pytest.LogCaptureFixture
) -> None:
    allow(server, "layer", without=right)
    with pytest.raises(TryLater, match="channel layer"):
        await check_layer(layer)


async def test_the_rights_suffice_in_a_cluster(tmp_path: Path) -> None:
    with run_cluster(tmp_path) as nodes:
        for node in nodes:
            allow(node, "presence", "+cluster|slots", "+command", "+asking")
            allow(node, "layer")
        hosts = cluster_url(nodes).partition("://")[2]
        store = RedisStore(f"redis+cluster://presence:password@{hosts}")
        layer = RedisPubSubChannelLayer(
            hosts=layer_hosts(f"redis+cluster://layer:password@{hosts}")
        )
        try:
            await store.check()
            for call in CALLS.values():
                await call(store)
            await check_layer(layer)
        finally:
            await store.close()
            await layer.flush()


async def test_the_rights_suffice_behind_sentinel(tmp_path: Path) -> None:
    with run_sentinel(tmp_path, size=1) as watched:
        (master,), (sentinel,) = watched.servers, watched.sentinels
        allow(master, "presence")
        allow(master, "layer")
        with sentinel.client() as client:
            words = ("on", ">asked", "-@all", "+sentinel|masters")
            client.execute_command("ACL SETUSER", "asker", "reset", *words)
        query = "sentinel_username=asker&sentinel_password=asked"
        place = watched.url.partition("://")[2]
        store = RedisStore(f"redis+sentinel://presence:password@{place}?{query}")
        layer = RedisPubSubChannelLayer(
            hosts=layer_hosts(f"redis+sentinel://layer:password@{place}?{query}")
        )
        try:
            await store.check()
            await check_layer(layer)
        finally:
            await store.close()
            await layer.flush()
