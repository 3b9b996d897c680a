"""How the panel of a board looks: its map of cursors, themes, widths, the strictest policy, and a
store that is away."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.client_facing.sites.strict import POLICY
from tests.client_facing.test_overlay_access import violations
from tests.support.guests import Invite
from tests.support.panel import MAY, Open, field, opening, row
from tests.support.redis import RedisServer, run_redis
from tests.support.server import Server, serve
from tests.support.staff import make_people
from tests.support.tap import Tap

SOON = 5_000

READ_MAP = """
// Where the cursor of the first in the table is on the map, in fractions of it; undefined where
// none is, or a faint one.
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
// How many places the cursor goes through until it is at the far end.
window.watch = () => {
  window.seen = new Set();
  const look = () => {
    const [x] = tip() ?? [0];
    seen.add(x);
    if (x < 0.7) requestAnimationFrame(look);
  };
  look();
};
"""

NOTE_VIOLATIONS = """
window.violations = [];
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
  // What Django's own scripts do, jQuery for one, is not the panel's.
  if (sourceFile?.includes('/static/admin/')) return;
  violations.push([violatedDirective, blockedURI, sourceFile].join(' '));
});
"""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this module's own."""
    with run_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The example site under the strictest policy."""
    own = {
        **environment,
        "DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.strict",
        "REDIS_URL": redis.url,
    }
    with serve(tmp_path_factory.mktemp("daphne"), own) as running:
        yield running


@pytest.fixture(scope="module")
def session(server: Server) -> str:
    """The session of one who may do everything."""
    return make_people(server, stan=MAY)["stan"]


@pytest.fixture
def open_panel(
    browser: Browser, server: Server, session: str, board: str
) -> Iterator[Callable[..., Tap]]:
    """Opens the page of the test's own board."""
    with opening(browser, server, board) as open_page:

        def open_it(**options: Any) -> Tap:
            return open_page(session, **{"script": NOTE_VIOLATIONS + READ_MAP, **options})

        yield open_it


def at(x: float, y: float, within: float = 0.08) -> str:
    """Return what is true in the page once the only cursor is there."""
    return (
        f"() => {{ const [x, y] = tip() ?? [9, 9];"
        f" return Math.abs(x - {x}) < {within} && Math.abs(y - {y}) < {within}; }}"
    )


def cursors(page: Page, number: int) -> None:
    """Wait until there are so many on the map."""
    label = f"Cursors on the board: {number}"
    expect(page.get_by_role("img", name=label)).to_be_visible(timeout=SOON)


def test_cursors_are_where_people_point(open_panel: Open, invite: Invite) -> None:
    page = open_panel().page
    cursors(page, 0)
    ada = invite("Ada")
    ada.point(0.25, 0.5)
    cursors(page, 1)
    page.wait_for_function(at(0.25, 0.5), timeout=SOON)
    ada.point(0.75, 0.25)
    page.wait_for_function(at(0.75, 0.25), timeout=SOON)
    ada.leave()
    cursors(page, 0)
    page.wait_for_function("() => tip() === undefined")


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_cursors_glide_unless_somebody_wants_no_motion(
    open_panel: Open, invite: Invite, motion: Literal["no-preference", "reduce"]
) -> None:
    page = open_panel(reduced_motion=motion).page
    ada = invite("Ada")
    ada.point(0, 0.5)
    page.wait_for_function(at(0, 0.5), timeout=SOON)
    page.evaluate("watch()")
    ada.point(1, 0.5)
    page.wait_for_function("() => Math.max(...seen) > 0.7", timeout=SOON)
    between = page.evaluate("[...seen].filter(x => x > 0.1 && x < 0.7)")
    assert (len(between) >= 3) is (motion == "no-preference"), between


def test_who_is_pointed_at_in_the_table_stands_out_on_the_map(
    open_panel: Open, invite: Invite
) -> None:
    page = open_panel().page
    for number, name in enumerate(("Ada", "Bob")):
        invite(name).point(0.2 + 0.4 * number, 0.5)
    cursors(page, 2)
    page.wait_for_function("() => tip() !== undefined")
    row(page, "Bob").hover()
    page.wait_for_function("() => tip() === undefined")
    row(page, "Ada").hover()
    page.wait_for_function("() => tip() !== undefined")
    row(page, "Bob").get_by_role("button").focus()
    page.wait_for_function("() => tip() === undefined")


def test_the_map_follows_the_theme_and_the_width(open_panel: Open, invite: Invite) -> None:
    page = open_panel(color_scheme="light", device_scale_factor=2).page
    invite("Ada").point(0.5, 0.5)
    page.wait_for_function(at(0.5, 0.5), timeout=SOON)
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_and_a_strict_policy_have_nothing_to_say(
    open_panel: Open, invite: Invite, scheme: Literal["light", "dark"]
) -> None:
    page = open_panel(color_scheme=scheme).page
    invite("Ada").point(0.5, 0.5)
    cursors(page, 1)
    expect(page.locator("#presence-panel .presence-plot canvas")).to_be_visible()
    page.get_by_role("button", name="Close to newcomers").click()
    expect(page.locator(".presence-message li.success")).to_be_visible()
    answer = page.request.get(page.url)
    assert answer.headers["content-security-policy"] == POLICY
    assert page.evaluate("violations") == []
    assert violations(page, "#presence-panel") == []
    page.get_by_role("button", name="Let newcomers in again").click()


def test_many_people_do_not_push_the_form_away(open_panel: Open, invite: Invite) -> None:
    page = open_panel(viewport={"width": 1280, "height": 800}).page
    for number in range(30):
        invite(f"Guest {number}")
    expect(field(page, "name")).to_have_count(30, timeout=SOON)
    table = page.locator(".presence-table").bounding_box()
    assert table is not None
    assert table["height"] < 300
    last = row(page, "Guest 29")
    last.get_by_role("button").focus()
    expect(last).to_be_in_viewport()


def test_without_scripts_there_is_a_hint(open_panel: Open) -> None:
    panel = open_panel(script="", java_script_enabled=False).page.locator("#presence-panel")
    assert " ".join(panel.inner_text().split()) == "People now A script shows who is here."


def test_what_is_not_known_is_said_and_comes_back(
    open_panel: Open, redis: RedisServer, invite: Invite
) -> None:
    page = open_panel().page
    invite("Ada").point(0.5, 0.5)
    cursors(page, 1)
    count = page.locator("#presence-panel [data-field=count]")
    redis.pause()
    try:
        expect(page.get_by_text("It is not known now who is here.")).to_be_visible(timeout=10_000)
        expect(count).to_have_text("–")
        expect(field(page, "name")).to_have_count(0)
        cursors(page, 0)
    finally:
        redis.resume()
    expect(field(page, "name")).to_have_text(["Ada"], timeout=15_000)
    expect(count).to_have_text("1")
    expect(page.get_by_text("It is not known now who is here.")).to_be_hidden()
