"""How one process does, published for the others, and its turn at recording the history."""

import asyncio
import json
import logging
from dataclasses import asdict, dataclass, fields

from presence.server.hub import Hub
from presence.server.logs import OutageLog
from presence.server.metrics import timed
from presence.store.history import History

logger = logging.getLogger(__name__)

PUBLISH_INTERVAL = 5.0
"""Seconds between two publications of a process's stats."""

RECORD_INTERVAL = 10.0
"""Seconds between two records of how many people there are; a multiple of `PUBLISH_INTERVAL`."""


@dataclass(frozen=True, slots=True)
class ProcessStats:
    """How a process does.

    Frames and bytes are per second since the stats before. `tick_lag_ms` is how late ticks were on
    average meanwhile, `store_ms` a round trip to the store, `lease_age` in seconds.
    """

    process: str
    sockets: int = 0
    boards: int = 0
    frames_in: float = 0.0
    frames_out: float = 0.0
    bytes_in: float = 0.0
    bytes_out: float = 0.0
    tick_lag_ms: float = 0.0
    store_ms: float = 0.0
    lease_age: float = 0.0

    def dump(self) -> str:
        """Return them as a text that `load` reads."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def load(cls, text: str | bytes) -> "ProcessStats":
        """Return the stats in a text, which may come from another release of presence."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})


class StatsPublisher:
    """Publishes a process's stats, and records the history where this process is the recorder.

    Create it on the hub's event loop, and `start` it. Every process tries to be the recorder: when
    one dies, another follows. `recording` says whether this one was it at its last try.
    """

    def __init__(self, hub: Hub, history: History) -> None:
        self.history = history
        self.recording = False
        self._hub = hub
        self._rounds = 0
        self._counts = self._count()
        self._counted_at = hub.now()
        self._running: asyncio.Task[None] | None = None
        self._outage = OutageLog(
            logger,
            "store: cannot publish process stats or record the history, will retry",
            "store: process stats and the history are written again",
        )

    def start(self, delay: float = 1.0) -> None:
        """Publish for the first time in so many seconds, then at intervals."""
        self._running = asyncio.get_running_loop().create_task(self._run(delay))

    async def stop(self) -> None:
        """End the task that `start` began."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run(self, delay: float) -> None:
        while True:
            await asyncio.sleep(delay)
            start = self._hub.now()
            with self._outage.attempt():
                await self._round()
            delay = max(0.0, start + PUBLISH_INTERVAL - self._hub.now())

    async def _round(self) -> None:
        start = self._hub.now()
        try:
            with timed(self._hub.metrics.store):
                await self._hub.store.ping()
        except Exception:
            self._hub.metrics.store_failures.inc()
            raise
        stats = self._stats(round_trip=self._hub.now() - start)
        await self.history.publish(self._hub.process, stats.dump())
        # A gap in the history is better than counts without those who must still be put back.
        if self._rounds % (RECORD_INTERVAL // PUBLISH_INTERVAL) == 0 and self._hub.store_complete:
            await self._record()
        self._rounds += 1

    async def _record(self) -> None:
        at = await self.history.claim(self._hub.process)
        self.recording = at is not None
        if at is not None:
            people = await self._hub.store.boards()
            self.recording = await self.history.record(self._hub.process, at, people)

    def _stats(self, round_trip: float) -> ProcessStats:
        hub, before, after = self._hub, self._counts, self._count()
        change = {name: count - before[name] for name, count in after.items()}
        seconds = hub.now() - self._counted_at
        self._counts, self._counted_at = after, hub.now()
        ticks, lag = change.pop("late_ticks"), change.pop("tick_lag")
        return ProcessStats(
            hub.process,
            hub.metrics.sockets,
            hub.boards,
            **{name: _ratio(count, seconds) for name, count in change.items()},
            tick_lag_ms=_ratio(lag * 1000, ticks),
            store_ms=round(round_trip * 1000, 3),
            lease_age=round(hub.lease_age, 3),
        )

    def _count(self) -> dict[str, float]:
        names = ("frames_in", "frames_out", "bytes_in", "bytes_out")
        counts: dict[str, float] = {name: getattr(self._hub.metrics, name) for name in names}
        counts["late_ticks"], counts["tick_lag"] = self._hub.metrics.tick_lag.total
        return counts


def _ratio(amount: float, of: float) -> float:
    return round(amount / of, 3) if of else 0.0
