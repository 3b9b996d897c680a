"""The bar: who is here, and what the visitor may do about it."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from presence.protocol.messages import UserState
from tests.support.guests import Guest, Invite
from tests.support.waiting import eventually

Look = Callable[..., Page]

FORBID_STORAGE = """
const get = () => { throw new DOMException('no', 'SecurityError'); };
Object.defineProperty(window, 'localStorage', {get});
"""


def part(page: Page, name: str) -> Locator:
    return page.locator(f"presence-overlay [part={name}]")


def cursor(page: Page) -> Locator:
    return part(page, "cursor")


def names(page: Page) -> list[str]:
    """Return what is shown of everybody in the bar and the list, this page's visitor included."""
    return page.eval_on_selector_all(
        "presence-overlay [part=person]", "all => all.map(one => one.dataset.tip)"
    )


def until_seen(page: Page, guest: Guest, look: Callable[[], object], what: str) -> None:
    """Move the pointer until something is so for a guest."""

    def moved() -> object:
        page.mouse.move(300 + len(guest.received) % 50, 300)
        page.wait_for_timeout(20)
        return look()

    eventually(moved, what)


def test_everyone_is_named_with_initials_and_counted(look: Look, invite: Invite) -> None:
    page = look()
    expect(part(page, "count")).to_have_text("1 person here")
    ada, _ = invite("Ada Lovelace"), invite("山田太郎")
    expect(part(page, "count")).to_have_text("3 people here")
    own = page.locator("presence-overlay").get_attribute("name")
    eventually(
        lambda: (
            page.wait_for_timeout(10) or names(page) == [f"{own} (you)", "Ada Lovelace", "山田太郎"]
        ),
        lambda: str(names(page)),
    )
    letters = part(page, "avatar").evaluate_all("all => all.map(one => one.dataset.letters)")
    assert letters[1:] == ["AL", "山"]
    ada.state(UserState.AWAY)
    away = page.get_by_role("button", name="Ada Lovelace (away)")
    expect(away).to_be_visible()
    ada.point(0.5, 0.5)
    expect(page.get_by_role("button", name="Go to Ada Lovelace")).to_be_visible()
    ada.leave()
    expect(part(page, "count")).to_have_text("2 people here")
    expect(part(page, "person")).to_have_count(2)


def test_tabs_of_one_person_are_shown_once(look: Look) -> None:
    page, other = look(), look()
    tab = other.context.new_page()
    tab.goto(other.url)
    expect(part(tab, "count")).to_have_text("2 people here")
    expect(part(page, "count")).to_have_text("2 people here")
    for one in (page, tab):
        expect(part(one, "person")).to_have_count(2)


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


def test_who_comes_and_goes_takes_the_focus_from_nobody(look: Look, invite: Invite) -> None:
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
    expect(hide).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(hide).to_have_attribute("aria-pressed", "true")
    expect(part(page, "count")).to_have_text("2 people here")
    expect(cursor(page)).to_be_hidden()
    page.keyboard.press("Alt+Shift+H")
    expect(cursor(page)).to_be_visible()
    page.reload()
    expect(cursor(page)).to_be_visible()


def test_the_keys_are_left_to_whoever_writes(look: Look) -> None:
    page = look()
    page.locator("#add-note").click()
    page.locator("textarea").press("Alt+Shift+H")
    hide = page.get_by_role("button", name="Hide cursors")
    expect(hide).to_have_attribute("aria-pressed", "false")


def test_one_may_appear_without_a_cursor(look: Look, invite: Invite) -> None:
    page = look()
    ada = invite("Ada")
    until_seen(page, ada, ada.cursors, "the visitor's cursor")
    page.get_by_role("button", name="Appear without a cursor").click()
    eventually(lambda: ada.states()[-1:] == [UserState.OFF_BOARD], "off the board")
    page.reload()
    bob = invite("Bob")
    for step in range(20):
        page.mouse.move(300 + 5 * step, 300)
    page.locator("presence-overlay [part=person]").nth(2).wait_for()
    assert bob.cursors() == []
    unseen = page.get_by_role("button", name="Appear without a cursor")
    expect(unseen).to_have_attribute("aria-pressed", "true")
    unseen.click()
    until_seen(page, bob, bob.cursors, "the cursor again")


def test_a_browser_that_keeps_nothing_is_no_trouble(look: Look, invite: Invite) -> None:
    errors: list[str] = []
    page = look(FORBID_STORAGE)
    page.on("pageerror", lambda error: errors.append(str(error)))
    invite("Ada").point(0.2, 0.2)
    expect(cursor(page)).to_be_visible()
    page.get_by_role("button", name="Hide cursors").click()
    expect(cursor(page)).to_be_hidden()
    assert errors == []


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
    eventually(lambda: ada.states()[-1:] == [UserState.OFF_BOARD], "the finger was lifted")
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

    # Otherwise the browser takes it for scrolling, and the finger for lifted.
    phone.evaluate("document.getElementById('surface').style.touchAction = 'none'")
    x, y = 200, 300
    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 12):
        touch("touchMove", {"x": x, "y": y + 10 * step})
    eventually(lambda: len(ada.cursors()) > 1, "several places")
    expect(cursor(page)).to_have_class("cursor on")
    touch("touchEnd")
    eventually(lambda: ada.states()[-1:] == [UserState.OFF_BOARD], "the finger was lifted")
    expect(cursor(page)).to_be_hidden()


def test_a_mouse_that_leaves_or_a_hidden_tab_has_no_cursor(look: Look, invite: Invite) -> None:
    page, ada = look(), invite("Ada")
    until_seen(page, ada, ada.cursors, "the visitor's cursor")
    page.mouse.move(640, 20)
    eventually(lambda: ada.states()[-1:] == [UserState.OFF_BOARD], "beside the surface")
