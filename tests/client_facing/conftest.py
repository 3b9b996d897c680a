"""A real Daphne for every module, and clients that speak to it."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import launch
from tests.support.guests import Invite, inviting
from tests.support.postgresql import postgresql as run_postgresql
from tests.support.server import Server, manage, prepare, serve, site_environment
from tests.support.wire import Clients

BOARDS = [str(uuid4()) for _ in range(270)]
"""Open boards beside those of the demo data: a test has one to itself, where no id is resting."""

MAKE_BOARDS = (
    "from presence_site.models import Board\n"
    f"for id in {BOARDS}: Board.objects.create(id=id, title='Test', open_to_guests=True)"
)

_unused = iter(BOARDS)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a site with demo data and `BOARDS`."""
    environment = site_environment(tmp_path_factory.mktemp("site"))
    prepare(environment)
    manage(environment, "shell", "--no-imports", "-c", MAKE_BOARDS)
    return environment


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The example site under Daphne."""
    with serve(tmp_path_factory.mktemp("daphne"), environment) as running:
        yield running


@pytest.fixture
def board() -> str:
    """The UUID of an open board of this test's own."""
    return next(_unused)


@pytest.fixture
async def clients(server: Server, board: str) -> AsyncIterator[Clients]:
    """Opens sockets, on the test's own board, that are closed when the test ends."""
    opened = Clients(server, board)
    yield opened
    await opened.close()


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of this test's own."""
    return tmp_path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL database."""
    # Not below pytest's own folders: PostgreSQL's account may not look into them.
    with tempfile.TemporaryDirectory(prefix="presence-") as home, run_postgresql(Path(home)) as url:
        yield url
