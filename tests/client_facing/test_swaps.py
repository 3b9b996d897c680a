"""Pages whose content is swapped by a library keep the session of a board, in every way they swap.

Nobody is seen to come or go, the page has the same socket, one bar, and what the visitor chose.
"""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from presence.protocol.messages import UserState
from tests.client_facing.conftest import NewContext
from tests.support.browser import NOTE_ERRORS, Tap
from tests.support.clients import Guest, Invite
from tests.support.server import MEMBERS_BOARD, ROOT, Server

MODULES = ROOT / "presence/client/node_modules"
LIBRARIES = {
    "htmx": ["htmx.org/dist/htmx.min.js", "idiomorph/dist/idiomorph-ext.min.js"],
    "turbo": ["@hotwired/turbo/dist/turbo.es2017-umd.js"],
    "idiomorph": ["idiomorph/dist/idiomorph.min.js"],
}

PAGE = """<!doctype html>
<html lang="en">
<title>{page}</title>
{head}
<script type="module" src="/static/presence/overlay.js"></script>
<body>
  <main id="main" data-other="{other}">
    <h1>{page}</h1>
    <nav hx-boost="true">{links}</nav>
    <div id="surface" style="height: 300px">The surface of {page}</div>
    <div id="around"><presence-overlay {options}></presence-overlay></div>
    <div hx-target="#main" hx-select="#main" hx-ext="morph">
      <button hx-get="/swap/htmx/{other}" hx-swap="outerHTML">outer</button>
      <button hx-get="/swap/htmx/{other}" hx-swap="outerHTML transition:true">transition</button>
      <button hx-get="/swap/htmx/{other}" hx-swap="morph">morph</button>
    </div>
  </main>
</body>"""

OVERLAY = "document.querySelector('presence-overlay')"
"""In scripts of the page: its overlay."""

PARSE = """
const answer = await fetch(document.querySelector('main').dataset.other);
const { body } = new DOMParser().parseFromString(await answer.text(), 'text/html');
"""
"""In scripts of the page: the body of the other page."""

MORPH = "<meta name='turbo-refresh-method' content='morph'>"

MOVES = [f"document.body.append({OVERLAY})", f"document.body.moveBefore({OVERLAY}, null)"]
SWAPS = [
    "document.body.replaceWith(body)",
    "document.body.innerHTML = body.innerHTML",
    "Idiomorph.morph(document.body, body)",
    "await document.startViewTransition(() => document.body.replaceWith(body)).updateCallbackDone",
    # The new one is there before the old one goes, or a moment after.
    "const old = main; old.after(body.querySelector('main')); old.remove()",
    "main.remove(); setTimeout(() => document.body.replaceWith(body), 20)",
]

JOURNEYS = {
    "htmx": ["click two", "back", "press outer", "press transition", "press morph"],
    # The second time a page is visited, Turbo shows a preview.
    "turbo": [
        *("click two", "back", "click two", "click permanent", "click permanent2", "back"),
        *("click morph", "move Turbo.visit(location.href, { action: 'replace' })"),
    ],
    "idiomorph": [*(f"swap {PARSE}{script}" for script in SWAPS), *(f"move {m}" for m in MOVES)],
}
"""What happens in a page with a library, one after the other."""


def answer(route: Route, board: str) -> None:
    """Answer a request for a page of a library: /swap/<library>/<page>."""
    match = re.search(r"/swap/(\w+)/(\w+)$", route.request.url)
    assert match, route.request.url
    library, page = match.groups()
    scripts = "".join(f"<script src='/modules/{path}'></script>" for path in LIBRARIES[library])
    names = ("one", "two", "permanent", "permanent2", "morph")
    links = " ".join(f"<a href='/swap/{library}/{name}'>{name}</a>" for name in names)
    options = f"board='{board}' surface='#surface'"
    if page.startswith("permanent"):
        options += " id='presence' data-turbo-permanent"
    head = scripts + (MORPH if page == "morph" else "")
    other = "two" if page == "one" else "one"
    text = PAGE.format(page=page, other=other, head=head, links=links, options=options)
    route.fulfill(content_type="text/html; charset=utf-8", body=text)


@pytest.fixture
def tap(new_context: NewContext, board: str) -> Tap:
    """A page of a browser that has the pages and the libraries."""
    # A page that is made here has no address, and the server has a local one.
    context = new_context(permissions=["local-network-access"])
    context.route("**/swap/**", lambda route: answer(route, board))
    context.route(
        "**/modules/**",
        lambda route: route.fulfill(path=MODULES / route.request.url.partition("/modules/")[2]),
    )
    tap = Tap(context.new_page())
    tap.page.add_init_script(NOTE_ERRORS)
    return tap


def go(page: Page, step: str) -> None:
    """Do a step of a journey, and wait until its page is there."""
    kind, _, what = step.partition(" ")
    heading = page.locator("h1")
    before = heading.inner_text()
    if kind == "click":
        page.get_by_role("link", name=what, exact=True).click()
    elif kind == "press":
        page.get_by_role("button", name=what, exact=True).click()
    elif kind == "back":
        page.evaluate("history.back()")
    else:
        page.evaluate(f"(async () => {{ {what} }})()")
    if kind != "move":
        expect(heading).not_to_have_text(before)


def come_in(tap: Tap, url: str) -> None:
    """Open a page, be on its board, and choose something."""
    tap.page.goto(url)
    tap.until(lambda: tap.count == "2", "two people")
    tap.page.get_by_role("button", name="Appear without a cursor").click()
    tap.page.evaluate(f"window.kept = {OVERLAY}.client")


def is_the_same(tap: Tap, ada: Guest, before: int) -> None:
    """Check that nothing of the session changed."""
    page = tap.page
    # Longer than an element may be away.
    page.evaluate("() => new Promise(done => setTimeout(done, 200))")
    assert page.evaluate(f"kept === {OVERLAY}.client")
    assert page.evaluate("kept.self.user") == 1
    assert len(tap.sockets) == 1
    assert not tap.sockets[0].is_closed()
    assert ada.client.comings_and_goings == before
    assert UserState.AWAY not in ada.states()
    bars = page.locator("presence-overlay [part=bar]")
    expect(bars).to_have_count(1)
    expect(bars).to_be_visible()
    expect(page.get_by_role("button", name="2 people here")).to_be_visible()
    unseen = page.get_by_role("button", name="Appear without a cursor")
    expect(unseen).to_have_attribute("aria-pressed", "true")
    assert tap.thrown == []
    assert page.evaluate("window.told") is None


@pytest.mark.parametrize("library", JOURNEYS)
def test_the_session_goes_on(tap: Tap, server: Server, invite: Invite, library: str) -> None:
    ada = invite("Ada")
    come_in(tap, f"{server.origin}/swap/{library}/one")
    ada.until(lambda: ada.client.count == 2, "the page's visitor")
    before = ada.client.comings_and_goings
    for step in JOURNEYS[library]:
        go(tap.page, step)
        is_the_same(tap, ada, before)
    # The new page's surface is the one that is drawn on.
    ada.point(0.5, 0.5)
    cursor = tap.page.locator("presence-overlay [part=cursor]")
    expect(cursor).to_be_visible()


def test_an_overlay_that_was_refused_asks_again(tap: Tap, server: Server) -> None:
    """Its visitor may have signed in, in a page whose content is swapped."""
    tap.page.goto(f"{server.origin}/swap/idiomorph/one")
    tap.page.evaluate(f"{OVERLAY}.setAttribute('board', '{MEMBERS_BOARD}')")
    tap.page.locator("presence-overlay [data-status=closed]").wait_for()
    tried = len(tap.sockets)
    tap.page.evaluate(f"{OVERLAY}.replaceWith({OVERLAY}.cloneNode())")
    tap.until(lambda: len(tap.sockets) > tried, "another socket")
