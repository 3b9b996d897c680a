"""The worlds in which the store's contract is tested: one for each implementation.

To hold another store to the contract, add its world to `WORLDS`. No test changes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

from presence.store.base import Store, Timing
from presence.store.memory import MemoryStore
from presence.store.redis.client import Server
from presence.store.redis.scripts import Keys
from presence.store.redis.store import RedisStore
from tests.store.cast import HERE, TIMING
from tests.support.redis import RedisServer, shared_redis


class World(Protocol):
    """Shared state that starts empty, and its clock, which tests advance: `world.now += 3`."""

    now: float

    def make(self, timing: Timing = TIMING) -> Store:
        """Return a store over this world's state.

        Called again, it returns a store over the same state for another process, or the same store
        if only one process can use the state.
        """
        ...


class MemoryWorld:
    """The world of `MemoryStore`."""

    def __init__(self) -> None:
        # Far from 0, which a clock that was never read would show.
        self.now = 1_000_000.0
        self._store: MemoryStore | None = None

    def make(self, timing: Timing = TIMING) -> Store:
        self._store = self._store or MemoryStore(lambda: self.now, timing)
        return self._store


class RedisWorld:
    """Stores under one key prefix of one server. Their clock only moves when a test moves it; keys
    expire by the server's own clock."""

    def __init__(self, server: RedisServer) -> None:
        self.now = time.time()
        self.server = server
        self.prefix = f"world-{uuid4().hex}"
        self.keys = Keys(self.prefix)
        self._stores: list[RedisStore] = []

    def make(self, timing: Timing = TIMING, server: Server = "", **options: Any) -> RedisStore:
        """Return the store of another process; its connections are named like the prefix.

        `server` may be a client of the site's own.
        """
        # Much spare time: the suite lets hours pass that do not pass for the server. Long timeouts:
        # hundreds of calls at once may take seconds on a busy machine.
        patient = {"timeout": 30.0, "connect_timeout": 30.0, "spare": 3600.0}
        options = {"prefix": self.prefix, "ahead": self._ahead, **patient, **options}
        server = server or f"{self.server.url}?client_name={self.prefix}"
        store = RedisStore(server, timing, **options)
        self._stores.append(store)
        return store

    async def renewed(
        self, timing: Timing = TIMING, server: Server = "", process: str = HERE, **options: Any
    ) -> RedisStore:
        """Return the store of another process, which holds a lease."""
        store = self.make(timing, server, **options)
        await store.renew(process)
        return store

    async def close(self) -> None:
        await asyncio.gather(*(store.close() for store in self._stores))

    def names(self) -> list[bytes]:
        """Return the names of all keys."""
        with self.server.client() as client:
            return list(client.scan_iter(f"{self.prefix}:*", count=1000))

    def flush(self) -> None:
        """Lose every key, as FLUSHALL does, but for those of other tests."""
        with self.server.client() as client:
            for name in self.names():
                client.delete(name)

    def sizes(self, keys: tuple[str, ...]) -> dict[str, int]:
        """Return how many entries hashes and sorted sets have, by the last part of their name."""
        found = {}
        with self.server.client() as client:
            for key in keys:
                is_hash = client.type(key) == b"hash"
                found[key.rsplit(":")[-1]] = int(client.hlen(key) if is_hash else client.zcard(key))
        return found

    def _ahead(self) -> float:
        return self.now - time.time()


OpenWorld = Callable[[], AbstractAsyncContextManager[World]]


@asynccontextmanager
async def memory_world() -> AsyncIterator[World]:
    """Open the world of `MemoryStore`."""
    yield MemoryWorld()


@asynccontextmanager
async def redis_world(server: RedisServer) -> AsyncIterator[RedisWorld]:
    """Open a world of `RedisStore` on a server."""
    world = RedisWorld(server)
    try:
        yield world
    finally:
        await world.close()


WORLDS: dict[str, OpenWorld] = {
    "memory": memory_world,
    "redis": lambda: redis_world(shared_redis("redis-server")),
    "valkey": lambda: redis_world(shared_redis("valkey-server")),
}
