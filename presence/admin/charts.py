"""The history of people as staff get it: the data of the admin's plots, and a download as CSV."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from presence.admin.permissions import (
    admin_of,
    kinds_of,
    may_view,
    may_view_anywhere,
    may_view_board,
    may_view_board_anywhere,
    url_or_none,
)
from presence.boards import board_of, is_room
from presence.models import Overview
from presence.protocol.errors import TryLater
from presence.stats import Point, read
from presence.store.history import BY_NAME, SPANS, Span
from presence.views import without_transaction

PLOT_DATA = "presence_overview_history"
"""The name of the URL of the plots' data in an admin site."""

ANY_BOARD = UUID(int=0)
"""Placeholder in URLs that a script replaces with a board's UUID."""

NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
"""Characters that the name of a file does not get."""

ROWS_PER_CHUNK = 120
"""Lines of CSV sent at a time."""


def plots_of(site: AdminSite) -> dict[str, Any] | None:
    """Return the context `presence_plots` of a page that includes `presence/admin/plots.html`; None
    if the admin site has no overview."""
    data = url_or_none(f"{site.name}:{PLOT_DATA}")
    if data is None:
        return None
    return {
        "history": data,
        "downloads": {span.name: url_or_none(f"presence:history_{span.name}") for span in SPANS},
        "boardDownloads": {
            span.name: url_or_none(f"presence:board_{span.name}", board=ANY_BOARD) for span in SPANS
        },
        "anyBoard": str(ANY_BOARD),
        "timeZone": get_current_timezone_name(),
        "locale": get_language(),
        "words": {
            "time": gettext("Time"),
            "people": gettext("People"),
            "peak": gettext("Peak"),
            "said": gettext("Last {people}, at most {peak} ({time})."),
            "nothing": gettext("Nothing was recorded."),
            "failed": gettext("The history cannot be had now."),
            "download": gettext("Download as CSV"),
        },
    }


def plot_data_view(site: AdminSite) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of an admin site that answers with the data of one plot::

    {"at": [1790000000, …], "people": [2.5, null, …], "peak": [3, null, …]}

    `?span=minutes` (a day) or `hours` (30 days), `&count=60` for the last 60 of them, and
    `&board=<reference>` for one board. `at` is when each begins, in seconds since 1970; null means
    that nothing was recorded. Status 403 without permission for the overview, 404 without
    permission for the board, 400 for a malformed query, 503 if the store is out of reach.
    """

    @require_safe
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            span, count, board = _parse_query(request)
        except (KeyError, ValueError):
            return JsonResponse({}, status=400)
        if (board is None or is_room(board)) and not may_view(site, request, Overview):
            return JsonResponse({}, status=403)
        if board and not is_room(board) and not _may_view_board(site, request, board):
            return JsonResponse({}, status=404)
        try:
            points = async_to_sync(read)(board, span, count)
        except (TryLater, ImproperlyConfigured):
            return JsonResponse({}, status=503)
        people = [None if point.people is None else round(point.people, 2) for point in points]
        at, peak = [point.at for point in points], [point.peak for point in points]
        return JsonResponse({"at": at, "people": people, "peak": peak})

    guarded = site.admin_view(answer)

    @login_not_required
    @never_cache
    def plot_data(request: HttpRequest) -> HttpResponse:
        # A script gets 403 in place of a redirect to the login form.
        return guarded(request) if site.has_permission(request) else JsonResponse({}, status=403)

    return plot_data


def _may_view_board(site: AdminSite, request: HttpRequest, board: UUID) -> bool:
    admins = (admin_of(site, model) for model in kinds_of(board))
    return any(each and may_view_board(each, request, board) for each in admins)


def _parse_query(request: HttpRequest) -> tuple[Span, int, UUID | None]:
    span = BY_NAME[request.GET.get("span", "minutes")]
    count, board = int(request.GET.get("count", span.kept)), request.GET.get("board")
    if not 1 <= count <= span.kept:
        raise ValueError(f"count must be 1 to {span.kept}, not {count}")
    return span, count, board_of(board) if board else None


@without_transaction
@require_safe
@never_cache
async def download(request: HttpRequest, span: str, board: UUID | None = None) -> HttpResponseBase:
    """Answer with the history of a board, or of all boards together, as CSV.

    Status 403 without permission for the overview, or for boards at all; 404 for a board that does
    not exist or that the user may not view; 503 if the store is out of reach.
    """
    await sync_to_async(_check_permission)(request, board)
    try:
        points = await read(board, BY_NAME[span], BY_NAME[span].kept)
    except TryLater:
        return HttpResponse("the store is out of reach\n", status=503, content_type="text/plain")
    except ImproperlyConfigured:
        text = "this process does not serve the boards\n"
        return HttpResponse(text, status=503, content_type="text/plain")
    name = f"presence-{board}-{span}" if board else f"presence-{span}"
    return StreamingHttpResponse(
        _csv(points),
        content_type="text/csv; charset=utf-8",
        # A key may have any characters.
        headers={"Content-Disposition": f'attachment; filename="{NO_NAME.sub("_", name)}.csv"'},
    )


def _check_permission(request: HttpRequest, board: UUID | None) -> None:
    of_object = board is not None and not is_room(board)
    kinds = kinds_of(board) if board is not None and of_object else [Overview]
    allowed = [kind for kind in kinds if may_view_anywhere(request, kind)]
    if not allowed:
        raise PermissionDenied
    if board is not None and of_object and not may_view_board_anywhere(request, board, allowed):
        raise Http404


async def _csv(points: Sequence[Point]) -> AsyncIterator[str]:
    yield "time,people,peak\r\n"
    for n in range(0, len(points), ROWS_PER_CHUNK):
        yield "".join(map(_csv_row, points[n : n + ROWS_PER_CHUNK]))


def _csv_row(point: Point) -> str:
    """Return a line of CSV, with empty cells if nothing was recorded."""
    time = datetime.fromtimestamp(point.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    people = "" if point.people is None else f"{point.people:.2f}"
    return f"{time},{people},{'' if point.peak is None else point.peak}\r\n"
