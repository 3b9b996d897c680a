"""The metrics of one process (docs/operations.md lists them), and the answer to a scrape."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from presence.protocol.errors import Close, Malformed, TryLater
from presence.server.caps import Cap
from presence.store.base import Store

TICK_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Upper bounds, in seconds, for work that takes a part of a tick."""

REDIS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds, in seconds, for round trips to Redis."""

FRAME_BUCKETS = (0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)
"""Upper bounds for the frames that one tick writes."""

CLIENT_CODES = (Close.CLEAN, Close.GOING_AWAY, 1005, Close.BROKEN, Close.SILENT)
"""Close codes of browsers, and of connections that were cut off."""

SERVER_CODES = [code for code in Close if code not in CLIENT_CODES[:4]]

RECHECK_RESULTS = ("kept", "ended", "failed")
"""What a re-check of an open socket comes to."""

OTHER = "other"
"""Label for every other close code of a client: there are thousands, and a client may send any."""

SCRAPE_TIMEOUT = 3.0
"""Seconds after which a scrape calls the store down. Prometheus itself waits for 10 s."""

FRAME_COUNTERS = {
    "frames_in": "Frames received",
    "bytes_in": "Payload bytes received",
    "frames_out": "Frames sent",
    "bytes_out": "Payload bytes sent",
    "frames_held": "Cursor frames not sent to sockets that read too slowly",
    "throttled": "Positions left for a later tick because their person sent too many",
    "ticks": "Ticks: times a room told its sockets what changed",
}


FAST_HISTOGRAMS = {
    "tick_seconds": "What one tick took",
    "tick_lag_seconds": "How late ticks were that waited for their time",
    "tick_frames": "Frames that one tick wrote, over all sockets of its board",
}


class FastHistogram:
    """A histogram that is observed with every flush, in a tenth of the time of a `Histogram`.

    `bounds` are the upper bounds of its buckets, in ascending order.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Take in a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    @property
    def total(self) -> tuple[int, float]:
        """How many values it observed, and their sum."""
        return sum(self._counts), self._sum

    def family(self, name: str, text: str, process: str) -> HistogramMetricFamily:
        """Return what it observed, for a scrape."""
        family = HistogramMetricFamily(name, text, labels=["process"])
        labels = [*map(str, self._bounds), "+Inf"]
        totals = accumulate(map(float, self._counts))
        family.add_metric([process], list(zip(labels, totals, strict=True)), self._sum)
        return family


class Metrics:
    """What one process counted since it started; a collector for prometheus-client.

    `sockets` is the number of open sockets. `boards` and `lease_age` return the current values of
    the gauges of that name. `FRAME_COUNTERS` are plain ints: they change with every frame, and
    adding to an int takes a tenth of the time of a `Counter`. The server counts `requests_cut`, by
    reason.
    """

    def __init__(
        self,
        process: str,
        *,
        boards: Callable[[], float] = lambda: 0,
        direct_sockets: Callable[[], float] = lambda: 0,
        lease_age: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.process = process
        self._registry = registry = CollectorRegistry()
        self.frames_in = self.bytes_in = self.frames_out = self.bytes_out = self.frames_held = 0
        self.throttled = self.ticks = self.sockets = 0
        self.requests_cut: Mapping[str, int] = {}

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"presence_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"presence_{name}", text, buckets=buckets, registry=registry)

        def gauge(name: str, text: str, value: Callable[[], float]) -> None:
            Gauge(f"presence_{name}", text, registry=registry).set_function(value)

        self.joins = counter("joins", "Sessions put on a board")
        self.resumes = counter("resumes", "Sessions that went on for one whose socket had broken")
        self.leaves = counter(
            "leaves", "Sessions taken off a board, those of processes that died included"
        )
        self.publish_failures = counter(
            "publish_failures",
            "Messages to other processes that the channel layer did not take at once",
        )
        self.store_failures = counter(
            "store_failures", "Joins and checks for which the store was out of reach"
        )

        self.rechecks = counter(
            "rechecks", "Open sockets of which it was asked whether they may stay", "result"
        )
        self.malformed = counter("malformed", "Malformed frames", "reason")
        self.closed = counter("closed", "Sockets the server closed", "code")
        self.hung_up = counter("hung_up", "Sockets that clients closed, or that broke", "code")
        self.refused = counter("refused", "Sockets and JOINs refused at a cap", "cap")
        # A series that starts at zero can be seen to rise.
        for reason in Malformed:
            self.malformed.labels(reason)
        for cap in Cap:
            self.refused.labels(cap)
        for code in SERVER_CODES:
            self.closed.labels(code)
        for client_code in [*CLIENT_CODES, OTHER]:
            self.hung_up.labels(client_code)
        for result in RECHECK_RESULTS:
            self.rechecks.labels(result)

        self.tick = FastHistogram(TICK_BUCKETS)
        self.tick_lag = FastHistogram(TICK_BUCKETS)
        self.tick_frames = FastHistogram(FRAME_BUCKETS)
        self.publish = histogram(
            "publish_seconds", "What it took the channel layer to take a message", REDIS_BUCKETS
        )
        self.store = histogram(
            "store_seconds", "Round trips to the store: joins, and a check every 5 s", REDIS_BUCKETS
        )

        gauge("sockets", "Open sockets", lambda: self.sockets)
        gauge(
            "direct_sockets", "Open sockets that presence reads and writes itself", direct_sockets
        )
        gauge("boards", "Boards that this process serves somebody on", boards)
        gauge(
            "lease_age_seconds",
            "Since this process's lease was renewed; 0 while it needs none",
            lease_age,
        )

    def flushed(self, held_back: int, frames: int, seconds: float) -> None:
        """Count a flush: the moves it held back, the frames it wrote, and how long it took."""
        self.ticks += 1
        self.throttled += held_back
        self.tick.observe(seconds)
        self.tick_frames.observe(frames)

    def client_closed(self, code: int | None) -> None:
        """Count a socket that the client closed, or that broke (None: without a close code)."""
        known = Close.BROKEN if code is None else code
        self.hung_up.labels(known if known in CLIENT_CODES else OTHER).inc()

    def turned_away(self, cap: Cap) -> None:
        """Count somebody who was refused at a cap."""
        self.refused.labels(cap).inc()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, with the label `process`."""
        for name, text in FRAME_COUNTERS.items():
            family = CounterMetricFamily(f"presence_{name}", text, labels=["process"])
            family.add_metric([self.process], getattr(self, name))
            yield family
        cut = CounterMetricFamily(
            "presence_requests_cut",
            "Connections closed because their request did not come",
            labels=["process", "reason"],
        )
        for reason, times in self.requests_cut.items():
            cut.add_metric([self.process, reason], times)
        yield cut
        for name, text in FAST_HISTOGRAMS.items():
            histogram: FastHistogram = getattr(self, name.removesuffix("_seconds"))
            yield histogram.family(f"presence_{name}", text, self.process)
        for metric in self._registry.collect():
            metric.samples = [
                sample._replace(labels={"process": self.process, **sample.labels})
                for sample in metric.samples
                if not sample.name.endswith("_created")
            ]
            yield metric


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Observe how many seconds of the event loop's time the block took, unless it raises."""
    clock = asyncio.get_running_loop().time
    start = clock()
    yield
    histogram.observe(clock() - start)


def total(histogram: Histogram) -> tuple[int, float]:
    """Return how many values a histogram observed, and their sum."""
    (metric,) = histogram.collect()
    values = {sample.name: sample.value for sample in metric.samples}
    return int(values[f"{metric.name}_count"]), values[f"{metric.name}_sum"]


async def scrape(metrics: Metrics, store: Store, *, recording: bool) -> CollectorRegistry:
    """Return a registry of this process's metrics and of the whole site's people.

    The numbers of the whole site are the same in every process. They have no label `process`, so
    that nobody sums them, and are missing while the store is out of reach. `recording` says whether
    this process writes the history.
    """
    people = await _people(metrics, store)
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)

    def gauge(name: str, text: str, value: float, **labels: str) -> None:
        family = Gauge(f"presence_{name}", text, labels, registry=registry)
        (family.labels(**labels) if labels else family).set(value)

    gauge("recorder", "1 where this process writes the history", recording, process=metrics.process)
    gauge("store_up", "1 where the store answers", people is not None)
    if people is not None:
        gauge(
            "site_people",
            "People on all boards of the site; on each board that somebody is on",
            sum(people.values()),
        )
        gauge("site_boards", "Boards of the site that somebody is on", len(people))
    return registry


async def _people(metrics: Metrics, store: Store) -> Mapping[UUID, int] | None:
    try:
        async with asyncio.timeout(SCRAPE_TIMEOUT):
            with timed(metrics.store):
                await store.ping()
            return await store.boards()
    except (TryLater, TimeoutError):
        metrics.store_failures.inc()
        return None
