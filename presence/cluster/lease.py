"""This process's lease in the store: what makes its people count, and the first to notice that the
store is out of reach."""

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

from presence.protocol.errors import TryLater
from presence.store.base import BoardSummary, Store


class Lease:
    """A lease of `seconds`, renewed every third of that. Create it on the event loop.

    After each renewal `renewed` is called with how the boards stand, and whether the lease had run
    out, or the store been out of reach, before it.
    """

    def __init__(
        self,
        store: Store,
        process: str,
        seconds: float,
        renewed: Callable[[Mapping[UUID, BoardSummary], bool], None],
    ) -> None:
        self.away = False
        """True while the store was out of reach when last asked."""
        self._store = store
        self._process = process
        self._seconds = seconds
        self._on_renewed = renewed
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._began = self._loop.time()
        self._renewed = float("-inf")

    @property
    def renewing(self) -> bool:
        """True while the store is being asked."""
        return self._turn.locked()

    @property
    def age(self) -> float:
        """Seconds since it was last renewed, or, where it never was, since this object was made."""
        return self._loop.time() - max(self._renewed, self._began)

    async def renew(self, *, anyway: bool = False) -> None:
        """Renew the lease where that is due, or `anyway`; `TryLater` where the store is out of
        reach.

        Nobody waits for a renewal under way, of thousands of boards maybe, while the lease lasts
        for long enough without it.
        """
        if self.renewing and not anyway and self._held < self._seconds * 2 / 3:
            return
        async with self._turn:
            held = self._held
            if anyway or held >= self._seconds / 3:
                await self._renew(ran_out=held >= self._seconds)

    @property
    def _held(self) -> float:
        """Seconds since the lease was last renewed."""
        return self._loop.time() - self._renewed

    async def _renew(self, *, ran_out: bool) -> None:
        try:
            summaries = await self._store.renew(self._process)
        except TryLater:
            self.away = True
            raise
        was_away, self.away = self.away, False
        self._renewed = self._loop.time()
        self._on_renewed(summaries, was_away or ran_out)
