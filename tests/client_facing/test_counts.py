"""The counts on the list of boards, while people come and go.

When they ask, and what they show without an answer, is tested in presence/client/test; which boards
may be asked for, in tests/django.
"""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import Tap
from tests.support.clients import inviting
from tests.support.redis import RedisServer
from tests.support.server import OPEN_BOARD, Server, serve
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.windowless

HURRY = """() => {
    const counts = document.querySelectorAll("presence-count");
    for (const count of counts) count.setAttribute("every", "1");
}"""

ADD_COUNT = """async ([board, script]) => {
    const count = document.createElement("presence-count");
    count.setAttribute("board", board);
    document.querySelector("main").append(count);
    await import(script);
}"""


@pytest.fixture
def server(environment: dict[str, str], redis: RedisServer, tmp_path: Path) -> Server:
    """The site with a Redis that no other test uses."""
    with serve(tmp_path, {**environment, "REDIS_URL": redis.url}) as running:
        yield running


@pytest.fixture
def path(server: Server) -> str:
    """The page of the list that has the welcome board."""
    for number in range(1, 100):
        with urlopen(f"{server.origin}/?page={number}", timeout=DEADLINE) as answer:
            if OPEN_BOARD in answer.read().decode():
                return f"/?page={number}"
    raise AssertionError("the welcome board is in no page of the list")


def count(page: Page) -> Locator:
    return page.locator(f'presence-count[board="{OPEN_BOARD}"]')


def test_people_who_come_and_go_show_in_an_open_list(tap: Tap, server: Server, path: str) -> None:
    answer = tap.page.goto(server.origin + path)
    assert answer
    element = f'<presence-count board="{OPEN_BOARD}" endpoint="/presence/counts/" count="0">0<'
    assert element in answer.text(), "it is there without a script"
    chip = tap.page.locator(".here", has=count(tap.page))
    expect(chip).to_be_hidden()
    with inviting(server, OPEN_BOARD) as invite:
        invite("Ada")
        with tap.page.expect_request("**/presence/counts/*") as asked:
            tap.page.evaluate(HURRY)
        expect(chip).to_have_text("1 here now")
        expect(chip).to_be_visible()
        boards = parse_qs(urlsplit(asked.value.url).query)["board"]
        shown = "all => all.map((count) => count.getAttribute('board'))"
        assert sorted(boards) == sorted(tap.page.locator("presence-count").evaluate_all(shown))
        assert len(boards) > 1, "all in one request"
    expect(chip).to_be_hidden()
    assert tap.thrown == tap.console == []


def test_the_overlay_of_the_same_board_tells_at_once(tap: Tap, server: Server) -> None:
    tap.page.goto(server.page())
    tap.page.evaluate(ADD_COUNT, [OPEN_BOARD, "/static/presence/count.js"])
    expect(count(tap.page)).to_have_text("1")
    tap.page.route("**/presence/counts/*", lambda route: route.abort())
    with inviting(server, OPEN_BOARD) as invite:
        invite("Ada")
        expect(count(tap.page)).to_have_text("2")


def test_the_page_is_there_when_the_store_is_not(
    tap: Tap, server: Server, path: str, redis: RedisServer
) -> None:
    tap.page.goto(server.origin + path)
    tap.page.evaluate(HURRY)
    expect(count(tap.page)).to_have_text("0")
    redis.stop()
    expect(count(tap.page)).to_have_attribute("stale", "")
    expect(count(tap.page)).to_have_text("0")
    other = tap.page.context.new_page()
    answer = other.goto(server.origin + path)
    assert answer
    assert answer.ok
    expect(other.locator(".card").first).to_be_visible()
    expect(count(other)).to_have_text("")
    expect(other.locator(".here", has=count(other))).to_be_hidden()
    redis.start()
    assert tap.thrown == []
