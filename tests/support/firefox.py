"""A real Firefox, driven over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).

It speaks that by itself: no driver of its own is needed.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.server import free_port
from tests.support.waiting import DEADLINE, eventually

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
    """A running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._asked = 0
        self.ask("session.new", capabilities={})

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command, and return its result. It comes later than what the command waits for."""
        self._asked += 1
        command = {"id": self._asked, "method": method, "params": parameters}
        self._socket.send(json.dumps(command))
        while True:
            answer = json.loads(self._socket.recv(timeout=2 * DEADLINE))
            if answer.get("id") == self._asked:
                assert answer["type"] == "success", answer
                return answer["result"]

    @property
    def first(self) -> "Window":
        """The window that it started with."""
        return Window(self, self.ask("browsingContext.getTree")["contexts"][0]["context"])

    def another(self) -> "Window":
        """Open the window of another person, with cookies of its own."""
        person = self.ask("browser.createUserContext")["userContext"]
        return Window(
            self, self.ask("browsingContext.create", type="window", userContext=person)["context"]
        )


class Window:
    """One window of a running Firefox."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command about this window, and return its result."""
        return self._firefox.ask(method, context=self._context, **parameters)

    def tab(self) -> "Window":
        """Open another tab of the same person."""
        made = self._firefox.ask(
            "browsingContext.create", type="tab", referenceContext=self._context
        )
        return Window(self._firefox, made["context"])

    def open(self, url: str) -> None:
        """Go to a page, and return when it is loaded."""
        self.ask("browsingContext.navigate", url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression of the page is: text, a number or a truth."""
        how = {"target": {"context": self._context}, "awaitPromise": True}
        told = self._firefox.ask("script.evaluate", expression=expression, **how)
        assert told["type"] == "success", told
        return told["result"].get("value")

    def move(self, *points: tuple[float, float], each: int = 50, click: bool = False) -> None:
        """Move the mouse over points of the viewport, so many ms each, and click at the last."""
        steps = [{"type": "pointerMove", "x": x, "y": y, "duration": each} for x, y in points]
        if click:
            steps += [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self.ask("input.performActions", actions=[mouse])


@contextmanager
def run_firefox(folder: Path) -> Iterator[Firefox]:
    """Run a Firefox with a profile of its own in `folder` until the block ends."""
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items())
    (folder / "user.js").write_text("\n".join(lines))
    port = free_port()
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, "Firefox is not installed: apt-get install firefox-esr"
    command = [program, "--headless", "--no-remote", "--profile", str(folder)]
    with (folder / "firefox.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--remote-debugging-port", str(port)], stdout=log, stderr=log
        )
    try:
        with eventually(lambda: _connected(port), "Firefox listens", 60) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE)


def _connected(port: int) -> ClientConnection | None:
    try:
        return connect(f"ws://127.0.0.1:{port}/session", max_size=None, ping_interval=None)
    except OSError:
        return None
