"""Live presence in a site's admin: `LivePresenceMixin`, for the `ModelAdmin` of its boards.

A number is told of a board that the `ModelAdmin` lets somebody view, by its queryset and, board by
board, its permissions: of no other, be it in the list, the filter, the order, on the socket or in
the feed.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, get_script_prefix, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from presence.changelist import OnlineOrder, PeopleFilter, count, page
from presence.conf import get_settings
from presence.feed import feed_view
from presence.known import UNKNOWN
from presence.models import Overview
from presence.overview_admin import OverviewAdmin
from presence.people_admin import PeopleMixin

__all__ = ["LivePresenceMixin", "PeopleFilter"]

COLUMN = "presence_online"
"""The name of the column, for `list_display` and `sortable_by`."""

admin.site.register(Overview, OverviewAdmin)


class LivePresenceMixin(PeopleMixin):
    """Shows how many people are on each board, live, in any `ModelAdmin` of boards: a column that
    sorts, a filter, and a page with the people of each. docs/admin.md."""

    live_presence = True

    @admin.display(description=_("Online"), ordering=OnlineOrder(), empty_value=UNKNOWN)
    def presence_online(self, board: Any) -> Any:
        """Return the cell of the column: how many people are on a board."""
        return board.presence_cell if hasattr(board, "presence_cell") else count(board.pk)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns, "Online" the last of them unless it is named."""
        columns = super().get_list_display(request)
        return columns if COLUMN in columns else [*columns, COLUMN]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, that by people the first of them unless it is named."""
        filters = super().get_list_filter(request)
        ours = any(isinstance(each, type) and issubclass(each, PeopleFilter) for each in filters)
        return filters if ours else [PeopleFilter, *filters]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Count the people of the rows, all at once."""
        with page(self, request) as online:
            changelist = super().get_changelist_instance(request)
            online.count_rows(changelist.result_list)
        return changelist

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Have the list keep itself up to date, in whichever template it is."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and get_settings().ENABLED:
            more = {
                "presence_parent": response.resolve_template(response.template_name),
                "presence_feed": self._presence_feed(),
            }
            response.context_data = {**(response.context_data or {}), **more}
            response.template_name = "presence/admin/change_list.html"
        return response

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's pages of this model, and the feed of its counts."""
        feed = feed_view(self.admin_site, self)
        return [path("presence/feed/", feed, name=self._feed_name), *super().get_urls()]

    def _presence_feed(self) -> dict[str, Any]:
        """Return what the page says to its script."""
        return {
            "socket": f"{get_script_prefix()}ws/presence/staff/",
            "feed": reverse(f"{self.admin_site.name}:{self._feed_name}"),
            "watch": {"site": self.admin_site.name, "model": self.opts.label_lower},
            "texts": {
                "stale": gettext("The server cannot be reached: these numbers are old."),
                "ended": gettext("You are signed out, or may not see this any more."),
            },
        }

    @property
    def _feed_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_presence_feed"
