"""What a process that serves nobody opens to Redis by itself, such as the tests' own."""

import asyncio

from presence.conf import get_settings
from presence.runtime import own_loop, own_store, shared_layer


def close_own() -> None:
    """Close it, before the settings that lead there change."""

    async def close() -> None:
        await own_store(get_settings()).close()
        layer = shared_layer()
        if layer is not None and hasattr(layer, "flush"):
            await layer.flush()

    asyncio.run_coroutine_threadsafe(close(), own_loop()).result(10)
