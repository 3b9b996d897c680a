"""How many people there were: per minute for a day, per hour for 30 days, on one board or on all.

Each function has an async twin, whose name begins with an "a". All raise `TryLater` where the store
is out of reach, and without `PRESENCE["REDIS_URL"]` `ImproperlyConfigured` in a process that does
not serve the boards.

How the living processes of a site do.
"""

from uuid import UUID

from asgiref.sync import async_to_sync

from presence.runtime import with_history
from presence.server.stats import ProcessStats, load
from presence.store.history import HOURS, MINUTES, Point, Span

__all__ = ["Point", "ProcessStats", "afigures", "ahours", "aminutes", "figures", "hours", "minutes"]


async def afigures() -> list[ProcessStats]:
    """Return the figures of every living process, by its name; each is some 5 s old at most.

    A process is there from its first socket on (or the first time it was asked for `/healthz` or
    `/metrics`) until 15 s after it was last heard of. `TryLater` where the store is out of reach.
    """
    told = await with_history(lambda history: history.published())
    return [load(told[process]) for process in sorted(told)]


figures = async_to_sync(afigures)


async def aminutes(board: UUID | None = None, count: int = MINUTES.kept) -> list[Point]:
    """Return the last `count` minutes, oldest first, of a board, or of all boards together."""
    return await read(board, MINUTES, count)


async def ahours(board: UUID | None = None, count: int = HOURS.kept) -> list[Point]:
    """Return the last `count` hours, as `aminutes` does."""
    return await read(board, HOURS, count)


async def read(board: UUID | None, span: Span, count: int) -> list[Point]:
    """Return the last `count` buckets of a span."""
    return await with_history(lambda history: history.read(board, span, count))


minutes = async_to_sync(aminutes)
hours = async_to_sync(ahours)
