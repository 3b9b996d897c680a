"""The changelist of boards: the column "Online", the order and the filter by people, and the topic
that keeps the column up to date.

The page is shown even where the counts are not known.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from heapq import nlargest
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Case, Expression, IntegerField, Value, When
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from presence import api
from presence.admin.permissions import among, kind_of, viewable_boards
from presence.admin.staff_request import StaffRequest
from presence.admin.topics import Topic, changed_keys, outages, parse_board
from presence.boards import board_of, keys_in
from presence.conf import get_settings

UNKNOWN = "–"
"""Shown in place of a count that is not known."""

MAX_SORTED_BOARDS = 15_000
"""Sort and filter by this many boards with people, the busiest first. Each is a parameter of the
filter and one of the order, and databases limit them (SQLite 32,766, PostgreSQL 65,535)."""

MAX_ROWS = 1_000
"""Rows that a page may subscribe to."""

Counts = dict[UUID, int]


def counts_or_none(ask: Callable[[], Counts]) -> Counts | None:
    """Return what a function of `presence.api` returns, None where it fails. Never raises."""
    with outages.attempt("counting people"):
        return ask() if get_settings().ENABLED else None
    return None


class OnlineCounts:
    """The counts of the boards that the user may view, for one request of a changelist."""

    def __init__(self, model_admin: Any, request: HttpRequest) -> None:
        self._model_admin = model_admin
        self._request = request

    @cached_property
    def boards_with_people(self) -> Counts | None:
        """The counts of the list's boards with people, in two trips to the store and a query; None
        if unknown."""
        counts = counts_or_none(api.census)
        if counts is None:
            messages.warning(self._request, gettext("It is not known now where people are."))
            return None
        kind = kind_of(self._model_admin.model)
        counts = {board: counts[board] for board in (keys_in(kind, counts) if kind else ())}
        if len(counts) > MAX_SORTED_BOARDS:
            counts = dict(nlargest(MAX_SORTED_BOARDS, counts.items(), key=itemgetter(1)))
        viewable = viewable_boards(self._model_admin, self._request, counts)
        return {board: count for board, count in counts.items() if board in viewable}

    def count_rows(self, rows: Iterable[Any]) -> None:
        """Set `presence_cell` of each row, None for a board that the user may not view. Takes one
        trip to the store, or none if the page is sorted or filtered by people."""
        may_view = self._model_admin.has_view_permission
        boards: dict[Any, UUID] = {}
        if kind_of(self._model_admin.model):
            boards = {row.pk: board_of(row) for row in rows if may_view(self._request, row)}
        if "boards_with_people" in self.__dict__:
            counts = self.boards_with_people
        else:
            counts = counts_or_none(lambda: api.counts(boards.values()))
        for row in rows:
            board = boards.get(row.pk)
            count = None if counts is None or board is None else counts.get(board, 0)
            row.presence_cell = None if board is None else _cell(board, count)


_current: ContextVar[OnlineCounts | None] = ContextVar("_current", default=None)


def online_counts(model_admin: Any, request: HttpRequest) -> OnlineCounts:
    """Return the counts of a request, which are asked for once."""
    counts: OnlineCounts | None = getattr(request, "presence_counts", None)
    if counts is None:
        counts = OnlineCounts(model_admin, request)
        request.presence_counts = counts  # type: ignore[attr-defined]
    return counts


@contextmanager
def sorting_for(model_admin: Any, request: HttpRequest) -> Iterator[OnlineCounts]:
    """Give `OnlineOrder` the counts of a request, which Django does not pass to it."""
    counts = online_counts(model_admin, request)
    token = _current.set(counts)
    try:
        yield counts
    finally:
        _current.reset(token)


class OnlineOrder(Expression):
    """The count of a board, as an expression that the database can sort by."""

    def __init__(self) -> None:
        super().__init__(output_field=IntegerField())

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return a CASE with the counts as they are now."""
        online = _current.get()
        boards: dict[int, list[UUID]] = {}
        for board, count in ((online and online.boards_with_people) or {}).items():
            boards.setdefault(count, []).append(board)
        whens = [
            When(among(query.model, some), then=Value(count)) for count, some in boards.items()
        ]
        case = Case(*whens, default=Value(0), output_field=IntegerField())
        return case.resolve_expression(query, *args, **kwargs)


class PeopleFilter(admin.SimpleListFilter):
    """Filters boards by whether anybody is there now."""

    title = _("people now")
    parameter_name = "people_now"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self._model_admin = model_admin

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Return the two choices."""
        return (("some", _("Has people now")), ("none", _("Nobody now")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the chosen boards; none where the counts are not known."""
        if self.value() not in ("some", "none"):
            return queryset
        counts = online_counts(self._model_admin, request).boards_with_people
        if counts is None:
            return queryset.none()
        has_people = among(queryset.model, counts)
        return queryset.filter(has_people if self.value() == "some" else ~has_people)


def count_cell(row: Any) -> SafeString | None:
    """Return the cell of one object, with a trip to the store; None if it is no board."""
    if kind_of(row.__class__) is None:
        return None
    board = board_of(row)
    counts = counts_or_none(lambda: api.counts([board]))
    return _cell(board, None if counts is None else counts[board])


def _cell(board: UUID, count: int | None) -> SafeString:
    """Return the cell of a board, which the page's script keeps up to date."""
    text = UNKNOWN if count is None else count
    return format_html('<span class="presence-online" data-board="{}">{}</span>', board, text)


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """The boards that a page shows, and those whose counts it may get. `empty`, the value while
    nobody is on any board, is made once and copied by each fetch."""

    shown: frozenset[UUID]
    viewable: frozenset[UUID]
    empty: Mapping[str, int | None] = field(compare=False, repr=False)


def _parse(value: object) -> frozenset[UUID]:
    if not isinstance(value, list) or len(value) > MAX_ROWS:
        raise ValueError(f"expected a list of at most {MAX_ROWS} boards")
    return frozenset(map(parse_board, value))


def _authorize(staff: StaffRequest, shown: frozenset[UUID]) -> RowsQuery | None:
    model_admin = staff.model_admin
    if model_admin is None or not model_admin.has_view_permission(staff.request):
        return None
    return _rows_query(shown, viewable_boards(model_admin, staff.request, shown))


@lru_cache(maxsize=32)
def _rows_query(shown: frozenset[UUID], viewable: frozenset[UUID]) -> RowsQuery:
    """Return one object for equal queries, so that the event loop need not compare their boards."""
    empty = {str(board): 0 if board in viewable else None for board in shown}
    return RowsQuery(shown, viewable, empty)


async def _fetch(queries: Collection[RowsQuery]) -> Mapping[RowsQuery, dict[str, int | None]]:
    # `acensus` is cheaper than `acounts` where most boards are empty.
    counts = await api.acensus(frozenset().union(*(query.viewable for query in queries)))
    return {
        query: {**query.empty, **{str(b): counts[b] for b in counts.keys() & query.viewable}}
        for query in queries
    }


ROWS = Topic(
    "rows",
    parse=_parse,
    authorize=_authorize,
    fetch=_fetch,
    unavailable=lambda query: dict.fromkeys(query.empty),
    changes=changed_keys,
)
"""How many people are on each board that a changelist shows."""
