"""The overlay for everyone: assistive technology, keyboards, directions, strict policies."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from tests.client_facing.test_admin_board import POLICY
from tests.support.browser import NOTE_VIOLATIONS, Tap, barriers
from tests.support.clients import Invite, inviting
from tests.support.server import serve, with_settings

Look = Callable[..., Page]

TIPS = """() => {
  const { shadowRoot } = document.querySelector('presence-overlay');
  return getComputedStyle(shadowRoot.querySelector('[part=switch]'), '::after').content !== 'none';
}"""
"""Whether the script has come that shows tips, which a visitor's first event asks for."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_a_board(look: Look, invite: Invite, scheme: str) -> None:
    page = look(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": 900, "height": 600}
    )
    for number in range(7):
        invite(f"Guest {number}").point(0.1 * number, 0.1 * number)
    page.locator("presence-overlay [part=cursor]").first.wait_for()
    page.get_by_role("button", name="+3 Show everyone").wait_for()
    assert barriers(page) == []
    page.get_by_role("button", name="8 people here").click()
    assert barriers(page) == []
    # It does look into the overlay.
    page.evaluate("""() => {
      const root = document.querySelector('presence-overlay').shadowRoot;
      root.querySelector('[part=switch]').removeAttribute('aria-label');
    }""")
    assert any("button-name" in one for one in barriers(page))


def test_everything_is_reached_by_keyboard_and_named_on_focus(look: Look, invite: Invite) -> None:
    page = look()
    invite("Ada").point(0.5, 0.5)
    page.get_by_role("button", name="Go to Ada").wait_for()
    page.evaluate("document.activeElement.blur()")
    # The last thing before the overlay: the board has no notes.
    page.locator("#surface").focus()
    page.wait_for_function(TIPS)
    named = []
    for _ in range(5):
        page.keyboard.press("Tab")
        one = page.evaluate("""() => {
          const one = document.querySelector('presence-overlay').shadowRoot.activeElement;
          const tip = getComputedStyle(one, '::after');
          const ring = getComputedStyle(one).outlineStyle;
          return [one.ariaLabel ?? one.textContent, tip.visibility, ring];
        }""")
        named.append(one)
    labels = [label for label, _, _ in named]
    assert labels[0].endswith("(you)")
    assert labels[1:] == ["Go to Ada", "2 people here", "Hide cursors", "Appear without a cursor"]
    assert {ring for _, _, ring in named} == {"solid"}
    assert [tip for label, tip, _ in named if label != "2 people here"] == ["visible"] * 4


def test_escape_hides_a_tooltip(look: Look) -> None:
    page = look()
    hide = page.get_by_role("button", name="Hide cursors")
    hide.focus()
    page.wait_for_function(TIPS)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    tip = "one => getComputedStyle(one, '::after').visibility"
    assert hide.evaluate(tip) == "visible"
    page.keyboard.press("Escape")
    assert hide.evaluate(tip) == "hidden"
    expect(hide).to_be_focused()


def test_right_to_left_and_in_another_language(look: Look, invite: Invite) -> None:
    page = look(locale="ar", reduced_motion="reduce")
    for name in ("Ada", "محمد علي"):
        invite(name).point(0.5, 0.5)
    expect(page.locator("presence-overlay [part=count]")).to_have_text("3 أشخاص هنا")
    expect(page.get_by_role("button", name="إخفاء المؤشرات")).to_be_visible()
    bar = page.locator("presence-overlay [part=bar]").bounding_box()
    people = page.locator("presence-overlay [part=people]").bounding_box()
    assert bar is not None
    assert people is not None
    assert bar["x"] < 100, "the bar is at the end of the line, which is left"
    assert people["x"] > bar["x"] + bar["width"] / 2, "and begins at its right"
    labels = page.locator("presence-overlay [part=label]")
    expect(labels).to_have_count(2)
    assert labels.evaluate_all("all => all.map(one => getComputedStyle(one).direction)") == [
        "ltr",
        "rtl",
    ]
    for cursor in page.locator("presence-overlay [part=cursor]").all():
        box, surface = cursor.bounding_box(), page.locator("#surface").bounding_box()
        assert box is not None
        assert surface is not None
        assert abs(box["x"] - surface["x"] - surface["width"] / 2) <= 1
    assert barriers(page) == []


def test_words_may_be_given_by_attribute_or_property(look: Look, invite: Invite) -> None:
    page = look()
    invite("Ada")
    overlay = page.locator("presence-overlay")
    count = overlay.locator("[part=count]")
    overlay.evaluate("one => { one.strings = {locale: 'pl', people: {few: '{count} osoby'}} }")
    expect(count).to_have_text("2 osoby")
    words = "{locale: 'pl', people: {3: '{count} ludzie'}}"
    overlay.evaluate(f"one => one.setAttribute('strings', JSON.stringify({words}))")
    expect(count).to_have_text("2 ludzie")
    overlay.evaluate("""one => {
      one.addEventListener('presence-error', ({detail}) => { window.error = detail.message });
      one.setAttribute('strings', '{');
    }""")
    page.wait_for_function("() => error.includes('JSON')")
    expect(count).to_have_text("2 ludzie")


def test_a_theme_may_be_given(look: Look) -> None:
    page = look(color_scheme="light")
    bar = page.locator("presence-overlay [part=bar]")
    ground = "one => getComputedStyle(one).backgroundColor"
    light = bar.evaluate(ground)
    page.locator("presence-overlay").evaluate("one => one.setAttribute('theme', 'dark')")
    assert bar.evaluate(ground) != light


def test_a_strict_policy_with_trusted_types_has_nothing_to_say(
    tap: Tap, environment: dict[str, str], tmp_path: Path, board: str
) -> None:
    page, name = tap.page, "<b>Ada"
    page.add_init_script(NOTE_VIOLATIONS)
    strict = with_settings(environment, POLICY=POLICY)
    with serve(tmp_path, strict) as server, inviting(server, board) as invite:
        answer = page.goto(server.page(board))
        assert answer is not None
        assert answer.header_value("Content-Security-Policy") == POLICY
        page.locator("presence-overlay [part=count]").wait_for()
        invite(name).point(0.2, 0.2)
        expect(page.locator("presence-overlay [part=cursor]")).to_be_visible()
        label = page.locator("presence-overlay [part=label]")
        expect(label).to_have_text(name)
        assert label.evaluate("one => getComputedStyle(one).unicodeBidi") in (
            "isolate",
            "plaintext",
        )
        page.get_by_role("button", name="2 people here").click()
        page.get_by_role("button", name=f"Go to {name}").click()
        page.get_by_role("button", name="Hide cursors").click()
        assert page.evaluate("violations") == []
        assert tap.thrown + tap.console == []
        with pytest.raises(Error, match="TrustedHTML"):
            page.evaluate("() => { document.body.innerHTML = '<p>' }")


def test_neither_style_leaks_into_the_other(look: Look, invite: Invite) -> None:
    page = look()
    invite("Ada").point(0.5, 0.5)
    label = page.locator("presence-overlay [part=label]")
    label.wait_for()
    size = "one => getComputedStyle(one).fontSize"
    before = (label.evaluate(size), page.locator("h1").evaluate(size))
    page.evaluate("""() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('span, .label, button { font-size: 99px !important }');
      document.adoptedStyleSheets = [sheet];
    }""")
    assert (label.evaluate(size), page.locator("h1").evaluate(size)) == before
