"""The overlay in another browser: Firefox and a client of the wire see each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import Invite
from tests.support.firefox import Window, run_firefox
from tests.support.metrics import scrape
from tests.support.server import Server
from tests.support.waiting import eventually

ROOT = 'document.querySelector("presence-overlay").shadowRoot'


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Window]:
    """The window of a Firefox with a profile of its own."""
    with run_firefox(tmp_path) as running:
        yield running.first


def test_firefox_and_others_see_each_other(
    firefox: Window, server: Server, board: str, invite: Invite
) -> None:
    ada = invite("Ada")
    firefox.open(server.page(board))
    eventually(
        lambda: (
            firefox.evaluate(f"{ROOT}.querySelector('[part~=count]').textContent")
            == "2 people here"
        ),
        "both are counted",
    )

    ada.point(0.25, 0.5)
    ada.point(0.5, 0.5)
    shown = f"{ROOT}.querySelector('[part~=cursor]:not([hidden]) [part~=label]')?.textContent"
    eventually(lambda: firefox.evaluate(shown) == "Ada", "Ada's cursor in Firefox")
    assert firefox.evaluate(f"getComputedStyle({ROOT}.querySelector('.layer')).position") == "fixed"

    # What comes before the visitor's script is there is told as one position.
    firefox.move((200, 300))
    eventually(lambda: len(ada.cursors()) > 0, "Firefox's pointer, seen by Ada")
    firefox.move((300, 300), (400, 300))
    eventually(lambda: ada.cursors()[-1][0] > ada.cursors()[0][0], "that it moved")

    overlay = "document.querySelector('presence-overlay')"
    swap = "document.body.replaceWith(document.body.cloneNode(true))"
    firefox.evaluate(f"window.kept = {overlay}.client; {swap}")
    assert firefox.evaluate(f"kept === {overlay}.client"), "the session goes on"

    sockets = scrape(server)["presence_sockets"]
    tab = firefox.tab()
    tab.open(server.page(board))
    ada.until(lambda: len(ada.client.others) == 2, "a second tab of Firefox")
    assert (ada.client.count, scrape(server)["presence_sockets"]) == (2, sockets)
