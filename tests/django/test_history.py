"""The history and the figures as a site's code asks for them, and the download."""

import asyncio
import csv
import io
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.sites import site
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client

from presence import runtime
from presence import stats as history
from presence import stats as processes
from presence.admin import permissions as viewing
from presence.protocol.errors import TryLater
from presence.store.history import HOURS, MINUTES, History
from presence.store.redis.history import RedisHistory
from presence.store.redis.store import RedisStore
from presence_site.admin import BoardAdmin
from presence_site.models import Board
from tests.support.admin import sign_in
from tests.support.history import own_history
from tests.support.own import close_own
from tests.support.redis import shared_redis

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def board() -> UUID:
    return (await Board.objects.acreate(title="Plans")).pk


@pytest.fixture
async def seen(board: UUID) -> History:
    """A history in which two people were on the board, and one on another."""
    here = own_history()
    at = await here.claim("p")
    assert at is not None
    await here.record("p", at, {board: 2, uuid4(): 1})
    await here.publish("p", '{"process":"p","sockets":3}')
    return here


@pytest.fixture
async def staff(async_client: AsyncClient) -> AsyncClient:
    """A client of staff who may view boards, and all of them together."""
    return await sign_in(async_client, "view_board", "view_overview")


async def rows(response: Any) -> list[dict[str, str]]:
    assert response.streaming
    text = b"".join([part async for part in response]).decode()
    return list(csv.DictReader(io.StringIO(text)))


async def test_functions_tell_it(seen: History, board: UUID) -> None:
    assert (await history.aminutes(board))[-1].people == 2.0
    assert len(await history.aminutes(board)) == MINUTES.kept
    assert (await history.ahours(count=2))[-1].peak == 3
    assert len(await history.ahours()) == HOURS.kept
    assert [figures.sockets for figures in await processes.afigures()] == [3]


async def test_from_synchronous_code_too(seen: History, board: UUID) -> None:
    last = (await sync_to_async(history.minutes)(board))[-1]
    assert last.people == 2.0
    assert (await sync_to_async(history.hours)())[-1].people == 3.0
    assert [each.process for each in await sync_to_async(processes.figures)()] == ["p"]


async def test_staff_download_it(staff: AsyncClient, seen: History, board: UUID) -> None:
    response = await staff.get(f"/presence/history/{board}/minutes.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f"presence-{board}-minutes.csv" in response["Content-Disposition"]
    assert "no-cache" in response["Cache-Control"]
    told = await rows(response)
    assert len(told) == MINUTES.kept
    assert told[-1].keys() == {"time", "people", "peak"}
    assert (told[-1]["people"], told[-1]["peak"]) == ("2.00", "2")
    assert (told[0]["people"], told[0]["peak"]) == ("", ""), "a gap is no zero"
    assert told[0]["time"].endswith(":00Z")


async def test_of_all_boards_and_by_hours(staff: AsyncClient, seen: History, board: UUID) -> None:
    everything = await rows(await staff.get("/presence/history/hours.csv"))
    assert (len(everything), everything[-1]["people"]) == (HOURS.kept, "3.00")
    one = await rows(await staff.get(f"/presence/history/{board}/hours.csv"))
    assert one[-1]["people"] == "2.00"


async def test_a_board_that_is_not_there(staff: AsyncClient) -> None:
    assert (await staff.get(f"/presence/history/{uuid4()}/hours.csv")).status_code == 404
    assert (await staff.get("/presence/history/days.csv")).status_code == 404


@pytest.mark.parametrize("is_staff", [True, False])
async def test_permission_is_asked_for(
    async_client: AsyncClient, board: UUID, is_staff: bool
) -> None:
    codenames = () if is_staff else ("view_board", "view_overview")
    await sign_in(async_client, *codenames, is_staff=is_staff)
    for path in (f"{board}/minutes.csv", f"{uuid4()}/minutes.csv", "hours.csv"):
        assert (await async_client.get(f"/presence/history/{path}")).status_code == 403


async def test_who_may_change_boards_may_see_each_but_not_all_together(
    async_client: AsyncClient, board: UUID, seen: History
) -> None:
    await sign_in(async_client, "change_board")
    assert (await async_client.get(f"/presence/history/{board}/hours.csv")).status_code == 200
    assert (await async_client.get("/presence/history/hours.csv")).status_code == 403


async def test_what_the_admin_hides_is_not_there(
    staff: AsyncClient, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other tests make admin sites of their own.
    monkeypatch.setattr(viewing, "all_sites", {site})
    with monkeypatch.context() as patch:
        patch.setattr(BoardAdmin, "get_queryset", lambda *args: Board.objects.none())
        assert (await staff.get(f"/presence/history/{board}/hours.csv")).status_code == 404
    may = lambda self, request, obj=None: obj is None  # noqa: E731
    monkeypatch.setattr(BoardAdmin, "has_view_permission", may)
    assert (await staff.get(f"/presence/history/{board}/hours.csv")).status_code == 404


async def test_boards_that_are_in_no_admin_ask_for_the_permission_of_their_model(
    async_client: AsyncClient, board: UUID, seen: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, "all_sites", set())
    await sign_in(async_client, "view_board")
    assert (await async_client.get(f"/presence/history/{board}/hours.csv")).status_code == 200
    assert (await async_client.get(f"/presence/history/{uuid4()}/hours.csv")).status_code == 404


def test_a_program_that_serves_nobody_reads_what_is_shared(settings: Any) -> None:
    url, prefix, board = shared_redis().url, f"history-{uuid4().hex}", uuid4()
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": url, "REDIS_PREFIX": prefix}

    async def look() -> None:
        store = RedisStore(url, prefix=prefix)
        here = RedisHistory(store)
        at = await here.claim("p")
        assert at is not None
        await here.record("p", at, {board: 7})
        await here.publish("p", '{"process":"p","sockets":9}')
        await store.close()

    asyncio.run(look())
    assert history.hours(board)[-1].peak == 7
    assert [each.sockets for each in processes.figures()] == [9]
    close_own()


def test_a_process_that_has_no_boards_says_so(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one under WSGI, without a Redis: it makes no hub of its own."""
    monkeypatch.setattr(runtime, "serving", Event())
    with pytest.raises(ImproperlyConfigured):
        history.hours()
    response = admin_client.get("/presence/history/hours.csv")
    assert response.status_code == 503
    assert b"does not serve the boards" in response.content
    assert admin_client.get("/admin/presence/overview/history/").status_code == 503
    assert runtime.running_hub() is None


async def test_guests_get_nothing(async_client: AsyncClient, board: UUID) -> None:
    response = await async_client.get(f"/presence/history/{board}/minutes.csv")
    assert response.status_code == 403
    assert str(board).encode() not in response.content


async def test_a_store_that_is_away_is_told(
    staff: AsyncClient, monkeypatch: pytest.MonkeyPatch, seen: History
) -> None:
    async def away(*args: object) -> None:
        raise TryLater("away")

    monkeypatch.setattr(seen, "read", away)
    assert (await staff.get("/presence/history/hours.csv")).status_code == 503
