"""The topic `overview`: how many people there are, where most of them are, and how every process
does.

The numbers are those of `/metrics`: `people` of all boards together, in which who is on two counts
twice, and `sockets` of all processes.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from presence import api
from presence.admin.busiest import Titles, rank, titles_of
from presence.admin.permissions import may_view_overview
from presence.admin.subscription import read_flag
from presence.admin.threads import is_in_request
from presence.admin.topic import Topic, Visit
from presence.runtime import running_hub
from presence.stats import ProcessStats, afigures

EVERY = 0.5
"""Seconds between two looks at the store."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """One of the staff in an admin site, whose pages all show the same."""

    site: str
    user: str
    titles: Titles = field(compare=False)


async def look(viewers: Collection[Viewer]) -> Mapping[Viewer, dict[str, Any]]:
    """Return how it is now, for each of the viewers::

    {"people": 3, "sockets": 4, "boards": 2, "store": True,
     "busiest": [{"board": "<uuid>", "title": "Plans", "people": 2}, …],
     "processes": [{"process": "web1:812:5e0c1d9a", "sockets": 4, …}, …]}

    Of boards that a viewer may not view, nothing but the metrics tells; `busiest` is None while
    nobody knows which those are. `processes` are `ProcessStats` by name.
    """
    people = await api.acensus()
    processes = _up_to_date(await afigures())
    ranking = rank(people)
    metrics = {
        "people": sum(people.values()),
        "sockets": sum(each.sockets for each in processes),
        "boards": len(people),
        "store": True,
        "processes": [asdict(each) for each in processes],
    }
    asked = (_busiest(viewer.titles, ranking) for viewer in viewers)
    return {
        viewer: {**metrics, "busiest": _told(titles, people)}
        for viewer, titles in zip(viewers, await asyncio.gather(*asked), strict=True)
    }


async def _busiest(titles: Titles, ranking: Sequence[UUID]) -> list[tuple[UUID, str]] | None:
    # An answer to who asks once is all they get.
    return await (titles.found(ranking) if is_in_request() else titles.busiest(ranking))


def _told(
    busiest: Iterable[tuple[UUID, str]] | None, people: Mapping[UUID, int]
) -> list[dict[str, object]] | None:
    if busiest is None:
        return None
    return [
        {"board": str(board), "title": title, "people": people[board]} for board, title in busiest
    ]


def _up_to_date(figures: Iterable[ProcessStats]) -> list[ProcessStats]:
    """Return the figures, this process's own of which are up to 5 s old, with what it knows to be
    so now."""
    told = {each.process: each for each in figures}
    found = running_hub()
    if found is not None:
        hub = found[1]
        own = told.get(hub.process, ProcessStats(hub.process))
        told[hub.process] = replace(own, sockets=hub.metrics.sockets, boards=hub.boards)
    return [told[process] for process in sorted(told)]


def unknown(viewer: Viewer) -> dict[str, Any]:
    """Return what is told while the store is out of reach."""
    nothing: dict[str, Any] = dict.fromkeys(("people", "sockets", "boards"))
    return {**nothing, "store": False, "busiest": None, "processes": []}


def permit(visit: Visit, wanted: bool) -> Viewer | None:
    """Let those watch who may view the page."""
    site, request = visit.site, visit.request
    if not may_view_overview(site, request):
        return None
    titles = Titles(site, request) if is_in_request() else titles_of(site, request)
    return Viewer(site.name, str(request.user.pk), titles)


OVERVIEW = Topic("overview", read=read_flag, permit=permit, look=look, unknown=unknown, every=EVERY)
