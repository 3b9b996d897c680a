"""What this process has done, counted.

On the path of a frame a count is one addition to an int; `Collector` turns the ints into Prometheus
metrics when somebody asks.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


@dataclass(slots=True)
class Totals:
    """Counts since the process started; bytes are of payloads. `sockets` is how many are open
    now."""

    frames_in: int = 0
    bytes_in: int = 0
    frames_out: int = 0
    bytes_out: int = 0
    frames_held: int = 0
    ticks: int = 0
    joins: int = 0
    resumes: int = 0
    sockets: int = 0
    malformed: Counter[str] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)


_COUNTERS = {
    "frames_in": "Frames received",
    "bytes_in": "Payload bytes received",
    "frames_out": "Frames sent",
    "bytes_out": "Payload bytes sent",
    "frames_held": "Cursor frames not sent to sockets that read too slowly",
    "ticks": "Ticks: times a room told its sockets what changed",
    "joins": "Sessions put on a board",
    "resumes": "Sessions that went on for one whose socket had broken",
}


class Collector:
    """Gives prometheus-client the totals of one process: `REGISTRY.register(Collector(totals))`."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with its value of now."""
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f"presence_{name}", text, value=getattr(self._totals, name))
        yield GaugeMetricFamily("presence_sockets", "Open sockets", value=self._totals.sockets)
        yield _by_label("presence_malformed", "Malformed frames", "reason", self._totals.malformed)
        yield _by_label("presence_closed", "Sockets the server closed", "code", self._totals.closed)


def _by_label(name: str, text: str, label: str, counts: Counter[str] | Counter[int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([str(value)], count)
    return family
