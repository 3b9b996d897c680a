"""The totals as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from presence.errors import Close, Malformed
from presence.metrics import Collector, Totals

Labels = tuple[tuple[str, str], ...]


def scrape(totals: Totals) -> dict[tuple[str, Labels], float]:
    """Return every sample in the text that a scrape would get."""
    registry = CollectorRegistry()
    registry.register(Collector(totals))
    text = generate_latest(registry).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_total_is_there_from_the_start() -> None:
    samples = scrape(Totals())
    assert {name for name, _ in samples} == {
        "presence_frames_in_total",
        "presence_bytes_in_total",
        "presence_frames_out_total",
        "presence_bytes_out_total",
        "presence_frames_held_total",
        "presence_ticks_total",
        "presence_joins_total",
        "presence_resumes_total",
        "presence_sockets",
    }
    assert set(samples.values()) == {0.0}


def test_each_total_has_its_own_metric() -> None:
    totals = Totals(
        frames_in=1,
        bytes_in=2,
        frames_out=3,
        bytes_out=4,
        frames_held=5,
        ticks=6,
        joins=7,
        resumes=8,
        sockets=9,
    )
    samples = scrape(totals)
    assert [samples[name, ()] for name, _ in samples] == list(range(1, 10))
    assert samples["presence_frames_in_total", ()] == 1
    assert samples["presence_bytes_out_total", ()] == 4
    assert samples["presence_resumes_total", ()] == 8
    assert samples["presence_sockets", ()] == 9


def test_a_scrape_tells_of_now() -> None:
    totals = Totals()
    registry = CollectorRegistry()
    registry.register(Collector(totals))
    totals.ticks += 3
    assert registry.get_sample_value("presence_ticks_total") == 3
    totals.ticks += 1
    assert registry.get_sample_value("presence_ticks_total") == 4


def test_reasons_and_codes_are_labels() -> None:
    totals = Totals()
    totals.malformed[Malformed.WRONG_BOARD] += 2
    totals.malformed[Malformed.TEXT] += 1
    totals.closed[Close.SILENT] += 3
    samples = scrape(totals)
    assert samples["presence_malformed_total", (("reason", "wrong_board"),)] == 2
    assert samples["presence_malformed_total", (("reason", "text"),)] == 1
    assert samples["presence_closed_total", (("code", "4408"),)] == 3


def test_the_types_and_helps_are_said() -> None:
    registry = CollectorRegistry()
    registry.register(Collector(Totals()))
    families = {
        family.name: family
        for family in text_string_to_metric_families(generate_latest(registry).decode())
    }
    assert families["presence_sockets"].type == "gauge"
    assert families["presence_closed"].type == "counter"
    assert all(family.documentation for family in families.values())
