"""Run Lua scripts on Redis: connections per event loop, short timeouts, one kind of error."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    MovedError,
    NoScriptError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from presence.protocol.errors import TryLater
from presence.store.base import Timing
from presence.store.redis.records import MICROSECONDS, microseconds
from presence.store.redis.scripts import Argument, Call, Script
from presence.store.redis.urls import RedisUrl, connect, parse_redis_url

Client = Redis | RedisCluster
Server = str | Client
"""A URL (`presence.store.redis.urls`), or a client of the site's own."""

CALLS_PER_TRIP = 250
"""Scripts sent together: thousands would hold up Redis and our own event loop."""

AGAIN = [b"again"]
"""The answer of a script that had more to do before its own work than one script may: send it
again. Redis serves others in between."""


@dataclass(frozen=True, slots=True)
class LoopClient:
    """The client of one event loop, and the turns of the trips that it makes at once."""

    client: Client
    turns: asyncio.Semaphore


class ScriptClient:
    """Runs scripts on a Redis server or Cluster. Whatever goes wrong is raised as `TryLater`.

    A client of the site's own must return bytes, and be used on one event loop only. With
    protocol 2, redis-py notices that a server closed a connection which was idle. `timeout`
    limits one trip, including the wait for a free connection; both timeouts are in seconds. Up to
    `connections` are opened per event loop, in a Cluster to each node. Scripts get `timing` with
    every call. Keys live for `spare` seconds longer than what they hold. `ahead` returns seconds to
    add to Redis's clock: tests advance time with it.
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
        self._server = parse_redis_url(server) if isinstance(server, str) else server
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        own = self._server.options if isinstance(self._server, RedisUrl) else {}
        self._connections = own.get("max_connections", connections)
        self._ahead = ahead
        times = (timing.grace, timing.lease, timing.id_rest, timing.board_rest, spare)
        self._times = tuple(map(microseconds, times))
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopClient] = (
            WeakKeyDictionary()
        )
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

    async def _run_trip(self, client: Client, calls: Sequence[Call]) -> list[Any]:
        replies = await self._send(client, calls)
        unknown = [n for n, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            # The server is new, or its scripts were flushed. To keep the order, everything after
            # the first unknown script runs again.
            again = calls[unknown[0] :]
            for text in {call.script.text for call in again}:
                await client.script_load(text)
            replies[unknown[0] :] = await self._send(client, again)
        while unfinished := [n for n, reply in enumerate(replies) if reply == AGAIN]:
            later = await self._send(client, [calls[n] for n in unfinished])
            for n, reply in zip(unfinished, later, strict=True):
                replies[n] = reply
        for call, reply in zip(calls, replies, strict=True):
            if isinstance(reply, Exception) and not call.optional:
                raise reply
        return replies

    async def _send(self, client: Client, calls: Sequence[Call]) -> list[Any]:
        """Send scripts by their SHA-1. An answer may be the exception that a script raised."""
        clock = (int(self._ahead() * MICROSECONDS), *self._times)
        commands: list[tuple[Argument, ...]] = [
            ("EVALSHA", call.script.sha, len(call.keys), *call.keys, *clock, *call.arguments)
            for call in calls
        ]
        if isinstance(client, RedisCluster):
            pipe: Any = client.pipeline(transaction=False)
            for command in commands:
                pipe.execute_command(*command)
            replies: list[Any] = await pipe.execute(raise_on_error=False)
            return replies
        # The pipeline of a server takes twice as long, which is a tenth of what a join costs.
        pool: Any = client.connection_pool
        connection = await pool.get_connection()
        try:
            await connection.send_packed_command(b"".join(map(_packed, commands)))
            return [await _answer(connection) for _ in commands]
        finally:
            await pool.release(connection)

    async def command(self, *words: Argument) -> Any:
        """Run one command and return its answer."""
        async with self._connected() as client:
            return await client.execute_command(*words)

    async def ping(self) -> None:
        """Return once the server has answered, in a Cluster every server that has slots."""
        async with self._connected() as client:
            await _ping(client)

    async def time(self) -> float:
        """Return the server's time, in seconds since 1970."""
        seconds, fraction = await self.command("TIME")
        return int(seconds) + int(fraction) / MICROSECONDS + self._ahead()

    async def close(self) -> None:
        """Close the running loop's connections. A client of the site's own stays open."""
        own = self._clients.pop(asyncio.get_running_loop(), None)
        if own is not None and isinstance(self._server, RedisUrl):
            await own.client.aclose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        loop_client = self._loop_client()
        try:
            async with asyncio.timeout(self._timeout), loop_client.turns:
                if self._failed:
                    await self._recover(loop_client.client)
                yield loop_client.client
                self._failed = False
        except (RedisError, RedisClusterException, OSError) as error:
            # Redis is down, loading, read-only, out of memory or forbids the command. All of this
            # passes, or is for the site's staff, who find it in the log.
            self._failed = True
            reason = str(error) or type(error).__name__
            if isinstance(error, MovedError):
                reason = "the server is a node of a Cluster, whose URL begins with redis+cluster://"
            raise TryLater(f"Redis: {reason}") from error

    async def _recover(self, client: Client) -> None:
        """Return once Redis answers again.

        It may still carry out what is sent now, even if no answer comes. So after a failure nothing
        that changes state is sent before this.
        """
        if isinstance(client, RedisCluster):
            # A replica may have taken over the slots of a node that is lost.
            await client.nodes_manager.initialize()
        elif isinstance(self._server, RedisUrl):
            # The other connections lead to the same server, which may be silent or replaced.
            await client.connection_pool.disconnect(inuse_connections=False)
        await _ping(client)

    def _loop_client(self) -> LoopClient:
        """Return the client of the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            server = self._server
            if isinstance(server, RedisUrl):
                server = connect(
                    server,
                    timeout=self._timeout,
                    connect_timeout=self._connect_timeout,
                    connections=self._connections,
                )
            self._clients[loop] = LoopClient(server, asyncio.Semaphore(self._connections))
        return self._clients[loop]


def _packed(command: Sequence[Argument]) -> bytes:
    """Encode a command as an array of bulk strings (RESP2)."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in command]
    return b"*%d\r\n%b" % (len(words), b"".join([b"$%d\r\n%b\r\n" % (len(w), w) for w in words]))


async def _answer(connection: AbstractConnection) -> Any:
    """Return the next answer, which may be an exception."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


async def _ping(client: Client) -> None:
    # A replica that does not answer does no harm.
    where = {"target_nodes": RedisCluster.PRIMARIES} if isinstance(client, RedisCluster) else {}
    await client.execute_command("PING", **where)
