"""What the busiest boards are called: asked beside what is told, and never for long."""

import asyncio
from collections.abc import Callable, Collection
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from presence.admin import busiest as titles
from presence.admin import overview_topic as overview
from presence.admin.busiest import (
    AGAIN,
    ASKS,
    AT_ONCE,
    KEPT,
    MOST,
    SECRET_FOR,
    SOON,
    Titles,
    titles_of,
)
from presence.admin.poller import LONGEST_REST
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

Found = list[tuple[UUID, str]] | None


class Site:
    """A site's own code: it lets boards be viewed that `may` says, and waits while `open` is
    clear."""

    def __init__(self) -> None:
        self.asked: list[list[UUID]] = []
        self.may: Callable[[UUID], bool] = lambda board: True
        self.open = Event()
        self.open.set()
        self.fails = False

    def titles(self, site: Any, request: Any, boards: Collection[UUID]) -> dict[UUID, str]:
        self.asked.append([*boards])
        assert self.open.wait(20)
        if self.fails:
            raise RuntimeError("on purpose")
        return {board: f"Board {board.hex[:4]}" for board in boards if self.may(board)}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site()
    monkeypatch.setattr(titles, "titles_for", site.titles)
    return site


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass."""
    now = [1000.0]
    monkeypatch.setattr(titles, "monotonic", lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    return pass_time


@pytest.fixture
def here(clock: Callable[[float], None]) -> Titles:
    return Titles(admin.site, RequestFactory().get("/"))


async def until_asked(here: Titles, ranking: list[UUID]) -> Found:
    """Return what is told when the question that this begins is answered."""
    await here.busiest(ranking)
    if here._asking is not None:
        await here._asking
    return await here.busiest(ranking)


def boards(found: Found) -> list[UUID]:
    assert found is not None
    return [board for board, _ in found]


async def test_the_database_is_asked_only_for_what_is_new(
    site: Site, here: Titles, clock: Callable[[float], None]
) -> None:
    one, other = uuid4(), uuid4()
    assert await here.busiest([one]) == [(one, f"Board {one.hex[:4]}")], "waited for, at first"
    await here.busiest([one])
    assert boards(await until_asked(here, [other, one])) == [other, one]
    assert site.asked == [[one], [other]]
    clock(AGAIN)
    await until_asked(here, [other, one])
    assert len(site.asked) == 2, "the same account would say the same"
    here.renew(RequestFactory().get("/"))
    await until_asked(here, [other, one])
    assert site.asked[2:] == [[other, one]]


async def test_who_may_view_few_asks_for_some_at_a_time(site: Site, here: Titles) -> None:
    ranking = [uuid4() for _ in range(4 * AT_ONCE)]
    site.may = ranking[-1].__eq__
    for _ in range(3):
        assert await here.busiest(ranking) is None
    assert boards(await here.busiest(ranking)) == [ranking[-1]]
    assert [len(asked) for asked in site.asked] == [AT_ONCE] * 4
    await here.busiest(ranking)
    assert len(site.asked) == 4, "what is a secret is one for a while"


async def test_no_more_is_told_than_there_is_room_for(site: Site, here: Titles) -> None:
    ranking = [uuid4() for _ in range(MOST + 5)]
    assert boards(await here.busiest(ranking)) == ranking[:MOST]


async def test_a_slow_answer_holds_up_nothing(site: Site, here: Titles) -> None:
    one, other = uuid4(), uuid4()
    assert boards(await here.busiest([one])) == [one]
    site.open.clear()
    assert boards(await here.busiest([other, one])) == [one]
    await asyncio.to_thread(eventually, lambda: len(site.asked) == 2, "a question")
    assert boards(await here.busiest([other, one])) == [one]
    site.open.set()
    assert boards(await until_asked(here, [other, one])) == [other, one]
    assert len(site.asked) == 2, "one question at a time"


async def test_who_may_view_a_board_no_more_is_told_of_it_no_more(
    site: Site, here: Titles, clock: Callable[[float], None]
) -> None:
    board = uuid4()
    await here.busiest([board])
    site.may = lambda board: False
    clock(AGAIN)
    here.renew(RequestFactory().get("/"))
    assert boards(await until_asked(here, [board])) == []
    site.may = lambda board: True
    clock(SECRET_FOR)
    here.renew(RequestFactory().get("/"))
    assert boards(await until_asked(here, [board])) == [board]
    site.fails = True
    clock(KEPT)
    assert await until_asked(here, [board]) is None, "nor where nobody can say"


async def test_an_answer_is_as_old_as_what_is_known_of_the_account(
    site: Site, here: Titles, clock: Callable[[float], None]
) -> None:
    """Django keeps an account's permissions with the request's user."""
    board = uuid4()
    clock(KEPT / 2)
    assert boards(await here.busiest([board])) == [board]
    site.open.clear()
    clock(KEPT / 2)
    assert await here.busiest([board]) is None
    site.open.set()


def test_no_title_is_seen_5_s_after_the_board_may_not_be_viewed() -> None:
    assert KEPT + overview.EVERY < 5
    assert AGAIN + LONGEST_REST + SOON < 5, "where looks are much work"


async def test_nothing_is_known_until_it_could_be_asked(site: Site, here: Titles) -> None:
    site.fails = True
    board = uuid4()
    assert await here.busiest([board]) is None
    assert await here.found([board]) is None
    site.fails = False
    assert boards(await here.found([board])) == [board]


async def test_who_asks_once_has_a_few_hundred_asked_for(site: Site, here: Titles) -> None:
    ranking = [uuid4() for _ in range(10 * AT_ONCE)]
    site.may = ranking[2 * AT_ONCE].__eq__
    assert boards(await here.found(ranking)) == [ranking[2 * AT_ONCE]]
    assert len(site.asked) == ASKS


async def test_the_same_person_goes_on_with_what_is_known(clock: Callable[[float], None]) -> None:
    request, other = RequestFactory().get("/"), RequestFactory().get("/")
    request.user, other.user = User(pk=1), User(pk=2)
    mine = titles_of(admin.site, request)
    assert titles_of(admin.site, request) is mine
    assert titles_of(admin.site, other) is not mine
    clock(titles.LEFT + 1)
    assert titles_of(admin.site, request) is not mine
    await asyncio.sleep(0)
