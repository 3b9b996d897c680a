"""The same thing is under both pointers in every situation of a page, in Chromium."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.server import Server, serve_site
from tests.support.situations import (
    assert_same_thing,
    assert_told_anew,
    meet,
    situations,
)


class Window:
    """A window of a person's own."""

    def __init__(self, browser: Browser) -> None:
        context = browser.new_context(viewport=None)
        self._page = context.new_page()
        self._devtools = context.new_cdp_session(self._page)

    def open(self, url: str) -> None:
        self._page.goto(url)

    def resize(self, width: int, height: int, ratio: float) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": False}
        self._devtools.send("Emulation.setDeviceMetricsOverride", size)

    def run(self, expression: str) -> Any:
        return self._page.evaluate(expression)

    def point(self, x: float, y: float) -> None:
        # Playwright's mouse moves over the part of the page that two fingers have zoomed into.
        left, top = self.run("[visualViewport.offsetLeft, visualViewport.offsetTop]")
        self._page.mouse.move(x - left, y - top, steps=2)

    def pinch(self, x: float, y: float, factor: float) -> None:
        """Zoom into the page with two fingers around a point."""
        pinch = {"x": x, "y": y, "scaleFactor": factor}
        self._devtools.send("Input.synthesizePinchGesture", pinch)

    def click(self, x: float, y: float) -> None:
        self._page.mouse.click(x, y)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_site(tmp_path_factory.mktemp("situations"), "situations") as running:
        yield running


@pytest.fixture(scope="module")
def screens(browser: Browser) -> tuple[Window, Window]:
    """Two people's."""
    return Window(browser), Window(browser)


@pytest.mark.parametrize("situation", situations("chromium"))
def test_the_same_thing_is_under_both_pointers(
    screens: tuple[Window, Window], server: Server, situation: str
) -> None:
    assert_same_thing(screens, server, "chromium", situation)


def test_what_comes_to_lie_under_a_resting_pointer_is_told(
    screens: tuple[Window, Window], server: Server
) -> None:
    assert_told_anew(screens, server, "chromium")


def test_a_page_that_two_fingers_have_zoomed_into(
    screens: tuple[Window, Window], server: Server
) -> None:
    a, b = meet(screens, server, "scrolled-page", "pinch-chromium")
    a.point_at("one")
    b.must_see("one", "at first")
    screens[1].pinch(200, 200, 1.5)
    assert b.screen.run("visualViewport.scale") > 1.4
    b.must_see("one", "zoomed")
    b.point_at("one")
    a.point_at("two")
    a.must_see("one", "from the zoomed page")
    b.must_see("two", "zoomed")
