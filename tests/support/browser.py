"""A real Chromium, and what a page sends, receives and logs.

It is the system's: browsers are not downloaded.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserType, Page, WebSocket, sync_playwright

from tests.support.server import ROOT
from tests.support.waiting import DEADLINE, eventually

NAMES = ("chromium", "chromium-browser", "google-chrome")
WINDOWLESS = ("chromium-headless-shell", *NAMES)
"""The first is Chromium without its windows: it opens a page in a third of the time. To a page, the
mouse seems to be in its corner at first."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

AXE = ROOT / "presence/client/node_modules/axe-core/axe.min.js"

NOTE_VIOLATIONS = """
window.violations = [];
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
  // What Django's own scripts do, jQuery for one, is not ours.
  if (sourceFile?.includes('/static/admin/')) return;
  violations.push([violatedDirective, blockedURI, sourceFile].join(' '));
});
addEventListener('presence-error', ({ detail }) => violations.push(detail.message), true);
"""
"""A script for a page before all others: `violations` then has those of its policy, and errors."""

NOTE_ERRORS = (
    "addEventListener('presence-error', e => (window.told ??= []).push(e.detail.message));"
)
"""A script for a page before all others: `told` then has the errors of the overlay."""

LET_TIME_PASS = """{
  window.passed = 0;
  const { now } = Performance.prototype;
  Performance.prototype.now = function () { return now.call(this) + passed; };
}
"""
"""A script for a page before all others: its clock is `passed` milliseconds ahead."""

CLIENT = """async ([origin, options]) => {
    const { PresenceClient } = await import(`${origin}/static/presence/client.js`);
    const client = window.client = new PresenceClient(options);
    client.on("status", ({status}) => window.status = status);
    client.on("count", (count) => window.count = count);
    client.connect();
}"""


def launch(chromium: BrowserType, names: Iterable[str] = NAMES, **options: Any) -> Browser:
    """Start the first browser of these that is here; without any, the test fails that needs it."""
    path = next(filter(None, map(shutil.which, names)), None)
    assert path, f"no browser here: install one of {', '.join(names)}"
    return chromium.launch(executable_path=path, args=FLAGS, **options)


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """Run a browser until the block ends."""
    with sync_playwright() as playwright, launch(playwright.chromium) as running:
        yield running


def main_thread_tasks(trace: bytes) -> list[int]:
    """Return the CPU time of each task of the page's main thread, in microseconds.

    Not the wall clock: on a machine that others use, a task that waits for a core is no slow task.
    """
    events = json.loads(trace)["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"]
        for event in events
        if (event["pid"], event["tid"]) in main
        and event.get("cat") == "toplevel"
        and "tdur" in event
    ]


def barriers(page: Page, part: str = "html") -> list[str]:
    """Return the violations that axe-core finds in a part of the page, including shadow DOM."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("part => axe.run(part).then(found => found.violations)", part)
    return [json.dumps([one["id"], [node["html"] for node in one["nodes"]]]) for one in found]


def join(page: Page, origin: str, **options: str) -> None:
    """Join from a page of the site that draws nothing; the client is `window.client`."""
    page.goto(f"{origin}/healthz")
    page.evaluate(CLIENT, [origin, options])
    page.wait_for_function("() => window.count > 0")


@dataclass
class Tap:
    """Everything that a page sends and receives over its sockets, and says in its console.

    Its sockets are its own: those of a worker tell nothing to a page.
    """

    page: Page
    sockets: list[WebSocket] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    thrown: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script("delete window.SharedWorker")
        self.page.on("websocket", self._opened)
        self.page.on("pageerror", lambda error: self.thrown.append(str(error)))
        self.page.on("console", lambda message: self.console.append(message.text))

    @property
    def open(self) -> list[WebSocket]:
        """The sockets that are not closed."""
        return [socket for socket in self.sockets if not socket.is_closed()]

    @property
    def complaints(self) -> list[str]:
        """Errors of the page, except for the admin's missing icon."""
        return [said for said in self.thrown + self.console if "404 (Not Found)" not in said]

    @property
    def count(self) -> str | None:
        """The count that the overlay shows."""
        return self.page.locator("presence-overlay [part=count]").get_attribute("data-count")

    def of_type(self, frames: list[bytes], kind: int) -> list[bytes]:
        """Return the frames of a message type."""
        return [frame for frame in frames if frame[0] == kind]

    def open_in_own_time(self, url: str) -> None:
        """Go to a page with overlays. Its clock begins when each of them has asked for its socket:
        what the page waits for before that comes in time, however busy the machine is."""
        clock = self.page.clock
        clock.install(time=0)
        clock.pause_at(3600)
        self.page.goto(url)
        overlays = self.page.locator("presence-overlay")
        started = overlays.locator(".layer[data-status]")
        self.until(lambda: started.count() == overlays.count() > 0, "the overlays have started")
        clock.resume()

    def until_later(self, look: Callable[[], Any], what: str) -> Any:
        """Wait for something in a page of `open_in_own_time`, for ever so long by its clock. Time
        passes while no socket is under way: an answer that takes long here is no timeout there."""

        def once() -> Any:
            seen = look()
            if not seen and not self.open:
                self.page.clock.fast_forward(1000)
            return seen

        return self.until(once, what)

    def until(self, look: Callable[[], Any], what: str, within: float = DEADLINE) -> Any:
        """Wait for something in this page; the browser's events are taken in meanwhile."""

        def once() -> Any:
            self.page.wait_for_timeout(10)
            return look()

        return eventually(
            once, lambda: f"{what}; the page says {self.thrown + self.console}", within
        )

    def _opened(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framesent", lambda payload: self.sent.append(_bytes(payload)))
        socket.on("framereceived", lambda payload: self.received.append(_bytes(payload)))


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload
