"""The admin's pages where several processes share a Redis: whichever process serves the page, and
whichever the people."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from presence.protocol.errors import Close
from tests.support.cluster import Cluster, run_cluster
from tests.support.cookies import guest_cookie
from tests.support.guests import Invite, inviting
from tests.support.moments import Moments, now
from tests.support.panel import MAY, row
from tests.support.redis import run_redis
from tests.support.staff import make_people
from tests.support.tap import Tap
from tests.support.waiting import eventually

LIST = "/admin/presence_site/board/"
OVERVIEW = "/admin/presence/overview/"


@pytest.fixture(scope="module")
def cluster(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Two processes."""
    folder = tmp_path_factory.mktemp("cluster")
    with run_redis(folder) as redis, run_cluster(folder, environment, redis.url, 2) as running:
        yield running


@pytest.fixture
def invites(cluster: Cluster, board: str) -> Iterator[list[Invite]]:
    """Has people come to the test's own board, by each process."""
    with inviting(cluster.servers[0], board) as here, inviting(cluster.servers[1], board) as there:
        yield [here, there]


@pytest.fixture
def open_page(browser: Browser, cluster: Cluster) -> Iterator[Callable[[str], Page]]:
    """Opens pages of the first process, of one of the staff who may do everything."""
    server = cluster.servers[0]
    session = make_people(server, stan=[*MAY, "view_overview"])["stan"]
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "sessionid", "value": session, "url": server.origin}])

    def open_at(path: str) -> Page:
        page = context.new_page()
        page.goto(server.origin + path)
        return page

    yield open_at
    context.close()


def test_who_comes_by_any_process_shows_everywhere_within_a_second(
    open_page: Callable[[str], Page],
    invites: list[Invite],
    board: str,
    record_property: Callable[[str, object], None],
) -> None:
    places = {
        "list": open_page(f"{LIST}?id={board}").locator(f'.presence-online[data-board="{board}"]'),
        "board": open_page(f"{LIST}{board}/change/").locator("#presence-panel [data-field=count]"),
        "overview": open_page(OVERVIEW).locator("[data-total=people]"),
    }
    for place in places.values():
        expect(place).to_have_text("0")
    moments = {name: Moments(place) for name, place in places.items()}
    took: dict[str, list[float]] = {name: [] for name in places}
    for number in range(1, 7):
        invites[number % 2](f"Guest {number}")
        came = now()
        for name, place in moments.items():
            took[name].append(round(place.after(came, str(number)), 3))
    record_property("seconds until a join shows", took)
    assert all(max(each) < 1 for each in took.values()), took


def test_every_tab_of_who_is_removed_closes_in_every_process(
    open_page: Callable[[str], Page], cluster: Cluster, invites: list[Invite], board: str
) -> None:
    page = open_page(f"{LIST}{board}/change/")
    here, there = invites
    cookie = guest_cookie(cluster.servers[0])
    here("Bob")
    tabs = [invite("Ada", cookie) for invite in (here, there, there)]
    row(page, "Ada").first.wait_for()
    page.get_by_role("button", name="Remove: Ada").first.click()
    began = now()
    assert [tab.closed(1.0) for tab in tabs] == [Close.REMOVED] * 3
    assert now() - began < 1
    eventually(lambda: row(page, "Ada").count() == 0, "gone from the page")


def test_a_page_whose_visitor_is_removed_does_not_come_back(
    open_page: Callable[[str], Page], browser: Browser, cluster: Cluster, board: str
) -> None:
    panel = open_page(f"{LIST}{board}/change/")
    context = browser.new_context()
    tap = Tap(context.new_page())
    tap.page.goto(cluster.servers[1].page(board))
    remove = panel.get_by_role("button", name="Remove: ")
    remove.click()
    tap.until(lambda: tap.sockets and not tap.open, "its socket is closed", within=5)
    expect(panel.get_by_text("Nobody is here now.")).to_be_visible()
    opened = len(tap.sockets)
    tap.page.wait_for_timeout(3_000)  # nothing happens: there is no event to wait for
    assert len(tap.sockets) == opened == 1
    assert tap.page.locator("h1").count() == 1, "the page is there without"
    context.close()
