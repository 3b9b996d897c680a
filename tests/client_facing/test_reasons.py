"""Visitors who see nobody are told why in the bar, once, and the site's developer in the console.

Which reason has which text is tested in presence/client/test; what else the developer is told in
test_guests.py, and somebody who is removed in test_admin_board.py.
"""

from asyncio import gather
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from presence.protocol.messages import MAX_USERS
from tests.client_facing.conftest import NewContext
from tests.support.browser import NOTE_ERRORS, Tap, barriers
from tests.support.clients import Invite
from tests.support.nginx import run_proxy
from tests.support.server import MEMBERS_BOARD, Server, free_port, with_settings
from tests.support.waiting import eventually

pytestmark = pytest.mark.windowless

NOTICE = "presence-overlay [part=notice]"
COUNT = "presence-overlay [part=count]"
SPOKEN = "presence-overlay [part=announcer]"
LOST = "No connection; trying again"
CLOSED = "You cannot see who is here"

STRIPPING = """server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://127.0.0.1:{behind};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_set_header Sec-WebSocket-Protocol "";
    }}
}}"""
"""A configuration of nginx that takes the subprotocol away."""

SHOW = """async ([board, strings]) => {
    await import("/static/presence/overlay.js");
    const overlay = document.createElement("presence-overlay");
    Object.assign(overlay, { strings }).setAttribute("board", board);
    document.body.append(overlay);
}"""
"""A script that shows a board on a page of the site without one."""

REFUSING = {
    "no constructor": "delete window.CSSStyleSheet",
    "not adopted": "Object.defineProperty(ShadowRoot.prototype, 'adoptedStyleSheets', {set() {}})",
}
"""Scripts after which a page has no style sheets of scripts."""


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    return with_settings(environment, PRESENCE={"MAX_PERSON_SOCKETS": 2})


def notice(page: Page) -> str:
    """Return what the bar says."""
    shown = page.locator(NOTICE)
    return shown.inner_text() if shown.is_visible() else ""


def told(tap: Tap) -> list[str]:
    """Return what presence wrote to the console."""
    return [line.removeprefix("presence: ") for line in tap.console if "presence: " in line]


def spoken(page: Page) -> list[str]:
    """Return what screen readers have to say."""
    return [*filter(None, page.locator(SPOKEN).all_inner_texts())]


# Closed doors


@pytest.mark.parametrize(
    ("board", "text"),
    [(MEMBERS_BOARD, "Sign in to see who is here"), ("blog.post:7", CLOSED)],
)
def test_a_closed_door_is_told_and_may_be_shut(
    tap: Tap, server: Server, board: str, text: str
) -> None:
    page = tap.page
    page.goto(f"{server.origin}/healthz")
    page.evaluate(SHOW, [board, {}])
    notice = page.locator(NOTICE)
    expect(notice).to_have_text(text)
    expect(page.locator(COUNT)).to_be_hidden()
    eventually(lambda: spoken(page) == [text], "what is said to those who do not see it")
    assert barriers(page, "presence-overlay") == []
    if board == MEMBERS_BOARD:
        notice.click()
    else:
        notice.focus()
        page.keyboard.press("Escape")
    expect(page.locator("presence-overlay [part=bar]")).to_be_hidden()
    assert len(tap.sockets) == 1


def test_a_text_is_in_the_language_of_the_page(tap: Tap, server: Server) -> None:
    tap.page.goto(f"{server.origin}/healthz")
    strings = {"locale": "de", "sign-in": "Melden Sie sich an"}
    tap.page.evaluate(SHOW, [MEMBERS_BOARD, strings])
    expect(tap.page.locator(NOTICE)).to_have_text("Melden Sie sich an")


# Full boards


def test_a_person_with_too_many_sockets(
    new_context: NewContext, server: Server, board: str
) -> None:
    context = new_context()
    for _ in range(2):
        page = context.new_page()
        page.goto(server.page(board))
        page.locator(COUNT).wait_for()
    tap = Tap(context.new_page())
    tap.open_in_own_time(server.page(board))
    (line,) = tap.until(lambda: told(tap), "what DEBUG says")
    assert "MAX_PERSON_SOCKETS" in line
    tap.until_later(lambda: notice(tap.page) == "Too busy; trying again", "told why")


def test_a_board_without_a_free_user_id(
    tap: Tap, server: Server, board: str, invite: Invite
) -> None:
    async def use_up() -> None:
        await gather(*(invite.clients.join(f"Guest {number}") for number in range(MAX_USERS)))

    invite.loop.run(use_up())
    tap.open_in_own_time(server.page(board))
    text = "The board is full: you are watching"
    notice = tap.page.locator(NOTICE)
    expect(notice).to_have_text(text)
    people = f"{MAX_USERS + 1} people here"
    expect(tap.page.locator(COUNT)).to_have_text(people)
    eventually(lambda: spoken(tap.page) == [text], "what is said")
    assert len(told(tap)) == 1
    assert "The board is full: all of its user ids are taken" in told(tap)[0]
    notice.click()
    expect(notice).to_be_hidden()
    expect(tap.page.locator(COUNT)).to_be_visible()


# Pages that can have no socket, or show nothing


@pytest.mark.parametrize("case", REFUSING)
def test_nobody_is_counted_who_sees_nothing(
    tap: Tap, server: Server, board: str, case: str
) -> None:
    tap.page.add_init_script(REFUSING[case])
    tap.page.add_init_script(NOTE_ERRORS)
    tap.page.goto(server.page(board))
    (error,) = tap.until(lambda: tap.page.evaluate("window.told"), "an error that is told")
    assert told(tap) == [error]
    assert tap.sockets == []
    assert (
        tap.page.evaluate("document.querySelector('presence-overlay').shadowRoot.innerHTML") == ""
    )
    assert tap.thrown == []


def does_not_open(tap: Tap, url: str, remedy: str) -> None:
    """Check what is told of a page whose sockets do not open."""
    tap.open_in_own_time(url)
    tap.until_later(lambda: notice(tap.page) == LOST, "told, as if the server were away")
    (line,) = tap.until_later(lambda: told(tap), "what DEBUG says")
    assert remedy in line


def test_a_policy_that_forbids_the_socket(tap: Tap, server: Server, board: str) -> None:
    def restrict(route: Route) -> None:
        answer = route.fetch()
        headers = {**answer.headers, "content-security-policy": "connect-src 'none'"}
        route.fulfill(response=answer, headers=headers)

    tap.page.route(server.page(board), restrict)
    allow = f"have its connect-src allow ws://127.0.0.1:{server.port}"
    does_not_open(tap, server.page(board), allow)


def test_a_proxy_that_takes_the_subprotocol_away(
    tap: Tap, server: Server, board: str, tmp_path: Path
) -> None:
    port = free_port()
    text = STRIPPING.format(port=port, behind=server.port)
    with run_proxy(tmp_path, text, port) as proxy:
        does_not_open(tap, proxy.page(board), "takes the header Sec-WebSocket-Protocol away")
        tap.until_later(lambda: notice(tap.page) == CLOSED, "told, as it lasts")
        assert len(told(tap)) == 1
