"""What a page shows as it is rendered: counts, which are asked for together, and who is online. A
page never waits for it for long."""

import asyncio
import logging
from collections.abc import Collection, Iterable
from itertools import chain
from math import inf
from time import monotonic
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured

from presence import api
from presence.auth import permitted
from presence.runtime import is_on_event_loop
from presence.server.logs import OutageLog

logger = logging.getLogger(__name__)

MAX_BOARDS = 100
"""Most boards in one request."""

PAGE_TIMEOUT = 1.0
"""Seconds that a page waits for all that it shows."""

STORE_SHARE = 0.2
"""Seconds of `PAGE_TIMEOUT` that are left to the store, so that slow rules do not make it look
down. Rules lose as much again: one that does not await may end late."""

PAUSE = 5.0
"""Seconds after a failure in which no page of this process asks for counts."""


class Breaker:
    """Stops pages from asking for a while after the store failed: each would wait in vain."""

    def __init__(self) -> None:
        self._open_until = -inf
        self._log = OutageLog(
            logger,
            "page counts: not available, pages show none",
            "page counts: available again",
            expected=(api.TryLater, ImproperlyConfigured),
        )

    @property
    def is_open(self) -> bool:
        """Whether pages must not ask now."""
        return monotonic() < self._open_until

    def failed(self, error: Exception) -> None:
        """Note that the store did not answer."""
        self._open_until = monotonic() + PAUSE
        self._log.failed(error)

    def works(self) -> None:
        """Note that the store answered."""
        self._open_until = -inf
        self._log.works()


breaker = Breaker()


class PagePresence:
    """What one page shows its visitor: counts, and where people are.

    A count is missing where the visitor may not join the board, and where the store or the site's
    rules fail or are slow: the page comes first. On an event loop, which must not wait, all are
    missing.
    """

    def __init__(self, user: Any) -> None:
        self._user = user
        self._remaining = PAGE_TIMEOUT
        self._asked: set[UUID] = set()
        self._counts: dict[UUID, int] = {}

    def count(self, board: UUID, among: Iterable[UUID] = ()) -> int | None:
        """Return how many people are on a board, None where that is missing. Boards that the page
        shows next, in `among`, are asked for at the same time."""
        if board not in self._asked:
            new = (other for other in among if other not in self._asked)
            self._ask([*dict.fromkeys(chain([board], new))][:MAX_BOARDS])
        return self._counts.get(board)

    def whereabouts(self, user: Any) -> api.Whereabouts | None:
        """Return where somebody is. None where the store fails or is slow, and on an event loop,
        which must not wait."""
        if is_on_event_loop() or breaker.is_open or self._remaining < STORE_SHARE:
            return None
        began = monotonic()
        try:
            found = api.whereabouts(user, within=self._remaining)
        except (api.TryLater, ImproperlyConfigured) as error:
            breaker.failed(error)
            return None
        finally:
            self._remaining -= monotonic() - began
        breaker.works()
        return found

    def _ask(self, boards: Collection[UUID]) -> None:
        self._asked.update(boards)
        is_late = self._remaining <= 2 * STORE_SHARE  # The rules have no time left.
        if self._user is None or is_on_event_loop() or breaker.is_open or is_late:
            return
        began = monotonic()
        try:
            self._counts |= self._fetch(boards, began + self._remaining)
        except (api.TryLater, ImproperlyConfigured) as error:
            breaker.failed(error)
        finally:
            self._remaining -= monotonic() - began

    def _fetch(self, boards: Collection[UUID], deadline: float) -> dict[UUID, int]:
        # Load the lazy user here, in a thread that may use the database.
        self._user.is_authenticated  # noqa: B018
        allowed = async_to_sync(self._allowed)(boards, deadline - STORE_SHARE)
        if not allowed:
            return {}
        people = api.counts(allowed, within=max(STORE_SHARE, deadline - monotonic()))
        breaker.works()
        return people

    async def _allowed(self, boards: Collection[UUID], deadline: float) -> list[UUID]:
        """Return the boards that this visitor may join, none where the rules are too slow. A rule
        that fails for one visitor says nothing about others, so it is no reason to pause."""
        try:
            async with asyncio.timeout(deadline - monotonic()):
                return await permitted(self._user, boards, deadline - STORE_SHARE)
        except (TimeoutError, api.TryLater):
            return []
