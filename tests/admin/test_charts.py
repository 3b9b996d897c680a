"""The data of the admin's plots. The download of the same history is in tests/django."""

from uuid import UUID, uuid4

import pytest
from django.test import AsyncClient

from presence.protocol.errors import TryLater
from presence_site.models import Board
from tests.support.admin import sign_in
from tests.support.history import own_history

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("serves_boards")]

PLOT = "/admin/presence/overview/history/"


@pytest.fixture
async def board() -> UUID:
    return (await Board.objects.acreate(title="Plans")).pk


@pytest.fixture
async def staff(async_client: AsyncClient) -> AsyncClient:
    """A client of staff who may view the overview and boards."""
    return await sign_in(async_client, "view_overview", "view_board")


async def test_a_plot_shows_the_history(staff: AsyncClient, board: UUID) -> None:
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
    ("permission", "statuses"), [("view_board", [200, 403]), ("view_overview", [404, 200])]
)
async def test_a_board_and_all_boards_have_permissions_of_their_own(
    async_client: AsyncClient, board: UUID, permission: str, statuses: list[int]
) -> None:
    await sign_in(async_client, permission)
    paths = (f"{PLOT}?board={board}", PLOT)
    assert [(await async_client.get(path)).status_code for path in paths] == statuses


@pytest.mark.parametrize(
    "query", ["span=days", "count=0", "count=1441", "count=x", "span=hours&count=721", "board=1"]
)
async def test_a_malformed_query(staff: AsyncClient, query: str) -> None:
    assert (await staff.get(f"{PLOT}?{query}")).status_code == 400


async def test_the_store_is_out_of_reach(
    staff: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: object) -> None:
        raise TryLater("away")

    monkeypatch.setattr(own_history(), "read", away)
    assert (await staff.get(PLOT)).status_code == 503
