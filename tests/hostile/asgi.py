"""The example site, which also tells at `STATE` what its process holds and how long it was busy."""

import asyncio
import json
import time
from collections import Counter
from functools import cache
from typing import Any

from presence_site.asgi import application as site
from tests.hostile.trial import STATE


class Turns:
    """Measures the turns of an event loop: `longest` is the most CPU that one took, in seconds.

    CPU and not time, which also passes while other processes have the core.
    """

    def __init__(self, loop: Any) -> None:
        self.longest = 0.0
        self._run = loop._run_once
        loop._run_once = self._measure

    def _measure(self) -> None:
        began = time.thread_time()
        self._run()
        self.longest = max(self.longest, time.thread_time() - began)


turns = cache(Turns)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a request for `STATE`, and leave everything else to the site. With any query, turns
    are measured anew."""
    if scope["type"] != "http" or scope["path"] != STATE:
        await site(scope, receive, send)
        return
    measured = turns(asyncio.get_running_loop())
    tasks = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]
    told = json.dumps({"tasks": tasks, "turn": measured.longest}).encode()
    if scope["query_string"]:
        measured.longest = 0.0
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})
