"""The live pages of the admin in the themes of other projects: light, dark, and on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.client_facing.conftest import NewContext
from tests.client_facing.test_admin_board import row
from tests.support.accounts import EVERYTHING, sign_in
from tests.support.browser import Tap
from tests.support.clients import Invite
from tests.support.server import Server, serve
from tests.support.waiting import eventually

pytestmark = pytest.mark.windowless

OVERVIEW = "/admin/presence/overview/"

SET_THEME = {
    "unfold": "(root, theme) => root.classList.toggle('dark', theme === 'dark')",
    "jazzmin": "(root, theme) => { root.dataset.bsTheme = theme; }",
    "grappelli": "(root, theme) => { root.dataset.theme = theme; }",
}
"""How a page of each theme becomes light or dark."""

PHONE = {"width": 390, "height": 844}
READABLE, VISIBLE = 4.5, 3.0
"""Least contrast of text, and of what is drawn (WCAG 2.2, 1.4.3 and 1.4.11)."""

CONTRAST = """
const pixel = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
const pen = pixel.getContext('2d');
const luminance = (layers) => {
  for (const layer of ['#fff', ...layers]) {
    pen.fillStyle = layer;
    pen.fillRect(0, 0, 1, 1);
  }
  const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((value) => {
    const c = value / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) =>
  element ? [...behind(element.parentElement), getComputedStyle(element).backgroundColor] : [];
// The contrast of a colour with what is behind an element: 1 to 21.
window.contrast = (element, color) => {
  const both = [behind(element), [...behind(element), color]].map(luminance);
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
};
// The contrasts of a canvas' pixels in a part of it, in CSS pixels.
window.drawn = (canvas, x, y, width, height) => {
  const { data } = canvas.getContext('2d').getImageData(x, y, width, height);
  const at = [...Array(data.length / 4).keys()].map((n) => [...data.slice(4 * n, 4 * n + 4)]);
  const colors = new Set(at.map(([r, g, b, a]) => `rgb(${r} ${g} ${b} / ${a / 255})`));
  return [...colors].map((color) => contrast(canvas, color));
};
"""

PALE_TEXTS = """least => [...document.querySelectorAll(
    ':is(.presence-panel, .presence-overview) :is(button, th, td, dt, dd, figcaption, li, span)')]
  .filter((each) => each.checkVisibility() && each.innerText && !each.querySelector('a'))
  .map((each) => [each.innerText, contrast(each, getComputedStyle(each).color)])
  .filter(([, found]) => found < least)"""

Open = Callable[..., Tap]


FIRST, *OTHERS = SET_THEME


@pytest.fixture(
    scope="module", params=[FIRST, *(pytest.param(each, marks=pytest.mark.long) for each in OTHERS)]
)
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(
    theme: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The example site with a theme."""
    site = {**environment, "DJANGO_SETTINGS_MODULE": f"tests.sites.themes.{theme}"}
    with serve(tmp_path_factory.mktemp(theme), site) as running:
        yield running


@pytest.fixture(scope="module")
def session(server: Server) -> str:
    return sign_in(server, stan=EVERYTHING)["stan"]


@pytest.fixture
def open_page(new_context: NewContext, server: Server, session: str) -> Iterator[Open]:
    """Opens a page as staff. No script may have failed there by the end."""
    taps: list[Tap] = []

    def open_it(path: str, **options: Any) -> Tap:
        taps.append(Tap(new_context(session, color_scheme="light", **options).new_page()))
        taps[-1].page.add_init_script(CONTRAST)
        taps[-1].page.goto(f"{server.origin}{path}")
        return taps[-1]

    yield open_it
    assert [tap.thrown for tap in taps] == [[] for _ in taps]


def board_page(board: str) -> str:
    return f"/admin/presence_site/board/{board}/change/"


def assert_texts_readable(page: Page) -> None:
    """Check all texts, some of which fade to the colours of a theme."""
    eventually(lambda: page.evaluate(PALE_TEXTS, READABLE) == [], "readable texts")


def assert_plots_readable(page: Page) -> None:
    """Check the numbers beside each plot, its lines, and that its grid does not stand out."""
    for plot in page.locator(".presence-plot").all():
        canvas = plot.locator("canvas")
        expect(canvas).to_be_visible()
        # A plot is drawn a frame after its data or its theme change, and after a theme has faded.
        eventually(
            lambda c=canvas: max(c.evaluate("one => drawn(one, 0, 0, 30, 150)")) >= READABLE,
            "readable numbers",
        )
        assert max(canvas.evaluate("one => drawn(one, 48, 20, 60, 60)")) < VISIBLE
        line = plot.locator(".u-marker").nth(1)
        color = line.evaluate("one => getComputedStyle(one).borderColor")
        assert plot.evaluate("(one, color) => contrast(one, color)", color) >= VISIBLE


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_pages_are_readable(
    open_page: Open, theme: str, board: str, invite: Invite, shade: str
) -> None:
    invite("Ada").point(0.5, 0.5)
    page = open_page(board_page(board)).page
    expect(row(page, "Ada")).to_be_visible()
    expect(page.locator(".presence-plot canvas")).to_be_visible()
    root = page.locator("html")
    root.evaluate(SET_THEME[theme], shade)
    page.get_by_role("button", name="Close to newcomers").click()
    expect(page.get_by_text("Newcomers are not let in.")).to_be_visible()
    expect(page.locator(".presence-message li")).to_be_visible()
    hidden = page.locator(".presence-panel [hidden]").all()
    assert len(hidden) >= 3
    assert not any(each.is_visible() for each in hidden)
    assert_texts_readable(page)
    assert_plots_readable(page)
    grid = page.locator(".presence-map canvas")
    assert max(grid.evaluate("one => drawn(one, 0, 0, 40, 40)")) < VISIBLE

    page = open_page(OVERVIEW).page
    expect(page.locator("#presence-processes tbody tr")).to_have_count(1)
    expect(page.locator(".presence-plot canvas")).to_have_count(3)
    page.locator("html").evaluate(SET_THEME[theme], shade)
    assert_texts_readable(page)
    assert_plots_readable(page)


def test_everything_can_be_reached_on_a_phone(open_page: Open, board: str, invite: Invite) -> None:
    width = "document.documentElement.scrollWidth"
    page = open_page(f"/admin/presence_site/board/?id={board}", viewport=PHONE).page
    online = page.locator(f".presence-online[data-board='{board}']")
    expect(online).to_have_text("0")
    ada = invite("Ada")
    expect(online).to_have_text("1")
    online.click(trial=True)

    page = open_page(board_page(board), viewport=PHONE).page
    remove = page.get_by_role("button", name="Remove: Ada")
    expect(remove).to_be_visible()
    wide = page.evaluate(width)
    page.get_by_role("button", name="Have everybody reconnect").click(trial=True)
    remove.click()
    expect(page.locator(".presence-message")).to_contain_text("Removed Ada")
    assert ada.closed()
    assert page.locator(".presence-panel").evaluate("one => one.offsetWidth") <= PHONE["width"]
    # A form of the theme's own may be wider than the screen.
    page.locator(".presence-panel").evaluate("one => one.remove()")
    assert wide <= max(PHONE["width"], page.evaluate(width))

    page = open_page(OVERVIEW, viewport=PHONE).page
    expect(page.locator(".presence-plot canvas")).to_have_count(3)
    assert page.evaluate(width) == PHONE["width"]
    page.locator("#presence-processes th").last.click(trial=True)
