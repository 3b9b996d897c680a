"""A past for a site: what its processes would have noted in Redis, had they run."""

from collections.abc import Mapping
from uuid import UUID

from redis import Redis

from presence import runtime
from presence.store.history import Bucket, History, Span
from presence.store.redis.scripts import Keys


def write_history(
    client: "Redis", board: UUID | None, span: Span, tallies: Mapping[int, Bucket]
) -> None:
    """Write what was seen of a board, or of all together, by the number of the minute or hour."""
    keys = Keys("presence")
    with client.pipeline() as pipeline:
        for number, seen in tallies.items():
            key = keys.history(board, span.name, number // span.page)
            pipeline.hset(key, str(number), f"{seen.samples} {seen.sum} {seen.peak}")
            pipeline.expire(key, span.page_ttl)
        pipeline.execute()


def own_history() -> History:
    """Return the history of the running loop's hub."""
    return runtime._publishers[runtime.current_hub()].history
