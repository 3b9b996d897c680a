"""Looks at the store for all pages of the admin that are open in this process, and only while there
are some."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from time import thread_time
from typing import Any

from presence.protocol.errors import TryLater

logger = logging.getLogger(__name__)

Tell = Callable[[Any], None]

LOOK_WITHIN = 5.0
"""Seconds that a look may take; the store gives up sooner."""

REST = 4.0
"""How many times as long as it worked for a look the event loop is left to others: of ten thousand
boards one takes long, and people's cursors are carried by the same loop."""

LONGEST_REST = 2.5
"""Seconds: what somebody may see no more is not to stay in sight for 5 s."""


class Poller:
    """Looks for so many pages, at once for all, every `every` seconds.

    `look(grants)` returns what to tell for each grant; where that fails each page is told
    `unknown(grant)`. `worked` returns how many seconds of a core this thread had. To be used on one
    event loop.
    """

    def __init__(
        self,
        look: Callable[[Collection[Any]], Awaitable[Mapping[Any, Any]]],
        unknown: Callable[[Any], Any],
        every: float,
        worked: Callable[[], float] = thread_time,
    ) -> None:
        self._look = look
        self._unknown = unknown
        self._every = every
        self._worked = worked
        self._pages: dict[object, tuple[Hashable, Tell]] = {}
        self._running: asyncio.Task[None] | None = None
        self._away = False

    def watch(self, page: object, grant: Hashable, tell: Tell) -> None:
        """Tell a page, from the next look on, how it is with what it is granted, in place of what
        it watched before."""
        self._pages[page] = grant, tell
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())

    def forget(self, page: object) -> None:
        """Tell a page no more; unknown ones change nothing."""
        self._pages.pop(page, None)

    async def once(self, grant: Hashable) -> Any:
        """Return how it is now, for one who asks once."""
        return (await self._seen([grant]))[grant]

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pages:
            began, worked = loop.time(), self._worked()
            await self._round({grant for grant, _ in self._pages.values()})
            rest = min(LONGEST_REST, REST * (self._worked() - worked))
            await asyncio.sleep(max(rest, began + self._every - loop.time()))

    async def _round(self, grants: Collection[Hashable]) -> None:
        seen = await self._seen(grants)
        for grant, tell in [*self._pages.values()]:
            if grant in seen:
                tell(seen[grant])

    async def _seen(self, grants: Collection[Hashable]) -> Mapping[Any, Any]:
        was_away, self._away = self._away, True
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                seen = await self._look(grants)
        except Exception as error:  # whatever it is, pages are told that nobody knows
            if not was_away:
                known = isinstance(error, TryLater | TimeoutError)
                logger.warning("could not look at the boards: %s", error, exc_info=not known)
            return {grant: self._unknown(grant) for grant in grants}
        self._away = False
        return {g: seen[g] if g in seen else self._unknown(g) for g in grants}
