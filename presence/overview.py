"""The topic `overview`: how many people there are, where most of them are, and how every process
does.

The numbers are those of `/metrics`: `people` of all boards together, in which who is on two counts
twice, and `sockets` of all processes.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from presence import api
from presence.aside import aside
from presence.busiest import pick, rank
from presence.models import Overview
from presence.processes import Figures, afigures
from presence.runtime import running_hub
from presence.topic import Topic, Visit
from presence.viewing import titles_for
from presence.watch import read_flag

logger = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two looks at the store."""

MOST = 10
"""Boards that are told."""

ASK_AT_ONCE = 50
"""Boards that the database is asked for in one query."""

ASK_EVERY = 1.0
"""Seconds between two times that the database is asked, at least: for boards that are new among the
busiest. For the others it is asked when somebody's permissions are, which is every 2 s."""


class Titles:
    """The titles of boards that somebody may view, as far as they were asked for."""

    def __init__(self, site: AdminSite, request: HttpRequest) -> None:
        self._site = site
        self._request = request
        self._known: dict[UUID, str | None] = {}
        self._asked = float("-inf")

    async def busiest(self, ranking: Sequence[UUID]) -> list[tuple[UUID, str]]:
        """Return the first boards of a ranking that may be viewed, with their titles."""
        told, unasked = pick(ranking, self._known, MOST)
        now = asyncio.get_running_loop().time()
        if unasked and now - self._asked >= ASK_EVERY:
            self._asked = now
            try:
                told = await aside(self._ask, ranking)
            except Exception:  # the site's own code speaks here: the numbers are told without
                logger.exception("could not ask which boards somebody may view")
        return [(board, self._known[board] or "") for board in told]

    def _ask(self, ranking: Sequence[UUID]) -> list[UUID]:
        told, unasked = pick(ranking, self._known, MOST)
        while unasked:
            asked = unasked[:ASK_AT_ONCE]
            self._known |= dict.fromkeys(asked) | titles_for(self._site, self._request, asked)
            told, unasked = pick(ranking, self._known, MOST)
        return told


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

    Of boards that a viewer may not view, nothing but the totals tells. `processes` are as
    `presence.processes.Figures`, by their name.
    """
    people = await api.acensus()
    processes = _up_to_date(await afigures())
    ranking = rank(people)
    totals = {
        "people": sum(people.values()),
        "sockets": sum(each.sockets for each in processes),
        "boards": len(people),
        "store": True,
        "processes": [asdict(each) for each in processes],
    }
    return {
        viewer: {**totals, "busiest": _told(await viewer.titles.busiest(ranking), people)}
        for viewer in viewers
    }


def _told(
    busiest: Iterable[tuple[UUID, str]], people: Mapping[UUID, int]
) -> list[dict[str, object]]:
    return [
        {"board": str(board), "title": title, "people": people[board]} for board, title in busiest
    ]


def _up_to_date(figures: Iterable[Figures]) -> list[Figures]:
    """Return the figures, this process's own of which are up to 5 s old, with what it knows to be
    so now."""
    told = {each.process: each for each in figures}
    found = running_hub()
    if found is not None:
        hub = found[1]
        own = told.get(hub.process, Figures(hub.process))
        told[hub.process] = replace(own, sockets=hub.totals.sockets, boards=hub.boards)
    return [told[process] for process in sorted(told)]


def unknown(viewer: Viewer) -> dict[str, Any]:
    """Return what is told while the store is out of reach."""
    nothing: dict[str, Any] = dict.fromkeys(("people", "sockets", "boards"))
    return {**nothing, "store": False, "busiest": [], "processes": []}


def permit(visit: Visit, wanted: bool) -> Viewer | None:
    """Let those watch who may view the page."""
    site, request = visit.site, visit.request
    page = site.get_model_admin(Overview) if site.is_registered(Overview) else None
    if page is None or not page.has_view_permission(request):
        return None
    return Viewer(site.name, str(request.user.pk), Titles(site, request))


OVERVIEW = Topic("overview", read=read_flag, permit=permit, look=look, unknown=unknown, every=EVERY)
