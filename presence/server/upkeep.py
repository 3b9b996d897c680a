"""What a process does now and then whether or not anybody is here: it tells its figures, and tries
to be the one that writes the history."""

import asyncio

from presence.protocol.errors import TryLater
from presence.server.hub import Hub
from presence.server.recorder import Recorder
from presence.server.stats import Counts, Figures, dump, rates
from presence.server.tasks import Tasks
from presence.server.timed import timed
from presence.store.history import History

EVERY = 5.0
"""Seconds between two figures of a process."""

LOOK_EVERY = 2
"""Figures for each look at how many people there are: one every 10 s."""


class Upkeep:
    """Create it on the hub's event loop, and `start` it. It never raises; what fails is logged."""

    def __init__(self, hub: Hub, history: History) -> None:
        self.history = history
        self.recorder = Recorder(history, hub.store, hub.process)
        self._hub = hub
        self._tasks = Tasks()
        self._rounds = 0
        self._busy = False
        self._before = self._counts()
        self._counted = hub.now()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, after: float = 1.0) -> None:
        """Begin the first round in so many seconds."""
        self._timer = asyncio.get_running_loop().call_later(after, self._begin)

    async def stop(self) -> None:
        """Begin no more, and wait for the round that is under way."""
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.settle()

    def _begin(self) -> None:
        self.start(EVERY)
        # A store that hangs is asked by one round at a time.
        if not self._busy:
            self._busy = True
            self._tasks.spawn(self._round())

    async def _round(self) -> None:
        try:
            await self._tell()
            if self._rounds % LOOK_EVERY == 0 and self._hub.settled:
                # Else a gap: what would be counted is not so.
                await self.recorder.look()
            self._rounds += 1
        finally:
            self._busy = False

    async def _tell(self) -> None:
        begin = self._hub.now()
        try:
            with timed(self._hub.totals.store, self._hub.now):
                await self._hub.store.ping()
        except TryLater:
            self._hub.totals.store_failures += 1
            raise
        figures = self._figures(self._hub.now() - begin)
        await self.history.publish(self._hub.process, dump(figures))

    def _figures(self, round_trip: float) -> Figures:
        hub, now, counts = self._hub, self._hub.now(), self._counts()
        found = rates(self._before, counts, now - self._counted)
        self._before, self._counted = counts, now
        return Figures(
            hub.process,
            sockets=hub.totals.sockets,
            boards=hub.boards,
            store_ms=round(round_trip * 1000, 3),
            lease_age=round(hub.lease_age, 3),
            **found,
        )

    def _counts(self) -> Counts:
        totals = self._hub.totals
        return Counts(
            totals.frames_in,
            totals.frames_out,
            totals.bytes_in,
            totals.bytes_out,
            totals.tick_lag.sum,
            totals.tick_lag.count,
        )
