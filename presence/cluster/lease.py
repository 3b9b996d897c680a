"""This process's lease in the store. It makes the process's people count, and its renewals are the
first to notice that the store is out of reach."""

import asyncio
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from presence.protocol.errors import TryLater
from presence.store.base import BoardSummary, Store


class Holder(Protocol):
    """The process that holds a lease."""

    def renewed(self, summaries: Mapping[UUID, BoardSummary], *, was_away: bool) -> None:
        """Take in how this process's boards stand. `was_away`: before this renewal the lease had
        run out, or the store was out of reach."""


class Lease:
    """A lease of `seconds`, renewed every third of that. Create it on the event loop."""

    def __init__(self, store: Store, process: str, seconds: float, holder: Holder) -> None:
        self.away = False
        """True while the store was out of reach at the last renewal."""
        self._store = store
        self._process = process
        self._seconds = seconds
        self._holder = holder
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._ended = False
        self._began = self._loop.time()
        self._renewed = float("-inf")

    @property
    def age(self) -> float:
        """Seconds since the last renewal, or since this object was made if there was none."""
        return self._loop.time() - max(self._renewed, self._began)

    def check(self) -> None:
        """Raise `TryLater` if the store was out of reach at the last renewal."""
        if self.away:
            raise TryLater("the store is out of reach")

    async def renew(self, *, force: bool = False) -> None:
        """Renew the lease if that is due or `force` is set; `TryLater` without the store.

        A renewal of thousands of boards takes a while. While the lease lasts long enough without
        it, callers do not wait for one that is under way.
        """
        if self._ended:
            return
        age = self._loop.time() - self._renewed
        if self._turn.locked() and not force and age < self._seconds * 2 / 3:
            return
        async with self._turn:
            began = self._loop.time()
            if self._ended:
                return
            if not force and began - self._renewed < self._seconds / 3:
                return
            try:
                summaries = await self._store.renew(self._process)
            except TryLater:
                self.away = True
                raise
            # The answer may be late: the store renewed at any time since this call began.
            lapsed = self._loop.time() - self._renewed >= self._seconds
            was_away, self.away = self.away or lapsed, False
            self._renewed = began
            self._holder.renewed(summaries, was_away=was_away)

    async def end(self) -> None:
        """Give the lease up for good, since the process ends: see `Store.retire`."""
        async with self._turn:
            self._ended = True
            await self._store.retire(self._process)
