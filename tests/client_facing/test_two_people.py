"""Two real browsers on one board: each sees the other move, soon and in the right place."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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

ARRIVED = """([x, y]) => {
    const near = (a, b) => Math.abs(a - b) <= 1;
    const there = seen.find(([, left, top]) => near(left, x) && near(top, y));
    return there && there[0];
}"""


def place(page: Page, fx: float, fy: float) -> tuple[float, float]:
    """Return the place of a fraction of the surface."""
    box = page.locator("#surface").bounding_box()
    assert box is not None
    return box["x"] + fx * box["width"], box["y"] + fy * box["height"]


def time_to_arrive(mover: Page, observer: Page, fx: float, fy: float) -> float:
    """Return the milliseconds from a move until it is seen elsewhere, within 1 px of its place."""
    observer.evaluate("seen.length = 0")
    mover.evaluate("moves.length = 0")
    mover.mouse.move(*place(mover, fx, fy))
    arrived = observer.wait_for_function(ARRIVED, arg=place(observer, fx, fy)).json_value()
    return float(arrived) - float(mover.evaluate("moves.at(-1)"))


@pytest.mark.alone
def test_two_people_see_each_other(look: Callable[..., Page]) -> None:
    ada, bob = look(RECORD), look(RECORD)
    for page in (ada, bob):
        expect(page.locator("presence-overlay [part=count]")).to_have_text("2 people here")

    for mover, observer in ((ada, bob), (bob, ada)):
        cursor = observer.locator("presence-overlay [part=cursor]")
        mover.mouse.move(*place(mover, 0.1, 0.1))
        expect(cursor).to_be_visible()
        took = [time_to_arrive(mover, observer, 0.07 * n, 0.05 * n) for n in range(1, 10)]
        # All but one: a browser may pause to collect garbage.
        assert sorted(took)[-2] < 100, f"milliseconds from move to sight: {took}"
        observer.evaluate("seen.length = 0")
        observer.wait_for_function("() => seen.length > 20")
        box = cursor.bounding_box()
        assert box is not None
        x, y = place(observer, 0.07 * 9, 0.05 * 9)
        assert abs(box["x"] - x) <= 1, "it rests"
        assert abs(box["y"] - y) <= 1

        label = observer.locator("presence-overlay [part=label]")
        own = mover.locator("presence-overlay")
        assert label.text_content() == own.evaluate("one => one.client.self.name")
        color = own.evaluate("one => `rgb(${one.client.self.color.join(', ')})`")
        assert label.evaluate("one => getComputedStyle(one).backgroundColor") == color

    bob.close()
    expect(ada.locator("presence-overlay [part=count]")).to_have_text("1 person here")
    expect(ada.locator("presence-overlay [part=cursor]")).to_have_count(0)
