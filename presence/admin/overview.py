"""The admin's page "Presence" about all boards and processes, and the topic `overview`."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from presence import api
from presence.admin.busiest import Titles, rank, titles_of
from presence.admin.charts import PLOT_DATA, plot_data_view, plots_of
from presence.admin.feed import feed_view, page_config, status_texts
from presence.admin.permissions import may_view, url_or_none, viewable_titles
from presence.admin.staff_request import StaffRequest
from presence.admin.threads import is_in_request
from presence.admin.topics import Topic
from presence.boards import NotABoard, board_of, uuid_key
from presence.conf import get_settings
from presence.models import Overview
from presence.protocol.errors import TryLater
from presence.runtime import running_hub
from presence.stats import ProcessStats, aprocess_stats, named


class OverviewAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """The overview, as the changelist of a model without rows.

    `admin.site` has it; register it in an admin site of your own::

        site.register(Overview, OverviewAdmin)
    """

    def get_urls(self) -> list[URLPattern]:
        """Return the page, its feed and the data of its plots."""
        site, page = self.admin_site, never_cache(self.admin_site.admin_view(self.changelist_view))
        return [
            path("", page, name="presence_overview_changelist"),
            path("feed/", feed_view(site), name="presence_overview_feed"),
            path("history/", plot_data_view(site), name=PLOT_DATA),
        ]

    def _refuse(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the model has no rows

    has_add_permission = has_change_permission = has_delete_permission = _refuse

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page; `?board=<reference>` selects a board for the plots."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.app_config.verbose_name,
            "opts": self.opts,
            "presence_enabled": get_settings().ENABLED,
            "presence_overview": self._page_config(),
            "presence_plots": plots_of(self.admin_site),
            "presence_board": self._selected_board(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "presence/admin/overview.html", context)

    def _page_config(self) -> dict[str, Any]:
        site = self.admin_site
        feed = url_or_none(f"{site.name}:presence_overview_feed")
        return {
            **page_config(site, feed, overview=True),
            "words": {
                **status_texts(),
                "away": gettext(
                    "The store is out of reach: how many people there are is not known."
                ),
                "nobody": gettext("Nobody is on a board that you may view."),
                "none": gettext("No process has told how it does."),
                "reachable": gettext("In reach"),
                "unreachable": gettext("Out of reach"),
            },
        }

    def _selected_board(self, request: HttpRequest) -> tuple[UUID, str] | None:
        """Return the board of the URL and its title, if the user may view it."""
        try:
            board = board_of(request.GET.get("board", ""))
        except NotABoard:
            return None
        titles = viewable_titles(self.admin_site, request, [board])
        if not titles and (uuid := uuid_key(board)):
            # A UUID alone does not tell what it is, but the history may know.
            with suppress(TryLater, ImproperlyConfigured):
                board = named(uuid)
                titles = viewable_titles(self.admin_site, request, [board])
        return (board, titles[board].text) if board in titles else None


@dataclass(frozen=True, slots=True)
class OverviewQuery:
    """The overview for one user of an admin site; all their pages show the same."""

    site: str
    user: str
    titles: Titles = field(compare=False)


def _parse(value: object) -> bool:
    if value is not True:
        raise ValueError("expected true")
    return True


def _authorize(staff: StaffRequest, wanted: bool) -> OverviewQuery | None:
    site, request = staff.site, staff.request
    if not may_view(site, request, Overview):
        return None
    titles = Titles(site, request) if is_in_request() else titles_of(site, request)
    return OverviewQuery(site.name, str(request.user.pk), titles)


async def _fetch(queries: Collection[OverviewQuery]) -> Mapping[OverviewQuery, dict[str, Any]]:
    """Return the overview for each query::

    {"people": 3, "sockets": 4, "boards": 2, "store": True,
     "busiest": [{"board": "blog.post:42", "title": "Plans", "url": "/admin/…", "people": 2}, …],
     "processes": [{"process": "web1:812:5e0c1d9a", "sockets": 4, …}, …]}

    The totals are those of `/metrics`, where somebody on two boards counts twice. `busiest` holds
    only boards that the user may view; it is None until those are known. `url` is the board's page,
    None for a named room. `processes` holds the
    fields of `ProcessStats`, by name.
    """
    counts = await api.acensus()
    processes = _with_own_values(await aprocess_stats())
    totals = {
        "people": sum(counts.values()),
        "sockets": sum(process.sockets for process in processes),
        "boards": len(counts),
        "store": True,
        "processes": [asdict(process) for process in processes],
    }
    ranking = rank(counts)
    busiest = await asyncio.gather(*(query.titles.busiest(ranking) for query in queries))
    return {
        query: {
            **totals,
            "busiest": boards
            and [
                {"board": str(board), "title": text, "url": url, "people": counts[board]}
                for board, (text, url) in boards
            ],
        }
        for query, boards in zip(queries, busiest, strict=True)
    }


def _with_own_values(published: Iterable[ProcessStats]) -> list[ProcessStats]:
    """Return all stats by name, at most 5 s old, with this process's sockets and boards of now."""
    processes = {stats.process: stats for stats in published}
    running = running_hub()
    if running is not None:
        hub = running[1]
        own = processes.get(hub.process, ProcessStats(hub.process))
        processes[hub.process] = replace(own, sockets=hub.metrics.sockets, boards=hub.boards)
    return [processes[name] for name in sorted(processes)]


def _unavailable(query: OverviewQuery) -> dict[str, Any]:
    totals: dict[str, Any] = dict.fromkeys(("people", "sockets", "boards"))
    return {**totals, "store": False, "busiest": None, "processes": []}


OVERVIEW = Topic(
    "overview",
    parse=_parse,
    authorize=_authorize,
    fetch=_fetch,
    unavailable=_unavailable,
    interval=0.5,
)
"""How many people there are, the busiest boards, and how every process does."""
