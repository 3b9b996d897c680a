"""The worlds in which the store's contract is tested: one for every implementation.

To hold another store to the contract, add its world to `WORLDS`. No test changes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from uuid import uuid4

from presence.store.base import Store, Timing
from presence.store.memory import MemoryStore
from presence.store.redis.store import RedisStore
from tests.support.redis import shared_redis


class World(Protocol):
    """Shared state that begins empty, and the time that passes for it."""

    def make(self, timing: Timing) -> Store:
        """Return a store over this world's state.

        Called again, with the same timing, it returns another store over the same state, as another
        process would have; or the same one, where only one process can share the state.
        """
        ...

    async def advance(self, seconds: float) -> None:
        """Let at least so many seconds pass, and not much more: the suite's times keep 0.2 s away
        from every end."""
        ...


class MemoryWorld:
    """A memory store on a clock that only `advance` moves."""

    def __init__(self) -> None:
        # Far from 0, where a clock that was never asked could pass unseen.
        self.now = 1_000_000.0
        self._store: MemoryStore | None = None

    def make(self, timing: Timing) -> Store:
        self._store = self._store or MemoryStore(lambda: self.now, timing)
        return self._store

    async def advance(self, seconds: float) -> None:
        self.now += seconds


# Keys expire by the server's own clock, which `advance` does not move; and what all processes left
# without a word is given up that much later than the suite lets time pass.
SPARE = 3600.0

OpenWorld = Callable[[], AbstractAsyncContextManager[World]]


@asynccontextmanager
async def memory_world() -> AsyncIterator[World]:
    """Open the world of `MemoryStore`."""
    yield MemoryWorld()


class RedisWorld:
    """Redis stores over one server, on keys of this world's own, and a clock that only `advance`
    moves, but for the time that a command takes to get there: the server's is this machine's."""

    def __init__(self, url: str) -> None:
        self.now = time.time()
        self.stores: list[RedisStore] = []
        self._url = url
        self._prefix = f"world-{uuid4().hex}"

    def make(self, timing: Timing) -> Store:
        made = RedisStore(self._url, timing, prefix=self._prefix, spare=SPARE, ahead=self._ahead)
        self.stores.append(made)
        return made

    async def advance(self, seconds: float) -> None:
        self.now += seconds

    def _ahead(self) -> float:
        return self.now - time.time()


@asynccontextmanager
async def redis_world(program: str = "redis-server") -> AsyncIterator[World]:
    """Open a world of `RedisStore`."""
    world = RedisWorld(shared_redis(program).url)
    try:
        yield world
    finally:
        await asyncio.gather(*(store.close() for store in world.stores))


def valkey_world() -> AbstractAsyncContextManager[World]:
    """Open a world of `RedisStore` over Valkey."""
    return redis_world("valkey-server")


WORLDS: dict[str, OpenWorld] = {
    "memory": memory_world,
    "redis": redis_world,
    "valkey": valkey_world,
}
