"""The changelist of boards in the admin, live."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.client_facing.conftest import NewContext
from tests.support.accounts import VIEW, change, sign_in
from tests.support.browser import Tap, main_thread_tasks
from tests.support.clients import Client, Clients, Invite
from tests.support.loop import LoopThread
from tests.support.server import Server, manage, serve, with_settings
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.windowless

ROWS, JOINS, SECONDS = 500, 50, 4.0
LONGEST_US = 100_000

NOTE_FRAMES = """(() => {
  window.rows_of_frames = [];
  window.WebSocket = class extends WebSocket {
    constructor(...how) {
      super(...how);
      this.addEventListener("message", (event) => {
        const { rows = {} } = JSON.parse(event.data);
        window.rows_of_frames.push(Object.keys(rows).length);
      });
    }
  };
})()"""

MAKE_BOARDS = """
from presence_site.models import Board
Board.objects.bulk_create(Board(id=id, title='Long', open_to_guests=True) for id in {})
"""


@pytest.fixture(scope="module")
def long_boards() -> list[str]:
    return [str(uuid4()) for _ in range(ROWS)]


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], long_boards: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The site with 500 boards more on a page of the list, under a policy of one line."""
    site = with_settings(
        environment, POLICY="default-src 'self'", ROOT_URLCONF="tests.support.long_list_urls"
    )
    manage(site, "shell", "--no-imports", "-c", MAKE_BOARDS.format(long_boards))
    with serve(tmp_path_factory.mktemp("daphne"), site) as running:
        yield running
        change(running, "DELETE FROM presence_site_board WHERE title = 'Long'", rows=ROWS)


@pytest.fixture
def open_list(new_context: NewContext, server: Server) -> Callable[..., Tap]:
    """Opens the list of boards as staff."""

    def open_page(query: str, blocked: bool = False, script: str = "") -> Tap:
        tap = Tap(new_context(sign_in(server, stan=VIEW)["stan"]).new_page())
        if blocked:
            tap.page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1011))
        if script:
            tap.page.add_init_script(script)
        tap.page.goto(f"{server.origin}/admin/presence_site/board/{query}")
        return tap

    return open_page


def cell(page: Page, board: str) -> Locator:
    return page.locator(f".presence-online[data-board='{board}']")


def test_a_page_that_cannot_have_a_socket_asks(
    open_list: Callable[..., Tap], invite: Invite, board: str
) -> None:
    tap = open_list(f"?id={board}", blocked=True)
    expect(cell(tap.page, board)).to_have_text("0")
    invite("Ada")
    expect(cell(tap.page, board)).to_have_text("1")
    assert tap.received == []


async def crowd(clients: Clients, boards: list[str], joined: list[Client], enough: Event) -> None:
    """Have `JOINS` people come each second, each on the next board, until it is enough.

    Whoever was on the way then has arrived when this returns."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def come(number: int) -> None:
        joined.append(await clients.join(f"G{number}", board=boards[number % len(boards)]))

    async with asyncio.TaskGroup() as coming:
        for number in count():
            await asyncio.sleep(max(0.0, began + number / JOINS - loop.time()))
            if enough.is_set():
                break
            coming.create_task(come(number))


@pytest.mark.alone
def test_five_hundred_rows_and_fifty_joins_a_second(
    browser: Browser,
    open_list: Callable[..., Tap],
    server: Server,
    long_boards: list[str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    tap = open_list("?q=Long", script=NOTE_FRAMES)
    page = tap.page
    assert page.locator(".presence-online").count() == ROWS
    tap.until(lambda: tap.received, "a frame")
    clients, joined, enough, loop = Clients(server), [], Event(), LoopThread()
    coming = loop.start(crowd(clients, long_boards, joined, enough))
    tap.until(lambda: len(joined) > JOINS / 2, "people who come")
    page.evaluate("rows_of_frames = []")
    browser.start_tracing(page=page, path=tmp_path / "trace.json", categories=["toplevel"])
    before = len(joined)
    page.wait_for_timeout(SECONDS * 1000)  # what is measured is what happens in a time
    joins = (len(joined) - before) / SECONDS
    trace = browser.stop_tracing()
    frames = page.evaluate("rows_of_frames")
    enough.set()
    coming.result(DEADLINE)
    loop.run(clients.close())
    loop.close()
    tasks = main_thread_tasks(trace)
    measured = (
        f"{joins:.0f} joins a second; {len(frames)} frames of {sum(frames)} rows in"
        f" {SECONDS:.0f} s; {len(tasks)} tasks, the longest"
        f" {max(tasks) / 1000:.1f} ms of CPU"
    )
    record_property("measured", measured)
    assert joins > JOINS / 2, measured
    # They are sent 250 ms apart. On a busy machine two may arrive together, so they are counted.
    assert 5 <= len(frames) <= SECONDS / 0.25 + 2, measured
    assert max(tasks) <= LONGEST_US, measured
    tap.until(lambda: page.locator(".presence-online:text-is('0')").count() == ROWS, "all are gone")
    assert tap.complaints == []
