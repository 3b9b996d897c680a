"""A site with a transaction and an account for every view, under a real Daphne."""

import html
import json
import re
from collections.abc import Iterator

import pytest

from tests.support.accounts import sign_in
from tests.support.clients import Clients
from tests.support.server import MEMBERS_BOARD, OPEN_BOARD, Server, serve_site
from tests.support.visitor import Answer, Visitor


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne."""
    with serve_site(
        tmp_path_factory.mktemp("strict"), "strict", "tests.sites.strict.asgi:application"
    ) as running:
        yield running


@pytest.fixture
def guest(server: Server) -> Visitor:
    return Visitor(server.origin)


@pytest.fixture(scope="module")
def staff(server: Server) -> Visitor:
    """The superuser."""
    return Visitor(server.origin, {"sessionid": sign_in(server, admin=[])["admin"]})


def body(answer: Answer, status: int = 200) -> str:
    assert answer.status == status, answer.text
    return answer.text


def test_views_that_decide_themselves_answer_everybody(guest: Visitor) -> None:
    assert guest.get("/en/admin/").status == 302, "the site wants an account"
    assert body(guest.get("/healthz")) == "ok"
    assert "presence_sockets" in body(guest.get("/internal/metrics"))
    assert guest.get("/metrics").status == 302, "of the other app, which knows no exception"
    assert body(guest.get("/static/presence/overlay.js"))
    counts = guest.get("/en/presence/counts/", board=OPEN_BOARD)
    assert json.loads(body(counts)) == {"counts": {OPEN_BOARD: 0}}
    counts = guest.get("/en/presence/counts/", board=MEMBERS_BOARD)
    assert json.loads(body(counts)) == {"counts": {}}
    assert json.loads(body(guest.get(f"/en/presence/token/{OPEN_BOARD}/")))["token"]
    assert json.loads(body(guest.get(f"/en/presence/token/{MEMBERS_BOARD}/"), 401))["error"]


def test_scripts_of_the_admin_are_refused_with_a_status_not_a_form(guest: Visitor) -> None:
    overview = "/en/admin/presence/overview"
    assert guest.get(f"{overview}/feed/", overview="1").status == 401
    assert guest.get(f"{overview}/history/").status == 403
    download = guest.get("/en/presence/history/minutes.csv")
    assert (download.status, download.headers["Location"].split("?")[0]) == (
        302,
        "/en/admin/login/",
    )


def test_staff_see_everything(staff: Visitor) -> None:
    assert "django_migrations_applied_total" in body(staff.get("/metrics"))
    overview = "/en/admin/presence/overview"
    assert "presence-overview" in body(staff.get(f"{overview}/"))
    assert json.loads(body(staff.get(f"{overview}/feed/", overview="1")))["overview"]["store"]
    assert "peak" in json.loads(body(staff.get(f"{overview}/history/")))
    for path in ("minutes.csv", f"{OPEN_BOARD}/hours.csv"):
        assert body(staff.get(f"/en/presence/history/{path}")).startswith("time,people,peak")
    changelist = "/en/admin/presence_site/board"
    assert f'data-board="{OPEN_BOARD}"' in body(staff.get(f"{changelist}/"))
    assert "presence-panel" in body(staff.get(f"{changelist}/{OPEN_BOARD}/change/"))
    assert json.loads(body(staff.get(f"{changelist}/presence/feed/", board=OPEN_BOARD)))


async def test_a_page_has_the_urls_and_texts_of_its_language(
    guest: Visitor, clients: Clients
) -> None:
    page = body(guest.get(f"/de/page/{OPEN_BOARD}/"))
    sockets, counts = re.findall(r'endpoint="([^"]*)"', page)
    assert (sockets, counts) == (f"/ws/presence/{OPEN_BOARD}/", "/de/presence/counts/")
    strings = re.search(r'strings="([^"]*)"', page)
    assert strings
    assert json.loads(html.unescape(strings[1]))["hide"] == "Zeiger ausblenden"
    await clients.join("Ada", board=OPEN_BOARD)
    assert json.loads(body(guest.get(counts, board=OPEN_BOARD))) == {"counts": {OPEN_BOARD: 1}}
    assert 'count="1"' in body(guest.get(f"/de/page/{OPEN_BOARD}/"))


async def test_an_account_joins_with_and_without_the_stack_of_channels(
    server: Server, staff: Visitor, clients: Clients
) -> None:
    ada = await clients.join(board=MEMBERS_BOARD, cookies=staff.cookie)
    stacked = f"ws://127.0.0.1:{server.port}/stacked/{MEMBERS_BOARD}/"
    bob = await clients.join(url=stacked, cookies=staff.cookie)
    await bob.until(lambda: bob.others == {ada.user: "Ada Admin"}, "the account's other tab")
    assert (ada.count, bob.count) == (1, 1)
