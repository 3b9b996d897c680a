"""The panel of a board in the admin: real Daphne, real browser. The list is in test_admin_list, how
the panel looks in test_admin_panel."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from presence.protocol.errors import Close
from presence.protocol.messages import UserState
from tests.support.guests import Guest, Invite
from tests.support.panel import MAY, Open, address, complaints, field, opening, row
from tests.support.server import Server
from tests.support.staff import VIEW, change, make_people

SOON = 5_000
"""Milliseconds within which something shows, on a machine that does other things as well."""

NO_SOCKETS = """
window.WebSocket = class { constructor() { throw new Error("no sockets here"); } };
"""

COUNT = "#presence-panel [data-field=count]"


@pytest.fixture(scope="module")
def sessions(server: Server) -> dict[str, str]:
    """The sessions of those who come: only `stan` and `leaving` may do everything."""
    return make_people(server, stan=MAY, leaving=MAY, viewer=VIEW)


@pytest.fixture
def open_panel(browser: Browser, server: Server, board: str) -> Iterator[Open]:
    """Opens the page of the test's own board."""
    with opening(browser, server, board) as open_page:
        yield open_page


def test_who_comes_shows_within_a_second(
    open_panel: Open,
    sessions: dict[str, str],
    invite: Invite,
    record_property: Callable[[str, object], None],
) -> None:
    tap = open_panel(sessions["stan"])
    expect(tap.page.locator(COUNT)).to_have_text("0")
    expect(tap.page.get_by_text("Nobody is here now.")).to_be_visible()
    took: list[float] = []
    guests: list[Guest] = []
    for number in range(1, 6):
        guests.append(invite(f"Guest {number}"))
        welcomed = time.monotonic()
        expect(row(tap.page, f"Guest {number}")).to_be_visible(timeout=1000)
        took.append(time.monotonic() - welcomed)
    record_property("seconds until a join shows", [round(each, 3) for each in took])
    assert max(took) < 1, took
    expect(tap.page.locator(COUNT)).to_have_text("5")
    expect(tap.page.get_by_text("Nobody is here now.")).to_be_hidden()
    guests[1].leave()
    expect(field(tap.page, "name")).to_have_text([f"Guest {n}" for n in (1, 3, 4, 5)], timeout=1000)
    assert complaints(tap) == []


def test_what_is_told_of_a_person(
    open_panel: Open, server: Server, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"], timezone_id="Asia/Tokyo", locale="de").page
    ada, _ = invite("Ada"), invite("Stan", f"sessionid={sessions['stan']}")
    invite("Stan", f"sessionid={sessions['stan']}")
    expect(field(page, "account")).to_have_text(["guest", "stan"])
    expect(field(page, "tabs")).to_have_text(["1", "2"])
    assert row(page, "guest").get_by_role("link").count() == 0
    link = row(page, "stan").get_by_role("link").get_attribute("href") or ""
    assert page.request.get(f"{server.origin}{link}").url == f"{server.origin}{link}"
    expect(field(page, "state").first).to_have_text("active", timeout=SOON)
    ada.state(UserState.AWAY)
    expect(field(page, "state").first).to_have_text("away", timeout=SOON)
    # The site's language and time zone, not the browser's.
    today = time.strftime("%b %-d, %Y", time.gmtime())
    expect(field(page, "since").first).to_contain_text(today)
    colors = field(page, "color").evaluate_all("all => all.map(one => one.style.backgroundColor)")
    assert len({*colors}) == 2
    assert "" not in colors


def test_staff_act_and_lose_nothing_they_have_not_saved(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    tap = open_panel(sessions["stan"])
    page, names = tap.page, field(tap.page, "name")
    ada, bob = invite("Ada"), invite("Bob")
    expect(names).to_have_text(["Ada", "Bob"], timeout=SOON)
    page.get_by_label("Title").fill("Not saved yet")
    message = page.locator(".presence-message")
    page.get_by_role("button", name="Remove: Ada").click()
    expect(message).to_contain_text("Removed Ada")
    expect(message).to_have_attribute("role", "status")
    expect(names).to_have_text(["Bob"], timeout=SOON)
    assert ada.closed() == Close.REMOVED
    page.get_by_role("button", name="Close to newcomers").click()
    again = page.get_by_role("button", name="Let newcomers in again")
    expect(again).to_be_visible()
    expect(page.get_by_text("Newcomers are not let in.")).to_be_visible()
    again.click()
    expect(page.get_by_role("button", name="Close to newcomers")).to_be_visible()
    expect(message).to_have_text("Open to newcomers again.")
    page.get_by_role("button", name="Have everybody reconnect").click()
    expect(message).to_have_text("Everybody was sent a reconnect.")
    assert bob.closed() not in (None, Close.REMOVED)
    expect(page.get_by_label("Title")).to_have_value("Not saved yet")
    assert complaints(tap) == []


def test_what_cannot_be_done_is_said(
    open_panel: Open, server: Server, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"]).page
    invite("Ada")
    remove = page.get_by_role("button", name="Remove: Ada")
    expect(remove).to_be_visible(timeout=SOON)
    message = page.locator(".presence-message li.error")
    page.route("**/presence/", lambda route: route.abort())
    remove.click()
    expect(message).to_have_text("It is not known whether this was done: look, or try again.")
    page.unroute("**/presence/")
    without_rights(server, "stan", "remove_person")
    remove.click()
    expect(message).to_have_text("You may not do this.")
    make_people(server, stan=MAY)


def without_rights(server: Server, name: str, codename: str) -> None:
    """Take a permission away from somebody."""
    change(
        server,
        "DELETE FROM auth_user_user_permissions WHERE"
        " user_id = (SELECT id FROM auth_user WHERE username = ?) AND"
        " permission_id = (SELECT id FROM auth_permission WHERE codename = ?)",
        name,
        codename,
    )


def test_who_may_only_look_has_no_buttons(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["viewer"]).page
    invite("Stan", f"sessionid={sessions['stan']}")
    expect(field(page, "account")).to_have_text(["account"], timeout=SOON)
    assert page.locator("#presence-panel").get_by_role("button").count() == 0
    # They may not view accounts.
    assert page.locator(".presence-table").get_by_role("link").count() == 0


def test_a_button_never_comes_under_a_hand_that_aims_at_another(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"]).page
    ada, _, _ = invite("Ada"), invite("Bob"), invite("Cleo")
    expect(field(page, "name")).to_have_text(["Ada", "Bob", "Cleo"], timeout=SOON)
    button = page.get_by_role("button", name="Remove: Cleo")
    button.hover()
    before = button.bounding_box()
    ada.leave()
    expect(field(page, "name")).to_have_text(["Bob", "Cleo"], timeout=SOON)
    assert button.bounding_box() == before
    page.mouse.move(0, 0)
    expect(page.locator(".presence-table tbody tr")).to_have_count(2)
    button.focus()
    button.press("Enter")
    expect(field(page, "name")).to_have_text(["Bob"], timeout=SOON)
    expect(page.get_by_role("region", name="People now")).to_be_focused()


def test_a_page_that_cannot_have_a_socket_asks(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    tap = open_panel(sessions["stan"], script=NO_SOCKETS)
    names = field(tap.page, "name")
    ada = invite("Ada")
    expect(names).to_have_text(["Ada"], timeout=10_000)
    ada.point(0.5, 0.5)
    invite("Bob")
    ada.leave()
    expect(names).to_have_text(["Bob"], timeout=15_000)
    expect(tap.page.get_by_role("img", name="Cursors on the board: 0")).to_be_visible()
    assert tap.sockets == []


def test_who_is_signed_out_sees_nothing_any_more(
    open_panel: Open, server: Server, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["leaving"]).page
    invite("Ada").point(0.5, 0.5)
    expect(field(page, "name")).to_have_text(["Ada"], timeout=SOON)
    expect(page.get_by_role("img", name="Cursors on the board: 1")).to_be_visible()
    expect(page.locator("#presence-panel .presence-plot canvas")).to_be_visible()
    change(server, "DELETE FROM django_session WHERE session_key = ?", sessions["leaving"])
    expect(page.locator("#presence-panel .presence-status")).to_contain_text("signed out")
    expect(page.locator(COUNT)).to_have_text("–")
    panel = page.locator("#presence-panel")
    expect(panel.locator(".presence-table tbody tr")).to_have_count(0)
    assert not panel.get_by_role("button").all()
    assert panel.locator(".presence-plot").count() == 0
    expect(page.get_by_role("img", name="Cursors on the board: 0")).to_be_visible()


def test_other_pages_have_no_panel(
    open_panel: Open, server: Server, sessions: dict[str, str], board: str
) -> None:
    page: Page = open_panel(sessions["stan"], query="?_popup=1").page
    expect(page.get_by_label("Title")).to_be_visible()
    assert page.locator("#presence-panel").count() == 0
    page.goto(address(server, board))
    expect(page.locator("#presence-panel")).to_be_visible()
