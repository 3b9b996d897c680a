"""One fetch for all pages of a process, and none without a page."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from itertools import count, pairwise
from typing import Any

import pytest

from presence.admin.poller import IDLE_RATIO, MAX_IDLE, Poller, poll
from presence.admin.topics import Topic
from presence.protocol.errors import TryLater
from tests.support.admin import Log
from tests.support.waiting import DEADLINE

INTERVAL = 0.02


class Store:
    """What is fetched. `fetched` holds the queries of each fetch."""

    def __init__(self) -> None:
        self.fetched: list[set[str]] = []
        self.error: Exception | None = None
        self.number = 0
        self.during: Callable[[], None] = lambda: None
        self.topic = Topic(
            "number",
            parse=str,
            authorize=lambda request, wanted: wanted,
            fetch=self.fetch,
            unavailable=lambda query: f"{query} is unavailable",
            interval=INTERVAL,
        )

    async def fetch(self, queries: Collection[str]) -> Mapping[str, int]:
        self.fetched.append({*queries})
        self.during()
        if self.error is not None:
            raise self.error
        return dict.fromkeys(queries, self.number)


class Page:
    """A page: what it receives."""

    def __init__(self, poller: Poller, query: str) -> None:
        self._values: asyncio.Queue[Any] = asyncio.Queue()
        self._poller = poller
        self.subscribe(query)

    def subscribe(self, query: str) -> None:
        self._poller.subscribe(self, query, self._values.put_nowait)

    async def next(self) -> Any:
        """Return the next value."""
        return await asyncio.wait_for(self._values.get(), DEADLINE)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def poller(store: Store) -> Poller:
    return Poller(store.topic)


async def test_one_fetch_for_all_pages(poller: Poller, store: Store) -> None:
    pages = [Page(poller, query) for query in ("one", "two", "one")]
    assert [await page.next() for page in pages] == [0, 0, 0]
    assert store.fetched == [{"one", "two"}]
    store.number = 7
    assert await pages[0].next() == 7


async def test_no_fetch_without_a_page(poller: Poller, store: Store) -> None:
    page = Page(poller, "one")
    await page.next()
    for _ in range(2):
        poller.unsubscribe(page)
    await asyncio.sleep(INTERVAL * 3)  # nothing happens: there is no event to wait for
    assert len(store.fetched) == 1
    await Page(poller, "one").next()


async def test_a_page_subscribes_to_something_else(poller: Poller, store: Store) -> None:
    page = Page(poller, "one")
    await page.next()
    page.subscribe("two")
    store.during = lambda: page.subscribe("three")
    await page.next()
    assert store.fetched == [{"one"}, {"two"}, {"three"}]


async def test_a_page_goes_while_others_receive(poller: Poller) -> None:
    bob, other = object(), object()
    poller.subscribe(other, "one", lambda value: poller.unsubscribe(bob))
    poller.subscribe(bob, "one", lambda value: None)
    last = Page(poller, "one")
    for _ in range(2):
        await last.next()
    assert bob not in poller._pages


@pytest.mark.parametrize("error", [TryLater("away"), RuntimeError("on purpose"), TimeoutError()])
async def test_an_outage(poller: Poller, store: Store, caplog: Log, error: Exception) -> None:
    store.error = error
    page = Page(poller, "one")
    for _ in range(2):
        assert await page.next() == "one is unavailable"
    store.error = None
    assert await page.next() == 0
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "fetching the topic number failed" in line.getMessage()
    assert bool(line.exc_info) == isinstance(error, RuntimeError)


async def test_a_query_that_is_left_out_is_unavailable(store: Store) -> None:
    async def fetch(queries: Collection[str]) -> Mapping[str, int]:
        return {"one": 1}

    topic = Topic("number", str, store.topic.authorize, fetch)
    assert await poll(topic, ["one", "two"]) == {"one": 1, "two": None}


@pytest.mark.parametrize(("work", "idle"), [(0.1, 0.1 * IDLE_RATIO), (100.0, MAX_IDLE)])
async def test_a_fetch_that_takes_much_cpu_time_is_rare(
    store: Store, work: float, idle: float
) -> None:
    worked = count(step=work)  # so many seconds for each fetch
    poller, times = Poller(store.topic, lambda: float(next(worked))), []
    page = Page(poller, "one")
    for _ in range(3):
        await page.next()
        times.append(asyncio.get_running_loop().time())
    poller.unsubscribe(page)
    gaps = [later - before for before, later in pairwise(times)]
    assert gaps == pytest.approx([idle] * 2)
