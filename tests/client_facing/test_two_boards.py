"""Two boards on one page: their bars share the window, and their visitor is one person."""

from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.client_facing.conftest import NewContext
from tests.support.browser import barriers
from tests.support.clients import inviting
from tests.support.server import Server
from tests.support.waiting import eventually

PAGE = """<!doctype html>
<html lang="en" dir="{dir}">
<title>Two boards</title>
<script type="module" src="/static/presence/overlay.js"></script>
<body style="margin: 0">
  <main style="display: flex; gap: 10px">
    <div id="left" style="height: 400px; flex: 1"></div>
    <div id="right" style="height: 400px; flex: 1"></div>
  </main>
  <presence-overlay board="{left}" surface="#left" label="Plan" bar="{bars[0]}"></presence-overlay>
  <presence-overlay board="{right}" surface="#right" bar="{bars[1]}"></presence-overlay>
</body>"""

BOXES = """() => [...document.querySelectorAll('presence-overlay')].flatMap(({ shadowRoot }) => {
  const bar = shadowRoot.querySelector('[part=bar]');
  const list = bar.matches('.open') ? [bar.querySelector('[part=people]')] : [];
  return [bar, ...list].map(one => one.getBoundingClientRect().toJSON());
})"""
"""A script that returns where the bars and their open lists are."""


def show(context: BrowserContext, server: Server, boards: list[str], **how: Any) -> Page:
    """Open a page with two boards, and wait until it is on both."""
    text = PAGE.format(left=boards[0], right=boards[1], **{"dir": "ltr", "bars": ("", ""), **how})
    page = context.new_page()
    html = "text/html; charset=utf-8"
    page.route("**/two", lambda route: route.fulfill(content_type=html, body=text))
    page.goto(f"{server.origin}/two")
    expect(page.locator("presence-overlay [data-status=open]")).to_have_count(2)
    expect(page.locator("presence-overlay [part=title]")).to_have_count(2)
    return page


def lie_apart(page: Page) -> None:
    """Wait until no bar or list covers another, or leaves the window."""
    width = page.evaluate("innerWidth")

    def are_apart() -> bool:
        boxes = page.evaluate(BOXES)
        inside = all(
            box["left"] >= 0 and box["right"] <= width and box["top"] >= 0 for box in boxes
        )
        return inside and not any(
            one["left"] < other["right"]
            and other["left"] < one["right"]
            and one["top"] < other["bottom"]
            and other["top"] < one["bottom"]
            for one, other in combinations(boxes, 2)
        )

    page.wait_for_function(f"() => ({BOXES})().length > 1")
    eventually(are_apart, lambda: f"the bars lie apart: {page.evaluate(BOXES)}")


@pytest.mark.parametrize("boards", [2], indirect=True)
def test_a_first_visit_is_of_one_person(
    new_context: NewContext, server: Server, boards: list[str]
) -> None:
    # A page that is made here has no address, and the server has a local one.
    context = new_context(permissions=["local-network-access"])
    first = show(context, server, boards)
    second = show(context, server, boards)
    for page in (first, second):
        page.wait_for_function("""() => [...document.querySelectorAll('presence-overlay')].every(
            ({ client, shadowRoot }) => client.members.length === 1
              && shadowRoot.querySelector('[part=count]').textContent === '1 person here')""")


@pytest.mark.parametrize("boards", [2], indirect=True)
@pytest.mark.parametrize("how", [
    {"dir": "ltr"},
    {"dir": "rtl", "bars": ("top-end", "top-end")},
    {"dir": "ltr", "bars": ("bottom-start", "bottom-end"), "width": 360},
], ids=["one corner", "from right to left", "a phone"])  # fmt: skip
def test_bars_share_the_window(
    new_context: NewContext, server: Server, boards: list[str], how: dict[str, Any]
) -> None:
    how = {**how}
    size = {"width": how.pop("width", 1000), "height": 700}
    context = new_context(permissions=["local-network-access"], viewport=size)
    page = show(context, server, boards, **how)
    with inviting(server, boards[0]) as left, inviting(server, boards[1]) as right:
        left("Ada").point(0.5, 0.5)
        right("Bob").point(0.5, 0.5)
        plan = page.get_by_role("region", name="People here Plan")
        other = page.get_by_role("region", name="People here 2")
        for bar in (plan, other):
            expect(bar.get_by_role("button", name="2 people here")).to_be_visible()
        lie_apart(page)
        for bar in (plan, other):
            bar.get_by_role("button", name="2 people here").click()
            lie_apart(page)
        assert barriers(page, "presence-overlay") == []
        for name in ("left", "right"):
            surface = page.locator(f"#{name}").bounding_box()
            assert surface
            cursor = page.locator(f"presence-overlay[surface='#{name}'] [part=cursor]")
            expect(cursor).to_be_visible()
            box = cursor.bounding_box()
            assert box
            assert abs(box["x"] - surface["x"] - surface["width"] / 2) < 2
    # The other's place is free when it goes.
    page.evaluate("document.querySelector('presence-overlay').remove()")
    expect(other).to_have_css("margin-top", "0px")
