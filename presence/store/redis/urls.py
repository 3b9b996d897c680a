"""URLs of a Redis server, of a server behind Sentinel, and of a Cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

SCHEMES = tuple(
    f"{scheme}://"
    for scheme in (
        *("redis", "rediss", "unix"),
        *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
    )
)
PORTS = {"sentinel": 26_379, "cluster": 6_379}

ONCE: Mapping[str, Any] = {
    # The caller decides whether to try again. A connection that broke while idle is reopened
    # without a retry, but only with protocol 2: with protocol 3, redis-py 8 does not check
    # (`ConnectionPool.ensure_connection`, "maint_notifications_enabled").
    "retry": Retry(NoBackoff(), 0),
    "protocol": 2,
}
"""Options of connections that are used at once or not at all."""


NOT_OF_CONNECTIONS = {
    *("connection_class", "max_connections", "sentinel_username", "sentinel_password")
}
"""Options that are not for redis-py's connections."""


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """The parts of a URL. `nodes` are the Sentinels, or the nodes of a Cluster to begin with.
    `options` are those of redis-py's connections; `sentinel` those for the Sentinels."""

    text: str
    kind: Literal["server", "sentinel", "cluster"]
    nodes: tuple[tuple[str, int], ...]
    service: str
    options: Mapping[str, Any]
    sentinel: Mapping[str, Any]


def parse_redis_url(text: str) -> RedisUrl:
    """Parse a URL, as docs/scaling.md spells it. Raises `ValueError`, whose text leaves the URL
    out, as it may hold a password."""
    if not text.startswith(SCHEMES):
        raise ValueError(f"it must begin with {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}")
    scheme, _, rest = text.partition("://")
    base, _, kind = scheme.partition("+")
    if kind not in PORTS:
        return RedisUrl(text, "server", (), "", _options(text), {})
    place, _, query = rest.partition("?")
    address, *path = place.split("/")
    user, at, hosts = address.rpartition("@")
    nodes = tuple(_node(host, PORTS[kind]) for host in hosts.split(","))
    service = path.pop(0) if kind == "sentinel" and path else ""
    if kind == "sentinel" and not service:
        raise ValueError("a Sentinel URL names its service: redis+sentinel://host:port/service/0")
    if path and kind == "cluster" and path != [""]:
        raise ValueError("a Cluster has no database number")
    options = _options(f"{base}://{user}{at}host/{'/'.join(path)}?{query}")
    del options["host"]
    ssl = {name: value for name, value in options.items() if name.startswith("ssl")}
    if options.pop("connection_class", None):
        ssl["ssl"] = options["ssl"] = True
    own = ("username", "password")
    sentinel = {n: options.pop(f"sentinel_{n}") for n in own if f"sentinel_{n}" in options}
    if kind == "sentinel":
        return RedisUrl(text, "sentinel", nodes, service, options, {**ssl, **sentinel})
    return RedisUrl(text, "cluster", nodes, "", options, {})


def _options(url: str) -> dict[str, Any]:
    try:
        options: dict[str, Any] = dict(parse_url(url))
    except ValueError:
        raise ValueError("its port or one of its options has no valid value") from None
    kind = options.get("connection_class", Connection)
    own = {name: value for name, value in options.items() if name not in NOT_OF_CONNECTIONS}
    try:
        kind(**own)
    except (TypeError, ValueError, RedisError) as error:
        # What is wrong is the name or the value of an option; neither is a secret.
        raise ValueError(f"redis-py cannot use one of its options ({error})") from None
    return options


def _node(text: str, port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        node = (parts.hostname or "", parts.port or port)
    except ValueError:
        node = ("", port)
    if not node[0]:
        raise ValueError("each of its addresses is host or host:port, with commas between them")
    return node


class SentinelPool(SentinelConnectionPool):
    """Connections to the master that the Sentinels name; closes those to the Sentinels, too."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        for sentinel in self.sentinel_manager.sentinels:
            await sentinel.connection_pool.disconnect(inuse_connections)


def connect(
    url: RedisUrl, *, timeout: float, connect_timeout: float, connections: int
) -> Redis | RedisCluster:
    """Return a client for the running event loop. Timeouts are in seconds; up to `connections` are
    opened, in a Cluster to each node and one more. The `timeout` of an answer is for a Cluster
    only: elsewhere the caller limits each trip."""
    # With a timeout of its own, redis-py takes a task and some timers for each trip.
    times: dict[str, float | None] = {
        "socket_timeout": None,
        "socket_connect_timeout": connect_timeout,
    }
    if url.kind == "server":
        pool = ConnectionPool.from_url(url.text, max_connections=connections, **times, **ONCE)
        return Redis.from_pool(pool)
    if url.kind == "sentinel":
        sentinel = make_sentinel(url, connect_timeout)
        options = {"max_connections": connections, **times, **ONCE, **url.options}
        client: Redis = sentinel.master_for(
            url.service, connection_pool_class=SentinelPool, **options
        )
        return client
    # A node that hangs leaves time to ask another for the slots.
    times = {"socket_timeout": timeout / 2, "socket_connect_timeout": connect_timeout / 2}
    nodes = [ClusterNode(host, port) for host, port in url.nodes]
    options = {**times, **ONCE, **url.options, "max_connections": connections + 1}
    return RedisCluster(startup_nodes=nodes, **options)


def make_sentinel(url: RedisUrl, seconds: float) -> Any:
    """Return redis-py's `Sentinel`. Its servers are asked one after the other, all within so many
    seconds, so that silent ones do not keep the last from answering."""
    each = seconds / len(url.nodes)
    times = {"socket_timeout": each, "socket_connect_timeout": each}
    make: Any = Sentinel
    return make(url.nodes, sentinel_kwargs={**times, **ONCE, **url.sentinel})
