"""What one process answers to a scrape: its own metrics, and how the whole site stands."""

import asyncio
from collections.abc import Iterator, Mapping
from uuid import UUID

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric

from presence.protocol.errors import TryLater
from presence.server.hub import Hub
from presence.server.metrics import Collector, timed

ANSWER_WITHIN = 3.0
"""Seconds within which the store answers, or is down: well within a scrape's own patience."""


class SiteCollector:
    """The people on each board of the whole site, which every process tells alike: not to be
    summed, so no process is named. None where the store is out of reach."""

    def __init__(self, people: Mapping[UUID, int] | None) -> None:
        self._people = people

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; of a site that is not known, only that it is not."""
        up = self._people is not None
        yield GaugeMetricFamily("presence_store_up", "1 where the store answers", value=up)
        if self._people is not None:
            people, boards = sum(self._people.values()), len(self._people)
            text = "People on all boards of the site; on each board that somebody is on"
            yield GaugeMetricFamily("presence_site_people", text, value=people)
            text = "Boards of the site that somebody is on"
            yield GaugeMetricFamily("presence_site_boards", text, value=boards)


async def scrape(hub: Hub, *, recording: bool = False) -> CollectorRegistry:
    """Return everything there is to tell now. The store being down is told, and stops nothing.
    `recording`: this process writes the history."""
    people = await _people(hub)
    registry = CollectorRegistry()
    registry.register(Collector(hub.metrics, hub.process, lambda: gauges(hub, recording)))
    registry.register(SiteCollector(people))
    ProcessCollector(registry=registry)
    return registry


def gauges(hub: Hub, recording: bool) -> Mapping[tuple[str, str], float]:
    """Return what is so of a hub now, by name and explanation."""
    return {
        ("boards", "Boards that this process serves somebody on"): hub.boards,
        ("lease_age_seconds", "Since this process's lease was renewed; 0 while it needs none"): (
            hub.lease_age
        ),
        ("recorder", "1 where this process writes the history"): recording,
    }


async def _people(hub: Hub) -> Mapping[UUID, int] | None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            with timed(hub.metrics.store, hub.now):
                await hub.store.ping()
            return await hub.store.boards()
    except (TryLater, TimeoutError):
        hub.metrics.store_failures += 1
        return None
