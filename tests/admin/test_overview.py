"""The admin's overview: who may see the page, its feed and its plots, and what of them."""

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test import AsyncClient

from presence.admin import busiest as titles
from presence.admin import permissions as viewing
from presence.admin.overview import OverviewAdmin
from presence.admin.threads import Once
from presence.models import Overview
from presence.protocol.errors import TryLater
from presence.runtime import current_hub, serving
from presence.server.stats import ProcessStats, dump
from presence.store.base import JoinRequest
from presence_site.admin import BoardAdmin
from presence_site.models import Board
from tests.support.admin import sign_in
from tests.support.history import own_history

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/presence/overview/"
FEED = f"{PAGE}feed/?overview=1"
PLOT = f"{PAGE}history/"


@pytest.fixture(autouse=True)
def is_serving() -> Iterator[None]:
    """This process has the boards, in its memory."""
    was = serving.is_set()
    serving.set()
    yield
    if not was:
        serving.clear()


@pytest.fixture
async def staff(async_client: AsyncClient) -> AsyncClient:
    """A client of staff who may see the overview, and view boards."""
    return await sign_in(async_client, "view_overview", "view_board")


async def arrive(board: UUID, people: int) -> None:
    hub = current_hub()
    await hub.store.renew(hub.process)
    for _ in range(people):
        request = JoinRequest(uuid4().hex, hub.process, uuid4().hex, "Ada")
        await hub.store.join(board, request)


async def make(title: str, people: int) -> str:
    board = await Board.objects.acreate(title=title)
    await arrive(board.pk, people)
    return str(board.pk)


async def told(client: AsyncClient) -> Mapping[str, Any]:
    response = await client.get(FEED)
    assert response.status_code == 200
    found: Mapping[str, Any] = response.json()["overview"]
    return found


async def test_guests_and_visitors_are_sent_to_sign_in_and_told_nothing(
    async_client: AsyncClient,
) -> None:
    for status in (401, 403):
        assert (await async_client.get(PAGE)).status_code == 302
        response = await async_client.get(FEED)
        assert (response.status_code, response.json()) == (status, {})
        response = await async_client.get(PLOT)
        assert (response.status_code, response.json()) == (403, {})
        if status == 401:
            await sign_in(async_client, "view_overview", "view_board", is_staff=False)


async def test_staff_without_the_permission_are_told_nothing(async_client: AsyncClient) -> None:
    await sign_in(async_client, "view_board", "remove_person")
    assert (await async_client.get(PAGE)).status_code == 403
    for path in (FEED, PLOT):
        response = await async_client.get(path)
        assert (response.status_code, response.json()) == (403, {})
    assert PAGE not in (await async_client.get("/admin/")).content.decode()


@pytest.mark.parametrize("stricter", [admin.AdminSite, OverviewAdmin])
async def test_what_an_admin_says_itself_holds_for_the_plots_and_downloads(
    staff: AsyncClient, monkeypatch: pytest.MonkeyPatch, stricter: Any
) -> None:
    """An admin that asks for a second factor, or an overview that is for some only."""
    paths = (FEED, PLOT, "/presence/history/minutes.csv")
    assert [(await staff.get(path)).status_code for path in paths] == [200] * 3
    monkeypatch.setattr(viewing, "all_sites", {admin.site})  # other tests make some of their own
    name = "has_permission" if stricter is admin.AdminSite else "has_view_permission"
    monkeypatch.setattr(stricter, name, lambda *args: False)
    assert [(await staff.get(path)).status_code for path in paths] == [403] * 3


async def test_staff_who_may_find_it_in_the_index(staff: AsyncClient) -> None:
    assert f'href="{PAGE}"' in (await staff.get("/admin/")).content.decode()
    response = await staff.get(PAGE)
    text = response.content.decode()
    assert response.status_code == 200
    assert "no-cache" in response["Cache-Control"]
    assert "<h1>Presence</h1>" in text
    assert "style=" not in text, "no inline style"


async def test_nothing_can_be_added_changed_or_deleted(admin_client: Any) -> None:
    for path in ("add/", "1/change/", "1/delete/", "1/history/"):
        assert (await _get(admin_client, f"{PAGE}{path}")).status_code == 404
    assert (await _get(admin_client, "/admin/presence/")).status_code == 200


async def _get(client: Any, path: str) -> Any:
    from_admin = AsyncClient()
    from_admin.cookies = client.cookies
    return await from_admin.get(path)


async def test_the_totals_and_the_busiest_boards(staff: AsyncClient) -> None:
    plans, ideas = await make("Plans", 1), await make("Ideas", 2)
    found = await told(staff)
    assert (found["people"], found["boards"], found["store"]) == (3, 2, True)
    assert found["busiest"] == [
        {"board": ideas, "title": "Ideas", "people": 2},
        {"board": plans, "title": "Plans", "people": 1},
    ]
    (process,) = found["processes"]
    assert process["process"] == current_hub().process
    assert found["sockets"] == process["sockets"] == current_hub().metrics.sockets


async def test_connections_are_those_of_all_processes(staff: AsyncClient) -> None:
    hub = current_hub()
    for figures in (ProcessStats("another", 3, frames_in=2.5), ProcessStats(hub.process, 9)):
        await own_history().publish(figures.process, dump(figures))
    hub.metrics.sockets = 2
    found = await told(staff)
    assert found["sockets"] == 5, "what this process knows of itself is newer than what it told"
    another, own = found["processes"]
    assert (another["process"], another["sockets"], another["frames_in"]) == ("another", 3, 2.5)
    assert (own["process"], own["sockets"]) == (hub.process, 2)


async def test_ten_boards_are_listed_and_gone_ones_are_not(staff: AsyncClient) -> None:
    for number in range(12):
        await make(f"Board {number}", 12 - number)
    await arrive(uuid4(), 20)
    found = await told(staff)
    assert [each["title"] for each in found["busiest"]] == [f"Board {n}" for n in range(10)]
    assert (found["people"], found["boards"]) == (98, 13)


@pytest.mark.parametrize("way", ["queryset", "object"])
async def test_what_the_admin_hides_counts_but_is_not_listed(
    staff: AsyncClient, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    secret, plain = await make("Secret", 3), await make("Plain", 1)
    hide(monkeypatch, way)
    found = await told(staff)
    assert found["people"] == 4
    assert [each["board"] for each in found["busiest"]] == [plain]
    assert (await staff.get(f"{PLOT}?board={secret}")).status_code == 404
    assert (await staff.get(f"{PLOT}?board={plain}")).status_code == 200
    assert "Secret" not in (await staff.get(f"{PAGE}?board={secret}")).content.decode()
    assert "Plain" in (await staff.get(f"{PAGE}?board={plain}")).content.decode()


def hide(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Have the admin hide boards that are called "Secret"."""
    if way == "queryset":
        queryset = Board.objects.exclude(title="Secret")
        monkeypatch.setattr(BoardAdmin, "get_queryset", lambda *args: queryset.all())
    else:
        monkeypatch.setattr(
            BoardAdmin,
            "has_view_permission",
            lambda self, request, obj=None: getattr(obj, "title", "") != "Secret",
        )


async def test_staff_who_may_view_no_board_get_the_totals_only(async_client: AsyncClient) -> None:
    await sign_in(async_client, "view_overview")
    board = await make("Plans", 2)
    found = await told(async_client)
    assert (found["people"], found["busiest"]) == (2, [])
    assert (await async_client.get(f"{PLOT}?board={board}")).status_code == 404


async def test_who_may_view_a_board_may_see_its_plot_without_the_overview(
    async_client: AsyncClient,
) -> None:
    await sign_in(async_client, "view_board")
    board = await make("Plans", 2)
    assert (await async_client.get(f"{PLOT}?board={board}")).status_code == 200
    assert (await async_client.get(PLOT)).status_code == 403


async def test_a_site_whose_code_fails_still_gets_the_totals(
    staff: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await make("Plans", 2)

    def fail(*args: object) -> None:
        raise RuntimeError("the site's own")

    monkeypatch.setattr(BoardAdmin, "get_queryset", fail)
    failures = Once(titles.logger, "could not ask which boards somebody may view in %s")
    monkeypatch.setattr(titles, "failures", failures)
    found = await told(staff)
    assert (found["people"], found["store"], found["busiest"]) == (2, True, None)
    await told(staff)
    assert caplog.text.count("could not ask which boards") == 1, "once, until it is over"


async def test_a_store_that_is_away_is_told(
    staff: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: object) -> None:
        raise TryLater("away")

    monkeypatch.setattr(current_hub().store, "boards", away)
    found = await told(staff)
    assert (found["store"], found["people"], found["processes"]) == (False, None, [])
    assert found["busiest"] is None
    monkeypatch.setattr(own_history(), "read", away)
    assert (await staff.get(PLOT)).status_code == 503


async def test_a_plot_has_the_history(staff: AsyncClient) -> None:
    board = (await Board.objects.acreate(title="Plans")).pk
    current_hub()
    history = own_history()
    at = await history.claim("p")
    assert at is not None
    await history.record("p", at, {board: 2, uuid4(): 1})
    everywhere = (await staff.get(f"{PLOT}?span=minutes&count=3")).json()
    assert everywhere["people"] == [None, None, 3.0]
    assert everywhere["peak"] == [None, None, 3]
    assert [b - a for a, b in zip(everywhere["at"], everywhere["at"][1:], strict=False)] == [60, 60]
    here = (await staff.get(f"{PLOT}?span=hours&board={board}")).json()
    assert (len(here["at"]), here["people"][-1]) == (720, 2.0)
    assert len((await staff.get(PLOT)).json()["at"]) == 1440


@pytest.mark.parametrize(
    "query", ["span=days", "count=0", "count=1441", "count=x", "span=hours&count=721", "board=1"]
)
async def test_what_no_plot_has_is_refused(staff: AsyncClient, query: str) -> None:
    assert (await staff.get(f"{PLOT}?{query}")).status_code == 400


async def test_switched_off(staff: AsyncClient, settings: Any) -> None:
    assert '<script id="presence-overview"' in (await staff.get(PAGE)).content.decode()
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    text = (await staff.get(PAGE)).content.decode()
    assert "switched off" in text
    assert '<script id="presence-overview"' not in text
    assert (await staff.get(FEED)).status_code == 503


def test_the_model_has_permissions_and_no_table() -> None:
    names = Permission.objects.filter(content_type__app_label="presence")
    assert {*names.values_list("codename", flat=True)} == {
        "view_overview", "remove_person", "close_board", "reconnect_board",
    }  # fmt: skip
    assert not [name for name in connection.introspection.table_names() if "overview" in name]
    assert not Overview.objects.exists()


def test_commands_over_all_models_do_not_miss_the_table() -> None:
    call_command("makemigrations", "--check", "--dry-run", "--verbosity", "0")
    for options in ([], ["--all"]):
        call_command("dumpdata", "presence", *options, stdout=StringIO())
