"""A page built with React, for production and for development, under a real Daphne."""

import subprocess
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.server import ROOT, Server, serve
from tests.support.tap import Tap, join

CLIENT = ROOT / "presence" / "client"
CURSOR_UPDATE, CURSOR_BROADCAST = 1, 2


@pytest.fixture(scope="module")
def built() -> None:
    """What a site's bundler makes of the package."""
    command = ["npm", "--prefix", str(CLIENT), "run", "--silent", "pages"]
    subprocess.run(command, check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory, built: None
) -> Iterator[Server]:
    """The example site, with the React pages."""
    site = {
        "DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.pages",
        "PAGES": f"{CLIENT}/build/pages",
    }
    with serve(tmp_path_factory.mktemp("daphne"), {**environment, **site}) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, server: Server, board: str) -> Iterator[Callable[..., Tap]]:
    """Open the React page in a browser context of its own."""
    contexts = []

    def open_page(mode: str = "production") -> Tap:
        contexts.append(browser.new_context(viewport={"width": 1000, "height": 800}))
        tap = Tap(contexts[-1].new_page())
        tap.page.goto(f"{server.origin}/static/{mode}/board.html?board={board}&name=React")
        status = tap.page.locator("#status")
        tap.until(lambda: status.all_text_contents() == ["open"], "connected")
        return tap

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def ada(browser: Browser, server: Server, board: str) -> Iterator[Page]:
    """Somebody else on the board, as `window.client`."""
    context = browser.new_context()
    page = context.new_page()
    join(page, server.origin, board=board, name="Ada")
    yield page
    context.close()


def test_cursors_users_and_count_through_the_hook(ada: Page, visit: Callable[..., Tap]) -> None:
    tap = visit()
    tap.until(lambda: tap.page.text_content("#count") == "2", "two people")
    assert tap.page.text_content("#users") == "Ada"
    ada.evaluate("client.moveTo(1, 0)")
    tap.until(lambda: tap.page.text_content("#cursors") == '[["Ada",1,0]]', "Ada's cursor")
    ada.evaluate("client.setState(1)")
    tap.until(lambda: tap.page.text_content("#cursors") == "[]", "Ada's cursor gone")
    assert tap.page.text_content("#users") == "Ada"
    ada.evaluate("client.destroy()")
    tap.until(lambda: tap.page.text_content("#count") == "1", "one person")
    assert tap.thrown == []


def test_all_components_share_one_socket(ada: Page, visit: Callable[..., Tap]) -> None:
    tap = visit()
    assert len(tap.sockets) == 1
    ada.wait_for_function("() => window.client.members.some(({name}) => name === 'React')")


def test_a_move_renders_only_who_reads_cursors(ada: Page, visit: Callable[..., Tap]) -> None:
    tap = visit()
    tap.until(lambda: tap.page.text_content("#count") == "2", "two people")
    # Until the first sight of her, which makes her active, is taken in.
    ada.evaluate("client.moveTo(0, 0)")
    tap.until(lambda: tap.page.text_content("#cursors") == '[["Ada",0,0]]', "the first move")
    before = tap.page.evaluate("({...renders})")
    for step in range(1, 21):
        ada.evaluate("step => client.moveTo(step / 20, 1)", step)
        ada.wait_for_timeout(40)  # the pace at which a hand moves
    tap.until(lambda: tap.page.text_content("#cursors") == '[["Ada",1,1]]', "the last move")
    after = tap.page.evaluate("({...renders})")
    more = {name: after[name] - before[name] for name in after}
    frames = len(tap.of_type(tap.received, CURSOR_BROADCAST))
    assert 10 <= more["Cursors"] <= frames
    assert (more["Count"], more["Users"], more["Status"]) == (0, 0, 0)


def test_each_component_renders_as_often_as_what_it_reads_changes(
    ada: Page, visit: Callable[..., Tap]
) -> None:
    tap = visit()
    tap.until(lambda: tap.page.text_content("#count") == "2", "two people")
    renders = tap.page.evaluate("renders")
    # Nothing, then what came; the status was "connecting" from the beginning.
    assert renders["Count"] <= 3, renders
    assert renders["Status"] == 2, renders


def test_the_overlay_shows_and_sends_cursors(ada: Page, visit: Callable[..., Tap]) -> None:
    tap = visit()
    tap.until(lambda: tap.page.text_content("#count") == "2", "two people")
    ada.evaluate("client.moveTo(0.25, 0.5)")
    surface = tap.page.locator("#surface").bounding_box()
    assert surface

    def place() -> tuple[float, float]:
        arrow = tap.page.locator("#surface [data-presence-user] svg").bounding_box()
        return (
            (round(arrow["x"] - surface["x"]), round(arrow["y"] - surface["y"]))
            if arrow
            else (-1, -1)
        )

    tap.until(lambda: tap.page.locator("#surface [data-presence-user]").count() == 1, "a cursor")
    assert place() == (200, 200), "where it comes it is at once"
    assert tap.page.locator("#surface bdi").text_content() == "Ada"
    ada.evaluate("client.moveTo(0.5, 0)")
    tap.until(lambda: place() == (400, 0), "and then it glides")

    tap.page.mouse.move(surface["x"] + 400, surface["y"] + 100)
    tap.until(lambda: tap.of_type(tap.sent, CURSOR_UPDATE), "this person's cursor")
    assert tap.of_type(tap.sent, CURSOR_UPDATE)[-1] == bytes([1, 127, 255, 63, 255])
    tap.page.mouse.move(surface["x"] + 400, surface["y"] + 700)
    tap.until(lambda: tap.sent[-1] == bytes([0x0B, 1]), "off the board")


def test_the_hook_sends_cursors(ada: Page, visit: Callable[..., Tap]) -> None:
    tap = visit()
    tap.until(lambda: tap.page.text_content("#count") == "2", "two people")
    ada.evaluate("void client.on('cursor', ({x, y}) => window.seen = [x, y])")
    tap.page.evaluate("presence.sendCursor(1, 0)")
    tap.until(lambda: ada.evaluate("window.seen") == [1, 0], "its cursor seen by Ada")


def test_unmounted_nothing_is_left_and_mounted_again_it_is_back(visit: Callable[..., Tap]) -> None:
    tap = visit()
    tap.page.evaluate("show(false)")
    tap.page.locator("#gone").wait_for()
    tap.until(lambda: not tap.open, "the socket closed")
    tap.page.evaluate("show(true)")
    tap.until(lambda: tap.page.text_content("#status") == "open", "back")
    assert (len(tap.sockets), len(tap.open)) == (2, 1)


def test_strict_modes_second_mount_makes_no_second_socket(visit: Callable[..., Tap]) -> None:
    tap = visit("development")
    tap.until(lambda: tap.page.text_content("#count") == "1", "one person")
    assert tap.page.evaluate("renders.Count") >= 2, "StrictMode renders twice"
    assert len(tap.sockets) == 1
    assert tap.thrown == []
    assert not [text for text in tap.console if "rror" in text or "arning" in text]
