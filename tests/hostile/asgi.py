"""The example site, which also tells at `STATE` what its process holds at this moment."""

import asyncio
import json
from collections import Counter
from typing import Any

from presence_site.asgi import application as site
from tests.hostile.trial import STATE


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a request for `STATE`, and leave everything else to the site."""
    if scope["type"] != "http" or scope["path"] != STATE:
        await site(scope, receive, send)
        return
    tasks = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"tasks": tasks}).encode()})
