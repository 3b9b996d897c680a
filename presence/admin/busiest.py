"""The boards with most people, of those that somebody may know of.

What the busiest boards are called that somebody may view: asked of the site's own code beside
what is told, so that a slow or long answer holds up no number.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import nsmallest
from time import monotonic
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from presence.admin.permissions import titles_for
from presence.admin.threads import Once, aside

MOST_LOOKED_AT = 1_000
"""Boards, the busiest first, among which is looked for those that somebody may know of."""


def rank(people: Mapping[UUID, int]) -> list[UUID]:
    """Return the boards by their people, most first; equal ones always in the same order."""
    return nsmallest(MOST_LOOKED_AT, people, key=lambda board: (-people[board], board))


def pick(
    ranking: Iterable[UUID], titles: Mapping[UUID, str | None], most: int
) -> tuple[list[UUID], list[UUID]]:
    """Return the first `most` boards of a ranking that have a title, and those that may stand among
    them: nobody has yet asked for their title. None is the title of a board that is a secret."""
    told: list[UUID] = []
    unasked: list[UUID] = []
    for board in ranking:
        if len(told) == most:
            break
        if board not in titles:
            unasked.append(board)
        elif titles[board] is not None:
            told.append(board)
    return told, unasked


logger = logging.getLogger(__name__)

MOST = 10
"""Boards that are told."""

AT_ONCE = 50
"""Boards that the database is asked for in one query, and the `ModelAdmin` about one by one."""

ASKS = 4
"""How often one who waits for the answer asks."""

AGAIN = 1.5
"""Seconds by which a request must be newer for what is told to be asked again."""

KEPT = 4.0
"""Seconds for which a title is told, from when the account was looked at: with a look each half
second, nobody sees one 5 s after they may not view the board."""

SECRET_FOR = 60.0
"""Seconds for which a board that may not be viewed is not asked for again."""

SOON = 0.25
"""Seconds for which an answer is waited for, so that a new board is there with its people."""

LEFT = 60.0
"""Seconds for which titles are kept that nobody looks at."""

failures = Once(logger, "could not ask which boards somebody may view in %s")


class Titles:
    """The titles of boards that one of the staff may view in an admin site, as far as they are
    known."""

    def __init__(self, site: AdminSite, request: HttpRequest) -> None:
        self.site = site
        self.used = monotonic()
        self.renew(request)
        self._known: dict[UUID, tuple[str | None, float]] = {}
        self._asking: asyncio.Task[None] | None = None

    def renew(self, request: HttpRequest) -> None:
        """Ask by this request of theirs from now on. Django keeps an account's permissions with it:
        what it answers is as old as it is."""
        self._account = request, monotonic()

    async def busiest(self, ranking: Sequence[UUID]) -> list[tuple[UUID, str]] | None:
        """Return the first boards of a ranking that may be viewed, with their titles, as far as is
        known by now; None where it is not known of any. What is missing is asked for, and not
        waited for long."""
        self.used = monotonic()
        due = self._due(ranking)
        if due and (self._asking is None or self._asking.done()):
            self._asking = asyncio.get_running_loop().create_task(self._ask(due, ranking))
            await asyncio.wait([self._asking], timeout=SOON)
        return self._told(ranking)

    async def found(self, ranking: Sequence[UUID]) -> list[tuple[UUID, str]] | None:
        """Return the same after what is missing was asked for, or the first few hundred of it."""
        for _ in range(ASKS):
            if due := self._due(ranking):
                await self._ask(due, ranking)
        return self._told(ranking)

    def _told(self, ranking: Sequence[UUID]) -> list[tuple[UUID, str]] | None:
        titles = self._titles()
        told, unasked = pick(ranking, titles, MOST)
        if unasked and not told:
            return None
        return [(board, titles[board] or "") for board in told]

    def _due(self, ranking: Sequence[UUID]) -> list[UUID]:
        told, unasked = pick(ranking, self._titles(), MOST)
        old = [board for board in told if self._account[1] - self._known[board][1] >= AGAIN]
        return [*old, *unasked][:AT_ONCE]

    def _titles(self) -> Mapping[UUID, str | None]:
        now = monotonic()
        return {
            board: title
            for board, (title, at) in self._known.items()
            if now - at < (SECRET_FOR if title is None else KEPT)
        }

    async def _ask(self, boards: Collection[UUID], ranking: Collection[UUID]) -> None:
        request, at = self._account
        try:
            titles = await aside(titles_for, self.site, request, boards)
        except Exception as error:  # noqa: BLE001 (the site's own code speaks here)
            failures.note(self.site.name, error)
            return
        listed = {*ranking}
        self._known = {b: told for b, told in self._known.items() if b in listed}
        self._known |= {board: (titles.get(board), at) for board in boards}


_kept: dict[tuple[int, str], Titles] = {}


def titles_of(site: AdminSite, request: HttpRequest) -> Titles:
    """Return the titles for whoever asks, with what is known of them from before."""
    now = monotonic()
    for key in [key for key, titles in [*_kept.items()] if now - titles.used > LEFT]:
        _kept.pop(key, None)
    titles = _kept.setdefault((id(site), str(request.user.pk)), Titles(site, request))
    titles.renew(request)
    return titles
