"""The history as the admin's plots ask for it: how many people there were on a board, or on all."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.contrib.admin import AdminSite
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from presence.admin.permissions import may_view_board, may_view_overview
from presence.admin.staff_request import refusal
from presence.protocol.errors import TryLater
from presence.stats import Point, read
from presence.store.history import BY_NAME, SPANS, Span

NAME = "presence_overview_history"

ANY_BOARD = UUID(int=0)
"""In URLs that a script puts a board's UUID into."""


def trend_view(site: AdminSite) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of an admin site that answers with one plot::

    {"at": [1790000000, …], "people": [2.5, null, …], "peak": [3, null, …]}

    `?span=minutes` (a day) or `hours` (30 days), `&count=60` of them up to now, `&board=<uuid>`.
    `at` is when each begins, in seconds since 1970; in what is null nobody looked. A board is told
    of to who may view it in this admin (else 404), all together to who may view the overview (else
    403). What cannot be asked is 400, a store that is out of reach 503.
    """

    @require_safe
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            span, count, board = _asked(request)
        except (KeyError, ValueError):
            return refusal(400)
        if board is None and not may_view_overview(site, request):
            return refusal(403)
        if board is not None and not may_view_board(site, request, board):
            return refusal(404)
        try:
            return JsonResponse(_columns(async_to_sync(read)(board, span, count)))
        except (TryLater, ImproperlyConfigured):
            return refusal(503)

    guarded = site.admin_view(answer)

    @never_cache
    def trend(request: HttpRequest) -> HttpResponse:
        # A script cannot sign in, and has no use for a form.
        return guarded(request) if site.has_permission(request) else refusal(403)

    return trend


def plots_of(site: AdminSite) -> dict[str, Any] | None:
    """Return what the script of a page with plots is to know (presence/admin/plots.html); None
    where the admin site has no overview."""
    history = url(f"{site.name}:{NAME}")
    if history is None:
        return None
    return {
        "history": history,
        "downloads": {span.name: url(f"presence:history_{span.name}") for span in SPANS},
        "boardDownloads": {
            span.name: url(f"presence:board_{span.name}", board=ANY_BOARD) for span in SPANS
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


def url(name: str, **kwargs: object) -> str | None:
    """Return the URL of a view, None where the site has none of that name."""
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        return None


def _asked(request: HttpRequest) -> tuple[Span, int, UUID | None]:
    span = BY_NAME[request.GET.get("span", "minutes")]
    count, board = request.GET.get("count"), request.GET.get("board")
    number = span.kept if count is None else int(count)
    if not 1 <= number <= span.kept:
        raise ValueError(f"{number} is none of 1 to {span.kept}")
    return span, number, UUID(board) if board else None


def _columns(points: Sequence[Point]) -> dict[str, list[float | int | None]]:
    return {
        "at": [point.at for point in points],
        "people": [None if point.people is None else round(point.people, 2) for point in points],
        "peak": [point.peak for point in points],
    }
