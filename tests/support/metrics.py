"""Reading metrics: of a process in this test, and of a server at `/metrics`."""

from urllib.request import urlopen

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from presence.server.metrics import Metrics
from tests.support.server import Server
from tests.support.waiting import DEADLINE


def scrape(server: Server) -> dict[str, float]:
    """Return the samples of a process by name, one of each."""
    with urlopen(f"{server.origin}/metrics", timeout=DEADLINE) as response:
        families = text_string_to_metric_families(response.read().decode())
        return {sample.name: sample.value for family in families for sample in family.samples}


def value(metrics: Metrics, name: str, **labels: object) -> float | None:
    """Return one sample, such as "joins_total"; None where there is none."""
    registry = CollectorRegistry()
    registry.register(metrics)
    of = {"process": metrics.process, **{label: str(text) for label, text in labels.items()}}
    return registry.get_sample_value(f"presence_{name}", of)


def by_label(metrics: Metrics, name: str, label: str) -> dict[str, float]:
    """Return the samples that are not zero, by one label's value."""
    samples = [s for m in metrics.collect() for s in m.samples if s.name == f"presence_{name}"]
    return {sample.labels[label]: sample.value for sample in samples if sample.value}
