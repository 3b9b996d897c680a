"""The admin's list of boards, with people on some of them: a real Redis has the counts."""

import asyncio
from collections.abc import Iterator
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client

from presence.admin.changelist import UNKNOWN
from presence.store.base import JoinRequest
from presence.store.redis.store import RedisStore
from presence_site.admin import BoardAdmin
from presence_site.models import Board
from tests.support.own import close_own
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
                    board, JoinRequest(uuid4().hex, "here", person or f"guest:{n}", f"Guest {n}")
                )
        await store.close()

    yield lambda people, person="": asyncio.run(join(people, person))
    close_own()


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


def _text(cell: str | None) -> str:
    return UNKNOWN if cell is None else cell.partition(">")[2].partition("<")[0]


@pytest.fixture
def ours() -> list[UUID]:
    return boards(3)


def test_the_column_tells_how_many_are_there(client: Client, fill: Fill, ours: list[UUID]) -> None:
    fill({ours[0]: 2})
    response = staff(client, "view_board").get(LIST)
    assert dict(shown(response)) == {ours[0]: "2", ours[1]: "0", ours[2]: "0"}
    assert b"column-presence_online" in response.content
    assert f'data-board="{ours[0]}">2<'.encode() in response.content
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
    told = signed_in.get(FEED, {"rows": asked}).json()["rows"]
    assert told.pop(str(plain)) == 1
    assert told == dict.fromkeys(asked.split(",")[1:])


def test_the_list_is_there_when_the_store_is_not(
    client: Client, settings: Any, ours: list[UUID]
) -> None:
    away = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    settings.PRESENCE = {**settings.PRESENCE, **away}
    signed_in = staff(client, "view_board")
    for query in ("", order(signed_in, "-")):
        response = signed_in.get(LIST + query)
        assert [text for _, text in shown(response)] == [UNKNOWN] * 3
    told = signed_in.get(FEED, {"rows": str(ours[0])}).json()
    assert told == {"rows": {str(ours[0]): None}}
