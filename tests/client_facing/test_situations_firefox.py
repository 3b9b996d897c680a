"""The same thing is under both pointers in every situation of a page, in Firefox."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import firefox
from tests.support.server import Server, serve_site
from tests.support.situations import (
    Screen,
    assert_same_thing,
    assert_told_anew,
    situations,
)


class Window:
    """A window of a person's own."""

    def __init__(self, window: firefox.Window) -> None:
        self._window = window
        self.open = window.open

    def resize(self, width: int, height: int, ratio: float) -> None:
        size = {"width": width, "height": height}
        self._window.ask("browsingContext.setViewport", viewport=size, devicePixelRatio=ratio)

    def run(self, expression: str) -> Any:
        said = self._window.evaluate(
            f"(async () => JSON.stringify(await ({expression}) ?? null))()"
        )
        return json.loads(said)

    def point(self, x: float, y: float) -> None:
        self._window.move((x - 1, y), (x, y), each=10)

    def click(self, x: float, y: float) -> None:
        # Only the window in front may ask for full screen.
        self._window.ask("browsingContext.activate")
        self._window.move((x, y), click=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_site(tmp_path_factory.mktemp("situations"), "situations") as running:
        yield running


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Screen, Screen]]:
    """Two people's."""
    with firefox.run_firefox(tmp_path_factory.mktemp("firefox")) as running:
        yield Window(running.another()), Window(running.another())


@pytest.mark.parametrize("situation", situations("firefox"))
def test_the_same_thing_is_under_both_pointers(
    screens: tuple[Screen, Screen], server: Server, situation: str
) -> None:
    assert_same_thing(screens, server, "firefox", situation)


def test_what_comes_to_lie_under_a_resting_pointer_is_told(
    screens: tuple[Screen, Screen], server: Server
) -> None:
    assert_told_anew(screens, server, "firefox")
