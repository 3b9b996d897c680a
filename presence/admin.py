"""Live counts in Django's admin: `LivePresenceMixin`, for the `ModelAdmin` of a site's boards.

A number is shown of a board that the `ModelAdmin` lets somebody view, by its queryset and, board by
board, its permissions: of no other, be it in the list, the filter, the order or the feed.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from presence import api
from presence.people_admin import UNKNOWN, PeopleMixin, known

COLUMN = "presence_online"
"""The name of the column, for `list_display` and `sortable_by`."""

MOST = 1_000
"""Boards that a page may ask for at a time."""

SORTED = 10_000
"""Boards, those with most people, that are put in order or filtered by their people."""

Counts = Mapping[UUID, int]


def visible(model_admin: Any, request: HttpRequest, boards: Collection[UUID]) -> list[UUID]:
    """Return those of the boards that somebody may view, with one query."""
    found = model_admin.get_queryset(request).filter(pk__in=boards)
    return [each.pk for each in found if model_admin.has_view_permission(request, each)]


def census(model_admin: Any, request: HttpRequest) -> Counts | None:
    """Return the boards that have people and that somebody may view; None where that is not
    known."""
    page: Any = request
    if not hasattr(page, "presence_census"):
        # Asked more than once for a page: for the filter, and for the order.
        page.presence_census = _census(model_admin, request)
    counts: Counts | None = page.presence_census
    return counts


def _census(model_admin: Any, request: HttpRequest) -> Counts | None:
    told = known(api.census)
    if told is None:
        return None
    busiest = sorted(told, key=lambda board: -told[board])[:SORTED]
    return {board: told[board] for board in visible(model_admin, request, busiest)}


class PeopleFilter(admin.SimpleListFilter):
    """Boards that have people now, and those that have none. All of them where that is not
    known."""

    title = _("people now")
    parameter_name = "people_now"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self._model_admin = model_admin

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """See `SimpleListFilter`."""
        return [("some", _("Has people now")), ("none", _("Nobody now"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """See `SimpleListFilter`."""
        if self.value() not in ("some", "none"):
            return queryset
        boards = census(self._model_admin, request)
        if boards is None:
            return queryset
        pick = queryset.filter if self.value() == "some" else queryset.exclude
        return pick(pk__in=boards)


class LiveChanges(ChangeList):
    """A changelist whose rows know how many people are there: asked for all of them at once."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self._request = request
        self._sorting = False
        super().__init__(request, *args, **kwargs)

    def get_ordering_field(self, field_name: Any) -> Any:
        """See `ChangeList`. By people as they are now; in no order where that is not known."""
        if field_name != COLUMN:
            return super().get_ordering_field(field_name)
        return self._by_people if self._sorting else None

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """See `ChangeList`."""
        # Elsewhere every column is asked for, to find out how the arrows stand.
        self._sorting = True
        try:
            return super().get_ordering(request, queryset)
        finally:
            self._sorting = False

    def get_results(self, request: HttpRequest) -> None:
        """See `ChangeList`."""
        super().get_results(request)
        note_people(self.model_admin, request, self.result_list)

    @cached_property
    def _by_people(self) -> Case | None:
        counts = census(self.model_admin, self._request)
        if not counts:
            return None
        return Case(
            *(
                When(pk__in=[board for board in counts if counts[board] == people], then=people)
                for people in set(counts.values())
            ),
            default=Value(0),
        )


def note_people(model_admin: Any, request: HttpRequest, rows: Iterable[Any]) -> None:
    """Note with each row how many people are there, if that is known and may be seen."""
    shown = [row for row in rows if model_admin.has_view_permission(request, row)]
    counts = known(lambda: api.counts(shown)) if shown else {}
    for row in shown:
        row.presence_people = None if counts is None else counts.get(row.pk)


class LivePresenceMixin(PeopleMixin):
    """Shows how many people are on each board, for a `ModelAdmin` of boards: a column that sorts
    and is kept up to date, a filter, and a page with the people of each. docs/admin.md."""

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns, "Online" the last of them unless it is named."""
        named = list(super().get_list_display(request))
        return named if COLUMN in named else [*named, COLUMN]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, that by people the first of them unless it is named."""
        named = list(super().get_list_filter(request))
        ours = any(isinstance(each, type) and issubclass(each, PeopleFilter) for each in named)
        return named if ours else [PeopleFilter, *named]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the site's class of changelist, whose rows know how many people are there."""
        base = super().get_changelist(request, **kwargs)
        if issubclass(base, LiveChanges):
            return base
        return type(base.__name__, (LiveChanges, base), {})

    @admin.display(description=_("Online"), ordering=COLUMN)
    def presence_online(self, board: Any) -> str:
        """Return how many people are on a board of a changelist."""
        if not hasattr(board, "presence_people"):
            return UNKNOWN  # not to be seen, or not in a changelist
        name = f"{self.admin_site.name}:{self._feed_name}"
        return format_html(
            '<span class="presence-online" data-board="{}" data-feed="{}">{}</span>',
            board.pk,
            reverse(name),
            UNKNOWN if board.presence_people is None else board.presence_people,
        )

    def get_urls(self) -> Any:
        """Return the admin's pages of this model, and the feed of its counts."""
        feed = self.admin_site.admin_view(never_cache(self.presence_feed))
        return [path("presence/feed/", feed, name=self._feed_name), *super().get_urls()]

    def presence_feed(self, request: HttpRequest) -> HttpResponse:
        """Answer `{"rows": {uuid: people}}` for those of the `boards` posted (UUIDs, parted by
        commas) that somebody may view; 400 for what can't be asked, 503 where it is not known."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            asked = [UUID(text) for text in request.POST.get("boards", "").split(",") if text]
        except ValueError:
            return JsonResponse({"error": "boards takes UUIDs, parted by commas"}, status=400)
        if len(asked) > MOST:
            return JsonResponse({"error": f"{MOST} boards at most"}, status=400)
        shown = visible(self, request, asked)
        counts = known(lambda: api.counts(shown))
        if counts is None:
            return JsonResponse({"error": "not known now"}, status=503)
        return JsonResponse({"rows": {str(board): counts[board] for board in shown}})

    @property
    def _feed_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_presence"
