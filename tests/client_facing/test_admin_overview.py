"""The admin's overview, and all live pages of the admin where processes share a Redis."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Literal
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from presence.store.history import HOURS, MINUTES, Bucket, Span
from tests.client_facing.conftest import NewContext
from tests.client_facing.test_admin_board import POLICY, row
from tests.support.accounts import EVERYTHING, change, sign_in
from tests.support.browser import NOTE_VIOLATIONS, barriers
from tests.support.clients import Invite, inviting
from tests.support.cluster import Cluster
from tests.support.history import write_history
from tests.support.redis import RedisServer
from tests.support.server import with_settings

pytestmark = pytest.mark.windowless

LIST = "/admin/presence_site/board/"
OVERVIEW = "/admin/presence/overview/"

NOTE_TEXTS = """(place) => {
  place.shown = [];
  new MutationObserver(() => place.shown.push([place.textContent.trim(), Date.now()]))
    .observe(place, { characterData: true, childList: true, subtree: true });
}"""
SHOWN_AT = "(place, text) => place.shown.find((each) => each[0] === text)?.[1]"

PAINTED = """canvas => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some(value => value !== 0);
}"""

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a site with `POLICY`."""
    return with_settings(environment, POLICY=POLICY)


@pytest.fixture(scope="module")
def size() -> int:
    return 2


@pytest.fixture(scope="module")
def sessions(processes: Cluster) -> dict[str, str]:
    """The sessions of staff who may do everything."""
    return sign_in(processes.servers[0], stan=EVERYTHING, late=EVERYTHING)


@pytest.fixture
def invites(cluster: Cluster, board: str) -> Iterator[list[Invite]]:
    """Has people come to the test's own board, through each process."""
    with ExitStack() as stack:
        yield [stack.enter_context(inviting(server, board)) for server in cluster.servers]


@pytest.fixture
def open_page(new_context: NewContext, cluster: Cluster, sessions: dict[str, str]) -> Open:
    """Opens a page of the first process as staff."""

    def open_it(path: str = OVERVIEW, who: str = "stan", **options: Any) -> Page:
        page = new_context(sessions[who], **options).new_page()
        page.add_init_script(NOTE_VIOLATIONS)
        page.goto(cluster.servers[0].origin + path)
        return page

    return open_it


def total(page: Page, name: str) -> Locator:
    return page.locator(f"[data-total={name}]")


def counts(open_page: Open, board: str) -> dict[str, Locator]:
    """Open the three pages, and return where each shows the number of people."""
    in_list = f'.presence-online[data-board="{board}"]'
    panel = "#presence-panel [data-field=count]"
    return {
        "list": open_page(f"{LIST}?id={board}").locator(in_list),
        "board": open_page(f"{LIST}{board}/change/").locator(panel),
        "overview": total(open_page(), "people"),
    }


def seconds_until(place: Locator, text: str, since: float) -> float:
    """Wait for a text, and return how long after `since` it showed, by the page's clock."""
    expect(place).to_have_text(text)
    shown: float | None = place.evaluate(SHOWN_AT, text)
    assert shown is not None, "it was there before"
    return shown / 1000 - since


@pytest.mark.alone
def test_a_join_through_any_process_shows_everywhere_within_a_second(
    open_page: Open,
    invites: list[Invite],
    board: str,
    record_property: Callable[[str, object], None],
) -> None:
    places = counts(open_page, board)
    for place in places.values():
        expect(place).to_have_text("0")
        place.evaluate(NOTE_TEXTS)
    took: dict[str, list[float]] = {name: [] for name in places}
    for number in range(1, 7):
        invites[number % 2](f"Guest {number}")
        came = time.time()
        for name, place in places.items():
            took[name].append(round(seconds_until(place, str(number), came), 3))
    record_property("seconds until a join shows", took)
    assert all(max(each) < 1 for each in took.values()), took


def test_an_outage_of_the_store_shows_everywhere_and_ends(
    open_page: Open, invites: list[Invite], redis: RedisServer, board: str
) -> None:
    invites[0]("Ada").point(0.5, 0.5)
    places = counts(open_page, board)
    for place in places.values():
        expect(place).to_have_text("1")
    panel, overview = places["board"].page, places["overview"].page
    redis.pause()
    try:
        for place in places.values():
            expect(place).to_have_text("–")
        expect(panel.get_by_text("It is not known now who is here.")).to_be_visible()
        expect(panel.locator(".presence-table tbody tr")).to_have_count(0)
        expect(panel.get_by_role("img", name="Cursors on the board: 0")).to_be_visible()
        expect(total(overview, "store")).to_have_text("Out of reach")
        expect(overview.get_by_role("status")).to_contain_text("out of reach")
    finally:
        redis.resume()
    for place in places.values():
        expect(place).to_have_text("1")
    expect(row(panel, "Ada")).to_be_visible()
    expect(total(overview, "store")).to_have_text("In reach")
    expect(overview.get_by_role("status")).to_have_text("")


def test_the_busiest_boards_are_links_that_keep_the_focus(
    open_page: Open, invites: list[Invite], cluster: Cluster, board: str
) -> None:
    page = open_page()
    expect(page.get_by_text("Nobody is on a board that you may view.")).to_be_visible()
    invites[0]("Ada")
    expect(total(page, "boards")).to_have_text("1")
    expect(total(page, "sockets")).to_have_text("1")
    link = page.locator("#presence-busiest").get_by_role("link", name="Test")
    link.focus()
    invites[1]("Bob")
    expect(page.locator("#presence-busiest tbody td")).to_have_text("2")
    expect(page.locator("#presence-processes tbody tr")).to_have_count(2)
    expect(link).to_be_focused()
    link.click()
    expect(page).to_have_url(cluster.servers[0].panel(board))


def test_the_page_is_emptied_when_the_permission_is_lost(open_page: Open, cluster: Cluster) -> None:
    page = open_page(who="late")
    expect(total(page, "people")).to_have_text("0")
    expect(page.locator(".presence-plot canvas")).to_have_count(3)
    owned = "user_id IN (SELECT id FROM auth_user WHERE username = 'late')"
    statement = f"DELETE FROM auth_user_user_permissions WHERE {owned}"
    change(cluster.servers[0], statement, rows=len(EVERYTHING))
    expect(total(page, "people")).to_have_text("–")
    expect(page.get_by_role("status")).to_contain_text("may not see this any more")
    expect(page.locator(".presence-plot canvas")).to_have_count(0)


def past(span: Span, people: dict[int, int]) -> dict[int, Bucket]:
    """Return a history from people by the number of buckets ago; other buckets are gaps."""
    last = span.number(time.time())
    return {last - ago: Bucket(2, 2 * here, here + 1) for ago, here in people.items()}


def test_plots_show_the_history(open_page: Open, redis: RedisServer, board: str) -> None:
    with redis.client() as client:
        # No process writes it meanwhile.
        client.set("presence:{history}:recorder", f"{int((time.time() + 600) * 1e6)}\tnobody")
        for span in (MINUTES, HOURS):
            client.delete(*client.keys(f"presence:*:{span.name}:*") or ["none"])
            write_history(client, None, span, past(span, {n: 20 + n for n in range(50) if n != 7}))
            write_history(client, UUID(board), span, past(span, {3: 4, 1: 6}))
    page = open_page(f"{OVERVIEW}?board={board}", timezone_id="Asia/Tokyo")
    choice = page.get_by_label("People on")
    expect(choice).to_have_value(board)
    hour = page.locator(".presence-plot", has_text="Last hour")
    expect(hour.locator("p")).to_contain_text("Last 0, at most 7 (")
    choice.select_option("")
    expect(hour.locator("p")).to_contain_text("Last 20, at most 70 (")
    told = page.evaluate("fetch('history/?span=minutes&count=60').then(answer => answer.json())")
    # A minute may have begun since.
    newest = max(at for at, people in enumerate(told["people"]) if people is not None)
    told = {name: values[: newest + 1] for name, values in told.items()}
    assert told["people"][-8] is None, "a gap stays a gap"
    for plot in page.locator(".presence-plot").all():
        assert plot.locator("canvas").evaluate(PAINTED)
        expect(plot.locator(".presence-canvas")).to_have_attribute("role", "img")
        href = f"/presence/history/{plot.get_attribute('data-span')}.csv"
        expect(plot.get_by_role("link")).to_have_attribute("href", href)
    legend = hour.locator(".u-legend .u-value")
    assert legend.all_text_contents()[1:] == ["20", "21"]
    # Where the mouse points, the legend shows the values.
    box = hour.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 30 / 59, box["y"] + 20)
    expect(legend.nth(1)).to_have_text(f"{told['people'][30]:g}")
    expect(legend.nth(2)).to_have_text(str(told["peak"][30]))
    expect(legend.first).to_contain_text(time.strftime("%H:%M", time.gmtime(told["at"][30])))


def test_plots_follow_the_theme_and_the_width(open_page: Open) -> None:
    page = open_page(color_scheme="light")
    marker = page.locator(".presence-plot", has_text="Last hour").locator(".u-marker").nth(0)
    light = marker.evaluate("one => getComputedStyle(one).borderColor")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(marker).not_to_have_css("border-color", light)
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_function(
        "() => [...document.querySelectorAll('.presence-plot .uplot')]"
        ".every(plot => plot.clientWidth <= plot.parentElement.clientWidth)"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 500


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_and_the_policy_have_nothing_to_say(
    open_page: Open, invites: list[Invite], scheme: Literal["light", "dark"]
) -> None:
    invites[0]("Ada")
    page = open_page(color_scheme=scheme)
    expect(page.locator("#presence-processes tbody tr")).to_have_count(2)
    expect(page.locator(".presence-plot canvas")).to_have_count(3)
    expect(total(page, "people")).to_have_text("1")
    assert page.evaluate("violations") == []
    assert barriers(page) == []
