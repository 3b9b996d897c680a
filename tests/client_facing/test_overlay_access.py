"""The overlay for everyone: assistive technology, keyboards, directions, strict policies."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.client_facing.sites.strict import POLICY
from tests.support.guests import Invite, inviting
from tests.support.server import ROOT, Server, serve
from tests.support.waiting import eventually

Look = Callable[..., Page]

AXE = ROOT / "presence/client/node_modules/axe-core/axe.min.js"

NOTE_VIOLATIONS = """
window.violations = [];
const note = text => violations.push(text);
addEventListener('securitypolicyviolation', e => note(`${e.violatedDirective} ${e.blockedURI}`));
addEventListener('presence-error', e => note(e.detail.message), true);
"""


def violations(page: Page, part: str = "html") -> list[str]:
    """Return what axe-core finds in a part of the page, the overlay's shadow DOM included."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("part => axe.run(part).then(found => found.violations)", part)
    return [json.dumps([one["id"], [node["html"] for node in one["nodes"]]]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_a_board(look: Look, invite: Invite, scheme: str) -> None:
    page = look(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": 900, "height": 600}
    )
    for number in range(7):
        invite(f"Guest {number}").point(0.1 * number, 0.1 * number)
    page.locator("presence-overlay [part=cursor]").first.wait_for()
    page.get_by_role("button", name="+3 Show everyone").wait_for()
    # Without it nothing below would be of the overlay.
    page.evaluate(AXE.read_text())
    assert page.evaluate("axe.utils.querySelectorAll && true")
    assert violations(page) == []
    page.get_by_role("button", name="8 people here").click()
    assert violations(page) == []


def test_axe_looks_into_the_overlay(look: Look) -> None:
    page = look()
    page.evaluate("""() => {
      const root = document.querySelector('presence-overlay').shadowRoot;
      root.querySelector('[part=switch]').removeAttribute('aria-label');
    }""")
    assert any("button-name" in one for one in violations(page))


def test_everything_is_reached_by_keyboard_and_named_on_focus(look: Look, invite: Invite) -> None:
    page = look()
    invite("Ada").point(0.5, 0.5)
    page.get_by_role("button", name="Go to Ada").wait_for()
    page.evaluate("document.activeElement.blur()")
    # The last thing before the overlay: the board has no notes.
    page.locator("#surface").focus()
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


def test_escape_takes_away_what_hides_the_page(look: Look) -> None:
    page = look()
    hide = page.get_by_role("button", name="Hide cursors")
    hide.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    tip = "one => getComputedStyle(one, '::after').visibility"
    assert hide.evaluate(tip) == "visible"
    page.keyboard.press("Escape")
    assert hide.evaluate(tip) == "hidden"
    expect(hide).to_be_focused()


def test_the_count_is_told_politely_once_it_rests(look: Look, invite: Invite) -> None:
    page = look()
    live = page.locator("presence-overlay [role=status]")
    expect(live).to_have_attribute("aria-live", "polite")
    expect(live).to_have_text("1 person here")
    page.evaluate("""() => {
      const root = document.querySelector('presence-overlay').shadowRoot;
      const live = root.querySelector('[role=status]');
      window.told = [];
      new MutationObserver(() => told.push(live.textContent)).observe(live, {childList: true});
    }""")
    for name in ("Ada", "Bob", "Cleo"):
        invite(name)
    expect(live).to_have_text("4 people here")
    assert page.evaluate("told") == ["4 people here"]


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
    assert labels.evaluate_all("all => all.map(one => getComputedStyle(one).direction)") == [
        "ltr",
        "rtl",
    ]
    for cursor in page.locator("presence-overlay [part=cursor]").all():
        box, surface = cursor.bounding_box(), page.locator("#surface").bounding_box()
        assert box is not None
        assert surface is not None
        assert abs(box["x"] - surface["x"] - surface["width"] / 2) <= 1
    assert violations(page) == []


def test_words_may_be_given_by_attribute_or_property(look: Look, invite: Invite) -> None:
    page = look()
    invite("Ada")
    overlay = page.locator("presence-overlay")
    count = overlay.locator("[part=count]")
    overlay.evaluate("""one => {
      one.strings = {locale: 'pl', people: {few: '{count} osoby', other: '?'}, hide: 'Ukryj'};
    }""")
    expect(count).to_have_text("2 osoby")
    overlay.evaluate("""one => {
      one.setAttribute('strings', JSON.stringify({locale: 'pl', people: {3: '{count} ludzie'}}));
    }""")
    expect(count).to_have_text("2 ludzie")
    errors = overlay.evaluate("""one => new Promise(done => {
      one.addEventListener('presence-error', ({detail}) => done(detail.message));
      one.setAttribute('strings', '{');
    })""")
    assert "JSON" in errors
    expect(count).to_have_text("2 ludzie")


def test_a_theme_may_be_given(look: Look) -> None:
    page = look(color_scheme="light")
    bar = page.locator("presence-overlay [part=bar]")
    ground = "one => getComputedStyle(one).backgroundColor"
    light = bar.evaluate(ground)
    page.locator("presence-overlay").evaluate("one => one.setAttribute('theme', 'dark')")
    assert bar.evaluate(ground) != light


def test_a_strict_policy_with_trusted_types_has_nothing_to_say(
    browser: Browser, environment: dict[str, str], folder: Path, board: str
) -> None:
    strict = {**environment, "DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.strict"}
    with serve(folder, strict) as server, inviting(server, board) as invite:
        context = browser.new_context()
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.add_init_script(NOTE_VIOLATIONS)
        answer = page.goto(server.page(board))
        assert answer is not None
        assert answer.header_value("Content-Security-Policy") == POLICY
        page.locator("presence-overlay [part=count]").wait_for()
        invite("<b>Ada").point(0.2, 0.2)
        expect(page.locator("presence-overlay [part=cursor]")).to_be_visible()
        expect(page.locator("presence-overlay [part=label]")).to_have_text("<b>Ada")
        page.get_by_role("button", name="2 people here").click()
        page.get_by_role("button", name="Go to <b>Ada").click()
        page.get_by_role("button", name="Hide cursors").click()
        assert page.evaluate("violations") == []
        assert said == []
        with pytest.raises(Error, match="TrustedHTML"):
            page.evaluate("() => { document.body.innerHTML = '<p>' }")
        context.close()


def test_without_its_style_sheet_nothing_is_shown_and_it_is_told(
    browser: Browser, server: Server, board: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(NOTE_VIOLATIONS)
    page.route("**/overlay.css", lambda route: route.abort())
    page.goto(server.page(board))
    page.wait_for_function("() => violations.length > 0")
    assert "overlay.css" in page.evaluate("violations")[0]
    expect(page.locator("presence-overlay [part=layer]")).to_be_hidden()
    context.close()


def test_the_scripts_of_the_tests_are_there() -> None:
    assert Path(AXE).exists(), "npm ci in presence/client"


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
    eventually(lambda: page.locator("#add-note").is_visible(), "the page")
    assert (label.evaluate(size), page.locator("h1").evaluate(size)) == before
