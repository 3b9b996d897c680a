"""The admin's page "Presence": all boards together and every process, live."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from presence.admin.charts import ANY_BOARD, NAME, plots_of, trend_view, url
from presence.admin.feed import feed_view, live_page, status_texts
from presence.admin.permissions import board_admin, titles_for
from presence.conf import get_settings
from presence.models import Overview

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Overview]
else:
    _ModelAdmin = admin.ModelAdmin


class OverviewAdmin(_ModelAdmin):
    """The overview, which is the list of a model that has no rows: nothing can be added to it,
    changed or deleted. Another admin site than the usual registers it by itself::

    site.register(Overview, OverviewAdmin)
    """

    def get_urls(self) -> list[URLPattern]:
        """Return the page, its feed and its plots."""
        site, page = self.admin_site, never_cache(self.admin_site.admin_view(self.changelist_view))
        return [
            path("", page, name="presence_overview_changelist"),
            path("feed/", feed_view(site), name="presence_overview_feed"),
            path("history/", trend_view(site), name=NAME),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let nobody add anything."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody change anything."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody delete anything."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page; `?board=<uuid>` plots a board from the start."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.app_config.verbose_name,
            "opts": self.opts,
            "presence_enabled": get_settings().ENABLED,
            "presence_overview": self._page(),
            "presence_plots": plots_of(self.admin_site),
            "presence_board": self._board(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "presence/admin/overview.html", context)

    def _page(self) -> dict[str, Any]:
        feed = url(f"{self.admin_site.name}:presence_overview_feed")
        page = live_page(self.admin_site, feed, overview=True)
        return {**page, "change": self._change_url(), "words": _words()}

    def _change_url(self) -> str | None:
        boards = board_admin(self.admin_site)
        if boards is None:
            return None
        name = f"{boards.opts.app_label}_{boards.opts.model_name}_change"
        return url(f"{self.admin_site.name}:{name}", object_id=ANY_BOARD)

    def _board(self, request: HttpRequest) -> tuple[UUID, str] | None:
        """Return the board that is asked for and its title, if there is one to be seen."""
        try:
            asked = UUID(request.GET.get("board", ""))
        except ValueError:
            return None
        return next(iter(titles_for(self.admin_site, request, [asked]).items()), None)


def _words() -> dict[str, Any]:
    return {
        **status_texts(),
        "away": gettext("The store is out of reach: how many people there are is not known."),
        "nobody": gettext("Nobody is on a board that you may view."),
        "none": gettext("No process has told how it does."),
        "reachable": gettext("In reach"),
        "unreachable": gettext("Out of reach"),
    }
