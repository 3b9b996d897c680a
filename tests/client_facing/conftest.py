"""Fixtures for what visitors and staff see in a real browser.

Playwright's synchronous API allows no asynchronous tests, so other people come through `invite`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browser import WINDOWLESS, Tap, launch, run_chromium
from tests.support.clients import Invite, inviting
from tests.support.fixtures import *  # noqa: F403
from tests.support.server import Server
from tests.support.waiting import DEADLINE

NewContext = Callable[..., BrowserContext]

expect.set_options(timeout=1000 * DEADLINE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium."""
    with run_chromium() as running:
        yield running


@pytest.fixture(scope="session")
def windowless(chromium: Browser) -> Iterator[Browser]:
    """Chromium without its windows."""
    with launch(chromium.browser_type, WINDOWLESS) as running:
        yield running


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Browser:
    """A real Chromium, without its windows in a module with the mark `windowless`."""
    marked = request.node.get_closest_marker("windowless")
    found: Browser = request.getfixturevalue("windowless" if marked else "chromium")
    return found


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Starts the browser of another person, with Playwright's options and an account's session."""
    contexts: list[BrowserContext] = []

    def start(session: str = "", **options: Any) -> BrowserContext:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        contexts.append(browser.new_context(**options))
        if session:
            # A cookie belongs to a host, whatever the port.
            cookie = {"name": "sessionid", "value": session, "domain": "127.0.0.1", "path": "/"}
            contexts[-1].add_cookies([cookie])
        return contexts[-1]

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def tap(new_context: NewContext) -> Tap:
    """A page of a browser of its own."""
    return Tap(new_context().new_page())


@pytest.fixture
def invite(server: Server, board: str) -> Iterator[Invite]:
    """Lets people without a browser join the test's own board."""
    with inviting(server, board) as come:
        yield come


@pytest.fixture
def look(new_context: NewContext, server: Server, board: str) -> Callable[..., Page]:
    """Opens the test's own board in a browser of its own, with Playwright's options."""

    def open_page(script: str = "", **options: Any) -> Page:
        page = new_context(**options).new_page()
        if script:
            page.add_init_script(script)
        page.goto(server.page(board))
        page.locator("presence-overlay [part=count]").wait_for()
        return page

    return open_page


@pytest.fixture
def open_panel(new_context: NewContext, server: Server, board: str) -> Callable[..., Tap]:
    """Opens the admin's page of the test's own board, with a session."""

    def open_page(session: str, *, script: str = "", **options: Any) -> Tap:
        tap = Tap(new_context(session, **options).new_page())
        if script:
            tap.page.add_init_script(script)
        tap.page.goto(server.panel(board))
        return tap

    return open_page
