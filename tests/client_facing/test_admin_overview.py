"""The admin's overview: real Daphnes, alone and with a real Redis, and a real browser."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Literal
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from presence.store.history import HOURS, MINUTES, Bucket, Span
from tests.client_facing.sites.strict import POLICY
from tests.client_facing.test_overlay_access import NOTE_VIOLATIONS, violations
from tests.support.cluster import Cluster, run_cluster
from tests.support.guests import Invite, inviting
from tests.support.history import write_history
from tests.support.moments import Moments, now
from tests.support.redis import RedisServer, run_redis
from tests.support.server import Server
from tests.support.staff import change, make_people

PAGE = "/admin/presence/overview/"
MAY = ["view_overview", "view_board"]

PAINTED = """canvas => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some(value => value !== 0);
}"""

Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens the overview as somebody of the staff, in a browser context of its own."""
    contexts = []

    def open_it(server: Server, session: str, query: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": session, "url": server.origin}])
        page = context.new_page()
        page.add_init_script(NOTE_VIOLATIONS)
        page.goto(f"{server.origin}{PAGE}{query}")
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this module's own."""
    with run_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Two processes of a site with the strictest policy."""
    settings, folder = "tests.client_facing.sites.strict", tmp_path_factory.mktemp("cluster")
    with run_cluster(folder, environment, redis.url, 2, settings) as running:
        yield running


@pytest.fixture(scope="module")
def session(cluster: Cluster) -> str:
    """The session of one who may see everything."""
    return make_people(cluster.servers[0], stan=MAY)["stan"]


@pytest.fixture(scope="module")
def alone(server: Server) -> dict[str, str]:
    """The sessions of such people where one process serves everybody."""
    return make_people(server, stan=MAY, late=MAY)


def total(page: Page, name: str) -> Locator:
    return page.locator(f"[data-total={name}]")


def test_a_join_shows_within_a_second_in_one_process(
    open_page: Open, server: Server, alone: dict[str, str], invite: Invite, board: str
) -> None:
    page = open_page(server, alone["stan"])
    expect(total(page, "people")).to_have_text("0")
    expect(page.locator("#presence-busiest tbody")).to_have_text(
        "Nobody is on a board that you may view."
    )
    names = ("people", "sockets", "boards")
    moments = [Moments(total(page, name)) for name in names]
    busiest = Moments(page.locator("#presence-busiest tbody"))
    ada = invite("Ada")
    came = now()
    link = page.locator("#presence-busiest").get_by_role("link", name="Test")
    row = page.locator("#presence-busiest tbody tr")
    took = [each.after(came, "1") for each in moments] + [busiest.after(came, "Test1")]
    assert max(took) < 1, took
    expect(total(page, "store")).to_have_text("In reach")
    link.focus()
    invite("Bob")
    expect(row.locator("td")).to_have_text("2")
    expect(link).to_be_focused()
    link.click()
    expect(page).to_have_url(f"{server.origin}/admin/presence_site/board/{board}/change/")
    ada.leave()


def test_who_may_see_it_no_more_sees_nothing_of_it(
    open_page: Open, server: Server, alone: dict[str, str]
) -> None:
    page = open_page(server, alone["late"])
    expect(total(page, "people")).to_have_text("0")
    expect(page.locator(".presence-plot canvas")).to_have_count(3)
    owned = "user_id IN (SELECT id FROM auth_user WHERE username = 'late')"
    change(server, f"DELETE FROM auth_user_user_permissions WHERE {owned}", rows=2)
    expect(total(page, "people")).to_have_text("–")
    expect(page.get_by_role("status")).to_contain_text("may not see this any more")
    expect(page.locator(".presence-plot canvas")).to_have_count(0)
    expect(page.locator("#presence-processes tbody tr")).to_have_count(1)


def test_a_join_in_another_process_shows_within_a_second(
    open_page: Open, cluster: Cluster, session: str, board: str
) -> None:
    here, there = cluster.servers
    page = open_page(here, session)
    expect(total(page, "people")).to_have_text("0")
    moments = [Moments(total(page, name)) for name in ("people", "boards")]
    with inviting(there, board) as invite:
        invite("Ada")
        came = now()
        took = [each.after(came, "1") for each in moments]
        assert max(took) < 1, took
        expect(page.locator("#presence-processes tbody tr")).to_have_count(2)
    assert page.evaluate("violations") == []


def past(span: Span, people: dict[int, int]) -> dict[int, Bucket]:
    """Return tallies of people, by how many buckets ago, and a gap where there is none."""
    last = span.number(time.time())
    return {last - ago: Bucket(2, 2 * here, here + 1) for ago, here in people.items()}


def test_plots_are_drawn_with_the_values_of_the_history(
    open_page: Open, cluster: Cluster, redis: RedisServer, session: str, board: str
) -> None:
    with redis.client() as client:
        # Nobody else looks.
        client.set("presence:{history}:recorder", f"{int((time.time() + 600) * 1e6)}\tnobody")
        for span in (MINUTES, HOURS):
            client.delete(*client.keys(f"presence:*:{span.name}:*") or ["none"])
            write_history(client, None, span, past(span, {n: 20 + n for n in range(50) if n != 7}))
            write_history(client, UUID(board), span, past(span, {3: 4, 1: 6}))
    page = open_page(cluster.servers[0], session, f"?board={board}", timezone_id="Asia/Tokyo")
    choice = page.get_by_label("People on")
    expect(choice).to_have_value(board)
    hour = page.locator(".presence-plot", has_text="Last hour")
    expect(hour.locator("p")).to_contain_text("Last 0, at most 7 (")
    choice.select_option("")
    expect(hour.locator("p")).to_contain_text("Last 20, at most 70 (")
    told = history(page)
    # A minute may have begun since.
    newest = max(at for at, people in enumerate(told["people"]) if people is not None)
    told = {name: values[: newest + 1] for name, values in told.items()}
    assert told["people"][-8] is None, "a gap stays a gap"
    assert told["people"][0] is None
    for plot in page.locator(".presence-plot").all():
        assert plot.locator("canvas").evaluate(PAINTED)
        expect(plot.locator(".presence-canvas")).to_have_attribute("role", "img")
        expect(plot.get_by_role("link")).to_have_attribute("href", csv(plot))
    assert legend(hour) == [str(told["people"][-1]), str(told["peak"][-1])] == ["20", "21"]
    point(page, hour, 60, told)


def test_a_plot_asks_once_and_never_shows_what_is_not_of_its_board(
    open_page: Open, cluster: Cluster, session: str, board: str
) -> None:
    page = open_page(cluster.servers[0], session, f"?board={board}")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/history/?" in one.url else None)
    page.reload()
    expect(page.locator(".presence-plot canvas")).to_have_count(3)
    expect(total(page, "people")).not_to_have_text("–")
    assert len(asked) == 3
    waiting: list[Route] = []
    page.route("**/history/?*", lambda route: waiting.append(route))
    page.get_by_label("People on").select_option("")
    expect(page.locator(".presence-plot canvas")).to_have_count(0)
    for plot in page.locator(".presence-plot").all():
        expect(plot.locator("p")).to_be_empty()
    for route in waiting:
        route.fulfill(status=404, body="{}")
    expect(page.get_by_text("The history cannot be had now.")).to_have_count(3)
    page.unroute("**/history/?*")
    page.get_by_label("People on").select_option(board)
    expect(page.locator(".presence-plot canvas")).to_have_count(3)


def history(page: Page) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = page.evaluate(
        "fetch('history/?span=minutes&count=60').then(answer => answer.json())"
    )
    return found


def csv(plot: Locator) -> str:
    return f"/presence/history/{plot.get_attribute('data-span')}.csv"


def legend(plot: Locator) -> list[str]:
    return plot.locator(".u-legend .u-value").all_text_contents()[1:]


def point(page: Page, plot: Locator, count: int, told: dict[str, list[Any]]) -> None:
    """Point at the middle, and read what is said of it."""
    place = plot.locator(".u-over")
    box = place.bounding_box()
    assert box is not None
    middle = count // 2
    page.mouse.move(box["x"] + box["width"] * middle / (count - 1), box["y"] + 20)
    shown = f"{told['people'][middle]:g}"
    expect(plot.locator(".u-legend .u-value").nth(1)).to_have_text(shown)
    expect(plot.locator(".u-legend .u-value").nth(2)).to_have_text(str(told["peak"][middle]))
    at = time.strftime("%H:%M", time.gmtime(told["at"][middle]))
    expect(plot.locator(".u-legend .u-value").first).to_contain_text(at)
    page.mouse.move(0, 0)
    expect(plot.locator(".u-legend .u-value").nth(1)).to_have_text(f"{told['people'][-1]:g}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_and_a_strict_policy_have_nothing_to_say(
    open_page: Open, cluster: Cluster, session: str, board: str, scheme: Literal["light", "dark"]
) -> None:
    with inviting(cluster.servers[0], board) as invite:
        invite("Ada")
        page = open_page(cluster.servers[0], session, color_scheme=scheme)
        expect(page.locator("#presence-processes tbody tr")).to_have_count(2)
        expect(page.locator(".presence-plot canvas")).to_have_count(3)
        assert page.evaluate("violations") == []
        answer = page.reload()
        assert answer is not None
        assert answer.header_value("Content-Security-Policy") == POLICY
        expect(page.locator(".presence-plot canvas")).to_have_count(3)
        expect(total(page, "people")).to_have_text("1")
        assert page.evaluate("violations") == []
        assert violations(page) == []


def test_plots_follow_the_theme_and_the_width(
    open_page: Open, cluster: Cluster, session: str
) -> None:
    page = open_page(cluster.servers[0], session, color_scheme="light")
    hour = page.locator(".presence-plot", has_text="Last hour")
    marker = hour.locator(".u-legend .u-marker").nth(0)
    ink = "one => getComputedStyle(one).borderColor"
    light = marker.evaluate(ink)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(marker).not_to_have_css("border-color", light)
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_function(
        "() => [...document.querySelectorAll('.presence-plot .uplot')]"
        ".every(plot => plot.clientWidth <= plot.parentElement.clientWidth)"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 500


def test_a_store_that_is_away_is_said_and_comes_back(
    open_page: Open, cluster: Cluster, redis: RedisServer, session: str
) -> None:
    page = open_page(cluster.servers[0], session)
    expect(total(page, "store")).to_have_text("In reach")
    redis.pause()
    try:
        expect(total(page, "store")).to_have_text("Out of reach", timeout=10_000)
        expect(total(page, "people")).to_have_text("–")
        expect(page.get_by_role("status")).to_contain_text("out of reach")
    finally:
        redis.resume()
    expect(total(page, "store")).to_have_text("In reach", timeout=15_000)
    expect(page.get_by_role("status")).to_have_text("")
