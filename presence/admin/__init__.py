"""Live presence in a site's admin: `LivePresenceMixin`, for the `ModelAdmin` of its boards.

A number is told of a board that the `ModelAdmin` lets somebody view, by its queryset and, board by
board, its permissions: of no other, be it in the list, the filter, the order, on the socket or in
the feed.
"""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.forms import Media, Script
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from presence.admin.board import BoardMixin
from presence.admin.changelist import UNKNOWN, OnlineOrder, PeopleFilter, count, page
from presence.admin.charts import plots_of
from presence.admin.feed import feed_view, live_page, status_texts
from presence.admin.overview import OverviewAdmin
from presence.conf import get_settings
from presence.models import Overview

__all__ = ["LivePresenceMixin", "PeopleFilter"]

COLUMN = "presence_online"
"""The name of the column, for `list_display` and `sortable_by`."""

if apps.is_installed("django.contrib.admin"):
    admin.site.register(Overview, OverviewAdmin)


class LivePresenceMixin(BoardMixin):
    """Shows how many people are on each board, live, in any `ModelAdmin` of boards: a column that
    sorts, a filter, and on the page of each board who is there. docs/admin.md."""

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
        if "cl" not in (getattr(response, "context_data", None) or {}):
            return response  # what an action answers is its own
        return _extended(response, "change_list.html", {"presence_feed": self._presence_feed()})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Have the page of a board show who is there, in whichever template it is."""
        response = super().render_change_form(request, context, *args, **kwargs)
        board = context.get("original")
        if board is None or context.get("is_popup"):
            return response
        said = self._presence_feed()
        said["watch"]["board"] = str(board.pk)
        said["texts"] |= _panel_texts()
        panel = {**said, **self.presence_panel(request, board)}
        more = {"presence_feed": panel, "presence_plots": plots_of(self.admin_site)}
        return _extended(response, "change_form.html", more)

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's pages of this model, and the feed of its counts."""
        feed = feed_view(self.admin_site, self)
        return [path("presence/feed/", feed, name=self._feed_name), *super().get_urls()]

    def _presence_feed(self) -> dict[str, Any]:
        """Return what the page says to its script."""
        feed = reverse(f"{self.admin_site.name}:{self._feed_name}")
        page = live_page(self.admin_site, feed, model=self.opts.label_lower)
        return {**page, "texts": status_texts()}

    @property
    def media(self) -> Media:
        """The admin's scripts, and the one that keeps numbers and people up to date."""
        script: Any = Script("presence/admin.js", type="module")
        return super().media + Media(js=[script], css={"all": ["presence/admin.css"]})

    @property
    def _feed_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_presence_feed"


def _extended(response: HttpResponse, template: str, more: Mapping[str, Any]) -> HttpResponse:
    """Have a page of the admin's be ours, which extends whichever it would have been."""
    if isinstance(response, TemplateResponse) and get_settings().ENABLED:
        parent = response.resolve_template(response.template_name)
        told = {"presence_parent": parent, **more}
        response.context_data = {**(response.context_data or {}), **told}
        response.template_name = f"presence/admin/{template}"
    return response


def _panel_texts() -> dict[str, str]:
    return {
        "guest": gettext("guest"),
        "account": gettext("account"),
        "active": gettext("active"),
        "off board": gettext("off board"),
        "idle": gettext("idle"),
        "away": gettext("away"),
        "not_done": gettext("It is not known whether this was done: look, or try again."),
        "not_allowed": gettext("You may not do this."),
    }
