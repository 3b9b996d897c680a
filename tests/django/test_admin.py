"""The admin's list of boards, with people on some of them: a real Redis has the counts."""

import asyncio
from collections.abc import Iterator
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from presence import api
from presence.admin import MOST, SORTED, UNKNOWN
from presence.conf import get_settings
from presence.runtime import own_loop
from presence.store.base import Ticket
from presence.store.redis import RedisStore
from presence.store.redis_link import Link
from presence_site.admin import BoardAdmin
from presence_site.models import Board
from tests.support.redis import shared_redis

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/presence_site/board/"
FEED = f"{LIST}presence/feed/"


class Fill(Protocol):
    """Puts so many people on boards: guests, or one person with an account."""

    def __call__(self, people: dict[UUID, int], person: str = "") -> None: ...


@pytest.fixture
def fill(settings: Any) -> Iterator[Fill]:
    """See `Fill`."""
    url, prefix = shared_redis().url, f"admin-{uuid4().hex}"
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": url, "REDIS_PREFIX": prefix}

    async def join(people: dict[UUID, int], person: str) -> None:
        store = RedisStore(url, prefix=prefix)
        await store.renew("here")
        for board, number in people.items():
            for n in range(number):
                await store.join(
                    board, Ticket(uuid4().hex, "here", person or f"guest:{n}", f"Guest {n}")
                )
        await store.close()

    yield lambda people, person="": asyncio.run(join(people, person))
    asked = asyncio.run_coroutine_threadsafe(api._store(get_settings()).close(), own_loop())
    asked.result(10)


def boards(number: int) -> list[UUID]:
    """Make boards."""
    made = [Board(title=f"Board {n:03}") for n in range(number)]
    return [board.pk for board in Board.objects.bulk_create(made)]


def staff(client: Client, *codenames: str, name: str = "stan") -> Client:
    """Sign in as staff with those permissions."""
    user = User.objects.create(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def shown(response: Any) -> list[tuple[UUID, str]]:
    """Return the rows of a list, with what the column says."""
    model_admin = response.context["cl"].model_admin
    rows = response.context["cl"].result_list
    return [(row.pk, _text(model_admin.presence_online(row))) for row in rows]


def order(client: Client, sign: str = "") -> str:
    """Return the query by which a list is sorted by people."""
    columns = client.get(LIST).context["cl"].list_display
    return f"?o={sign}{columns.index('presence_online')}"


def _text(cell: str) -> str:
    return cell.partition(">")[2].partition("<")[0] if "<" in cell else cell


@pytest.fixture
def ours() -> list[UUID]:
    return boards(3)


def test_the_column_tells_how_many_are_there(client: Client, fill: Fill, ours: list[UUID]) -> None:
    fill({ours[0]: 2})
    response = staff(client, "view_board").get(LIST)
    assert dict(shown(response)) == {ours[0]: "2", ours[1]: "0", ours[2]: "0"}
    assert b"column-presence_online" in response.content
    assert f'data-board="{ours[0]}" data-feed="{FEED}">2<'.encode() in response.content
    assert b'presence/admin.js" type="module"' in response.content


def test_it_sorts_by_people(client: Client, fill: Fill, ours: list[UUID]) -> None:
    fill({ours[2]: 3, ours[0]: 1})
    signed_in = staff(client, "view_board")
    most_first = [pk for pk, _ in shown(signed_in.get(LIST + order(signed_in, "-")))]
    assert most_first == [ours[2], ours[0], ours[1]]
    fewest_first = [pk for pk, _ in shown(signed_in.get(LIST + order(signed_in)))]
    assert fewest_first == [ours[1], ours[0], ours[2]]


def test_it_sorts_where_nobody_is_anywhere(client: Client, fill: Fill, ours: list[UUID]) -> None:
    signed_in = staff(client, "view_board")
    assert len(shown(signed_in.get(LIST + order(signed_in, "-")))) == 3


def test_the_filter(client: Client, fill: Fill, ours: list[UUID]) -> None:
    fill({ours[1]: 1})
    signed_in = staff(client, "view_board")
    assert shown(signed_in.get(f"{LIST}?people_now=some")) == [(ours[1], "1")]
    assert {pk for pk, _ in shown(signed_in.get(f"{LIST}?people_now=none"))} == {ours[0], ours[2]}
    counted = signed_in.get(f"{LIST}?_facets=True").content
    assert b"Has people now (1)" in counted
    assert b"Nobody now (2)" in counted


@pytest.mark.parametrize("query", ["", "?people_now=some", "order"])
def test_queries_and_trips_are_as_many_for_any_number_of_rows(
    client: Client, fill: Fill, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    signed_in = staff(client, "view_board")
    trips: list[int] = []
    inner = Link._run_some

    async def counted(self: Link, calls: Any) -> Any:
        trips.append(len(calls))
        return await inner(self, calls)

    monkeypatch.setattr(Link, "_run_some", counted)
    costs = []
    query = order(signed_in, "-") if query == "order" else query
    for number in (5, 80):
        fill(dict.fromkeys(boards(number), 1))
        signed_in.get(LIST + query)  # the scripts are loaded
        trips.clear()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(shown(signed_in.get(LIST + query))) >= number
        costs.append((len(queries), len(trips)))
    assert costs[0] == costs[1]
    # To filter or sort, one has to know which boards have people: two more.
    assert costs[0][1] == (3 if query else 1)


class Picky(BoardAdmin):
    """Lets nobody view boards with a title that begins with Secret, and hides the hidden."""

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        may: bool = super().has_view_permission(request, obj)
        return may and not (obj and obj.title.startswith("Secret"))

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).exclude(title="Hidden")


@pytest.fixture
def picky(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin.site._registry[Board], "__class__", Picky)


def test_no_number_of_a_board_one_may_not_view(client: Client, fill: Fill, picky: None) -> None:
    plain, secret, hidden = (
        Board.objects.create(title=title).pk for title in ("Plain", "Secret", "Hidden")
    )
    fill({plain: 1, secret: 2, hidden: 3})
    signed_in = staff(client, "view_board")
    assert dict(shown(signed_in.get(LIST))) == {plain: "1", secret: UNKNOWN}
    assert shown(signed_in.get(f"{LIST}?people_now=some")) == [(plain, "1")]
    asked = ",".join(map(str, (plain, secret, hidden, uuid4())))
    answer = signed_in.post(FEED, {"boards": asked})
    assert answer.json() == {"rows": {str(plain): 1}}


def test_the_feed(client: Client, fill: Fill, ours: list[UUID]) -> None:
    fill({ours[0]: 2})
    signed_in = staff(client, "change_board")
    answer = signed_in.post(FEED, {"boards": ",".join(map(str, ours))})
    assert answer.json() == {"rows": {str(ours[0]): 2, str(ours[1]): 0, str(ours[2]): 0}}
    assert "no-cache" in answer["Cache-Control"]
    assert signed_in.post(FEED).json() == {"rows": {}}


def test_the_feed_says_what_is_wrong(client: Client, fill: Fill) -> None:
    signed_in = staff(client, "view_board")
    assert signed_in.post(FEED, {"boards": "seven"}).status_code == 400
    many = ",".join(str(UUID(int=n)) for n in range(MOST + 1))
    assert signed_in.post(FEED, {"boards": many}).status_code == 400


def test_others_get_nothing(client: Client, fill: Fill, ours: list[UUID]) -> None:
    fill({ours[0]: 2})
    asked = {"boards": str(ours[0])}
    assert client.post(FEED, asked).status_code == 302
    client.force_login(User.objects.create(username="visitor"))
    assert client.post(FEED, asked).status_code == 302
    signed_in = staff(client, "view_note")
    for response in (signed_in.get(LIST), signed_in.post(FEED, asked)):
        assert response.status_code == 403
    User.objects.update(is_staff=False)
    assert signed_in.post(FEED, asked).status_code == 302


def test_the_list_is_there_when_the_store_is_not(
    client: Client, settings: Any, ours: list[UUID]
) -> None:
    away = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    settings.PRESENCE = {**settings.PRESENCE, **away}
    signed_in = staff(client, "view_board")
    for query in ("", "?people_now=some", "?people_now=none", order(signed_in, "-")):
        response = signed_in.get(LIST + query)
        assert {text for _, text in shown(response)} == {UNKNOWN}
        assert len(shown(response)) == 3
    assert signed_in.post(FEED, {"boards": str(ours[0])}).status_code == 503


def test_switched_off(client: Client, fill: Fill, settings: Any) -> None:
    made = boards(1)
    fill({made[0]: 1})
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    assert shown(staff(client, "view_board").get(LIST)) == [(made[0], UNKNOWN)]


def test_the_column_may_be_named_and_is_not_put_twice(rf: RequestFactory) -> None:
    class Named(BoardAdmin):
        list_display = ("presence_online", "title")

    request = rf.get(LIST)
    request.user = AnonymousUser()
    named = Named(Board, admin.site)
    assert named.get_list_display(request) == ["presence_online", "title"]
    assert len(named.get_list_filter(request)) == len(BoardAdmin.list_filter) + 1


def test_sorting_by_many_boards(
    client: Client, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = boards(SORTED + 10)
    told = {board: 1 + n % 7 for n, board in enumerate(made)}
    fill({})
    monkeypatch.setattr("presence.api.census", lambda: told)
    signed_in = staff(client, "view_board")
    response = signed_in.get(LIST + order(signed_in, "-"))
    assert {told[pk] for pk, _ in shown(response)} == {7}
