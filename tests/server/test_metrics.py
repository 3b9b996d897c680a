"""The metrics as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from presence.protocol.errors import Close, Malformed
from presence.server.metrics import COUNTERS, HISTOGRAMS, LABELLED, Collector, Metrics

Labels = dict[str, str]


def registry_of(metrics: Metrics) -> CollectorRegistry:
    """Return what a scrape of these metrics would read."""
    registry = CollectorRegistry()
    registry.register(Collector(metrics, "host:1:ab"))
    return registry


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return one sample of the process."""
    return registry_of(metrics).get_sample_value(name, {"process": "host:1:ab", **labels})


def test_every_total_is_there_from_the_start() -> None:
    text = generate_latest(registry_of(Metrics())).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    told = {*COUNTERS, *LABELLED, "sockets", *(name for name, _ in HISTOGRAMS.values())}
    assert families.keys() == {f"presence_{name}" for name in told}
    for family in families.values():
        assert family.documentation
        assert family.samples, family.name
        for sample in family.samples:
            assert sample.value == 0
            assert sample.labels["process"] == "host:1:ab"
    assert families["presence_sockets"].type == "gauge"
    assert families["presence_closed"].type == "counter"
    assert families["presence_tick_seconds"].type == "histogram"


def test_each_count_has_its_own_metric() -> None:
    metrics = Metrics(**{name: n for n, name in enumerate(COUNTERS, 1)}, sockets=99)
    for n, name in enumerate(COUNTERS, 1):
        assert value(metrics, f"presence_{name}_total") == n
    assert value(metrics, "presence_sockets") == 99


def test_a_scrape_tells_of_now() -> None:
    metrics = Metrics()
    registry = registry_of(metrics)
    for _ in range(3):
        metrics.ticked(0.001, 5, 0)
    labels = {"process": "host:1:ab"}
    assert registry.get_sample_value("presence_ticks_total", labels) == 3
    metrics.ticked(0.001, 5, 0)
    assert registry.get_sample_value("presence_ticks_total", labels) == 4


def test_a_tick_counts_what_it_took_and_wrote_and_left() -> None:
    metrics = Metrics()
    metrics.ticked(0.003, 40, 0)
    metrics.ticked(0.0, 0, 2)
    assert value(metrics, "presence_tick_seconds_bucket", le="0.0025") == 1
    assert value(metrics, "presence_tick_seconds_bucket", le="0.005") == 2
    assert value(metrics, "presence_tick_seconds_sum") == 0.003
    assert value(metrics, "presence_tick_seconds_count") == 2
    assert value(metrics, "presence_tick_frames_sum") == 40
    assert value(metrics, "presence_throttled_total") == 2


def test_reasons_and_codes_are_labels() -> None:
    metrics = Metrics()
    metrics.malformed[Malformed.WRONG_BOARD] += 2
    metrics.closed[Close.SILENT] += 3
    assert value(metrics, "presence_malformed_total", reason="wrong_board") == 2
    assert value(metrics, "presence_malformed_total", reason="text") == 0
    assert value(metrics, "presence_closed_total", code="4408") == 3
    assert value(metrics, "presence_closed_total", code="4409") == 0


def test_the_codes_that_clients_may_make_up_are_one() -> None:
    metrics = Metrics()
    for code in (1000, 1001, 1001, 1005, 1006, None, 4408, *range(3000, 4400), 4409):
        metrics.client_closed(code)
    assert value(metrics, "presence_hung_up_total", code="1001") == 2
    assert value(metrics, "presence_hung_up_total", code="1006") == 2
    assert value(metrics, "presence_hung_up_total", code="4408") == 1
    assert value(metrics, "presence_hung_up_total", code="other") == 1401
    assert len(metrics.hung_up) == 6
