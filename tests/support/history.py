"""Histories that tests write themselves."""

from collections.abc import Mapping
from uuid import UUID

from redis import Redis

from presence import runtime
from presence.store.history import Bucket, History, Span
from presence.store.redis.scripts import Keys


def write_history(
    client: Redis, board: UUID | None, span: Span, buckets: Mapping[int, Bucket]
) -> None:
    """Write to Redis what processes would have recorded of a board, or of all together, by the
    numbers of the buckets."""
    keys = Keys("presence")
    with client.pipeline() as pipeline:
        for number, bucket in buckets.items():
            key = keys.history(board, span.name, number // span.page)
            pipeline.hset(key, str(number), f"{bucket.samples} {bucket.sum} {bucket.peak}")
            pipeline.expire(key, span.page_ttl)
        pipeline.execute()


async def own_history() -> History:
    """Return the history of the running loop's hub, to which only the test writes from now on."""
    publisher = runtime._publishers[runtime.current_hub()]
    await publisher.stop()
    return publisher.history
