"""The URLs of a Redis: one server, one behind Sentinel, and a Cluster."""

import pytest
from redis.asyncio.sentinel import MasterNotFoundError

from presence.cluster.hosts import LayerConnection, SecureLayerConnection, layer_hosts
from presence.store.redis.urls import parse_redis_url
from tests.support.server import free_port

SENTINELS = (("a.example", 26379), ("b.example", 5000), ("::1", 26379))


@pytest.mark.parametrize(
    "url",
    ["redis://u:p@r.example:1/2", "rediss://r.example?ssl_ca_certs=/ca.pem", "unix:///r.sock"],
)
def test_one_server_is_spelled_as_in_redis_py(url: str) -> None:
    assert parse_redis_url(url).kind == "server"
    assert layer_hosts(url) == [url]


def test_a_server_behind_sentinels() -> None:
    url = parse_redis_url("redis+sentinel://a.example,b.example:5000,[::1]/mine/3")
    assert (url.kind, url.nodes, url.service) == ("sentinel", SENTINELS, "mine")
    assert url.options == {"db": 3}
    (host,) = layer_hosts(url.text)
    assert (host["connection_class"], host["db"]) == (LayerConnection, 3)


def test_a_cluster() -> None:
    url = parse_redis_url("redis+cluster://a.example:7000,b.example/")
    assert (url.kind, url.nodes) == ("cluster", (("a.example", 7000), ("b.example", 6379)))
    assert url.options == {}


async def test_a_layer_that_no_sentinel_answers() -> None:
    (host,) = layer_hosts(f"redis+sentinel://127.0.0.1:{free_port()}/mine")
    with pytest.raises(MasterNotFoundError, match="No master found for 'mine'"):
        await host["connection_pool"].get_master_address()


async def test_the_layer_connects_to_the_nodes_of_a_cluster_in_turn() -> None:
    (host,) = layer_hosts("redis+cluster://a.example:7000,b.example")
    found = [await host["connection_pool"].get_master_address() for _ in range(3)]
    assert found[0] == found[2] != found[1]


def test_users_tls_and_options() -> None:
    query = "?ssl_ca_certs=/ca.pem&ssl_check_hostname=no&sentinel_username=s&sentinel_password=q"
    url = parse_redis_url(f"rediss+sentinel://u:p%2Fw@a.example/mine{query}")
    tls = {"ssl": True, "ssl_ca_certs": "/ca.pem", "ssl_check_hostname": False}
    assert url.options == {"username": "u", "password": "p/w", **tls}
    assert url.sentinel == {"username": "s", "password": "q", **tls}
    (host,) = layer_hosts(url.text)
    assert (host["connection_class"], host["username"]) == (SecureLayerConnection, "u")
    assert "ssl" not in host
    cluster = parse_redis_url("rediss+cluster://u:p@a.example?ssl_ca_certs=/ca.pem")
    assert cluster.options == {"username": "u", "password": "p", "ssl": True} | {
        "ssl_ca_certs": "/ca.pem"
    }


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("secret.example:6379", "must begin with redis://, .* or rediss"),
        ("redis+mirror://:secret@a", "must begin with"),
        ("redis://:secret/x@a.example", "port"),
        ("redis://:secret@a.example?db=secret", "option"),
        ("redis://:secret@a.example?tiemout=1", "'tiemout'"),
        ("rediss+cluster://:secret@a.example?ssl_cert_reqs=never", "never"),
        ("redis+sentinel://:secret@a.example", "names its service"),
        ("redis+sentinel://:secret@a.example/", "names its service"),
        ("redis+sentinel://:secret@a.example:secret/mine", "host or host:port"),
        ("redis+sentinel://:secret@a.example,,b.example/mine", "host or host:port"),
        ("redis+cluster://:secret@", "host or host:port"),
        ("redis+cluster://:secret@a.example/1", "no database number"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        parse_redis_url(url)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
