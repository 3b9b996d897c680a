"""The `hosts` with which the layer of channels-redis follows Sentinel and Clusters."""

import asyncio
from collections.abc import Iterable
from itertools import cycle
from typing import Any

from redis.asyncio.client import PubSub
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from presence.store.redis.urls import ONCE, RedisUrl, make_sentinel, parse_redis_url

ANSWERS_WITHIN = 2
"""Seconds that a server has to answer, and between two questions whether a subscription lives."""


def layer_hosts(url: str) -> list[Any]:
    """Return the `hosts` of the layer `channels_redis.pubsub.RedisPubSubChannelLayer` for a Redis
    URL, as docs/scaling.md spells it. Raises `ValueError` for any other."""
    parsed = parse_redis_url(url)
    if parsed.kind == "server":
        return [url]
    options = dict(parsed.options)
    secure = options.pop("ssl", False)
    host: dict[str, Any] = {
        "connection_class": SecureLayerConnection if secure else LayerConnection,
        "socket_timeout": ANSWERS_WITHIN,
        "socket_connect_timeout": ANSWERS_WITHIN / 2,
        "health_check_interval": ANSWERS_WITHIN,
        "connection_pool": (
            MasterFinder(parsed) if parsed.kind == "sentinel" else NodeFinder(parsed.nodes)
        ),
        **ONCE,
        **options,
    }
    return [host]


class NodeFinder:
    """The nodes of a Cluster, one after the other: each passes on what is published to any.

    This and `MasterFinder` stand where redis-py's connections have their pool for Sentinel, which
    they ask for an address whenever they connect.
    """

    is_master = True
    check_connection = True

    def __init__(self, nodes: Iterable[tuple[str, int]]) -> None:
        self._nodes = cycle(nodes)

    async def get_master_address(self) -> tuple[str, int]:
        """Return the address of the next node."""
        return next(self._nodes)


class MasterFinder:
    """The master that Sentinels watch."""

    is_master = True
    check_connection = True

    def __init__(self, url: RedisUrl) -> None:
        self._url = url

    async def get_master_address(self) -> tuple[str, int]:
        """Return its address. Raises redis-py's `ConnectionError` if no Sentinel knows it."""
        # Connections to the Sentinels would belong to nobody: channels-redis closes its own only.
        sentinel = make_sentinel(self._url, ANSWERS_WITHIN / 2)
        try:
            host, port = await sentinel.discover_master(self._url.service)
        finally:
            for asked in sentinel.sentinels:
                await asked.aclose()
        return host, port


class LayerConnection(SentinelManagedConnection):
    """A connection that looks for a server anew whenever it connects, and gives up a server that
    keeps a subscription open without answering.

    A subscription is read only. redis-py asks the server every `health_check_interval` whether it
    lives, but does not wait for the answer.
    """

    _asked: tuple[float, float] = (0.0, 0.0)

    async def send_command(self, *args: Any, **kwargs: Any) -> None:
        """Send a command. Raises redis-py's `ConnectionError` if the server is silent."""
        if not self.is_connected:
            await super().connect()  # type: ignore[no-untyped-call]
        if args[1:] == (PubSub.HEALTH_CHECK_MESSAGE,):
            # `next_health_check` moves on with everything that the server sends.
            now, (since, at) = asyncio.get_running_loop().time(), self._asked
            if since != self.next_health_check:
                self._asked = self.next_health_check, now
            elif now - at < ANSWERS_WITHIN:
                return
            else:
                self._asked = (0.0, 0.0)
                await self.disconnect()
                raise RedisConnectionError("the server does not answer a subscription")
        await super().send_command(*args, **kwargs)


class SecureLayerConnection(LayerConnection, SentinelManagedSSLConnection):
    """The same with TLS."""
