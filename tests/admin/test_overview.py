"""The admin's overview: who may see the page and its feed, and what they show."""

from collections.abc import Mapping
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test import AsyncClient

from presence.admin import permissions
from presence.admin.overview import OverviewAdmin
from presence.models import Overview
from presence.protocol.board_ids import NamedBoard
from presence.protocol.errors import TryLater
from presence.runtime import current_hub
from presence.server.stats import ProcessStats
from presence.store.base import JoinRequest
from presence_site.models import Board
from tests.support.admin import Log, Patch, Replace, sign_in
from tests.support.history import own_history

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("serves_boards")]

PAGE = "/admin/presence/overview/"
FEED = f"{PAGE}feed/?overview=1"
PLOT = f"{PAGE}history/"


@pytest.fixture
async def staff(async_client: AsyncClient) -> AsyncClient:
    """A client of staff who may view the overview and boards."""
    return await sign_in(async_client, "view_overview", "view_board")


async def make(title: str, people: int) -> str:
    """Make a board with so many people."""
    board, hub = await Board.objects.acreate(title=title), current_hub()
    await hub.store.renew(hub.process)
    for _ in range(people):
        request = JoinRequest(uuid4().hex, hub.process, uuid4().hex, "Ada")
        await hub.store.join(board.pk, request)
    return str(board.pk)


async def fetch(client: AsyncClient) -> Mapping[str, Any]:
    response = await client.get(FEED)
    assert response.status_code == 200
    overview: Mapping[str, Any] = response.json()["overview"]
    return overview


@pytest.mark.parametrize(
    ("codenames", "is_staff", "stricter", "statuses"),
    [
        (None, False, (), [302, 401, 403, 403]),
        (["view_overview", "view_board"], False, (), [302, 403, 403, 403]),
        (["view_board", "remove_person"], True, (), [403, 403, 403, 403]),
        (["view_overview"], True, (), [200, 200, 200, 200]),
        (["view_overview"], True, (admin.AdminSite, "has_permission"), [302, 403, 403, 403]),
        (["view_overview"], True, (OverviewAdmin, "has_view_permission"), [403, 403, 403, 403]),
    ],
)
async def test_who_may_view_the_page_its_feed_plots_and_downloads(
    async_client: AsyncClient,
    monkeypatch: Patch,
    codenames: list[str] | None,
    is_staff: bool,
    stricter: tuple[type, str] | tuple[()],
    statuses: list[int],
) -> None:
    """`stricter` is an admin site that asks for more, or an overview for some staff only."""
    if codenames is not None:
        await sign_in(async_client, *codenames, is_staff=is_staff)
    if stricter:
        monkeypatch.setattr(*stricter, lambda *args: False)
    monkeypatch.setattr(permissions, "all_sites", {admin.site})  # other tests make their own
    paths = (PAGE, FEED, PLOT, "/presence/history/minutes.csv")
    answers = [await async_client.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == statuses
    index = (await async_client.get("/admin/")).content.decode()
    assert (f'href="{PAGE}"' in index) == (statuses[0] == 200)
    if statuses[0] != 200:
        assert [answer.content for answer in answers[1:3]] == [b"{}", b"{}"]


async def test_the_page(staff: AsyncClient) -> None:
    response = await staff.get(PAGE)
    text = response.content.decode()
    assert "no-cache" in response["Cache-Control"]
    assert "<h1>Presence</h1>" in text
    assert '<script id="presence-overview"' in text
    assert "style=" not in text, "no inline style"


def test_nothing_can_be_added_changed_or_deleted(admin_client: Any) -> None:
    for path in ("add/", "1/change/", "1/delete/", "1/history/"):
        assert admin_client.get(f"{PAGE}{path}").status_code == 404
    response = admin_client.get("/admin/presence/")
    (app,) = response.context["app_list"]
    (model,) = app["models"]
    assert model["perms"] == {"add": False, "change": False, "delete": False, "view": True}


def page_of(board: str) -> str:
    return f"/admin/presence_site/board/{board}/change/"


async def test_totals_busiest_boards_and_this_process(staff: AsyncClient) -> None:
    plans, ideas = await make("Plans", 1), await make("Ideas", 2)
    overview = await fetch(staff)
    assert (overview["people"], overview["boards"], overview["store"]) == (3, 2, True)
    assert overview["busiest"] == [
        {"board": ideas, "title": "Ideas", "url": page_of(ideas), "people": 2},
        {"board": plans, "title": "Plans", "url": page_of(plans), "people": 1},
    ]
    (process,) = overview["processes"]
    assert process["process"] == current_hub().process
    assert overview["sockets"] == process["sockets"] == current_hub().metrics.sockets


async def test_connections_of_all_processes(staff: AsyncClient) -> None:
    hub, history = current_hub(), await own_history()
    for stats in (ProcessStats("another", 3, frames_in=2.5), ProcessStats(hub.process, 9)):
        await history.publish(stats.process, stats.dump())
    hub.metrics.sockets = 2
    overview = await fetch(staff)
    assert overview["sockets"] == 5, "this process's own number is newer than the published one"
    another, own = overview["processes"]
    assert (another["process"], another["sockets"], another["frames_in"]) == ("another", 3, 2.5)
    assert (own["process"], own["sockets"]) == (hub.process, 2)


@pytest.mark.parametrize("way", ["queryset", "object", "missing"])
async def test_boards_that_may_not_be_viewed_count_but_are_not_listed(
    staff: AsyncClient, board_admin: Replace, way: str
) -> None:
    secret, plain = await make("Secret", 3), await make("Plain", 1)
    if way == "queryset":
        board_admin(get_queryset=lambda *args: Board.objects.exclude(title="Secret"))
    elif way == "object":
        may_view = lambda self, request, obj=None: getattr(obj, "title", "") != "Secret"  # noqa: E731
        board_admin(has_view_permission=may_view)
    else:
        await Board.objects.filter(pk=secret).adelete()
    overview = await fetch(staff)
    assert (overview["people"], overview["boards"]) == (4, 2)
    assert [board["board"] for board in overview["busiest"]] == [plain]
    for board, title, status in ((secret, "Secret", 404), (plain, "Plain", 200)):
        assert (await staff.get(f"{PLOT}?board={board}")).status_code == status
        text = (await staff.get(f"{PAGE}?board={board}")).content.decode()
        assert (title in text) == (status == 200)


async def test_a_room_that_is_empty_again_is_found_by_its_uuid(staff: AsyncClient) -> None:
    room, history = NamedBoard("lobby"), await own_history()
    path = f"{PAGE}?board={UUID(bytes=room.bytes)}"
    assert "lobby" not in (await staff.get(path)).content.decode()
    at = await history.claim("recorder")
    assert at is not None
    assert await history.record("recorder", at, {room: 1})
    assert "lobby" in (await staff.get(path)).content.decode()


async def test_staff_who_may_view_no_board_get_the_totals(async_client: AsyncClient) -> None:
    await sign_in(async_client, "view_overview")
    await make("Plans", 2)
    overview = await fetch(async_client)
    assert (overview["people"], overview["busiest"]) == (2, [])


async def test_a_site_whose_code_fails_gets_the_totals(
    staff: AsyncClient, board_admin: Replace, caplog: Log
) -> None:
    await make("Plans", 2)

    def fail(*args: object) -> None:
        raise RuntimeError("on purpose")

    board_admin(get_queryset=fail)
    for _ in range(2):
        overview = await fetch(staff)
        assert (overview["people"], overview["store"], overview["busiest"]) == (2, True, None)
    assert caplog.text.count("looking up board titles (site=admin) failed") == 1


async def test_the_store_is_out_of_reach(staff: AsyncClient, monkeypatch: Patch) -> None:
    async def away(*args: object) -> None:
        raise TryLater("away")

    monkeypatch.setattr(current_hub().store, "boards", away)
    overview = await fetch(staff)
    assert (overview["store"], overview["people"], overview["processes"]) == (False, None, [])
    assert overview["busiest"] is None


async def test_presence_is_switched_off(staff: AsyncClient, settings: Any) -> None:
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
    call_command("makemigrations", "--check", "--dry-run", "--verbosity", "0")
    for options in ([], ["--all"]):
        call_command("dumpdata", "presence", *options, stdout=StringIO())
