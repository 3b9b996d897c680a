"""What this process has done, counted.

On the path of a frame a count is one addition to an int, and a tick adds to three lists of ints;
`Collector` turns them into Prometheus metrics when somebody asks. docs/operations.md names them
all.

How often something was how much: the counts of a histogram, cheap enough for every tick.

What the ways to the store and to the other processes take, measured from outside.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from presence.cluster.layer import Layer
from presence.protocol.errors import Close, Malformed

BRIEF = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Bounds in seconds for what is to take well under a tick."""

SLOW = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bounds in seconds for what goes through Redis and back."""

FRAMES = (0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)
"""Bounds in frames for what one tick writes."""


class Buckets:
    """Counts of values by the first of `bounds` (ascending) that they do not exceed, in the end
    those above all bounds; and their sum."""

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self._counts)

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Yield each bound as text, the last being "+Inf", with how many values were at most it."""
        names = (*map(str, self._bounds), "+Inf")
        return zip(names, accumulate(self._counts), strict=True)


OTHER = "other"
"""The label of the codes that no program we know of closes with: a client may take any of some
thousands."""

CLIENT_CODES = (Close.CLEAN, Close.GOING_AWAY, 1005, Close.BROKEN, Close.SILENT)
"""The codes with which browsers' sockets end, and those that were cut off."""

SERVER_CODES = [code for code in Close if code not in CLIENT_CODES[:4]]


def _of(bounds: tuple[float, ...]) -> Callable[[], Buckets]:
    return lambda: Buckets(bounds)


@dataclass(slots=True)
class Metrics:
    """Counts since the process started; bytes are of payloads. `sockets` is how many are open
    now. Histograms are of seconds, `tick_frames` of frames."""

    frames_in: int = 0
    bytes_in: int = 0
    frames_out: int = 0
    bytes_out: int = 0
    frames_held: int = 0
    throttled: int = 0
    ticks: int = 0
    joins: int = 0
    resumes: int = 0
    leaves: int = 0
    publish_failures: int = 0
    store_failures: int = 0
    sockets: int = 0
    malformed: Counter[str] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)
    hung_up: Counter[int | str] = field(default_factory=Counter)
    tick: Buckets = field(default_factory=_of(BRIEF))
    tick_lag: Buckets = field(default_factory=_of(BRIEF))
    tick_frames: Buckets = field(default_factory=_of(FRAMES))
    publish: Buckets = field(default_factory=_of(SLOW))
    store: Buckets = field(default_factory=_of(SLOW))

    def ticked(self, took: float, frames: int, throttled: int) -> None:
        """Count a tick: what it took in seconds, the frames it wrote, and the positions it left
        for the next."""
        self.ticks += 1
        self.throttled += throttled
        self.tick.add(took)
        self.tick_frames.add(frames)

    def client_closed(self, code: int | None) -> None:
        """Count a socket that ended by the client's doing; None where no code came."""
        known = Close.BROKEN if code is None else code
        self.hung_up[known if known in CLIENT_CODES else OTHER] += 1


COUNTERS = {
    "frames_in": "Frames received",
    "bytes_in": "Payload bytes received",
    "frames_out": "Frames sent",
    "bytes_out": "Payload bytes sent",
    "frames_held": "Cursor frames not sent to sockets that read too slowly",
    "throttled": "Positions left for a later tick because their person sent too many",
    "ticks": "Ticks: times a room told its sockets what changed",
    "joins": "Sessions put on a board",
    "resumes": "Sessions that went on for one whose socket had broken",
    "leaves": "Sessions taken off a board, those of processes that died included",
    "publish_failures": "Messages to other processes that the channel layer did not take at once",
    "store_failures": "Joins and checks for which the store was out of reach",
}

LABELLED: Mapping[str, tuple[str, Sequence[Any], str]] = {
    "malformed": ("reason", [*Malformed], "Malformed frames"),
    "closed": ("code", SERVER_CODES, "Sockets the server closed"),
    "hung_up": ("code", [*CLIENT_CODES, OTHER], "Sockets that clients closed, or that broke"),
}
"""The label of each, and the values that are told from the start: what was not there before cannot
be seen to rise."""

HISTOGRAMS = {
    "tick": ("tick_seconds", "What one tick took"),
    "tick_lag": ("tick_lag_seconds", "How late ticks were that waited for their time"),
    "tick_frames": ("tick_frames", "Frames that one tick wrote, over all sockets of its board"),
    "publish": ("publish_seconds", "What it took the channel layer to take a message"),
    "store": ("store_seconds", "Round trips to the store: joins, and a check every 5 s"),
}


class Collector:
    """Gives prometheus-client the metrics of one process, labelled with its name:
    `REGISTRY.register(Collector(metrics, process))`.

    `gauges` returns what else is so now: values by name (without "presence_") and explanation.
    """

    def __init__(
        self,
        metrics: Metrics,
        process: str,
        gauges: Callable[[], Mapping[tuple[str, str], float]] = dict,
    ) -> None:
        self._metrics = metrics
        self._process = process
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with its value of now."""
        for name, text in COUNTERS.items():
            yield self._counter(name, text)
        for name in LABELLED:
            yield self._by_label(name)
        for name, (called, text) in HISTOGRAMS.items():
            yield self._histogram(getattr(self._metrics, name), called, text)
        yield self._gauge("sockets", "Open sockets", self._metrics.sockets)
        for (name, text), value in self._gauges().items():
            yield self._gauge(name, text, value)

    def _counter(self, name: str, text: str) -> Metric:
        family = CounterMetricFamily(f"presence_{name}", text, labels=["process"])
        family.add_metric([self._process], getattr(self._metrics, name))
        return family

    def _by_label(self, name: str) -> Metric:
        label, known, text = LABELLED[name]
        family = CounterMetricFamily(f"presence_{name}", text, labels=["process", label])
        counts = dict.fromkeys(known, 0) | getattr(self._metrics, name)
        for value, count in counts.items():
            family.add_metric([self._process, str(value)], count)
        return family

    def _histogram(self, buckets: Buckets, name: str, text: str) -> Metric:
        family = HistogramMetricFamily(f"presence_{name}", text, labels=["process"])
        family.add_metric([self._process], list(buckets.cumulative()), buckets.sum)
        return family

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"presence_{name}", text, labels=["process"])
        family.add_metric([self._process], value)
        return family


@contextmanager
def timed(buckets: Buckets, clock: Callable[[], float]) -> Iterator[None]:
    """Count what the block took, in seconds of `clock`; one that fails says nothing of it."""
    begin = clock()
    yield
    buckets.add(clock() - begin)


class TimedLayer:
    """A layer that stands before another, and counts what publishing takes in `metrics`."""

    def __init__(self, inner: Layer, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._inner = inner
        self._metrics = metrics
        self._clock = clock

    async def new_channel(self) -> str:
        """See `Layer`."""
        return await self._inner.new_channel()

    async def receive(self, channel: str) -> dict[str, Any]:
        """See `Layer`."""
        return await self._inner.receive(channel)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """See `Layer`."""
        await self._inner.send(channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        """See `Layer`."""
        await self._inner.group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """See `Layer`."""
        await self._inner.group_discard(group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """See `Layer`. One that was given up, which is how it fails that hangs, failed."""
        try:
            with timed(self._metrics.publish, self._clock):
                await self._inner.group_send(group, message)
        except BaseException:
            self._metrics.publish_failures += 1
            raise
