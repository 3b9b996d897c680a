"""The overlay is above full screen elements, modal dialogs and popovers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.clients import Invite
from tests.support.firefox import run_firefox
from tests.support.server import ROOT, Server
from tests.support.waiting import eventually

Look = Callable[..., Page]
Run = Callable[[str], Any]
Mouse = Callable[[float, float], None]

HELPERS = (ROOT / "tests/support/top_layer.js").read_text()
COUNT = "presence-overlay [part=count]"
CURSOR = "presence-overlay [part=cursor]"


@pytest.fixture
def page(look: Look, invite: Invite) -> Page:
    """The board, with Ada's cursor on it."""
    page = look()
    invite("Ada").point(0.5, 0.5)
    page.locator(CURSOR).wait_for()
    page.evaluate(HELPERS)
    return page


def assert_above_everything(run: Run, move: Mouse, click: Mouse) -> None:
    """Check that cursors are seen and the bar is used above all that a page can open."""
    for name in run("topLayer.situations").split("; "):
        run(f"topLayer.open('{name}'), 0")
        click(500, 400)
        # A dialog in a shadow root is noticed when it gets the focus or the pointer.
        move(500, 500)
        eventually(lambda: run("topLayer.isSeen() && topLayer.isUsable()"), f"above {name}")
        run("topLayer.close(), 0")
        move(400, 400)
        eventually(lambda: run("topLayer.isHome()"), f"back after {name}")


def test_cursors_and_bar_are_above_everything(page: Page) -> None:
    assert_above_everything(page.evaluate, page.mouse.move, page.mouse.click)


def test_cursors_and_bar_are_above_everything_in_firefox(
    tmp_path: Path, server: Server, board: str, invite: Invite
) -> None:
    invite("Ada").point(0.5, 0.5)
    with run_firefox(tmp_path) as firefox:
        window = firefox.another()
        window.open(server.page(board))
        shown = "document.querySelector('presence-overlay').shadowRoot.querySelector('.cursor')"
        eventually(lambda: window.evaluate(f"!!{shown}"), "Ada's cursor")
        window.evaluate(f"{HELPERS}; 0")
        # Only the window in front may ask for full screen.
        window.ask("browsingContext.activate")
        assert_above_everything(
            window.evaluate,
            lambda x, y: window.move((x - 1, y), (x, y)),
            lambda x, y: window.move((x, y), click=True),
        )
