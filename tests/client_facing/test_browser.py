"""Two real browsers on one board, under a real Daphne: what people see."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from tests.support.browser import launch
from tests.support.server import Server, serve
from tests.support.waiting import eventually

CURSOR_UPDATE, CURSOR_BROADCAST, WELCOME = 1, 2, 9

# Notes when the pointer moved on this page, and when and where another's cursor was drawn on it.
RECORD = """
window.moves = []; window.seen = [];
addEventListener('pointermove', e => moves.push(performance.timeOrigin + performance.now()), true);
(function look() {
  const overlay = document.querySelector('presence-overlay');
  const cursor = overlay?.shadowRoot?.querySelector('[part~=cursor]');
  if (cursor && cursor.checkVisibility({visibilityProperty: true, opacityProperty: true})) {
    const box = cursor.getBoundingClientRect();
    seen.push([performance.timeOrigin + performance.now(), box.left, box.top]);
  }
  requestAnimationFrame(look);
})();
"""


@dataclass
class Visitor:
    """One browser context with one page on a board, and the payloads of its socket."""

    page: Page
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    def of_type(self, frames: list[bytes], kind: int) -> list[bytes]:
        return [frame for frame in frames if frame[0] == kind]

    def count(self) -> str | None:
        return self.page.locator("presence-overlay [part=count]").get_attribute("data-count")

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """Wait for something in this page; the browser's events are taken in meanwhile."""

        def once() -> Any:
            self.page.wait_for_timeout(10)
            return look()

        return eventually(once, what)

    def point(self, fx: float, fy: float) -> tuple[float, float]:
        """Move the pointer to a fraction of the surface, and return those coordinates."""
        box = self.page.locator("#surface").bounding_box()
        assert box is not None
        x, y = box["x"] + fx * box["width"], box["y"] + fy * box["height"]
        self.page.mouse.move(x, y)
        return x, y


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, server: Server, board: str) -> Iterator[Callable[..., Visitor]]:
    """Open a board's page in a browser context of its own."""
    contexts = []

    def open_page() -> Visitor:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        contexts.append(context)
        visitor = Visitor(context.new_page())
        visitor.page.on("websocket", lambda socket: _tap(socket, visitor))
        visitor.page.add_init_script(RECORD)
        visitor.page.goto(server.page(board))
        visitor.until(lambda: visitor.of_type(visitor.received, WELCOME), "WELCOME")
        return visitor

    yield open_page
    for context in contexts:
        context.close()


def _tap(socket: WebSocket, visitor: Visitor) -> None:
    socket.on("framesent", lambda payload: visitor.sent.append(_bytes(payload)))
    socket.on("framereceived", lambda payload: visitor.received.append(_bytes(payload)))


def _bytes(payload: str | bytes) -> bytes:
    assert isinstance(payload, bytes), "only binary messages are spoken"
    return payload


def test_two_people_see_each_other(visit: Callable[..., Visitor]) -> None:
    ada = visit()
    assert ada.until(lambda: ada.count() == "1", "alone")
    bob = visit()
    for visitor in (ada, bob):
        visitor.until(lambda visitor=visitor: visitor.count() == "2", "two people")

    for mover, watcher in ((ada, bob), (bob, ada)):
        mover.point(0.1, 0.1)
        watcher.until(lambda watcher=watcher: _cursor(watcher), "the first sight of the cursor")
        took = [_time_to_arrive(mover, watcher, 0.07 * n, 0.05 * n) for n in range(1, 10)]
        # All but one: a browser may stop for a moment to tidy its memory.
        assert sorted(took)[-2] < 100, f"milliseconds from move to sight: {took}"
        _assert_at_rest(watcher, 0.07 * 9, 0.05 * 9)

    for watcher, other in ((ada, bob), (bob, ada)):
        shown = watcher.page.locator("presence-overlay [part=label]")
        own = other.page.locator("presence-overlay").get_attribute("name")
        assert shown.text_content() == own
        color = other.of_type(other.received, WELCOME)[0][4:7]
        background = shown.evaluate("e => getComputedStyle(e).backgroundColor")
        assert bytes(int(n) for n in re.findall(r"\d+", background)[:3]) == color

    bob.page.close()
    ada.until(lambda: ada.count() == "1", "alone again")
    ada.until(lambda: not _cursor(ada), "Bob's cursor gone")


def test_payloads_are_5_bytes_up_and_6_down(visit: Callable[..., Visitor]) -> None:
    ada = visit()
    for step in range(20):
        ada.point(step / 20, 0.5)
    ada.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert not ada.of_type(ada.sent, CURSOR_UPDATE), "alone, nothing is sent"

    bob = visit()
    ada.until(lambda: ada.count() == "2", "two people")
    for step in range(20):
        bob.point(step / 20, 0.5)
    ada.until(lambda: ada.of_type(ada.received, CURSOR_BROADCAST), "Bob's cursor")
    up, down = bob.of_type(bob.sent, CURSOR_UPDATE), ada.of_type(ada.received, CURSOR_BROADCAST)
    assert {len(frame) for frame in up} == {5}
    assert {len(frame) for frame in down} == {6}


def test_the_explicit_dialect_as_the_browser_sees_it(
    visit: Callable[..., Visitor], board: str
) -> None:
    ada, bob = visit(), visit()
    bob.page.evaluate(
        """async board => {
            const socket = window.old = new WebSocket(`ws://${location.host}/ws/presence/${board}/`);
            socket.binaryType = 'arraybuffer';
            window.told = [];
            socket.onmessage = ({data}) => told.push([...new Uint8Array(data)]);
            await new Promise(opened => socket.onopen = opened);
            socket.send(new Uint8Array([3, 0, 0, 3, 79, 108, 100]));
        }""",
        board,
    )
    bob.page.wait_for_function("() => told.some(frame => frame[0] === 7)")
    bob.page.evaluate("old.send(new Uint8Array([1, 0, 0, 64, 0, 128, 0]))")
    ada.until(lambda: ada.of_type(ada.received, CURSOR_BROADCAST), "the explicit client's cursor")
    assert ada.of_type(ada.received, CURSOR_BROADCAST)[-1][2:] == bytes([64, 0, 128, 0])
    ada.point(0.5, 0.5)
    bob.page.wait_for_function("() => told.some(frame => frame[0] === 2)")
    sizes = bob.page.evaluate("told.filter(frame => frame[0] === 2).map(frame => frame.length)")
    assert set(sizes) == {8}


def test_a_hostile_name_cannot_alter_the_page(visit: Callable[..., Visitor]) -> None:
    ada = visit()
    mallory = visit()
    name = "<script>window.bad=1</script>"[:22] + "\u202e\u2066"
    mallory.page.evaluate(
        "name => document.querySelector('presence-overlay').setAttribute('name', name)", name
    )
    label = ada.page.locator("presence-overlay [part=label]")
    ada.until(lambda: label.all_text_contents() == ["<script>window.bad=1</"], "the name as text")
    scripts = ada.page.evaluate(
        "document.querySelector('presence-overlay').shadowRoot.querySelectorAll('script').length"
    )
    assert scripts == 0
    assert ada.page.evaluate("window.bad") is None
    assert label.evaluate("e => getComputedStyle(e).unicodeBidi") in ("isolate", "plaintext")


def test_the_page_works_on_without_its_server(
    browser: Browser, environment: dict[str, str], folder: Any
) -> None:
    """Kill the server: the page stays, nothing is thrown at it, and the overlay comes back."""
    with serve(folder, environment) as first:
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(first.page())
        count = page.locator("presence-overlay [part=count][data-count='1']")
        count.wait_for(state="attached")
        first.process.kill()
        first.process.wait()
        page.locator("presence-overlay [data-status=waiting]").wait_for(state="attached")
        notes = page.locator("article").count()
        assert notes > 0
        with serve(folder, environment, port=first.port):
            page.locator("presence-overlay [data-status=open]").wait_for(state="attached")
            count.wait_for(state="attached")
        assert errors == []
        page.close()


def _cursor(watcher: Visitor) -> Any:
    return watcher.page.locator("presence-overlay [part=cursor]:visible").count()


def _assert_at_rest(watcher: Visitor, fx: float, fy: float) -> None:
    """Check that the cursor rests within 1 px of a fraction of the surface."""
    watcher.page.evaluate("seen.length = 0")
    watcher.until(lambda: watcher.page.evaluate("seen.length") > 20, "20 frames drawn")
    surface = watcher.page.locator("#surface").bounding_box()
    cursor = watcher.page.locator("presence-overlay [part=cursor]").bounding_box()
    assert surface
    assert cursor
    assert abs(cursor["x"] - surface["x"] - fx * surface["width"]) <= 1
    assert abs(cursor["y"] - surface["y"] - fy * surface["height"]) <= 1


def _time_to_arrive(mover: Visitor, watcher: Visitor, fx: float, fy: float) -> float:
    """Return the milliseconds from a move until it is seen elsewhere, within 1 px of its place."""
    watcher.page.evaluate("seen.length = 0")
    mover.page.evaluate("moves.length = 0")
    mover.point(fx, fy)
    box = watcher.page.locator("#surface").bounding_box()
    assert box is not None
    place = [box["x"] + fx * box["width"], box["y"] + fy * box["height"]]
    arrived = watcher.page.wait_for_function(
        """([x, y]) => {
            const near = (a, b) => Math.abs(a - b) <= 1;
            const there = seen.find(([, left, top]) => near(left, x) && near(top, y));
            return there && there[0];
        }""",
        arg=place,
        timeout=5000,
    ).json_value()
    return float(arrived) - float(mover.page.evaluate("moves.at(-1)"))
