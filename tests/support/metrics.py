"""What a process says at `/metrics`."""

from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.support.server import Server


def scrape(server: Server) -> dict[str, float]:
    """Return the samples of a process by name, one of each."""
    with urlopen(f"{server.origin}/metrics", timeout=10) as response:
        families = text_string_to_metric_families(response.read().decode())
        return {sample.name: sample.value for family in families for sample in family.samples}
