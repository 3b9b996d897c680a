"""A real browser for every module, and people beside it who have none."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import launch
from tests.support.fixtures import *  # noqa: F403
from tests.support.guests import Invite, inviting
from tests.support.server import Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser. Tests beside it are not asynchronous: Playwright has a loop of its own."""
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def invite(server: Server, board: str) -> Iterator[Invite]:
    """Has people come to the test's own board who have no browser."""
    with inviting(server, board) as come:
        yield come


@pytest.fixture
def look(browser: Browser, server: Server, board: str) -> Iterator[Callable[..., Page]]:
    """Opens the test's own board in a browser context of its own, whose options it takes."""
    contexts = []

    def open_page(script: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        page.goto(server.page(board))
        page.locator("presence-overlay [part=count]").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
