"""The history of people as staff get it: the data of the admin's plots, and the download as CSV."""

import csv
import io
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.admin.sites import AdminSite, site
from django.test import AsyncClient, Client

from presence import runtime
from presence.admin import permissions
from presence.protocol.errors import TryLater
from presence.store.history import HOURS, MINUTES, History
from presence_site.admin import BoardAdmin
from presence_site.models import Board
from tests.support.admin import Patch, sign_in
from tests.support.history import own_history

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("serves_boards")]

PLOT = "/admin/presence/overview/history/"
CSV = "/presence/history/"


@pytest.fixture
async def board() -> UUID:
    return (await Board.objects.acreate(title="Plans")).pk


@pytest.fixture
async def staff(async_client: AsyncClient) -> AsyncClient:
    """A client of staff who may view the overview and boards."""
    return await sign_in(async_client, "view_overview", "view_board")


@pytest.fixture
async def history(board: UUID) -> History:
    """A history in which two people were on the board, and one on another."""
    here = await own_history()
    at = await here.claim("p")
    assert at is not None
    await here.record("p", at, {board: 2, uuid4(): 1})
    return here


async def status(client: AsyncClient, path: str) -> int:
    return (await client.get(path)).status_code


async def test_a_plot_shows_the_history(staff: AsyncClient, history: History, board: UUID) -> None:
    everywhere = (await staff.get(f"{PLOT}?span=minutes&count=3")).json()
    assert everywhere["people"] == [None, None, 3.0]
    assert everywhere["peak"] == [None, None, 3]
    assert [b - a for a, b in zip(everywhere["at"], everywhere["at"][1:], strict=False)] == [60, 60]
    here = (await staff.get(f"{PLOT}?span=hours&board={board}")).json()
    assert (len(here["at"]), here["people"][-1]) == (HOURS.kept, 2.0)
    assert len((await staff.get(PLOT)).json()["at"]) == MINUTES.kept


@pytest.mark.parametrize(
    ("permission", "statuses"), [("view_board", [200, 403]), ("view_overview", [404, 200])]
)
async def test_a_board_and_all_boards_have_permissions_of_their_own(
    async_client: AsyncClient, board: UUID, permission: str, statuses: list[int]
) -> None:
    await sign_in(async_client, permission)
    assert [await status(async_client, p) for p in (f"{PLOT}?board={board}", PLOT)] == statuses


@pytest.mark.parametrize(
    "query", ["span=days", "count=0", "count=1441", "count=x", "span=hours&count=721", "board=1"]
)
async def test_a_malformed_query(staff: AsyncClient, query: str) -> None:
    assert await status(staff, f"{PLOT}?{query}") == 400


@pytest.mark.parametrize("path", [PLOT, f"{CSV}hours.csv"])
async def test_the_store_is_out_of_reach(staff: AsyncClient, monkeypatch: Patch, path: str) -> None:
    async def fail(*args: object) -> None:
        raise TryLater("out of reach")

    monkeypatch.setattr(await own_history(), "read", fail)
    assert await status(staff, path) == 503


@pytest.mark.parametrize("path", [PLOT, f"{CSV}hours.csv"])
def test_a_process_that_does_not_serve_boards(
    admin_client: Client, monkeypatch: Patch, path: str
) -> None:
    """Such as one under WSGI without Redis: it does not create a hub."""
    monkeypatch.setattr(runtime, "serving", Event())
    assert admin_client.get(path).status_code == 503
    assert runtime.running_hub() is None


async def read_csv(response: Any) -> list[dict[str, str]]:
    assert response.streaming
    text = b"".join([part async for part in response]).decode()
    return list(csv.DictReader(io.StringIO(text)))


async def test_a_download(staff: AsyncClient, history: History, board: UUID) -> None:
    response = await staff.get(f"{CSV}{board}/minutes.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f"presence-{board}-minutes.csv" in response["Content-Disposition"]
    assert "no-cache" in response["Cache-Control"]
    table = await read_csv(response)
    assert len(table) == MINUTES.kept
    assert table[-1].keys() == {"time", "people", "peak"}
    assert (table[-1]["people"], table[-1]["peak"]) == ("2.00", "2")
    assert (table[0]["people"], table[0]["peak"]) == ("", ""), "a gap is not zero"
    assert table[0]["time"].endswith(":00Z")
    everything = await read_csv(await staff.get(f"{CSV}hours.csv"))
    assert (len(everything), everything[-1]["people"]) == (HOURS.kept, "3.00")


@pytest.mark.parametrize(
    ("codenames", "is_staff", "statuses"),
    [
        (("view_board", "view_overview"), True, [200, 404, 200, 404]),
        (("change_board",), True, [200, 404, 403, 404]),
        ((), True, [403, 403, 403, 404]),
        (("view_board", "view_overview"), False, [403, 403, 403, 404]),
    ],
)
async def test_who_may_download(
    async_client: AsyncClient,
    board: UUID,
    history: History,
    codenames: tuple[str, ...],
    is_staff: bool,
    statuses: list[int],
) -> None:
    paths = [f"{CSV}{name}.csv" for name in (f"{board}/hours", f"{uuid4()}/hours", "hours", "days")]
    assert [await status(async_client, path) for path in paths] == [403, 403, 403, 404]
    client = await sign_in(async_client, *codenames, is_staff=is_staff)
    assert [await status(client, path) for path in paths] == statuses


async def test_a_board_that_the_admin_hides_is_not_found(
    staff: AsyncClient, board: UUID, history: History, monkeypatch: Patch
) -> None:
    # Other tests make admin sites of their own.
    monkeypatch.setattr(permissions, "all_sites", {site})
    with monkeypatch.context() as patch:
        patch.setattr(BoardAdmin, "get_queryset", lambda *args: Board.objects.none())
        assert await status(staff, f"{CSV}{board}/hours.csv") == 404
    may = lambda self, request, obj=None: obj is None  # noqa: E731
    monkeypatch.setattr(BoardAdmin, "has_view_permission", may)
    assert await status(staff, f"{CSV}{board}/hours.csv") == 404


@pytest.mark.parametrize("permission", ["view_board", "change_board"])
async def test_boards_in_no_admin_need_the_permission_of_their_model(
    async_client: AsyncClient, board: UUID, history: History, monkeypatch: Patch, permission: str
) -> None:
    nowhere = AdminSite("nowhere")  # without a URL, it decides nothing
    nowhere.register(Board)
    monkeypatch.setattr(nowhere, "has_permission", lambda request: False)
    monkeypatch.setattr(permissions, "all_sites", {nowhere})
    client = await sign_in(async_client, permission)
    assert await status(client, f"{CSV}{board}/hours.csv") == 200
    assert await status(client, f"{CSV}{uuid4()}/hours.csv") == 404
