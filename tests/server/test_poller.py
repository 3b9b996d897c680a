"""One look for all pages of a process, and none without a page."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from itertools import count, pairwise
from typing import Any

import pytest

from presence.admin.poller import LONGEST_REST, REST, Poller
from presence.protocol.errors import TryLater

EVERY = 0.02


class Store:
    """What is looked at. `asked` has what each look was for."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.trouble: Exception | None = None
        self.number = 0

    async def look(self, grants: Collection[str]) -> Mapping[str, int]:
        self.asked.append(set(grants))
        if self.trouble is not None:
            raise self.trouble
        return dict.fromkeys(grants, self.number)


class Page:
    """A page: what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self._news = asyncio.Event()

    def tell(self, value: Any) -> None:
        self.told.append(value)
        self._news.set()

    async def next(self) -> Any:
        """Return what it is told next."""
        self._news.clear()
        await asyncio.wait_for(self._news.wait(), 5)
        return self.told[-1]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def watcher(store: Store) -> Poller:
    return Poller(store.look, lambda grant: f"nobody knows {grant}", EVERY)


async def test_all_pages_are_told_by_one_look(watcher: Poller, store: Store) -> None:
    ada, bob, cy = Page(), Page(), Page()
    for page, grant in ((ada, "one"), (bob, "two"), (cy, "one")):
        watcher.watch(page, grant, page.tell)
    assert [await page.next() for page in (ada, bob, cy)] == [0, 0, 0]
    assert store.asked[0] == {"one", "two"}
    store.number = 7
    assert await ada.next() == 7


async def test_nothing_is_asked_without_a_page(watcher: Poller, store: Store) -> None:
    page = Page()
    watcher.watch(page, "one", page.tell)
    await page.next()
    watcher.forget(page)
    watcher.forget(page)
    asked = len(store.asked)
    await asyncio.sleep(EVERY * 3)  # nothing happens: there is no event to wait for
    assert len(store.asked) == asked
    watcher.watch(page, "one", page.tell)
    await page.next()


async def test_a_page_that_watches_something_else(watcher: Poller, store: Store) -> None:
    page = Page()
    watcher.watch(page, "one", page.tell)
    await page.next()
    watcher.watch(page, "two", page.tell)
    await page.next()
    await page.next()
    assert store.asked[-1] == {"two"}


async def test_a_page_that_goes_while_others_are_told(watcher: Poller) -> None:
    ada, bob = Page(), Page()
    cy = Page()
    watcher.watch(ada, "one", lambda value: watcher.forget(bob))
    watcher.watch(bob, "one", bob.tell)
    watcher.watch(cy, "one", cy.tell)
    await cy.next()
    await cy.next()
    assert bob not in watcher._pages


@pytest.mark.parametrize("trouble", [TryLater("away"), RuntimeError("on purpose"), TimeoutError()])
async def test_pages_are_told_that_nobody_knows(
    watcher: Poller, store: Store, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    page = Page()
    store.trouble = trouble
    watcher.watch(page, "one", page.tell)
    assert await page.next() == "nobody knows one"
    assert await page.next() == "nobody knows one"
    store.trouble = None
    await page.next()
    assert await page.next() == 0
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == 1, "once, until it is over"
    assert bool(said[0].exc_info) == isinstance(trouble, RuntimeError)


async def test_one_that_asks_once(watcher: Poller, store: Store) -> None:
    assert await watcher.once("one") == 0
    store.trouble = TryLater("away")
    assert await watcher.once("two") == "nobody knows two"
    assert store.asked == [{"one"}, {"two"}]


@pytest.mark.parametrize(("work", "rest"), [(0.1, 0.1 * REST), (100.0, LONGEST_REST)])
async def test_a_look_that_is_much_work_is_seldom(store: Store, work: float, rest: float) -> None:
    worked = count(step=work)  # so many seconds for each look
    busy = Poller(store.look, lambda grant: None, EVERY, lambda: float(next(worked)))
    page, times = Page(), []
    busy.watch(page, "one", page.tell)
    for _ in range(3):
        await page.next()
        times.append(asyncio.get_running_loop().time())
    busy.forget(page)
    gaps = [later - before for before, later in pairwise(times)]
    assert gaps == pytest.approx([rest] * 2)
