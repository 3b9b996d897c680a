"""Live presence in Django's admin. `LivePresenceMixin` is for a site's `ModelAdmin` of boards.

Counts and people are shown only for boards that the `ModelAdmin` lets the user view, by its
queryset and by its permission for each board: in the list, its order and filter, on the socket and
in the feed.
"""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from presence.admin.board import BOARD, PERMISSIONS, action_view, panel_config
from presence.admin.changelist import (
    ROWS,
    UNKNOWN,
    OnlineOrder,
    PeopleFilter,
    count_cell,
    sorting_for,
)
from presence.admin.charts import plots_of
from presence.admin.feed import feed_view, page_config, status_texts
from presence.admin.overview import OVERVIEW, OverviewAdmin
from presence.admin.permissions import kind_of
from presence.admin.topics import TOPICS
from presence.boards import board_of, model_of
from presence.conf import get_settings
from presence.models import Overview

__all__ = ["LivePresenceMixin", "PeopleFilter"]

TOPICS.update({topic.name: topic for topic in (ROWS, BOARD, OVERVIEW)})

if apps.is_installed("django.contrib.admin"):
    admin.site.register(Overview, OverviewAdmin)

COLUMN = "presence_online"
"""The name of the column, for `list_display` and `sortable_by`."""


class LivePresenceMixin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Adds live presence to a `ModelAdmin` of boards (docs/admin.md).

    The changelist gets a column that sorts and a filter; the page of a board gets a panel with its
    people and what staff may do.
    """

    live_presence = True

    @admin.display(description=_("Online"), ordering=OnlineOrder(), empty_value=UNKNOWN)
    def presence_online(self, board: Any) -> Any:
        """Return the cell of the column "Online"."""
        return board.presence_cell if hasattr(board, "presence_cell") else count_cell(board)

    def has_presence_permission(self, request: HttpRequest, action: str, board: Any) -> bool:
        """Return whether a user who may view a board may take an action there: "remove", "close",
        "reopen" or "reconnect"."""
        return request.user.has_perm(PERMISSIONS[action])

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns. "Online" is the last one unless the site places it elsewhere."""
        columns = super().get_list_display(request)
        return columns if COLUMN in columns else [*columns, COLUMN]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters. `PeopleFilter` is the first one unless the site has it already."""
        filters = super().get_list_filter(request)
        has_ours = any(
            isinstance(each, type) and issubclass(each, PeopleFilter) for each in filters
        )
        return filters if has_ours else [PeopleFilter, *filters]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the changelist, with the counts of all rows."""
        with sorting_for(self, request) as counts:
            changelist = super().get_changelist_instance(request)
            counts.count_rows(changelist.result_list)
        return changelist

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the changelist and keep it up to date, whatever its template is."""
        response = super().changelist_view(request, extra_context)
        if "cl" not in (getattr(response, "context_data", None) or {}):
            return response  # of an action
        config = {**self._presence_config(), "texts": status_texts()}
        return _extend(response, "change_list.html", {"presence_feed": config})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the page of a board with the panel, whatever its template is."""
        response = super().render_change_form(request, context, *args, **kwargs)
        board = context.get("original")
        if board is None or context.get("is_popup") or kind_of(self.model) is None:
            return response
        config = self._presence_config(board=str(board_of(board)))
        context = {
            "presence_feed": {**config, **panel_config(self, request, board)},
            "presence_plots": plots_of(self.admin_site),
        }
        return _extend(response, "change_form.html", context)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Return the mistakes in the `ModelAdmin`."""
        errors: list[CheckMessage] = super().check(**kwargs)
        try:
            is_board = model_of(self.model) is not None
        except ImproperlyConfigured:  # The checks of the app say so.
            return errors
        if not is_board:
            message = f"PRESENCE['BOARDS'] lacks {self.opts.label}, so that it has no counts."
            errors.append(
                Error(message, hint="Name the model there.", obj=type(self), id="presence.E014")
            )
        return errors

    def get_urls(self) -> list[URLPattern]:
        """Return the URLs of the `ModelAdmin`, of its feed and of the actions on a board."""
        feed, act = feed_view(self.admin_site, self), action_view(self)
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_presence"
        return [
            path("presence/feed/", feed, name=f"{prefix}_feed"),
            path("<path:object_id>/presence/", act, name=f"{prefix}_act"),
            *super().get_urls(),
        ]

    def _presence_config(self, **watch: str) -> dict[str, Any]:
        feed = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_presence_feed"
        return page_config(self.admin_site, reverse(feed), model=self.opts.label_lower, **watch)


def _is_enabled() -> bool:
    """Return whether presence is switched on, and `PRESENCE` is right."""
    try:
        return get_settings().ENABLED
    except ImproperlyConfigured:
        return False


def _extend(response: HttpResponse, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Have a page of the admin use our template, which extends the page's own template."""
    if isinstance(response, TemplateResponse) and _is_enabled():
        parent = response.resolve_template(response.template_name)
        ours = {"presence_parent": parent, **context}
        response.context_data = {**(response.context_data or {}), **ours}
        response.template_name = f"presence/admin/{template}"
    return response
