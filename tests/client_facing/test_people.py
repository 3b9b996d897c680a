"""The bar: who is here, and the visitor's choices."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from presence.protocol.messages import UserState
from tests.support.browser import LET_TIME_PASS, NOTE_ERRORS
from tests.support.clients import Guest, Invite
from tests.support.waiting import eventually

Look = Callable[..., Page]


def part(page: Page, name: str) -> Locator:
    return page.locator(f"presence-overlay [part={name}]")


def cursor(page: Page) -> Locator:
    return part(page, "cursor")


def until_seen(page: Page, guest: Guest) -> None:
    """Move the pointer until a guest sees the cursor."""
    seen = len(guest.cursors())

    def moved() -> bool:
        page.mouse.move(300 + len(guest.client.frames) % 50, 300)
        page.wait_for_timeout(20)
        return len(guest.cursors()) > seen

    eventually(moved, "the visitor's cursor")


def until_off_board(guest: Guest) -> None:
    """Wait until the last state that a guest got is that the pointer is off the board."""
    eventually(lambda: guest.states()[-1:] == [UserState.OFF_BOARD], "off the board")


def test_everyone_is_named_with_initials_and_counted(look: Look, invite: Invite) -> None:
    page = look()
    live = page.locator("presence-overlay [role=status]")
    expect(live).to_have_attribute("aria-live", "polite")
    expect(live).to_have_text("1 person here")
    ada, _ = invite("Ada Lovelace"), invite("山田太郎")
    expect(part(page, "count")).to_have_text("3 people here")
    expect(live).to_have_text("3 people here")
    own = page.locator("presence-overlay").evaluate("one => one.client.self.name")
    expect(part(page, "person")).to_have_count(3)
    tips = part(page, "person").evaluate_all("all => all.map(one => one.dataset.tip)")
    assert tips == [f"{own} (you)", "Ada Lovelace", "山田太郎"]
    letters = part(page, "avatar").evaluate_all("all => all.map(one => one.dataset.letters)")
    assert letters[1:] == ["AL", "山"]
    ada.state(UserState.AWAY)
    expect(page.get_by_role("button", name="Ada Lovelace (away)")).to_be_visible()
    ada.point(0.5, 0.5)
    expect(page.get_by_role("button", name="Go to Ada Lovelace")).to_be_visible()


def test_beyond_a_limit_they_are_in_a_list(look: Look, invite: Invite) -> None:
    page = look()
    for number in range(7):
        invite(f"Guest {number}")
    more = page.get_by_role("button", name="+3 Show everyone")
    expect(more).to_be_visible()
    expect(page.get_by_role("button", name="Guest 3", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Guest 4", exact=True)).to_be_hidden()
    more.click()
    expect(page.get_by_role("button", name="Guest 6", exact=True)).to_be_visible()
    count = page.get_by_role("button", name="8 people here")
    expect(count).to_be_focused()
    expect(count).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(count).to_be_focused()
    expect(count).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("button", name="Guest 6", exact=True)).to_be_hidden()


def test_people_who_come_and_go_take_the_focus_from_nobody(look: Look, invite: Invite) -> None:
    page = look()
    ada, _ = invite("Ada"), invite("Bob")
    bob = page.get_by_role("button", name="Bob")
    bob.focus()
    ada.leave()
    invite("Cleo")
    expect(page.get_by_role("button", name="Cleo")).to_be_visible()
    expect(page.get_by_role("button", name="Ada")).to_have_count(0)
    expect(bob).to_be_focused()


def test_cursors_are_hidden_by_button_or_keys_and_it_is_remembered(
    look: Look, invite: Invite
) -> None:
    page = look()
    invite("Ada").point(0.2, 0.2)
    expect(cursor(page)).to_be_visible()
    hide = page.get_by_role("button", name="Hide cursors")
    hide.click()
    expect(cursor(page)).to_be_hidden()
    page.reload()
    expect(hide).to_have_attribute("aria-pressed", "true")
    expect(part(page, "count")).to_have_text("2 people here")
    expect(cursor(page)).to_be_hidden()
    page.locator("#add-note").click()
    page.locator("textarea").press("Alt+Shift+H")
    expect(hide).to_have_attribute("aria-pressed", "true")  # keys are left to whoever writes
    page.locator("textarea").press("Escape")
    page.keyboard.press("Alt+Shift+H")
    expect(cursor(page)).to_be_visible()
    page.reload()
    expect(cursor(page)).to_be_visible()


def test_a_visitor_may_appear_without_a_cursor(look: Look, invite: Invite) -> None:
    page, ada = look(), invite("Ada")
    until_seen(page, ada)
    page.mouse.move(640, 20)  # beside the surface
    until_off_board(ada)
    until_seen(page, ada)
    page.get_by_role("button", name="Appear without a cursor").click()
    until_off_board(ada)
    page.reload()
    bob = invite("Bob")
    for step in range(20):
        page.mouse.move(300 + 5 * step, 300)
    page.locator("presence-overlay [part=person]").nth(2).wait_for()
    assert bob.cursors() == []
    unseen = page.get_by_role("button", name="Appear without a cursor")
    expect(unseen).to_have_attribute("aria-pressed", "true")
    unseen.click()
    until_seen(page, bob)


def test_a_touch_is_a_ripple_and_goes_away(look: Look, invite: Invite) -> None:
    phone = look(has_touch=True, viewport={"width": 390, "height": 700})
    page, ada = look(), invite("Ada")
    expect(part(phone, "count")).to_have_text("3 people here")
    page.evaluate("""() => {
      const root = document.querySelector('presence-overlay').shadowRoot;
      window.looks = [];
      new MutationObserver(all => all.forEach(({target}) => looks.push(target.className)))
        .observe(root, {subtree: true, attributes: true, attributeFilter: ['class']});
    }""")
    phone.touchscreen.tap(200, 300)
    expect(cursor(page)).to_be_visible()
    until_off_board(ada)
    assert len(ada.cursors()) == 1
    expect(cursor(page)).to_be_hidden()
    seen = [look for look in page.evaluate("looks") if look.startswith(("cursor", "edge"))]
    assert seen
    assert all("touch" in look for look in seen), seen


def test_a_finger_that_draws_is_an_arrow_that_goes_away(look: Look, invite: Invite) -> None:
    phone = look(has_touch=True, viewport={"width": 390, "height": 700})
    page, ada = look(), invite("Ada")
    expect(part(phone, "count")).to_have_text("3 people here")
    devtools = phone.context.new_cdp_session(phone)

    def touch(kind: str, *points: dict[str, int]) -> None:
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    # Otherwise the browser takes the touch for scrolling and cancels it.
    phone.evaluate("document.getElementById('surface').style.touchAction = 'none'")
    touch("touchStart", {"x": 200, "y": 300})
    for step in range(1, 12):
        touch("touchMove", {"x": 200, "y": 300 + 10 * step})
    eventually(lambda: len(ada.cursors()) > 1, "several places")
    expect(cursor(page)).to_have_class("cursor on")
    touch("touchEnd")
    until_off_board(ada)
    expect(cursor(page)).to_be_hidden()


def test_what_a_visitor_does_waits_for_its_script(look: Look, invite: Invite) -> None:
    page, ada = look(), invite("Ada")
    held: list[Route] = []
    page.route("**/visitor.js", lambda route: held.append(route))
    with page.expect_request("**/visitor.js"):
        page.mouse.move(300, 300)
    page.keyboard.press("Alt+Shift+H")
    hide = page.get_by_role("button", name="Hide cursors")
    expect(hide).to_have_attribute("aria-pressed", "false")
    held.pop().continue_()
    expect(hide).to_have_attribute("aria-pressed", "true")
    eventually(lambda: ada.cursors(), "the pointer that rests")


@pytest.mark.parametrize("kind", ["touch", "pen"])
def test_a_first_touch_or_pen_waits_for_it_too(look: Look, invite: Invite, kind: str) -> None:
    page, ada = look(has_touch=kind == "touch"), invite("Ada")
    held: list[Route] = []
    page.route("**/visitor.js", lambda route: held.append(route))
    with page.expect_request("**/visitor.js"):
        if kind == "touch":
            page.touchscreen.tap(200, 300)
        else:
            pen = {"type": "mouseMoved", "x": 200, "y": 300, "pointerType": "pen"}
            page.context.new_cdp_session(page).send("Input.dispatchMouseEvent", pen)
    eventually(lambda: page.evaluate("1") and held, "the script, which is held back")
    assert ada.cursors() == []
    held.pop().continue_()
    eventually(lambda: ada.cursors(), "where it was")
    if kind == "touch":
        until_off_board(ada)
    assert len(ada.cursors()) == 1


def test_without_that_script_people_are_shown_and_the_page_is_told(
    look: Look, invite: Invite
) -> None:
    page, ada = look(NOTE_ERRORS + LET_TIME_PASS), invite("Ada")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "visitor.js" in one.url else None)
    page.route("**/visitor.js", lambda route: route.abort())
    told = "(window.told ?? []).filter((message) => message.includes('visitor.js')).length"
    page.mouse.move(300, 300)
    eventually(lambda: page.evaluate(told) == 1, "an error")
    ada.point(0.2, 0.2)
    expect(cursor(page)).to_be_visible()
    page.get_by_role("button", name="Hide cursors").click()
    expect(cursor(page)).to_be_hidden()
    # On a slow machine so much time may have passed that it was asked for again.
    before = len(asked)
    page.mouse.move(350, 300, steps=50)
    page.evaluate("1")  # What it asked for before that is in the list.
    assert len(asked) <= before + 1, "not with each event"

    page.evaluate("passed += 5000")
    page.mouse.move(310, 300)
    eventually(lambda: page.evaluate("1") and len(asked) > before, "it is asked for again")
    assert page.evaluate(told) == 1, "once"
    page.unroute("**/visitor.js")
    page.evaluate("passed += 5000")
    assert ada.cursors() == []
    until_seen(page, ada)


def test_nothing_is_printed(look: Look) -> None:
    page = look()
    with page.expect_response("**/visitor.js"):
        page.mouse.move(300, 300)
    count = part(page, "count")
    # It is there when its tips are.
    tip = "one => getComputedStyle(one, '::after').content"
    eventually(lambda: part(page, "switch").first.evaluate(tip) != "none", "tips")
    page.emulate_media(media="print")
    expect(count).to_be_hidden()
    page.emulate_media(media="screen")
    expect(count).to_be_visible()
