"""The changelist of boards: its column of people, and how it is sorted and filtered by them.

What a page of the admin asks of presence, and may not come to know: the page comes first.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Case, Expression, IntegerField, Q, Value, When
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from presence import api
from presence.admin.permissions import viewable
from presence.conf import get_settings
from presence.protocol.errors import TryLater

logger = logging.getLogger(__name__)

UNKNOWN = "–"
"""What a page shows in place of what is not known."""

T = TypeVar("T")


def known(ask: Callable[[], T]) -> T | None:
    """Return what presence answers; None where that is not known. Never raises."""
    try:
        return ask() if get_settings().ENABLED else None
    except (TryLater, ImproperlyConfigured) as error:
        logger.warning("who is on the boards is not known: %s", error)
    except Exception:
        logger.exception("could not ask who is on the boards")
    return None


MOST = 15_000
"""Boards with people by which is sorted and filtered, the busiest first: databases take only so
many parameters (SQLite 32,766, PostgreSQL 65,535), and each board is one of the filter and one of
the order."""

Counts = Mapping[UUID, int]


class Online:
    """How many people are on the boards that somebody may view, for one page of a changelist."""

    def __init__(self, model_admin: Any, request: HttpRequest) -> None:
        self._model_admin = model_admin
        self._request = request
        self._census_asked = False

    @cached_property
    def census(self) -> Counts | None:
        """The boards that somebody is on, None where that is not known. Two trips to the store, and
        one query."""
        self._census_asked = True
        found = _busiest(known(api.census))
        if found is None:
            messages.warning(self._request, gettext("It is not known now where people are."))
            return None
        seen = viewable(self._model_admin, self._request, found)
        return {board: people for board, people in found.items() if board in seen}

    def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int | None]:
        """Return how many people are on each of the boards, None where that is not known: one trip
        to the store, and none more where the list is sorted or filtered by people."""
        found = self.census if self._census_asked else known(lambda: api.counts(boards))
        return {board: None if found is None else found.get(board, 0) for board in boards}

    def count_rows(self, rows: Iterable[Any]) -> None:
        """Give each row its cell; an empty one where the board may not be viewed."""
        may = self._model_admin.has_view_permission
        counts = self.counts([row.pk for row in rows if may(self._request, row)])
        for row in rows:
            row.presence_cell = cell(row.pk, counts[row.pk]) if row.pk in counts else None


_page: ContextVar[Online | None] = ContextVar("_page", default=None)


def online_of(model_admin: Any, request: HttpRequest) -> Online:
    """Return what one request asks, and has asked already."""
    online: Online | None = getattr(request, "presence_online", None)
    if online is None:
        online = Online(model_admin, request)
        request.presence_online = online  # type: ignore[attr-defined]
    return online


@contextmanager
def page(model_admin: Any, request: HttpRequest) -> Iterator[Online]:
    """Tell the order, to which Django gives no request, for whom it sorts."""
    online = online_of(model_admin, request)
    token = _page.set(online)
    try:
        yield online
    finally:
        _page.reset(token)


class OnlineOrder(Expression):
    """How many people are on a board, as something that the database can sort by."""

    def __init__(self) -> None:
        super().__init__(output_field=IntegerField())

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Become what says so now: a CASE of the boards that somebody is on."""
        online = _page.get()
        people = (online.census if online else None) or {}
        return _case(people).resolve_expression(query, *args, **kwargs)


class PeopleFilter(admin.SimpleListFilter):
    """Boards that have people now, or have none."""

    title = _("people now")
    parameter_name = "people_now"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self._model_admin = model_admin

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Offer both."""
        return (("some", _("Has people now")), ("none", _("Nobody now")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Narrow to those; to none where it is not known who has people."""
        if self.value() not in ("some", "none"):
            return queryset
        people = online_of(self._model_admin, request).census
        if people is None:
            return queryset.none()
        here = Q(pk__in=[*people])
        return queryset.filter(here if self.value() == "some" else ~here)


def count(board: UUID) -> SafeString:
    """Return the cell of a board that stands alone."""
    found = known(lambda: api.counts([board]))
    return cell(board, found[board] if found else None)


def cell(board: UUID, people: int | None) -> SafeString:
    """Return the cell of a board, which the script keeps up to date."""
    said = UNKNOWN if people is None else people
    return format_html('<span class="presence-online" data-board="{}">{}</span>', board, said)


def _busiest(people: Counts | None) -> Counts | None:
    if people is None or len(people) <= MOST:
        return people
    return dict(sorted(people.items(), key=lambda item: -item[1])[:MOST])


def _case(people: Counts) -> Expression:
    boards: dict[int, list[UUID]] = {}
    for board, number in people.items():
        boards.setdefault(number, []).append(board)
    whens = [When(pk__in=here, then=Value(number)) for number, here in boards.items()]
    return Case(*whens, default=Value(0), output_field=IntegerField())
