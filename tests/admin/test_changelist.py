"""The changelist of boards: its column, order and filter, and what they cost."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from presence import api
from presence.admin import changelist, feed
from presence.protocol.errors import TryLater
from presence_site.models import Board
from tests.support.admin import Serving, keep_in_redis, make_staff, serving, trips

pytestmark = pytest.mark.django_db

LIST = "/admin/presence_site/board/"
changelist_most = changelist.MOST
CELL = re.compile(r'<span class="presence-online" data-board="([^"]+)">([^<]*)</span>')


@pytest.fixture
def process() -> Iterator[Serving]:
    """A process that serves boards, with a store in memory."""
    with serving() as running:
        yield running


@pytest.fixture
def redis_process(settings: Any) -> Iterator[Serving]:
    """The same with a real Redis."""
    keep_in_redis(settings)
    with serving() as running:
        yield running


@pytest.fixture
def staff(client: Client) -> Client:
    """Somebody who may view boards."""
    client.force_login(make_staff("stan", "view_board"))
    return client


@pytest.fixture
def boards(process: Serving) -> list[UUID]:
    """Three boards, with 2, 0 and 5 people."""
    made = [Board.objects.create(title=f"Board {n}").pk for n in range(3)]
    process.put({made[0]: 2, made[2]: 5})
    return made


# Columns count from 0 for who has no actions to choose rows for.
ONLINE, TITLE = 4, 0


def cells(client: Client, query: str = "") -> dict[UUID, str]:
    """Return the numbers in the list, by board, in the list's order."""
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return {UUID(board): text for board, text in CELL.findall(response.content.decode())}


def test_the_column(staff: Client, boards: list[UUID]) -> None:
    one, two, three = boards
    assert cells(staff) == {one: "2", two: "0", three: "5"}


def test_sorted_by_people(staff: Client, boards: list[UUID]) -> None:
    one, two, three = boards
    assert [*cells(staff, f"?o=-{ONLINE}")] == [three, one, two]
    assert [*cells(staff, f"?o={ONLINE}")] == [two, one, three]
    assert [*cells(staff, f"?o=-{ONLINE}.{TITLE}&q=Board")] == [three, one, two]


def test_filtered_by_people(staff: Client, boards: list[UUID]) -> None:
    one, two, three = boards
    assert cells(staff, f"?people_now=some&o=-{ONLINE}") == {three: "5", one: "2"}
    assert cells(staff, "?people_now=none") == {two: "0"}
    assert cells(staff, "?people_now=whatever").keys() == {*boards}


def test_facets_count_them(staff: Client, boards: list[UUID]) -> None:
    page = staff.get(f"{LIST}?_facets=True").content.decode()
    assert "Has people now (2)" in page
    assert "Nobody now (1)" in page


def test_an_action_on_all_that_the_filter_leaves(
    client: Client, admin_user: User, boards: list[UUID]
) -> None:
    """Not on all boards: the action asks for the list anew."""
    client.force_login(admin_user)
    chosen = {"action": "delete_selected", "select_across": "1", "_selected_action": str(boards[0])}
    page = client.post(f"{LIST}?people_now=some", chosen).content.decode()
    assert "Board 0" in page
    assert "Board 2" in page
    assert "Board 1" not in page


class TestWhatItCosts:
    @pytest.mark.parametrize(
        ("query", "most"), [("", 1), (f"?o=-{ONLINE}", 2), (f"?people_now=some&o={ONLINE}", 2)]
    )
    def test_queries_and_trips_are_as_many_for_10_rows_as_for_100(
        self,
        staff: Client,
        redis_process: Serving,
        monkeypatch: pytest.MonkeyPatch,
        query: str,
        most: int,
    ) -> None:
        def cost() -> tuple[int, int]:
            with CaptureQueriesContext(connection) as queries, trips(monkeypatch) as sent:
                rows = cells(staff, query)
            assert sum(map(int, rows.values())) == 3 * (Board.objects.count() // 10)
            return len(queries), len(sent)

        costs = []
        for number in (10, 90):
            made = Board.objects.bulk_create(Board(title="Plans") for _ in range(number))
            redis_process.put({board.pk: 3 for board in made[::10]})
            cells(staff, query)
            costs.append(cost())
        assert costs[0] == costs[1]
        assert costs[0][1] <= most

    def test_five_hundred_rows_are_one_trip_too(
        self, staff: Client, redis_process: Serving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registered(), "list_per_page", 500)
        Board.objects.bulk_create(Board(title="Plans") for _ in range(500))
        cells(staff)
        with trips(monkeypatch) as sent:
            assert len(cells(staff)) == 500
        assert len(sent) == 1

    def test_sorted_and_filtered_it_is_no_more_than_a_database_takes(
        self, staff: Client, process: Serving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Board.objects.bulk_create(Board(title="Plans") for _ in range(20))
        process.put({board.pk: 1 for board in made})
        monkeypatch.setattr(changelist, "MOST", 4)
        with CaptureQueriesContext(connection) as queries:
            cells(staff, f"?people_now=some&o=-{ONLINE}")
        named = max(sum(query["sql"].count(b.pk.hex) for b in made) for query in queries)
        assert 4 < named <= 2 * 4
        assert 2 * changelist_most < 32_766


def registered() -> Any:
    """Return the site's own `ModelAdmin` of boards."""
    return admin.site.get_model_admin(Board)


@pytest.fixture
def own_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Staff may view only boards that are theirs; others are in the list."""

    def may(model_admin: Any, request: Any, obj: Any = None) -> bool:
        return obj is None or obj.owner_id == request.user.pk

    monkeypatch.setattr(type(registered()), "has_view_permission", may)


class TestWhoMayNotView:
    def test_gets_no_number_of_a_board(
        self, staff: Client, boards: list[UUID], own_only: None
    ) -> None:
        Board.objects.filter(pk=boards[0]).update(owner=User.objects.get(username="stan"))
        assert cells(staff) == {boards[0]: "2"}
        page = staff.get(LIST).content.decode()
        assert page.count('class="field-presence_online"') == 3
        assert page.count("–</td>") >= 2

    def test_and_no_hint_by_the_order_or_the_filter(
        self, staff: Client, boards: list[UUID], own_only: None
    ) -> None:
        Board.objects.filter(pk=boards[0]).update(owner=User.objects.get(username="stan"))
        page = staff.get(f"{LIST}?o=-{ONLINE}.{TITLE}").content.decode()
        assert re.findall("Board .", page) == ["Board 0", "Board 1", "Board 2"]
        assert re.findall("Board .", staff.get(f"{LIST}?people_now=some").content.decode()) == [
            "Board 0"
        ]
        hidden = staff.get(f"{LIST}?people_now=none&o={TITLE}").content.decode()
        assert re.findall("Board .", hidden) == ["Board 1", "Board 2"]

    @pytest.mark.parametrize("who", ["guest", "user", "staff"])
    def test_gets_no_page_and_no_feed(self, client: Client, boards: list[UUID], who: str) -> None:
        if who != "guest":
            client.force_login(User.objects.create_user("una", is_staff=who == "staff"))
        page = client.get(LIST)
        assert page.status_code in (302, 403)
        assert b"presence-online" not in page.content
        feed = client.get(f"{LIST}presence/feed/", {"rows": str(boards[0])})
        assert feed.status_code == (401 if who == "guest" else 403)
        assert feed.json() == {}


class TestFeed:
    def ask(self, client: Client, **said: str) -> Any:
        return client.get(f"{LIST}presence/feed/", said)

    def test_the_rows_whole(self, staff: Client, boards: list[UUID]) -> None:
        other = uuid4()
        rows = ",".join(map(str, [*boards, other]))
        response = self.ask(staff, rows=rows)
        one, two, three = map(str, boards)
        assert response.json() == {"rows": {one: 2, two: 0, three: 5, str(other): None}}
        assert "no-store" in response["Cache-Control"]

    def test_of_a_narrowed_queryset(
        self, staff: Client, boards: list[UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        narrow = lambda model_admin, request: Board.objects.exclude(pk=boards[2])  # noqa: E731
        monkeypatch.setattr(type(registered()), "get_queryset", narrow)
        rows = self.ask(staff, rows=",".join(map(str, boards))).json()["rows"]
        assert rows == {str(boards[0]): 2, str(boards[1]): 0, str(boards[2]): None}

    def test_of_boards_one_may_view(
        self, staff: Client, boards: list[UUID], own_only: None
    ) -> None:
        rows = self.ask(staff, rows=",".join(map(str, boards))).json()["rows"]
        assert rows == dict.fromkeys(map(str, boards))

    @pytest.mark.parametrize(
        "said",
        [{}, {"rows": "x"}, {"rows": "1"}, {"board": "1"}, {"what": "1"}, {"rows": "a," * 1001}],
    )
    def test_what_nobody_can_ask(self, staff: Client, said: dict[str, str]) -> None:
        assert self.ask(staff, **said).status_code == 400

    def test_a_script_is_not_led_to_a_form(self, client: Client, settings: Any) -> None:
        login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, login]
        assert self.ask(client, rows="").status_code == 401

    def test_only_to_be_read(self, staff: Client) -> None:
        assert staff.post(f"{LIST}presence/feed/").status_code == 405

    def test_with_the_store_away(
        self,
        staff: Client,
        boards: list[UUID],
        away: None,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(feed._watchers["rows"], "_away", False)
        for _ in range(3):
            asked = self.ask(staff, rows=str(boards[0]))
            assert asked.json() == {"rows": {str(boards[0]): None}}
        said = [record for record in caplog.records if "could not look" in record.message]
        assert len(said) == 1, "however many pages ask, and however often"


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is out of reach."""

    async def fail(*args: object) -> None:
        raise TryLater("away")

    monkeypatch.setattr(api.Operations, "counts", fail)
    monkeypatch.setattr(api.Operations, "census", fail)


class TestWithTheStoreAway:
    @pytest.mark.parametrize("query", ["", f"?o=-{ONLINE}"])
    def test_the_page_comes_without_numbers(
        self, staff: Client, boards: list[UUID], away: None, query: str
    ) -> None:
        assert cells(staff, query) == dict.fromkeys(boards, "–")

    @pytest.mark.parametrize("query", ["?people_now=some", "?people_now=none"])
    def test_nothing_is_filtered_wrongly(
        self, staff: Client, boards: list[UUID], away: None, query: str
    ) -> None:
        assert cells(staff, query) == {}
        assert "It is not known now" in staff.get(f"{LIST}{query}").content.decode()

    def test_whatever_goes_wrong(
        self, staff: Client, boards: list[UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*args: object) -> None:
            raise RuntimeError("on purpose")

        monkeypatch.setattr(api, "counts", fail)
        assert cells(staff) == dict.fromkeys(boards, "–")
