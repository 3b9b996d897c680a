"""The counts on the list of boards, in a real browser, while people come and go."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.support.guests import Invite, inviting
from tests.support.redis import RedisServer, run_redis
from tests.support.server import MEMBERS_BOARD, OPEN_BOARD, Server, serve
from tests.support.tap import Tap

SOON = 10_000
"""Milliseconds within which what is looked for every second is to be seen, on a busy machine."""

IMPATIENT = """() => {
    const counts = document.querySelectorAll("presence-count");
    for (const count of counts) count.setAttribute("every", "1");
}"""
HIDDEN = """(hidden) => {
    const value = hidden ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
PUT = """([board, script]) => {
    const count = document.createElement("presence-count");
    count.setAttribute("board", board);
    document.querySelector("main").append(count);
    return script && import(script);
}"""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this module's own, which its tests may end."""
    with run_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def shared(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    """Two processes of the site, which share a Redis."""
    with ExitStack() as stack:
        own = {**environment, "REDIS_URL": redis.url}
        folders = [tmp_path_factory.mktemp("daphne") for _ in range(2)]
        one, other = [stack.enter_context(serve(folder, own)) for folder in folders]
        yield one, other


@pytest.fixture(scope="module")
def path(server: Server) -> str:
    """The page of the list that has the welcome board."""
    paths = (f"/?page={number}" for number in range(1, 100))
    return next(path for path in paths if OPEN_BOARD in read(server.origin + path))


def read(url: str) -> str:
    with urlopen(url, timeout=15) as answer:
        return str(answer.read().decode())


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor's browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def tap(context: BrowserContext) -> Tap:
    """A page of theirs."""
    return Tap(context.new_page())


@pytest.fixture
def guests(server: Server) -> Iterator[Invite]:
    """Has people come to the welcome board."""
    with inviting(server, OPEN_BOARD) as come:
        yield come


def count(page: Page, board: str = OPEN_BOARD) -> Any:
    return page.locator(f'presence-count[board="{board}"]')


def hurry(page: Page) -> None:
    """Have the counts of a page ask every second."""
    page.evaluate(IMPATIENT)


def test_who_comes_and_goes_is_seen_in_an_open_list(
    tap: Tap, server: Server, path: str, guests: Invite
) -> None:
    answer = tap.page.goto(server.origin + path)
    assert answer
    assert f'<presence-count board="{OPEN_BOARD}" endpoint="/presence/counts/" count="0">0<' in (
        answer.text()
    )
    chip = tap.page.locator(".here", has=count(tap.page))
    expect(chip).to_be_hidden()
    ada = guests("Ada")
    with tap.page.expect_request("**/presence/counts/*") as asked:
        hurry(tap.page)
    expect(chip).to_have_text("1 here now", timeout=SOON)
    expect(chip).to_be_visible()
    boards = parse_qs(urlsplit(asked.value.url).query)["board"]
    shown = "all => all.map((count) => count.getAttribute('board'))"
    assert sorted(boards) == sorted(tap.page.locator("presence-count").evaluate_all(shown))
    assert len(boards) > 1, "all in one request"
    ada.leave()
    expect(chip).to_be_hidden(timeout=SOON)
    assert tap.thrown == tap.console == []


def test_a_tab_that_is_hidden_asks_when_it_is_seen_again(
    tap: Tap, server: Server, path: str, guests: Invite
) -> None:
    def rarely(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace("<presence-count ", '<presence-count every="3600" ')
        route.fulfill(response=answer, body=text)

    tap.page.route(server.origin + path, rarely)
    tap.page.goto(server.origin + path)
    tap.page.evaluate(HIDDEN, True)
    guests("Ada")
    expect(count(tap.page)).to_have_text("0")
    tap.page.evaluate(HIDDEN, False)
    expect(count(tap.page)).to_have_text("1", timeout=SOON)


def test_no_number_of_a_board_that_one_may_not_come_onto(
    tap: Tap, server: Server, path: str, board: str
) -> None:
    tap.page.goto(server.origin + path)
    assert count(tap.page, MEMBERS_BOARD).count() == 0
    with tap.page.expect_response("**/presence/counts/*") as told:
        tap.page.evaluate(PUT, [MEMBERS_BOARD, ""])
        tap.page.evaluate(PUT, ["nonsense", ""])
        tap.page.evaluate(PUT, [board.upper(), ""])
    counts = told.value.json()["counts"]
    assert MEMBERS_BOARD in told.value.url
    assert MEMBERS_BOARD not in counts
    expect(count(tap.page, board.upper())).to_have_text("0")
    for none in (MEMBERS_BOARD, "nonsense"):
        expect(count(tap.page, none)).to_have_text("")
        expect(count(tap.page, none)).not_to_have_attribute("count", "0")


def test_the_overlay_of_the_same_board_tells_at_once(
    tap: Tap, server: Server, guests: Invite
) -> None:
    tap.page.goto(server.page())
    tap.page.evaluate(PUT, [OPEN_BOARD, "/static/presence/count.js"])
    expect(count(tap.page)).to_have_text("1", timeout=SOON)
    tap.page.route("**/presence/counts/*", lambda route: route.abort())
    guests("Ada")
    expect(count(tap.page)).to_have_text("2", timeout=SOON)
    # Whose number it is is a matter of the attribute.
    count(tap.page).evaluate("(count, board) => count.setAttribute('board', board)", MEMBERS_BOARD)
    expect(count(tap.page, MEMBERS_BOARD)).to_have_text("")


def test_who_comes_through_another_process(
    tap: Tap, path: str, shared: tuple[Server, Server]
) -> None:
    here, there = shared
    with inviting(there, OPEN_BOARD) as come:
        come("Ada")
        tap.page.goto(here.origin + path)
        expect(count(tap.page)).to_have_text("1")
        hurry(tap.page)
        come("Bob")
        expect(count(tap.page)).to_have_text("2", timeout=SOON)
    assert tap.thrown == tap.console == []


def test_the_page_is_there_when_the_store_is_not(
    tap: Tap,
    context: BrowserContext,
    path: str,
    shared: tuple[Server, Server],
    redis: RedisServer,
) -> None:
    server = shared[0]
    tap.page.goto(server.origin + path)
    hurry(tap.page)
    expect(count(tap.page)).to_have_text("0")
    redis.stop()
    expect(count(tap.page)).to_have_attribute("stale", "", timeout=SOON)
    expect(count(tap.page)).to_have_text("0")
    other = context.new_page()
    answer = other.goto(server.origin + path)
    assert answer
    assert answer.ok
    expect(other.locator(".card").first).to_be_visible()
    expect(count(other)).to_have_text("")
    expect(other.locator(".here", has=count(other))).to_be_hidden()
    redis.start()
    assert tap.thrown == []
