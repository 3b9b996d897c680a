"""The changelist of boards: its column, order, filter and topic, and what they cost."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from presence import api
from presence.admin import changelist
from presence.admin.changelist import MAX_ROWS, ROWS, UNKNOWN, RowsQuery
from presence.admin.staff_request import StaffRequest
from presence.admin.topics import Query
from presence.protocol.board_ids import NamedBoard
from presence.protocol.errors import TryLater
from presence.store.memory import MemoryStore
from presence_site.models import Board
from tests.support.admin import (
    Fill,
    Log,
    Patch,
    Replace,
    Serving,
    fill,
    keep_in_redis,
    make_staff,
    serving,
    trips,
)

pytestmark = pytest.mark.django_db
__all__ = ["fill"]

LIST = "/admin/presence_site/board/"
FEED = f"{LIST}presence/feed/"
CELL = re.compile(r'<span class="presence-online" data-board="([^"]+)">([^<]*)</span>')
ONLINE, TITLE = 4, 0
"""Columns, which count from 0 for a user without actions."""

MAX_SORTED_BOARDS = changelist.MAX_SORTED_BOARDS


@pytest.fixture
def redis_process(settings: Any) -> Iterator[Serving]:
    """A process that serves boards, with a store in Redis."""
    keep_in_redis(settings)
    with serving() as running:
        yield running


@pytest.fixture
def staff(client: Client) -> Client:
    """A client of staff who may view boards."""
    client.force_login(make_staff("stan", "view_board"))
    return client


@pytest.fixture
def boards(process: Serving) -> list[UUID]:
    """Three boards, with 2, 0 and 5 people."""
    made = [Board.objects.create(title=f"Board {n}").pk for n in range(3)]
    process.put({made[0]: 2, made[2]: 5})
    return made


def page(client: Client, query: str = "") -> str:
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    return response.content.decode()


def cells(client: Client, query: str = "") -> dict[UUID, str]:
    """Return the counts in the list, by board, in the list's order."""
    return {UUID(board): text for board, text in CELL.findall(page(client, query))}


def titles(client: Client, query: str = "") -> list[str]:
    return re.findall("Board .", page(client, query))


def feed(client: Client, *boards: object) -> Any:
    return client.get(FEED, {"rows": ",".join(map(str, boards))})


def test_the_column_also_in_a_process_that_serves_nobody(staff: Client, fill: Fill) -> None:
    made = [Board.objects.create().pk for _ in range(3)]
    fill({made[0]: 2, made[2]: 5})
    assert cells(staff) == {made[0]: "2", made[1]: "0", made[2]: "5"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {0: "2", 1: "0", 2: "5"}),
        (f"?o=-{ONLINE}", {2: "5", 0: "2", 1: "0"}),
        (f"?o={ONLINE}", {1: "0", 0: "2", 2: "5"}),
        (f"?o=-{ONLINE}.{TITLE}&q=Board", {2: "5", 0: "2", 1: "0"}),
        (f"?people_now=some&o=-{ONLINE}", {2: "5", 0: "2"}),
        ("?people_now=none", {1: "0"}),
        (f"?people_now=whatever&o={TITLE}", {0: "2", 1: "0", 2: "5"}),
    ],
)
def test_order_and_filter(
    staff: Client, boards: list[UUID], query: str, expected: dict[int, str]
) -> None:
    found = cells(staff, query)
    assert found == {boards[n]: text for n, text in expected.items()}
    if query:
        assert [*found] == [boards[n] for n in expected]


def test_it_sorts_while_nobody_is_anywhere(staff: Client, process: Serving) -> None:
    board = Board.objects.create()
    assert cells(staff, f"?o=-{ONLINE}") == {board.pk: "0"}


def test_facets_count_boards(staff: Client, boards: list[UUID]) -> None:
    text = page(staff, "?_facets=True")
    assert "Has people now (2)" in text
    assert "Nobody now (1)" in text


def test_an_action_on_all_filtered_boards(
    client: Client, admin_user: User, boards: list[UUID]
) -> None:
    """The action asks for the list again, and must not get all boards."""
    client.force_login(admin_user)
    chosen = {"action": "delete_selected", "select_across": "1", "_selected_action": str(boards[0])}
    text = client.post(f"{LIST}?people_now=some", chosen).content.decode()
    assert {*re.findall("Board .", text)} == {"Board 0", "Board 2"}


class TestCost:
    @pytest.mark.parametrize(
        ("query", "most"), [("", 1), (f"?o=-{ONLINE}", 2), (f"?people_now=some&o={ONLINE}", 2)]
    )
    def test_queries_and_trips_do_not_grow_with_rows(
        self, staff: Client, redis_process: Serving, monkeypatch: Patch, query: str, most: int
    ) -> None:
        monkeypatch.setattr(admin.site.get_model_admin(Board), "list_per_page", 500)
        costs = []
        for number in (10, 490):
            made = Board.objects.bulk_create(Board(title="Plans") for _ in range(number))
            redis_process.put({board.pk: 3 for board in made[::10]})
            cells(staff, query)
            with CaptureQueriesContext(connection) as queries, trips(monkeypatch) as sent:
                rows = cells(staff, query)
            assert sum(map(int, rows.values())) == 3 * (Board.objects.count() // 10)
            costs.append((len(queries), len(sent)))
        assert costs[0] == costs[1]
        assert costs[0][1] <= most

    def test_a_query_names_no_more_boards_than_databases_take(
        self, staff: Client, process: Serving, monkeypatch: Patch
    ) -> None:
        made = Board.objects.bulk_create(Board(title="Plans") for _ in range(20))
        process.put({board.pk: 1 for board in made})
        monkeypatch.setattr(changelist, "MAX_SORTED_BOARDS", 4)
        with CaptureQueriesContext(connection) as queries:
            cells(staff, f"?people_now=some&o=-{ONLINE}")
        named = max(sum(query["sql"].count(b.pk.hex) for b in made) for query in queries)
        assert 4 < named <= 2 * 4
        assert 2 * MAX_SORTED_BOARDS < 32_766

    def test_busier_boards_of_other_models_take_no_place(
        self, staff: Client, boards: list[UUID], process: Serving, monkeypatch: Patch
    ) -> None:
        process.put({NamedBoard(f"room-{n}"): 9 for n in range(4)})
        monkeypatch.setattr(changelist, "MAX_SORTED_BOARDS", 4)
        assert cells(staff, "?people_now=some") == {boards[0]: "2", boards[2]: "5"}


class TestPermissions:
    @pytest.fixture
    def own_only(self, boards: list[UUID], board_admin: Replace) -> None:
        """All boards are in the list, and staff may view those that are theirs: the first one."""
        Board.objects.filter(pk=boards[0]).update(owner=User.objects.get(username="stan"))
        board_admin(
            has_view_permission=lambda self, request, obj=None: (
                obj is None or obj.owner_id == request.user.pk
            )
        )

    def test_no_count_of_a_board_that_may_not_be_viewed(
        self, staff: Client, boards: list[UUID], own_only: None
    ) -> None:
        assert cells(staff) == {boards[0]: "2"}
        text = page(staff)
        assert text.count('class="field-presence_online"') == 3
        assert text.count(f"{UNKNOWN}</td>") >= 2
        assert feed(staff, *boards).json()["rows"] == {
            str(board): 2 if board == boards[0] else None for board in boards
        }

    def test_no_hint_by_order_or_filter(
        self, staff: Client, boards: list[UUID], own_only: None
    ) -> None:
        assert titles(staff, f"?o=-{ONLINE}.{TITLE}") == ["Board 0", "Board 1", "Board 2"]
        assert titles(staff, f"?o={ONLINE}.{TITLE}") == ["Board 1", "Board 2", "Board 0"]
        assert titles(staff, "?people_now=some") == ["Board 0"]
        assert titles(staff, f"?people_now=none&o={TITLE}") == ["Board 1", "Board 2"]

    def test_no_count_of_a_board_outside_the_queryset(
        self, staff: Client, boards: list[UUID], board_admin: Replace
    ) -> None:
        board_admin(get_queryset=lambda self, request: Board.objects.exclude(pk=boards[2]))
        one, two, three, unknown = *map(str, boards), str(uuid4())
        rows = feed(staff, one, two, three, unknown).json()["rows"]
        assert rows == {one: 2, two: 0, three: None, unknown: None}
        assert cells(staff, "?people_now=some").keys() == {boards[0]}

    @pytest.mark.parametrize("who", ["guest", "user", "staff"])
    def test_no_page_and_no_feed(self, client: Client, boards: list[UUID], who: str) -> None:
        if who != "guest":
            client.force_login(User.objects.create_user("una", is_staff=who == "staff"))
        response = client.get(LIST)
        assert response.status_code in (302, 403)
        assert b"presence-online" not in response.content
        answer = feed(client, boards[0])
        assert answer.status_code == (401 if who == "guest" else 403)
        assert answer.json() == {}
        assert "no-store" in answer["Cache-Control"]


class TestFeed:
    def test_it_is_not_cached(self, staff: Client, boards: list[UUID]) -> None:
        assert "no-store" in feed(staff, boards[0])["Cache-Control"]

    @pytest.mark.parametrize(
        "query",
        [{}, {"rows": "x:1"}, {"rows": "1"}, {"board": "1"}, {"what": "1"}, {"rows": "a," * 1001}],
    )
    def test_malformed(self, staff: Client, query: dict[str, str]) -> None:
        assert staff.get(FEED, query).status_code == 400

    def test_a_script_is_not_redirected_to_a_form(self, client: Client, settings: Any) -> None:
        login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, login]
        assert feed(client).status_code == 401

    def test_it_is_read_only(self, staff: Client) -> None:
        assert staff.post(FEED).status_code == 405


class TestStoreOutOfReach:
    @pytest.fixture(autouse=True)
    def away(self, boards: list[UUID], monkeypatch: Patch) -> None:
        async def fail(*args: object) -> None:
            raise TryLater("away")

        monkeypatch.setattr(MemoryStore, "counts", fail)
        monkeypatch.setattr(MemoryStore, "boards", fail)

    @pytest.mark.parametrize("query", ["", f"?o=-{ONLINE}"])
    def test_the_page_comes_without_counts(
        self, staff: Client, boards: list[UUID], query: str
    ) -> None:
        assert cells(staff, query) == dict.fromkeys(boards, UNKNOWN)

    @pytest.mark.parametrize("query", ["?people_now=some", "?people_now=none"])
    def test_the_filter_shows_no_board(self, staff: Client, query: str) -> None:
        assert titles(staff, query) == []
        assert "It is not known now" in page(staff, query)

    def test_the_feed_says_so_and_logs_once(
        self, staff: Client, boards: list[UUID], caplog: Log
    ) -> None:
        for _ in range(3):
            assert feed(staff, boards[0]).json() == {"rows": {str(boards[0]): None}}
        assert caplog.text.count("fetching the topic rows failed") == 1


def test_a_failure_of_any_kind_leaves_the_page(
    staff: Client, boards: list[UUID], monkeypatch: Patch, caplog: Log
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(api, "counts", fail)
    for _ in range(2):
        assert cells(staff) == dict.fromkeys(boards, UNKNOWN)
    assert caplog.text.count("counting people failed") == 1


def test_equal_queries_are_one_object() -> None:
    """The event loop would compare them board by board, four times a second."""
    boards = [board.pk for board in Board.objects.bulk_create(Board() for _ in range(3))]
    request = RequestFactory().get("/")
    request.user = make_staff("stan", "view_board")
    staff = StaffRequest(request, admin.site, admin.site.get_model_admin(Board))

    def query(*shown: UUID) -> Query | None:
        return ROWS.authorize(staff, ROWS.parse([str(board) for board in shown]))

    first = query(*boards)
    assert query(*boards[::-1]) is first
    assert query(*boards[:2]) not in (first, None)


async def test_each_query_gets_the_counts_of_its_own_boards(monkeypatch: Patch) -> None:
    async def acensus(boards: Collection[UUID]) -> dict[UUID, int]:
        return dict.fromkeys(boards, 1)

    monkeypatch.setattr(api, "acensus", acensus)
    one, two = uuid4(), uuid4()
    first = RowsQuery(frozenset({one, two}), frozenset({one}), {str(one): 0, str(two): None})
    second = RowsQuery(frozenset({two}), frozenset({two}), {str(two): 0})
    values = await ROWS.fetch([first, second])
    assert values == {first: {str(one): 1, str(two): None}, second: {str(two): 1}}


def test_a_page_may_show_a_thousand_rows() -> None:
    rows = [str(uuid4()) for _ in range(MAX_ROWS)]
    assert len(ROWS.parse([*rows[1:], rows[1]])) == MAX_ROWS - 1
    with pytest.raises(ValueError, match="at most 1000"):
        ROWS.parse([*rows, rows[0]])
