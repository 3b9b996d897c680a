"""The panel of a board in the admin, as a browser shows it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from tests.support.server import Server
from tests.support.tap import Tap

MAY = ["view_board", "change_board", "remove_person", "close_board", "reconnect_board", "view_user"]
"""Everything that may be done on the page of a board."""

Open = Callable[..., Tap]


def address(server: Server, board: str) -> str:
    """Return where the page of a board is."""
    return f"{server.origin}/admin/presence_site/board/{board}/change/"


@contextmanager
def opening(browser: Browser, server: Server, board: str) -> Iterator[Open]:
    """Open the page of a board in browser contexts of their own, which end with the block."""
    contexts = []

    def open_page(session: str, *, query: str = "", script: str = "", **options: Any) -> Tap:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": session, "url": server.origin}])
        tap = Tap(context.new_page())
        if script:
            tap.page.add_init_script(script)
        tap.page.goto(address(server, board) + query)
        return tap

    yield open_page
    for context in contexts:
        context.close()


def field(page: Page, name: str) -> Locator:
    """Return the cells of a column."""
    return page.locator(f".presence-table tbody [data-field={name}]")


def row(page: Page, name: str) -> Locator:
    """Return the row of somebody."""
    return page.locator(".presence-table tbody tr", has_text=name)


def complaints(tap: Tap) -> list[str]:
    """Return what the browser says went wrong, of the policy for example. The admin has no icon."""
    return [said for said in tap.thrown + tap.console if "404 (Not Found)" not in said]
