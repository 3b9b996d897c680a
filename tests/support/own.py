"""What a process that serves nobody opens to Redis by itself, such as the tests' own."""

import asyncio

from presence.conf import get_settings
from presence.runtime import background_loop, background_store, shared_layer


def close_own() -> None:
    """Close it, before the settings that lead there change."""

    async def close() -> None:
        await background_store(get_settings()).close()
        layer = shared_layer()
        if layer is not None and hasattr(layer, "flush"):
            await layer.flush()

    asyncio.run_coroutine_threadsafe(close(), background_loop()).result(10)
