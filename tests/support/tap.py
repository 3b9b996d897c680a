"""What a page's sockets carry, and what its console says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, WebSocket

from tests.support.waiting import DEADLINE, eventually


@dataclass
class Tap:
    """Everything one page sends and receives over its sockets, from before it is loaded."""

    page: Page
    sockets: list[WebSocket] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    thrown: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("websocket", self._opened)
        self.page.on("pageerror", lambda error: self.thrown.append(str(error)))
        self.page.on("console", lambda message: self.console.append(message.text))

    @property
    def open(self) -> list[WebSocket]:
        """The sockets that are not closed."""
        return [socket for socket in self.sockets if not socket.is_closed()]

    def of_type(self, frames: list[bytes], kind: int) -> list[bytes]:
        """Return the frames of a message type."""
        return [frame for frame in frames if frame[0] == kind]

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


CLIENT = """async ([origin, options]) => {
    const { PresenceClient } = await import(`${origin}/static/presence/client.js`);
    const client = window.client = new PresenceClient(options);
    client.on("status", ({status}) => window.status = status);
    client.on("count", (count) => window.count = count);
    client.connect();
}"""


def join(page: Page, origin: str, **options: str) -> None:
    """Take part from a page of the site that draws nothing, as `window.client`."""
    page.goto(f"{origin}/healthz")
    page.evaluate(CLIENT, [origin, options])
    page.wait_for_function("() => window.count > 0")
