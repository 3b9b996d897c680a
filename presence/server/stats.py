"""How one process does: figures that it works out every few seconds and the others can read.

What a process does now and then whether or not anybody is here: it tells its figures, and tries
to be the one that writes the history.

Looks how many people there are, as long as this process is the one that does.
"""

import asyncio
import json
from dataclasses import asdict, dataclass, fields

from presence.protocol.errors import TryLater
from presence.server.hub import Hub
from presence.server.metrics import timed, total
from presence.server.tasks import Tasks
from presence.store.base import Store
from presence.store.history import History


class Recorder:
    """One process's side of the history. `recording` is whether it was the recorder when it last
    tried, which every process does: so the next one follows when that one dies."""

    def __init__(self, history: History, store: Store, process: str) -> None:
        self.recording = False
        self._history = history
        self._store = store
        self._process = process

    async def look(self) -> None:
        """Count once, if this process may; `TryLater` where the store is out of reach, which leaves
        a gap."""
        at = await self._history.claim(self._process)
        self.recording = at is not None
        if at is not None:
            people = await self._store.boards()
            self.recording = await self._history.record(self._process, at, people)


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts since a process started; `late` is by how many seconds `timed` ticks were late
    together."""

    frames_in: int = 0
    frames_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    late: float = 0.0
    timed: int = 0


@dataclass(frozen=True, slots=True)
class ProcessStats:
    """What is so of a process now. Frames and bytes are per second, over the time since the figures
    before; `tick_lag_ms` is by how much ticks were late on average meanwhile, `store_ms` what a
    round trip to the store took, `lease_age` is in seconds."""

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


RATES = ("frames_in", "frames_out", "bytes_in", "bytes_out")


def rates(before: Counts, after: Counts, seconds: float) -> dict[str, float]:
    """Return those figures that come of two counts, so many seconds apart."""
    found = {name: _share(getattr(after, name) - getattr(before, name), seconds) for name in RATES}
    late, timed = after.late - before.late, after.timed - before.timed
    return {**found, "tick_lag_ms": _share(late * 1000, timed)}


def _share(amount: float, of: float) -> float:
    return round(amount / of, 3) if of > 0 else 0.0


def dump(figures: ProcessStats) -> str:
    """Return figures as a text that `load` takes."""
    return json.dumps(asdict(figures), separators=(",", ":"))


def load(text: str | bytes) -> ProcessStats:
    """Return the figures that another process dumped, be it of an older or newer version."""
    known = {field.name for field in fields(ProcessStats)}
    return ProcessStats(
        **{name: value for name, value in json.loads(text).items() if name in known}
    )


EVERY = 5.0
"""Seconds between two figures of a process."""

LOOK_EVERY = 2
"""ProcessStats for each look at how many people there are: one every 10 s."""


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
            with timed(self._hub.metrics.store):
                await self._hub.store.ping()
        except TryLater:
            self._hub.metrics.store_failures.inc()
            raise
        figures = self._figures(self._hub.now() - begin)
        await self.history.publish(self._hub.process, dump(figures))

    def _figures(self, round_trip: float) -> ProcessStats:
        hub, now, counts = self._hub, self._hub.now(), self._counts()
        found = rates(self._before, counts, now - self._counted)
        self._before, self._counted = counts, now
        return ProcessStats(
            hub.process,
            sockets=hub.metrics.sockets,
            boards=hub.boards,
            store_ms=round(round_trip * 1000, 3),
            lease_age=round(hub.lease_age, 3),
            **found,
        )

    def _counts(self) -> Counts:
        metrics = self._hub.metrics
        ticks, lag = total(metrics.tick_lag)
        return Counts(
            metrics.frames_in,
            metrics.frames_out,
            metrics.bytes_in,
            metrics.bytes_out,
            lag,
            ticks,
        )
