"""The busiest boards that a user may view: their ranking, and how their titles are looked up."""

import asyncio
from collections.abc import Callable, Collection
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from presence.admin import busiest, overview
from presence.admin.busiest import Titles, rank, titles_of
from presence.admin.poller import MAX_IDLE
from presence.admin.threads import in_request
from tests.support.admin import Patch
from tests.support.waiting import DEADLINE, eventually

A, B, C, D = (UUID(int=number) for number in range(1, 5))


def test_most_people_come_first_and_equal_boards_keep_their_order() -> None:
    assert rank({C: 1, A: 1, B: 9, D: 3}) == [B, D, A, C]
    counts = {UUID(int=number): number for number in range(1, busiest.MAX_RANKED + 3)}
    ranking = rank(counts)
    assert len(ranking) == busiest.MAX_RANKED
    assert counts[ranking[-1]] == 3


class Site:
    """The site's own code: `may_view` says which boards, and `answers` is cleared to be slow."""

    def __init__(self) -> None:
        self.asked: list[list[UUID]] = []
        self.may_view: Callable[[UUID], bool] = lambda board: True
        self.answers = Event()
        self.answers.set()
        self.fails = False

    def titles(self, site: Any, request: Any, boards: Collection[UUID]) -> dict[UUID, str]:
        self.asked.append([*boards])
        assert self.answers.wait(DEADLINE)
        if self.fails:
            raise RuntimeError("on purpose")
        return {board: str(board) for board in boards if self.may_view(board)}


@pytest.mark.django_db(transaction=True)
class TestTitles:
    @pytest.fixture
    def site(self, monkeypatch: Patch) -> Site:
        site = Site()
        monkeypatch.setattr(busiest, "viewable_titles", site.titles)
        return site

    @pytest.fixture
    def sleep(self, monkeypatch: Patch) -> Callable[[float], None]:
        """Lets time pass."""
        now = [1000.0]
        monkeypatch.setattr(busiest, "monotonic", lambda: now[0])

        def sleep(seconds: float) -> None:
            now[0] += seconds

        return sleep

    @pytest.fixture
    def titles(self, sleep: Callable[[float], None]) -> Titles:
        return Titles(admin.site, RequestFactory().get("/"))

    @staticmethod
    async def listed(titles: Titles, *ranking: UUID, wait: bool = False) -> list[UUID] | None:
        """Return the boards that are listed, after the lookup that is due if told to `wait`."""
        found = await titles.busiest(ranking)
        if wait and titles._lookup is not None:
            await titles._lookup
            found = await titles.busiest(ranking)
        return None if found is None else [board for board, _ in found]

    async def test_only_new_boards_are_looked_up_and_old_ones_with_a_new_request(
        self, site: Site, titles: Titles, sleep: Callable[[float], None]
    ) -> None:
        assert await titles.busiest([A]) == [(A, str(A))], "waited for at first"
        assert await self.listed(titles, A) == [A]
        assert await self.listed(titles, B, A, wait=True) == [B, A]
        assert site.asked == [[A], [B]]
        sleep(busiest.REFRESH_AFTER)
        await self.listed(titles, B, A, wait=True)
        assert len(site.asked) == 2, "the same request would get the same answer"
        titles.renew(RequestFactory().get("/"))
        await self.listed(titles, B, A, wait=True)
        assert site.asked[2:] == [[B, A]]

    async def test_a_user_who_may_view_few_looks_up_some_at_a_time(
        self, site: Site, titles: Titles, sleep: Callable[[float], None]
    ) -> None:
        ranking = [uuid4() for _ in range(4 * busiest.BOARDS_PER_LOOKUP)]
        site.may_view = ranking[-1].__eq__
        for expected in (None, None, None, [ranking[-1]], [ranking[-1]]):
            assert await self.listed(titles, *ranking) == expected
        assert [len(asked) for asked in site.asked] == [busiest.BOARDS_PER_LOOKUP] * 4
        sleep(busiest.TITLE_LIFETIME)
        titles.renew(RequestFactory().get("/"))
        assert await self.listed(titles, *ranking, wait=True) == [ranking[-1]]
        assert site.asked[4:] == [[ranking[-1]]], "refusals are cached for longer"

    async def test_the_list_passes_over_boards_and_has_an_end(
        self, site: Site, titles: Titles
    ) -> None:
        secret, *ranking = (uuid4() for _ in range(busiest.MAX_LISTED + 5))
        site.may_view = secret.__ne__
        assert await self.listed(titles, secret, *ranking) == ranking[: busiest.MAX_LISTED]
        assert await self.listed(titles, secret) == []

    async def test_unknown_boards_are_only_looked_up_before_the_end(
        self, site: Site, titles: Titles
    ) -> None:
        ranking = [uuid4() for _ in range(busiest.MAX_LISTED)]
        await self.listed(titles, *ranking)
        assert await self.listed(titles, *ranking, A) == ranking
        assert await self.listed(titles, *ranking[:5], B, *ranking[5:], A, wait=True) == [
            *ranking[:5], B, *ranking[5:-1]
        ]  # fmt: skip
        assert site.asked[1:] == [[B]]

    async def test_a_slow_answer_delays_nothing(self, site: Site, titles: Titles) -> None:
        assert await self.listed(titles, A) == [A]
        site.answers.clear()
        assert await self.listed(titles, B, A) == [A]
        await asyncio.to_thread(eventually, lambda: len(site.asked) == 2, "a lookup")
        assert await self.listed(titles, B, A) == [A]
        site.answers.set()
        assert await self.listed(titles, B, A, wait=True) == [B, A]
        assert len(site.asked) == 2, "one lookup at a time"

    async def test_a_title_disappears_with_the_permission(
        self, site: Site, titles: Titles, sleep: Callable[[float], None]
    ) -> None:
        assert await self.listed(titles, A) == [A]
        for lifetime, may_view in (
            (busiest.REFRESH_AFTER, False),
            (busiest.REFUSAL_LIFETIME, True),
        ):
            site.may_view = lambda board, may_view=may_view: may_view  # type: ignore[misc]
            sleep(lifetime)
            titles.renew(RequestFactory().get("/"))
            assert await self.listed(titles, A, wait=True) == ([A] if may_view else [])
        site.fails = True
        sleep(busiest.TITLE_LIFETIME)
        assert await self.listed(titles, A, wait=True) is None, "also if nobody can say"

    async def test_a_title_is_as_old_as_the_request(
        self, site: Site, titles: Titles, sleep: Callable[[float], None]
    ) -> None:
        """Django caches an account's permissions on its request."""
        sleep(busiest.TITLE_LIFETIME / 2)
        assert await self.listed(titles, A) == [A]
        site.answers.clear()
        sleep(busiest.TITLE_LIFETIME / 2)
        assert await self.listed(titles, A) is None
        site.answers.set()

    def test_a_title_disappears_within_5_s(self) -> None:
        assert busiest.TITLE_LIFETIME + overview.OVERVIEW.interval < 5
        assert busiest.REFRESH_AFTER + MAX_IDLE + busiest.TITLE_WITHIN < 5, (
            "where fetches take much CPU time"
        )

    async def test_a_failed_lookup_is_repeated(self, site: Site, titles: Titles) -> None:
        site.fails = True
        assert await self.listed(titles, A, wait=True) is None
        site.fails = False
        assert await self.listed(titles, A, wait=True) == [A]

    async def test_a_request_waits_for_some_lookups(self, site: Site, titles: Titles) -> None:
        ranking = [uuid4() for _ in range(10 * busiest.BOARDS_PER_LOOKUP)]
        site.may_view = ranking[2 * busiest.BOARDS_PER_LOOKUP].__eq__
        with in_request():
            assert await self.listed(titles, *ranking) == [ranking[2 * busiest.BOARDS_PER_LOOKUP]]
        assert len(site.asked) == busiest.LOOKUPS_PER_REQUEST

    def test_the_pages_of_a_user_share_titles(self) -> None:
        request, other = RequestFactory().get("/"), RequestFactory().get("/")
        request.user, other.user = User(pk=1), User(pk=2)
        titles = titles_of(admin.site, request)
        assert titles_of(admin.site, request) is titles
        assert titles_of(admin.site, other) is not titles
