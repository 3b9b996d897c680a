"""Run Lua scripts on Redis: connections per event loop, short timeouts, one kind of error."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from presence.protocol.errors import TryLater
from presence.store.base import Timing
from presence.store.redis.records import MICROSECONDS, microseconds
from presence.store.redis.scripts import Argument, Call, Script

Server = str | Redis | RedisCluster
"""A URL (redis://, rediss://, unix://), or a client of the site's own."""

CALLS_PER_TRIP = 250
"""Scripts sent together: thousands would hold up Redis and our own event loop."""


class ScriptClient:
    """Runs scripts on a Redis server or Cluster. Whatever goes wrong is raised as `TryLater`.

    A client of the site's own must return bytes, and be used on one event loop only. `timeout`
    limits one trip, including the wait for a free connection; both timeouts are in seconds. Up to
    `connections` are opened per event loop. Scripts get `timing` with every call. Keys live for
    `spare` seconds longer than what they hold. `ahead` returns seconds to add to Redis's clock:
    tests advance time with it.
    """

    def __init__(
        self,
        server: Server,
        timing: Timing,
        *,
        timeout: float = 2.0,
        connect_timeout: float = 1.0,
        connections: int = 16,
        spare: float = 60.0,
        ahead: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._server = server
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._connections = connections
        self._ahead = ahead
        times = (timing.grace, timing.lease, timing.id_rest, timing.board_rest, spare)
        self._times = tuple(map(microseconds, times))
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = WeakKeyDictionary()
        self._failed = False

    async def run(self, script: Script, keys: tuple[str, ...], *arguments: Argument) -> Any:
        """Run one script and return its answer."""
        (reply,) = await self.run_all([Call(script, keys, arguments)])
        return reply

    async def run_all(self, calls: Sequence[Call], per_trip: int = CALLS_PER_TRIP) -> list[Any]:
        """Run scripts, up to `per_trip` in one trip, and return their answers.

        They run in order; in a Redis Cluster, in order on each node. A script that is sent with
        others may run twice.
        """
        replies: list[Any] = []
        for start in range(0, len(calls), per_trip):
            part = calls[start : start + per_trip]
            async with self._connected() as client:
                replies += await self._run_trip(client, part)
        return replies

    async def _run_trip(self, client: Redis | RedisCluster, calls: Sequence[Call]) -> list[Any]:
        replies = await self._send(client, calls)
        unknown = [n for n, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            # The server is new, or its scripts were flushed. To keep the order, everything after
            # the first unknown script runs again.
            again = calls[unknown[0] :]
            for text in {call.script.text for call in again}:
                await client.script_load(text)
            replies[unknown[0] :] = await self._send(client, again)
        for call, reply in zip(calls, replies, strict=True):
            if isinstance(reply, Exception) and not call.optional:
                raise reply
        return replies

    async def _send(self, client: Redis | RedisCluster, calls: Sequence[Call]) -> list[Any]:
        """Send scripts by their SHA-1. An answer may be the exception that a script raised."""
        clock = (int(self._ahead() * MICROSECONDS), *self._times)
        pipe: Any = client.pipeline(transaction=False)
        for call in calls:
            words = (call.script.sha, len(call.keys), *call.keys, *clock, *call.arguments)
            pipe.execute_command("EVALSHA", *words)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
        return replies

    async def command(self, *words: Argument) -> Any:
        """Run one command and return its answer."""
        async with self._connected() as client:
            return await client.execute_command(*words)

    async def time(self) -> float:
        """Return the server's time, in seconds since 1970."""
        seconds, fraction = await self.command("TIME")
        return int(seconds) + int(fraction) / MICROSECONDS + self._ahead()

    async def close(self) -> None:
        """Close the running loop's connections. A client of the site's own stays open."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Redis | RedisCluster]:
        try:
            async with asyncio.timeout(self._timeout):
                client = self._loop_client()
                if self._failed:
                    # Redis may still carry out what is sent now, even if no answer comes. So after
                    # a failure nothing that changes state is sent until Redis answers again.
                    await client.execute_command("PING")
                yield client
                self._failed = False
        except (RedisError, RedisClusterException, OSError) as error:
            # Redis is down, loading, read-only, out of memory or forbids the command. All of this
            # passes, or is for the site's staff, who find it in the log.
            self._failed = True
            raise TryLater(f"Redis: {str(error) or type(error).__name__}") from error

    def _loop_client(self) -> Redis | RedisCluster:
        """Return the client of the running event loop."""
        if not isinstance(self._server, str):
            return self._server
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            pool = BlockingConnectionPool.from_url(
                self._server,
                max_connections=self._connections,
                timeout=self._timeout,
                socket_timeout=self._timeout,
                socket_connect_timeout=self._connect_timeout,
                # The caller decides whether to try again. A connection that broke while idle is
                # reopened without a retry, but only with protocol 2: with protocol 3, redis-py 8
                # does not check (`ConnectionPool.ensure_connection`,
                # "maint_notifications_enabled").
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
            client = self._clients[loop] = Redis.from_pool(pool)
        return client
