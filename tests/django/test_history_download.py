"""The history as CSV: what is in it, and who may download it."""

import csv
import io
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.admin.sites import site
from django.test import AsyncClient, Client

from presence import runtime
from presence.admin import permissions
from presence.protocol.errors import TryLater
from presence.store.history import HOURS, MINUTES, History
from presence_site.admin import BoardAdmin
from presence_site.models import Board
from tests.support.admin import sign_in
from tests.support.history import own_history

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def history(board: UUID) -> History:
    """A history in which two people were on the board, and one on another."""
    here = own_history()
    at = await here.claim("p")
    assert at is not None
    await here.record("p", at, {board: 2, uuid4(): 1})
    return here


@pytest.fixture
async def staff(async_client: AsyncClient) -> AsyncClient:
    """A client of staff who may view boards, and all of them together."""
    return await sign_in(async_client, "view_board", "view_overview")


async def status(client: AsyncClient, path: str) -> int:
    return (await client.get(f"/presence/history/{path}.csv")).status_code


async def rows(response: Any) -> list[dict[str, str]]:
    assert response.streaming
    text = b"".join([part async for part in response]).decode()
    return list(csv.DictReader(io.StringIO(text)))


async def test_a_board_by_the_minute(staff: AsyncClient, history: History, board: UUID) -> None:
    response = await staff.get(f"/presence/history/{board}/minutes.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f"presence-{board}-minutes.csv" in response["Content-Disposition"]
    assert "no-cache" in response["Cache-Control"]
    table = await rows(response)
    assert len(table) == MINUTES.kept
    assert table[-1].keys() == {"time", "people", "peak"}
    assert (table[-1]["people"], table[-1]["peak"]) == ("2.00", "2")
    assert (table[0]["people"], table[0]["peak"]) == ("", ""), "a gap is not zero"
    assert table[0]["time"].endswith(":00Z")


async def test_all_boards_by_the_hour(staff: AsyncClient, history: History) -> None:
    table = await rows(await staff.get("/presence/history/hours.csv"))
    assert (len(table), table[-1]["people"]) == (HOURS.kept, "3.00")


@pytest.mark.parametrize(
    ("codenames", "is_staff", "one", "none", "everything"),
    [
        (("view_board", "view_overview"), True, 200, 404, 200),
        (("change_board",), True, 200, 404, 403),
        ((), True, 403, 403, 403),
        (("view_board", "view_overview"), False, 403, 403, 403),
    ],
)
async def test_who_may_download(
    async_client: AsyncClient,
    board: UUID,
    history: History,
    codenames: tuple[str, ...],
    is_staff: bool,
    one: int,
    none: int,
    everything: int,
) -> None:
    assert await status(async_client, f"{board}/hours") == 403
    client = await sign_in(async_client, *codenames, is_staff=is_staff)
    assert await status(client, f"{board}/hours") == one
    assert await status(client, f"{uuid4()}/hours") == none
    assert await status(client, "hours") == everything
    assert await status(client, "days") == 404


async def test_a_board_that_the_admin_hides(
    staff: AsyncClient, board: UUID, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other tests make admin sites of their own.
    monkeypatch.setattr(permissions, "all_sites", {site})
    with monkeypatch.context() as patch:
        patch.setattr(BoardAdmin, "get_queryset", lambda *args: Board.objects.none())
        assert await status(staff, f"{board}/hours") == 404
    may = lambda self, request, obj=None: obj is None  # noqa: E731
    monkeypatch.setattr(BoardAdmin, "has_view_permission", may)
    assert await status(staff, f"{board}/hours") == 404


async def test_boards_in_no_admin_need_the_permission_of_their_model(
    async_client: AsyncClient, board: UUID, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions, "all_sites", set())
    client = await sign_in(async_client, "view_board")
    assert await status(client, f"{board}/hours") == 200
    assert await status(client, f"{uuid4()}/hours") == 404


async def test_a_store_that_is_out_of_reach(
    staff: AsyncClient, monkeypatch: pytest.MonkeyPatch, history: History
) -> None:
    async def fail(*args: object) -> None:
        raise TryLater("out of reach")

    monkeypatch.setattr(history, "read", fail)
    assert await status(staff, "hours") == 503


def test_a_process_that_does_not_serve(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one under WSGI without Redis: it does not create a hub."""
    monkeypatch.setattr(runtime, "serving", Event())
    response = admin_client.get("/presence/history/hours.csv")
    assert response.status_code == 503
    assert b"does not serve the boards" in response.content
    assert runtime.running_hub() is None
