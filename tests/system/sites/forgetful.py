"""The example site with a store that keeps nothing for long, to see what it keeps for ever."""

from functools import partial

from presence import runtime
from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from presence_site.asgi import application

# There are no settings for these: nobody needs them shorter, but for a test that waits them out.
TIMING = partial(Timing, id_rest=1.0, board_rest=2.0)
runtime.Timing = TIMING  # type: ignore[misc,assignment]
runtime.RedisStore = partial(RedisStore, spare=2.0)  # type: ignore[misc,assignment]

__all__ = ["application"]
