"""The example site, with a URL that tells what is inside its process (tests/support/insides.py)."""

import asyncio
import gc
import json
from collections import Counter
from typing import Any

from presence_site.asgi import application as site

PATH = "/insides/"


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http" or not scope["path"].startswith(PATH):
        await site(scope, receive, send)
        return
    if scope["path"].removeprefix(PATH) == "collect":
        gc.collect()
    body = json.dumps({"tasks": _tasks(), "objects": _objects()}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def _tasks() -> Counter[str]:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return Counter(task.get_coro().__qualname__ for task in others)


def _objects() -> dict[str, int]:
    kinds = Counter(map(type, gc.get_objects()))
    return {f"{kind.__module__}.{kind.__qualname__}": n for kind, n in kinds.items()}
