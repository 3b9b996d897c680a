"""A page built with React, for production and for development, under a real Daphne.

What is known of a board, and when a component is told, is tested in presence/client/test.
"""

import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from presence.protocol.messages import MessageType
from tests.client_facing.conftest import NewContext
from tests.support.browser import Tap, join
from tests.support.server import ROOT, Server, with_settings

CLIENT = ROOT / "presence" / "client"

Visit = Callable[..., Tap]


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a site with what a bundler makes of the React pages."""
    command = ["npm", "--prefix", str(CLIENT), "run", "--silent", "pages"]
    subprocess.run(command, check=True, cwd=ROOT)
    return with_settings(environment, STATICFILES_DIRS=[f"{CLIENT}/build/pages"])


@pytest.fixture
def ada(new_context: NewContext, server: Server, board: str) -> Page:
    """Somebody else on the board, as `window.client`."""
    page = new_context().new_page()
    join(page, server.origin, board=board, name="Ada")
    return page


@pytest.fixture
def visit(new_context: NewContext, server: Server, board: str) -> Visit:
    """Opens the React page in a browser of its own."""

    def open_page(mode: str = "production", count: int = 2) -> Tap:
        tap = Tap(new_context(viewport={"width": 1000, "height": 800}).new_page())
        tap.page.goto(f"{server.origin}/static/{mode}/board.html?board={board}&name=React")
        until_text(tap, "#count", f"{count}")
        return tap

    return open_page


def until_text(tap: Tap, place: str, text: str) -> None:
    tap.until(lambda: tap.page.text_content(place) == text, f"{place}: {text}")


def test_cursors_users_and_count_through_the_hook(ada: Page, visit: Visit) -> None:
    tap = visit()
    assert len(tap.sockets) == 1, "all components share it"
    assert tap.page.text_content("#users") == "Ada"
    ada.evaluate("client.moveTo(1, 0)")
    until_text(tap, "#cursors", '[["Ada",1,0]]')
    ada.evaluate("client.setState(1)")
    until_text(tap, "#cursors", "[]")
    assert tap.page.text_content("#users") == "Ada"
    ada.evaluate("void client.on('cursor', ({x, y}) => window.seen = [x, y])")
    tap.page.evaluate("presence.sendCursor(1, 0)")
    tap.until(lambda: ada.evaluate("window.seen") == [1, 0], "its cursor seen by Ada")
    ada.evaluate("client.destroy()")
    until_text(tap, "#count", "1")
    assert tap.thrown == []


def test_components_render_only_when_what_they_read_changes(ada: Page, visit: Visit) -> None:
    tap = visit()
    # The first cursor makes her active.
    ada.evaluate("client.moveTo(0, 0)")
    until_text(tap, "#cursors", '[["Ada",0,0]]')
    before = tap.page.evaluate("({...renders})")
    # Each renders without data and then with it; the status begins as "connecting".
    assert before["Count"] <= 3, before
    assert before["Status"] == 2, before
    for step in range(1, 21):
        shown = tap.page.text_content("#cursors")
        ada.evaluate("step => client.moveTo(step / 20, 1)", step)
        tap.until(lambda shown=shown: tap.page.text_content("#cursors") != shown, "the next place")
    until_text(tap, "#cursors", '[["Ada",1,1]]')
    after = tap.page.evaluate("({...renders})")
    more = {name: after[name] - before[name] for name in after}
    frames = len(tap.of_type(tap.received, MessageType.CURSOR_BROADCAST))
    assert 20 <= more["Cursors"] <= frames
    assert (more["Count"], more["Users"], more["Status"]) == (0, 0, 0)


def test_the_overlay_shows_and_sends_cursors(ada: Page, visit: Visit) -> None:
    tap = visit()
    ada.evaluate("client.moveTo(0.25, 0.5)")
    surface = tap.page.locator("#surface").bounding_box()
    assert surface

    def place() -> tuple[float, float] | None:
        arrow = tap.page.locator("#surface [data-presence-user] svg").bounding_box()
        return arrow and (round(arrow["x"] - surface["x"]), round(arrow["y"] - surface["y"]))

    tap.until(lambda: tap.page.locator("#surface [data-presence-user]").count() == 1, "a cursor")
    assert place() == (200, 200), "where it comes it is at once"
    assert tap.page.locator("#surface bdi").text_content() == "Ada"
    ada.evaluate("client.moveTo(0.5, 0)")
    tap.until(lambda: place() == (400, 0), "and then it glides")

    tap.page.mouse.move(surface["x"] + 400, surface["y"] + 100)
    kind = MessageType.CURSOR_UPDATE
    tap.until(lambda: tap.of_type(tap.sent, kind), "this person's cursor")
    assert tap.of_type(tap.sent, kind)[-1] == bytes([kind, 127, 255, 63, 255])
    tap.page.mouse.move(surface["x"] + 400, surface["y"] + 700)
    tap.until(lambda: tap.sent[-1] == bytes([MessageType.STATE, 1]), "off the board")


def test_unmounted_nothing_is_left_and_mounted_again_it_is_back(visit: Visit) -> None:
    tap = visit(count=1)
    tap.page.evaluate("show(false)")
    tap.page.locator("#gone").wait_for()
    tap.until(lambda: not tap.open, "the socket closed")
    tap.page.evaluate("show(true)")
    until_text(tap, "#status", "open")
    assert (len(tap.sockets), len(tap.open)) == (2, 1)


def test_strict_modes_second_mount_makes_no_second_socket(visit: Visit) -> None:
    tap = visit("development", count=1)
    assert tap.page.evaluate("renders.Count") >= 2, "StrictMode renders twice"
    assert len(tap.sockets) == 1
    assert tap.thrown == []
    assert not [text for text in tap.console if "rror" in text or "arning" in text]
