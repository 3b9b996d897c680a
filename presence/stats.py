"""How many people there were, and how each process does.

Minutes are kept for a day and hours for 30 days, for each board and for all boards together. Every
function raises `TryLater` where the store does not answer. Without `PRESENCE["REDIS_URL"]` it
raises `ImproperlyConfigured` in a process that does not serve the boards.
"""

from uuid import UUID

from presence.runtime import for_sync_code, with_history
from presence.server.stats import ProcessStats as ProcessStats
from presence.store.history import HOURS, MINUTES, Span
from presence.store.history import Point as Point


async def aminutes(board: UUID | None = None, count: int = MINUTES.kept) -> list[Point]:
    """Return the last `count` minutes of a board, or of all boards together, oldest first."""
    return await read(board, MINUTES, count)


async def ahours(board: UUID | None = None, count: int = HOURS.kept) -> list[Point]:
    """Return the last `count` hours of a board, or of all boards together, oldest first."""
    return await read(board, HOURS, count)


async def read(board: UUID | None, span: Span, count: int) -> list[Point]:
    """Return the last `count` buckets of a span, oldest first."""
    return await with_history(lambda history: history.read(board, span, count))


async def anamed(board: UUID) -> UUID:
    """Return a board that is known by its UUID with its reference, where it has one and somebody
    was there in the last 30 days."""
    return await with_history(lambda history: history.named(board))


async def aprocess_stats() -> list[ProcessStats]:
    """Return the stats of every living process, by name, at most 5 s old. One appears with its
    first socket or request for `/healthz` or `/metrics`, and disappears 15 s after its last
    publication."""
    published = await with_history(lambda history: history.published())
    return [ProcessStats.load(published[process]) for process in sorted(published)]


minutes = for_sync_code(aminutes)
hours = for_sync_code(ahours)
named = for_sync_code(anamed)
process_stats = for_sync_code(aprocess_stats)

# Their former names.
figures, afigures = process_stats, aprocess_stats
