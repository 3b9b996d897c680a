"""A URL that tells what is inside a process (tests/support/insides.py), before any site."""

import asyncio
import gc
import json
import time
from collections import Counter
from functools import cache
from typing import Any

PATH = "/insides/"


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


def watched(site: Any) -> Any:
    """Return an ASGI application that answers what is asked of the inside, and gives everything
    else to a site. Turns are measured from the first question on, and anew after each about them.
    """

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await site(scope, receive, send)
            return
        measured, told = turns(asyncio.get_running_loop()), dict[str, Any]()
        match scope["path"].removeprefix(PATH):
            case "tasks":
                told = _tasks()
            case "objects":
                told = _objects()
            case "collected":
                gc.collect()
                told = _objects()
            case "turn":
                told, measured.longest = {"longest": measured.longest}, 0.0
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    return application


def _tasks() -> Counter[str]:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return Counter(task.get_coro().__qualname__ for task in others)


def _objects() -> dict[str, int]:
    kinds = Counter(map(type, gc.get_objects()))
    return {f"{kind.__module__}.{kind.__qualname__}": n for kind, n in kinds.items()}
