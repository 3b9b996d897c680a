"""The panel of a board in the admin, under a strict Content-Security-Policy."""

import time
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from presence.protocol.errors import Close
from presence.protocol.messages import UserState
from tests.support.accounts import EVERYTHING, VIEW, change, sign_in
from tests.support.browser import NOTE_VIOLATIONS, Tap, barriers
from tests.support.clients import Invite
from tests.support.server import Server, with_settings

pytestmark = pytest.mark.windowless

POLICY = "default-src 'self'; require-trusted-types-for 'script'"

READ_MAP = """
// Where the cursor of the first in the table is on the map, in fractions of it; undefined where
// there is none, or a faint one.
window.tip = () => {
  const canvas = document.querySelector('.presence-map canvas');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const swatch = document.querySelector('[data-field=color]')?.style.backgroundColor;
  const wanted = swatch?.match(/[0-9]+/g)?.map(Number);
  const isWanted = (at) => wanted?.every((value, n) => data[at * 4 + n] === value);
  const is = (at) => data[at * 4 + 3] === 255 && isWanted(at);
  const places = [...Array(width * height).keys()].filter(is);
  if (places.length === 0) return undefined;
  const least = (values) => values.reduce((one, other) => Math.min(one, other));
  const x = least(places.map((at) => at % width));
  const y = least(places.map((at) => Math.floor(at / width)));
  return [x / width, y / height];
};
"""

Open = Callable[..., Tap]


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a site with `POLICY`."""
    return with_settings(environment, POLICY=POLICY)


@pytest.fixture(scope="module")
def sessions(server: Server) -> dict[str, str]:
    """The sessions of staff: only `stan` and `leaving` may do everything."""
    return sign_in(server, stan=EVERYTHING, leaving=EVERYTHING, viewer=VIEW)


def field(page: Page, name: str) -> Locator:
    """Return the cells of a column."""
    return page.locator(f".presence-table tbody [data-field={name}]")


def row(page: Page, name: str) -> Locator:
    """Return the row of somebody."""
    return page.locator(".presence-table tbody tr", has_text=name)


def cursors(page: Page, number: int) -> None:
    """Wait until there are so many on the map."""
    expect(page.get_by_role("img", name=f"Cursors on the board: {number}")).to_be_visible()


def at(x: float, y: float) -> str:
    """Return a function of the page that tells whether the only cursor is there."""
    return (
        "() => { const [x, y] = tip() ?? [9, 9];"
        f" return Math.abs(x - {x}) < 0.08 && Math.abs(y - {y}) < 0.08; }}"
    )


def test_the_table_of_people(
    open_panel: Open, server: Server, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"], timezone_id="Asia/Tokyo", locale="de").page
    count = page.locator("#presence-panel [data-field=count]")
    expect(count).to_have_text("0")
    expect(page.get_by_text("Nobody is here now.")).to_be_visible()
    account = f"sessionid={sessions['stan']}"
    ada, _, _ = invite("Ada"), invite("Stan", account), invite("Stan", account)
    expect(field(page, "account")).to_have_text(["guest", "stan"])
    expect(field(page, "tabs")).to_have_text(["1", "2"])
    expect(count).to_have_text("2")
    expect(page.get_by_text("Nobody is here now.")).to_be_hidden()
    assert row(page, "guest").get_by_role("link").count() == 0
    link = row(page, "stan").get_by_role("link").get_attribute("href") or ""
    assert page.request.get(f"{server.origin}{link}").url == f"{server.origin}{link}"
    expect(field(page, "state").first).to_have_text("active")
    ada.state(UserState.AWAY)
    expect(field(page, "state").first).to_have_text("away")
    # The site's language and time zone, not the browser's.
    today = time.strftime("%b %-d, %Y", time.gmtime())
    expect(field(page, "since").first).to_contain_text(today)
    colors = field(page, "color").evaluate_all("all => all.map(one => one.style.backgroundColor)")
    assert len({*colors} - {""}) == 2
    ada.leave()
    expect(field(page, "name")).to_have_text(["stan"])


def test_who_is_removed_is_told(
    open_panel: Open, sessions: dict[str, str], look: Callable[..., Page]
) -> None:
    removed = look()
    open_panel(sessions["stan"]).page.get_by_role("button", name="Remove: ").click()
    expect(removed.locator("presence-overlay [part=notice]")).to_have_text("You were removed")


def test_staff_act_and_keep_what_they_have_not_saved(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"]).page
    names = field(page, "name")
    ada, bob = invite("Ada"), invite("Bob")
    expect(names).to_have_text(["Ada", "Bob"])
    page.get_by_label("Title").fill("Not saved yet")
    message = page.locator(".presence-message")
    page.get_by_role("button", name="Remove: Ada").click()
    expect(message).to_contain_text("Removed Ada")
    expect(message).to_have_attribute("role", "status")
    expect(names).to_have_text(["Bob"])
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
    assert bob.closed() == Close.RESTARTING
    expect(page.get_by_label("Title")).to_have_value("Not saved yet")


def test_what_cannot_be_done_is_said(
    open_panel: Open, server: Server, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["leaving"]).page
    invite("Ada")
    remove = page.get_by_role("button", name="Remove: Ada")
    expect(remove).to_be_visible()
    message = page.locator(".presence-message li.error")
    page.route("**/presence/", lambda route: route.abort())
    remove.click()
    expect(message).to_have_text("It is not known whether this was done: look, or try again.")
    page.unroute("**/presence/")
    owned = "user_id = (SELECT id FROM auth_user WHERE username = 'leaving') AND permission_id"
    may = "(SELECT id FROM auth_permission WHERE codename = 'remove_person')"
    change(server, f"DELETE FROM auth_user_user_permissions WHERE {owned} = {may}")
    remove.click()
    expect(message).to_have_text("You may not do this.")


def test_staff_who_may_only_look_have_no_buttons(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["viewer"]).page
    invite("Stan", f"sessionid={sessions['stan']}")
    expect(field(page, "account")).to_have_text(["account"])
    assert page.locator("#presence-panel").get_by_role("button").count() == 0
    # They may not view accounts.
    assert page.locator(".presence-table").get_by_role("link").count() == 0


def test_rows_do_not_move_under_a_hand_that_aims(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"]).page
    ada, _, _ = invite("Ada"), invite("Bob"), invite("Cleo")
    expect(field(page, "name")).to_have_text(["Ada", "Bob", "Cleo"])
    button = page.get_by_role("button", name="Remove: Cleo")
    button.hover()
    before = button.bounding_box()
    ada.leave()
    expect(field(page, "name")).to_have_text(["Bob", "Cleo"])
    assert button.bounding_box() == before
    page.mouse.move(0, 0)
    expect(page.locator(".presence-table tbody tr")).to_have_count(2)
    button.focus()
    button.press("Enter")
    expect(field(page, "name")).to_have_text(["Bob"])
    expect(page.get_by_role("region", name="People now")).to_be_focused()


def test_the_panel_is_emptied_after_a_sign_out(
    open_panel: Open, server: Server, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["leaving"]).page
    panel = page.locator("#presence-panel")
    invite("Ada").point(0.5, 0.5)
    expect(field(page, "name")).to_have_text(["Ada"])
    cursors(page, 1)
    expect(panel.locator(".presence-plot canvas")).to_be_visible()
    change(server, "DELETE FROM django_session WHERE session_key = ?", sessions["leaving"])
    expect(panel.locator(".presence-status")).to_contain_text("signed out")
    expect(panel.locator("[data-field=count]")).to_have_text("–")
    expect(panel.locator(".presence-table tbody tr")).to_have_count(0)
    assert not panel.get_by_role("button").all()
    assert panel.locator(".presence-plot").count() == 0
    cursors(page, 0)


def test_the_map_shows_where_people_point(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"], script=READ_MAP).page
    cursors(page, 0)
    ada = invite("Ada")
    for x, y in ((0.25, 0.5), (0.75, 0.25)):
        ada.point(x, y)
        cursors(page, 1)
        page.wait_for_function(at(x, y))
    invite("Bob").point(0.2, 0.8)
    cursors(page, 2)
    # The person under the mouse in the table stands out on the map.
    row(page, "Bob").hover()
    page.wait_for_function("() => tip() === undefined")
    row(page, "Ada").hover()
    page.wait_for_function("() => tip() !== undefined")
    row(page, "Bob").get_by_role("button").focus()
    page.wait_for_function("() => tip() === undefined")
    ada.leave()
    cursors(page, 1)


def test_the_map_follows_the_theme_and_the_width(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    options: dict[str, Any] = {"color_scheme": "light", "device_scale_factor": 2}
    page = open_panel(sessions["stan"], script=READ_MAP, **options).page
    invite("Ada").point(0.5, 0.5)
    page.wait_for_function(at(0.5, 0.5))
    canvas = page.locator(".presence-map canvas")
    assert canvas.evaluate("one => one.width === 2 * one.clientWidth")
    light = canvas.evaluate("one => one.toDataURL()")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(
        "light => document.querySelector('.presence-map canvas').toDataURL() !== light", arg=light
    )
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_function(
        "() => { const one = document.querySelector('.presence-map canvas');"
        " return one.width === 2 * one.clientWidth && one.clientWidth < 400; }"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    box = canvas.bounding_box()
    assert box is not None
    assert abs(box["width"] / box["height"] - 16 / 9) < 0.01
    table = page.locator(".presence-table")
    assert table.evaluate("one => one.scrollWidth > one.clientWidth"), "it scrolls by itself"


def test_many_people_do_not_push_the_form_away(
    open_panel: Open, sessions: dict[str, str], invite: Invite
) -> None:
    page = open_panel(sessions["stan"]).page
    for number in range(12):
        invite(f"Guest {number}")
    expect(field(page, "name")).to_have_count(12)
    table = page.locator(".presence-table").bounding_box()
    assert table is not None
    assert table["height"] < 300
    row(page, "Guest 11").get_by_role("button").focus()
    expect(row(page, "Guest 11")).to_be_in_viewport()


def test_without_scripts_there_is_a_hint(open_panel: Open, sessions: dict[str, str]) -> None:
    page = open_panel(sessions["stan"], java_script_enabled=False).page
    said = page.locator("#presence-panel").inner_text()
    assert " ".join(said.split()) == "People now A script shows who is here."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_and_the_policy_have_nothing_to_say(
    open_panel: Open, sessions: dict[str, str], invite: Invite, scheme: Literal["light", "dark"]
) -> None:
    page = open_panel(sessions["stan"], script=NOTE_VIOLATIONS, color_scheme=scheme).page
    invite("Ada").point(0.5, 0.5)
    cursors(page, 1)
    expect(page.locator("#presence-panel .presence-plot canvas")).to_be_visible()
    page.get_by_role("button", name="Close to newcomers").click()
    expect(page.locator(".presence-message li.success")).to_be_visible()
    assert page.request.get(page.url).headers["content-security-policy"] == POLICY
    assert page.evaluate("violations") == []
    assert barriers(page, "#presence-panel") == []
