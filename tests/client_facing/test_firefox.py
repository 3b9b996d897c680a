"""The overlay in another browser: Firefox and a client of the wire see each other.

Firefox is driven over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks by
itself: no driver of its own is needed.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.support.clients import Invite
from tests.support.server import Server, free_port
from tests.support.waiting import eventually

ROOT = 'document.querySelector("presence-overlay").shadowRoot'
PROGRAMS = ("firefox", "firefox-esr")

# It asks for nothing that is not on this machine.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}


class Firefox:
    """One window of a running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._asked = 0
        self.ask("session.new", capabilities={})
        self._window = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command, and return its result."""
        self._asked += 1
        command = {"id": self._asked, "method": method, "params": parameters}
        self._socket.send(json.dumps(command))
        while True:
            answer = json.loads(self._socket.recv(timeout=30))
            if answer.get("id") == self._asked:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url: str) -> None:
        """Go to a page, and return when it is loaded."""
        self.ask("browsingContext.navigate", context=self._window, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression of the page is: text, a number or a truth."""
        how = {"target": {"context": self._window}, "awaitPromise": True}
        told = self.ask("script.evaluate", expression=expression, **how)
        assert told["type"] == "success", told
        return told["result"].get("value")

    def move(self, *points: tuple[int, int]) -> None:
        """Move the mouse over points of the viewport, 50 ms each."""
        steps = [{"type": "pointerMove", "x": x, "y": y, "duration": 50} for x, y in points]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self.ask("input.performActions", context=self._window, actions=[mouse])


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    """A Firefox with a profile of its own."""
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items())
    (tmp_path / "user.js").write_text("\n".join(lines))
    port = free_port()
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, "Firefox is not installed: apt-get install firefox-esr"
    command = [program, "--headless", "--no-remote", "--profile", str(tmp_path)]
    with (tmp_path / "firefox.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--remote-debugging-port", str(port)], stdout=log, stderr=log
        )
    try:
        with eventually(lambda: _connected(port), "Firefox listens", 60) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _connected(port: int) -> ClientConnection | None:
    try:
        return connect(f"ws://127.0.0.1:{port}/session", max_size=None, ping_interval=None)
    except OSError:
        return None


def test_firefox_and_others_see_each_other(
    firefox: Firefox, server: Server, board: str, invite: Invite
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

    firefox.move((200, 300), (300, 300), (400, 300))
    eventually(lambda: len(ada.cursors()) >= 2, "Firefox's pointer, seen by Ada")
    (first, _), (last, _) = ada.cursors()[0], ada.cursors()[-1]
    assert first < last
