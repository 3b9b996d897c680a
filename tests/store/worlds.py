"""The worlds in which the store's contract is tested: one for every implementation.

To hold another store to the contract, add its world to `WORLDS`. No test changes.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from presence.store.base import Store, Timing
from presence.store.memory import MemoryStore


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


OpenWorld = Callable[[], AbstractAsyncContextManager[World]]


@asynccontextmanager
async def memory_world() -> AsyncIterator[World]:
    """Open the world of `MemoryStore`."""
    yield MemoryWorld()


WORLDS: dict[str, OpenWorld] = {"memory": memory_world}
