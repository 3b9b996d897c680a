"""The way to Redis: one pool of connections for each event loop, short timeouts, and `TryLater` for
whatever goes wrong on it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from presence.protocol.errors import TryLater
from presence.store.redis.scripts import Argument, Call

Client = Redis | RedisCluster

# Down, loading, read only, out of memory, forbidden: none of it is the visitor's fault, and all of
# it passes or is for the site's staff, who read of it in the log.
_TROUBLE = (RedisError, RedisClusterException, OSError)

AT_ONCE = 250
"""Scripts in one trip: neither Redis nor our own event loop is to be held up by thousands."""


class Link:
    """Runs scripts on the Redis at a URL, or that a client of the site's own leads to.

    Such a client must leave answers as bytes, and be used on one event loop. `timeout` is for one
    trip there and back, waiting for a free connection included; both timeouts are in seconds.
    """

    def __init__(
        self, server: str | Client, *, timeout: float, connect_timeout: float, connections: int
    ) -> None:
        self._server = server
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._connections = connections
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = WeakKeyDictionary()
        self._away = False

    async def run(self, call: Call) -> Any:
        """Run a script and return its answer; raises `TryLater`."""
        (reply,) = await self.run_all([call])
        return reply

    async def run_all(self, calls: Sequence[Call], *, at_once: int = AT_ONCE) -> list[Any]:
        """Run scripts, so many in one trip, and return their answers; raises `TryLater`.

        They run in their order, but for a Redis Cluster where each node has its own. One that is
        sent with others may run twice.
        """
        parts = [calls[n : n + at_once] for n in range(0, len(calls), at_once or AT_ONCE)]
        return [reply for part in parts for reply in await self._run_some(part)]

    async def _run_some(self, calls: Sequence[Call]) -> list[Any]:
        async with self._reached() as client:
            replies = await _send(client, calls)
            unknown = [n for n, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            if unknown:
                # The server is new, or its scripts were flushed. What came after the first that it
                # did not know is run again, as it is to run after it.
                again = calls[unknown[0] :]
                for text in {call.script.text for call in again}:
                    await client.script_load(text)
                replies[unknown[0] :] = await _send(client, again)
            for call, reply in zip(calls, replies, strict=True):
                if isinstance(reply, Exception) and not call.optional:
                    raise reply
            return replies

    async def command(self, *words: Argument) -> Any:
        """Run one command and return its answer; raises `TryLater`."""
        async with self._reached() as client:
            return await client.execute_command(*words)

    async def ping(self) -> None:
        """Return when the server answers; raises `TryLater`."""
        await self.command("PING")

    async def close(self) -> None:
        """Close the running loop's connections. A client of the site's own stays open."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[Client]:
        try:
            async with asyncio.timeout(self._timeout):
                client = self._client()
                if self._away:
                    # What is sent now may be done although no answer comes. After trouble nothing
                    # is sent that changes anything before Redis answers again.
                    await client.execute_command("PING")
                yield client
                self._away = False
        except _TROUBLE as error:
            self._away = True
            raise TryLater(f"Redis: {str(error) or type(error).__name__}") from error

    def _client(self) -> Client:
        if not isinstance(self._server, str):
            return self._server
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = Redis.from_pool(self._pool(self._server))
        return self._clients[loop]

    def _pool(self, url: str) -> BlockingConnectionPool:
        return BlockingConnectionPool.from_url(
            url,
            max_connections=self._connections,
            timeout=self._timeout,
            socket_timeout=self._timeout,
            socket_connect_timeout=self._connect_timeout,
            # Who asked decides whether to ask again. A connection that broke while it was idle is
            # opened anew without a retry; with protocol 3 redis-py 8 does not look whether one did
            # (`ConnectionPool.ensure_connection`, "maint_notifications_enabled").
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )


async def _send(client: Client, calls: Sequence[Call]) -> list[Any]:
    """Run scripts that the server knows. An answer may be the exception that a script raised."""
    pipe: Any = client.pipeline(transaction=False)
    for call in calls:
        words = (call.script.sha, len(call.keys), *call.keys, *call.arguments)
        pipe.execute_command("EVALSHA", *words)
    return cast("list[Any]", await pipe.execute(raise_on_error=False))
