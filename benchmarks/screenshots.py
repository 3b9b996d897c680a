"""`python -m benchmarks.screenshots`: the pictures in docs/images, taken of the real site.

A browser looks at the welcome board, on which three others point at things. Everyone has a cookie
of their own, so that names and colours are the same in every run.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, ViewportSize, sync_playwright
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from presence.conf import get_settings
from presence.guests import sign_guest
from presence.messages import SUBPROTOCOL, CursorUpdate, Dialect, Join
from presence.protocol import encode
from tests.support.browser import launch
from tests.support.server import ROOT, Server, prepare, serve, site_environment

IMAGES = ROOT / "docs" / "images"
PICTURES: dict[str, Literal["light", "dark"]] = {"board.png": "light", "board-dark.png": "dark"}
"""Files, and the colour scheme of each."""

SIZE: ViewportSize = {"width": 1280, "height": 800}
SCALE = 2
MOST_BYTES = 400_000

UNITS = 65535
"""A coordinate for the whole of the surface (PROTOCOL.md, Identifiers)."""

SEEN = """others => {
  const root = document.querySelector('presence-overlay')?.shadowRoot;
  const cursors = [...root?.querySelectorAll('[part~=cursor]') ?? []];
  const shown = cursors.filter(cursor => cursor.checkVisibility({visibilityProperty: true}));
  const count = root?.querySelector('[part=count]')?.dataset.count;
  return shown.length === others && Number(count) === others + 1;
}"""


@dataclass(frozen=True)
class Guest:
    """Someone on the board, and where they point: fractions of the surface. Their colour comes of
    their key; these were chosen to be seen on light and on dark."""

    key: str
    name: str
    x: float
    y: float


VIEWER = "viewer-0"
GUESTS = (
    Guest("ada-15", "Ada", 0.185, 0.29),
    Guest("otter-23", "Brave Otter", 0.44, 0.42),
    Guest("olga-1", "Ольга", 0.53, 0.19),
)


def cookie(key: str) -> tuple[str, str]:
    """Return the name and value of the cookie by which the site knows a guest."""
    return get_settings().GUEST_COOKIE, sign_guest(key)


@contextmanager
def pointing(server: Server, guest: Guest) -> Iterator[ClientConnection]:
    """Have a guest on the welcome board who points at their place."""
    with connect(
        server.socket_url(),
        origin=Origin(server.origin),
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        additional_headers={"Cookie": "=".join(cookie(guest.key))},
    ) as socket:
        socket.send(encode(Join(0, guest.name), Dialect.COMPACT))
        x, y = (int(fraction * UNITS) for fraction in (guest.x, guest.y))
        socket.send(encode(CursorUpdate(x, y), Dialect.COMPACT))
        yield socket


def take(browser: Browser, server: Server, scheme: Literal["light", "dark"], file: Path) -> None:
    """Take one picture."""
    context = browser.new_context(
        viewport=SIZE, device_scale_factor=SCALE, color_scheme=scheme, reduced_motion="reduce"
    )
    name, value = cookie(VIEWER)
    context.add_cookies([{"name": name, "value": value, "url": server.origin}])
    page = context.new_page()
    page.goto(server.page())
    page.wait_for_function(SEEN, arg=len(GUESTS))
    page.screenshot(path=file)
    context.close()
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{file} is too big for a README: over {MOST_BYTES} bytes")


def main() -> None:
    """Take every picture."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        environment = site_environment(folder, REDIS_URL="")
        # Here too, since the cookies are signed with the site's key.
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="presence_site.settings")
        prepare(environment)
        server = stack.enter_context(serve(folder, environment))
        for guest in GUESTS:
            stack.enter_context(pointing(server, guest))
        browser = launch(stack.enter_context(sync_playwright()))
        for name, scheme in PICTURES.items():
            take(browser, server, scheme, IMAGES / name)
        browser.close()


if __name__ == "__main__":
    main()
