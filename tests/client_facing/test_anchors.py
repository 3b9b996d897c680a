"""Anchors that a page lacks, repeats or cannot have, and the way to one. tests/situations has where
cursors on them are drawn."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from presence.protocol.messages import Anchor
from tests.client_facing.test_position import COUNT_FRAMES, apart, middle, tip
from tests.support.browser import LET_TIME_PASS
from tests.support.clients import Invite
from tests.support.waiting import eventually

Look = Callable[..., Page]

KEEP_ERRORS = """
window.errors = [];
document.addEventListener('presence-error', ({ detail }) => errors.push(detail.message));
"""
ADD_SECTIONS = """ids => document.getElementById('surface').append(...ids.map((id, n) => {
  const section = document.createElement('section');
  section.dataset.presenceAnchor = id;
  section.style.cssText = 'position: absolute; left: 10px; width: 90px; height: 60px';
  section.style.top = `${10 + 600 * n}px`;
  return section;
}))"""
SET_ANCHOR = """selector => {
  document.querySelector('presence-overlay').setAttribute('anchor', selector);
}"""


def hash_of(anchor: str) -> int:
    """Return the anchor's hash (PROTOCOL.md, Identifiers)."""
    value = 0x811C9DC5
    for byte in anchor.encode():
        value = (value ^ byte) * 0x01000193 % (1 << 32)
    return value


def test_a_click_on_a_person_leads_to_the_anchor(look: Look, invite: Invite) -> None:
    page = look(viewport={"width": 700, "height": 500}, reduced_motion="reduce")
    page.evaluate(ADD_SECTIONS, ["near", "far"])
    page.evaluate(SET_ANCHOR, "section")
    far = page.locator("[data-presence-anchor=far]")
    # The fraction of the surface, at its top left corner, is in view; the anchor is not.
    invite("Ada").point(0, 0, Anchor(hash_of("far"), 32767, 32767))
    page.locator("presence-overlay [part=edge]").wait_for()
    page.get_by_role("button", name="Go to Ada").click()

    def on_it() -> bool:
        at = tip(page)
        return at is not None and apart(at, middle(far)) <= 2

    eventually(on_it, "the cursor on the anchor, in view")
    # It takes the cursor with it, wherever it goes, and is not there for ever.
    far.evaluate("far => { far.style.left = '200px' }")
    eventually(on_it, "the cursor follows the anchor")
    far.evaluate("far => far.remove()")
    expect(page.locator("presence-overlay [part=edge]")).to_be_visible()


@pytest.mark.parametrize(
    ("selector", "error"),
    [
        ("p[", "is not a valid selector"),
        ("section", "several elements have the anchor twice, so it is none"),
    ],
)
def test_what_is_wrong_with_anchors_is_told(
    look: Look, invite: Invite, selector: str, error: str
) -> None:
    page = look(KEEP_ERRORS)
    page.evaluate(ADD_SECTIONS, ["twice", "twice"])
    page.evaluate(SET_ANCHOR, selector)
    ada = invite("Ada")
    ada.point(0.5, 0.5, Anchor(hash_of("twice"), 0, 0))
    page.locator("presence-overlay [part=cursor]").wait_for()
    eventually(lambda: error in "".join(page.evaluate("errors")), error)
    assert (
        page.evaluate("error => errors.filter((each) => each.includes(error)).length", error) == 1
    )


def test_no_frames_are_asked_for_once_anchors_rest(look: Look, invite: Invite) -> None:
    page = look(COUNT_FRAMES)
    page.evaluate(ADD_SECTIONS, ["near", "far"])
    page.evaluate(SET_ANCHOR, "section")
    near = page.locator("[data-presence-anchor=near]")
    ada = invite("Ada")
    ada.point(0, 0, Anchor(hash_of("near"), 32767, 32767))
    page.mouse.move(*middle(near))
    eventually(lambda: ada.anchors(), "the visitor's pointer is on an anchor")

    def comes_to_rest() -> bool:
        before = page.evaluate("asked")
        return bool(page.evaluate("frames30()") == before)

    # The pointer is no longer on its anchor, the cursor is not drawn, the surface is not shown.
    for change in (
        "document.documentElement.dispatchEvent(new PointerEvent('pointerleave'))",
        "document.getElementById('surface').prepend('news')",
        "document.getElementById('surface').hidden = true",
        "document.getElementById('surface').hidden = false",
    ):
        page.evaluate(change)
        eventually(comes_to_rest, f"no frames after {change}")
    page.keyboard.press("Alt+Shift+H")
    page.locator("presence-overlay .cursors[hidden]").wait_for(state="attached")
    page.evaluate("document.getElementById('surface').prepend('more news')")
    eventually(comes_to_rest, "no frames while cursors are hidden")


COUNT_LISTENERS = """
const add = EventTarget.prototype.addEventListener;
window.added = window.kept = 0;
AbortSignal.prototype.addEventListener = function (type, run, options) {
  added += 1;
  kept += 1;
  if (options?.signal) add.call(options.signal, 'abort', () => { kept -= 1; });
  add.call(this, type, run, options);
};
"""
"""Counts the listeners to the ends of things."""


def test_anchors_that_are_replaced_leave_nothing_behind(look: Look) -> None:
    page = look(COUNT_LISTENERS)
    before, kept = page.evaluate("added"), set()
    for number in range(1, 6):
        page.evaluate(SET_ANCHOR, f"section, .other-{number}")
        page.wait_for_function("added => window.added === added", arg=before + number)
        kept.add(page.evaluate("kept"))
    assert len(kept) == 1


def test_without_the_script_cursors_have_no_anchors_and_the_page_is_told(
    look: Look, invite: Invite
) -> None:
    page = look(KEEP_ERRORS + LET_TIME_PASS)
    page.route("**/anchors.js", lambda route: route.abort())
    page.evaluate(ADD_SECTIONS, ["near"])
    page.evaluate(SET_ANCHOR, "section")
    eventually(lambda: "anchors.js" in "".join(page.evaluate("errors")), "an error")
    ada = invite("Ada")
    ada.point(0.5, 0.5, Anchor(hash_of("near"), 0, 0))
    page.locator("presence-overlay [part=cursor]").wait_for()
    page.mouse.move(*middle(page.locator("[data-presence-anchor=near]")))
    eventually(lambda: ada.cursors(), "the page tells where its pointer is")
    assert not ada.anchors()

    # It is asked for again when something else happens.
    page.unroute("**/anchors.js")
    page.evaluate("passed += 5000")
    invite("Bob")
    near = page.locator("[data-presence-anchor=near]")

    def on_it() -> bool:
        x, y = middle(near)
        page.mouse.move(x + len(ada.cursors()) % 9, y)
        page.wait_for_timeout(20)
        return bool(ada.anchors())

    eventually(on_it, "an anchor")
