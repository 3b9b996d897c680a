"""The titles of the busiest boards that a member of staff may view.

Titles come from the site's own code, which may be slow. They are looked up apart from the numbers,
so that they delay none of them.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from heapq import nsmallest
from math import inf
from time import monotonic
from uuid import UUID
from weakref import WeakValueDictionary

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from presence.admin.permissions import Title, viewable_titles
from presence.admin.threads import is_in_request, run_in_worker
from presence.admin.topics import outages

MAX_RANKED = 1_000
"""Busiest boards among which those are searched that the user may view."""

MAX_LISTED = 10
"""Boards that the overview lists."""

BOARDS_PER_LOOKUP = 50
"""Boards looked up at a time, with one query and one call of `has_view_permission` for each."""

LOOKUPS_PER_REQUEST = 4
"""Lookups that one HTTP request waits for."""

REFRESH_AFTER = 1.5
"""Refresh titles that are older than the current request by this many seconds."""

TITLE_LIFETIME = 4.0
"""Seconds for which a title is shown, counted from the request that it was looked up with. With a
poll each half second, nobody sees a title 5 s after they lost the permission."""

REFUSAL_LIFETIME = 60.0
"""Seconds for which a board that the user may not view is not looked up again."""

TITLE_WITHIN = 0.25
"""Seconds that a new lookup is waited for, so that a new board has its title at once."""


def rank(counts: Mapping[UUID, int]) -> list[UUID]:
    """Return the busiest boards, most people first; equal ones in the order of their UUIDs."""
    return nsmallest(MAX_RANKED, counts, key=lambda board: (-counts[board], board))


class Titles:
    """A cache of the titles that one user may view in an admin site. Created within `in_request`,
    it waits for its lookups."""

    def __init__(self, site: AdminSite, request: HttpRequest) -> None:
        self.site = site
        self.renew(request)
        # The title, None for a board that the user may not view, and when it was looked up.
        self._titles: dict[UUID, tuple[Title | None, float]] = {}
        self._lookup: asyncio.Task[None] | None = None

    def renew(self, request: HttpRequest) -> None:
        """Look titles up with this request from now on. Django caches an account's permissions on
        its request, so that an answer is as old as the request."""
        self._request = request, monotonic()

    async def busiest(self, ranking: Sequence[UUID]) -> list[tuple[UUID, Title]] | None:
        """Return the first boards of a ranking that the user may view, with their titles.

        Missing titles are looked up, and may be there at the next call only. None if nothing is
        known yet.
        """
        if is_in_request():
            for _ in range(LOOKUPS_PER_REQUEST):
                if due := self._due(ranking):
                    await self._look_up(due, ranking)
        elif (due := self._due(ranking)) and (self._lookup is None or self._lookup.done()):
            self._lookup = asyncio.get_running_loop().create_task(self._look_up(due, ranking))
            await asyncio.wait([self._lookup], timeout=TITLE_WITHIN)
        listed, unknown = self._pick(ranking)
        if unknown and not listed:
            return None
        return [(board, title) for board in listed if (title := self._titles[board][0])]

    def _due(self, ranking: Sequence[UUID]) -> list[UUID]:
        listed, unknown = self._pick(ranking)
        requested_at = self._request[1]
        old = [b for b in listed if requested_at - self._titles[b][1] >= REFRESH_AFTER]
        return [*old, *unknown][:BOARDS_PER_LOOKUP]

    def _pick(self, ranking: Sequence[UUID]) -> tuple[list[UUID], list[UUID]]:
        """Return the boards to list, and those that may belong before them but are not known."""
        now = monotonic()
        listed: list[UUID] = []
        unknown: list[UUID] = []
        for board in ranking:
            if len(listed) == MAX_LISTED:
                break
            title, at = self._titles.get(board, (None, -inf))
            if now - at >= (REFUSAL_LIFETIME if title is None else TITLE_LIFETIME):
                unknown.append(board)
            elif title is not None:
                listed.append(board)
        return listed, unknown

    async def _look_up(self, boards: Collection[UUID], ranking: Collection[UUID]) -> None:
        request, at = self._request
        with outages.attempt(f"looking up board titles (site={self.site.name})"):
            titles = await run_in_worker(viewable_titles, self.site, request, boards)
            ranked = {*ranking}
            self._titles = {b: known for b, known in self._titles.items() if b in ranked}
            self._titles |= {board: (titles.get(board), at) for board in boards}


_kept: WeakValueDictionary[tuple[int, str], Titles] = WeakValueDictionary()


def titles_of(site: AdminSite, request: HttpRequest) -> Titles:
    """Return the titles for the request's user, which are one object while a page shows them."""
    key = id(site), str(request.user.pk)
    titles = _kept.setdefault(key, Titles(site, request))
    titles.renew(request)
    return titles
