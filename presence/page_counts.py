"""The counts that a page is rendered with."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured

from presence import api
from presence.auth import permitted

logger = logging.getLogger(__name__)

WITHIN = 1.0
"""Seconds that a page waits for counts, however many it has."""

FOR_STORE = 0.2
"""What part of `WITHIN` the store has in any case: one that was given no time to answer is in no
trouble. As much again is for a rule to end that can't be interrupted."""

REST = 5.0
"""Seconds after trouble in which no page of this process asks."""

MOST = 100
"""Boards that are asked for at a time."""


class Trouble:
    """Whether counts could not be had a moment ago: then pages do without rather than wait, each
    of them, for what is not to come."""

    def __init__(self) -> None:
        self._until = -REST

    def began(self, error: Exception) -> None:
        """Note it, and say so once."""
        if not self.lasts():
            logger.warning("pages show no counts for %.0f s: %s", REST, error)
        self._until = time.monotonic() + REST

    def lasts(self) -> bool:
        """Return whether pages are to do without."""
        return time.monotonic() < self._until

    def over(self) -> None:
        """Ask again from now on."""
        self._until = -REST


trouble = Trouble()


class Tally:
    """The counts of one page for a visitor, as far as they may be seen and are known.

    Nothing of it raises for what is wrong with the store or the site's rules: a page is of use
    without. None of it waits on an event loop; there nothing is known.
    """

    def __init__(self, user: Any) -> None:
        self._user = user
        self._left = WITHIN
        self._asked: set[UUID] = set()
        self._counts: dict[UUID, int] = {}

    def count(self, board: UUID, among: Iterable[UUID] = ()) -> int | None:
        """Return how many people are on a board, None where that is not known, or not for this
        visitor. `among` are boards that the page asks for next: all are asked for together."""
        if board not in self._asked:
            new = (each for each in among if each not in self._asked)
            self._ask([*dict.fromkeys(chain([board], new))][:MOST])
        return self._counts.get(board)

    def _ask(self, boards: Collection[UUID]) -> None:
        self._asked.update(boards)
        if self._user is None or _on_event_loop() or trouble.lasts() or self._left < _share():
            return
        began = time.monotonic()
        try:
            self._counts |= self._answer(boards)
        except (api.TryLater, ImproperlyConfigured) as error:
            trouble.began(error)
        finally:
            self._left -= time.monotonic() - began

    def _answer(self, boards: Collection[UUID]) -> dict[UUID, int]:
        ends = time.monotonic() + self._left
        # Found out here, in a thread that may use the database. A rule may be async.
        self._user.is_authenticated  # noqa: B018
        seen = async_to_sync(self._seen)(boards, ends - 2 * _share())
        within = max(_share(), ends - time.monotonic())
        return api.counts(seen, within=within) if seen else {}

    async def _seen(self, boards: Collection[UUID], ends: float) -> list[UUID]:
        """Return what this visitor may see, as far as the site's own rules say so in time: that
        they do not for one visitor is no trouble for others."""
        try:
            async with asyncio.timeout(ends + _share() - time.monotonic()):
                return await permitted(self._user, boards, ends)
        except (TimeoutError, api.TryLater):
            return []


def _share() -> float:
    return WITHIN * FOR_STORE


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
