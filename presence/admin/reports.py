"""Download of the history as CSV."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from presence.admin.permissions import may_view, may_view_all, may_view_some
from presence.protocol.errors import TryLater
from presence.stats import Point, read
from presence.store.history import BY_NAME

ROWS_AT_ONCE = 120


@require_safe
@never_cache
async def download(request: HttpRequest, span: str, board: UUID | None = None) -> HttpResponseBase:
    """Answer staff with the history of a board, or of all boards together, as CSV.

    All together is for who may view the overview, a board for who may view it, as the site's admin
    has it. Who may view no board gets 403, whether or not there is such a one; 404 is for those who
    may not view this one, too.
    """
    await sync_to_async(_require_permission)(request, board)
    try:
        told = await read(board, BY_NAME[span], BY_NAME[span].kept)
    except TryLater:
        return HttpResponse("the store is out of reach\n", status=503, content_type="text/plain")
    except ImproperlyConfigured:
        said = "this process does not serve the boards\n"
        return HttpResponse(said, status=503, content_type="text/plain")
    name = "-".join(["presence", *([str(board)] if board else []), span])
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(
        _table(told), content_type="text/csv; charset=utf-8", headers=disposition
    )


def _require_permission(request: HttpRequest, board: UUID | None) -> None:
    if not (may_view_all(request) if board is None else may_view_some(request)):
        raise PermissionDenied
    if board is not None and not may_view(request, board):
        raise Http404


async def _table(told: Sequence[Point]) -> AsyncIterator[str]:
    yield "time,people,peak\r\n"
    for n in range(0, len(told), ROWS_AT_ONCE):
        yield "".join(map(_row, told[n : n + ROWS_AT_ONCE]))


def _row(point: Point) -> str:
    """Return a line; of a time in which nobody looked it tells nothing."""
    time = datetime.fromtimestamp(point.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    people = "" if point.people is None else f"{point.people:.2f}"
    return f"{time},{people},{'' if point.peak is None else point.peak}\r\n"
