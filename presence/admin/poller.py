"""Fetches topics for all admin pages that are open in this process, while there are any."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from time import thread_time
from typing import Any

from presence.admin.topics import TOPICS, Query, Topic, outages

FETCH_WITHIN = 5.0
"""Seconds that one fetch may take; the store gives up sooner."""

IDLE_RATIO = 4.0
"""Idle at least this multiple of the CPU time that the last fetch used: one of ten thousand boards
takes long, and the same event loop carries people's cursors."""

MAX_IDLE = 2.5
"""Seconds of idling that `IDLE_RATIO` asks for at most: within 5 s a board must disappear from the
page of somebody who may not view it any more."""


class Poller:
    """Fetches a topic every `interval` seconds, once for all subscribed pages, on one event loop.
    `cpu_time` returns the CPU seconds that this thread has used."""

    def __init__(self, topic: Topic, cpu_time: Callable[[], float] = thread_time) -> None:
        self._topic = topic
        self._cpu_time = cpu_time
        self._pages: dict[object, tuple[Query, Callable[[Any], None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, page: object, query: Query, receive: Callable[[Any], None]) -> None:
        """Pass a page the value of its query after each fetch, in place of its earlier query."""
        self._pages[page] = query, receive
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def unsubscribe(self, page: object) -> None:
        """Pass a page nothing more; does nothing for a page that is not subscribed."""
        self._pages.pop(page, None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pages:
            began, cpu_began = loop.time(), self._cpu_time()
            values = await poll(self._topic, {query for query, _ in self._pages.values()})
            for query, receive in [*self._pages.values()]:
                if query in values:
                    receive(values[query])
            idle = min(MAX_IDLE, IDLE_RATIO * (self._cpu_time() - cpu_began))
            await asyncio.sleep(max(idle, began + self._topic.interval - loop.time()))


_pollers: dict[tuple[asyncio.AbstractEventLoop, str], Poller] = {}


def poller_of(topic: str) -> Poller:
    """Return the running event loop's poller of a topic, by its name."""
    for key in [key for key in _pollers if key[0].is_closed()]:
        del _pollers[key]
    return _pollers.setdefault((asyncio.get_running_loop(), topic), Poller(TOPICS[topic]))


async def poll(topic: Topic, queries: Collection[Query]) -> Mapping[Query, Any]:
    """Fetch a topic once; return the value of each query, `unavailable` where that failed."""
    values: Mapping[Query, Any] = {}
    with outages.attempt(f"fetching the topic {topic.name}"):
        async with asyncio.timeout(FETCH_WITHIN):
            values = await topic.fetch(queries)
    return {q: values[q] if q in values else topic.unavailable(q) for q in queries}
