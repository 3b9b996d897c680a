"""Who may see a board and who may manage it: decorators for the views of a board.

Each turns a view `(request, board, ...)` into a view `(request, board_id, ...)`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from presence.auth import Decision
from presence_site.models import Board

View = Callable[..., HttpResponse]
Refuse = Callable[[HttpRequest, Decision], HttpResponse]


def board_page(view: View) -> View:
    """Show a page of a board to those who may see it. A guest is sent to sign in.

    Raises Http404 where there is no such board, PermissionDenied where it is not open to the user.
    """
    return _checked(view, _refuse_page)


def manager_page(view: View) -> View:
    """Show a page of a board to its owner and staff. A guest is sent to sign in.

    Raises Http404 where there is no such board, PermissionDenied for everybody else.
    """

    @wraps(view)
    def managed(request: HttpRequest, board: Board, **kwargs: Any) -> HttpResponse:
        if board.managed_by(request.user):
            return view(request, board, **kwargs)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise PermissionDenied

    return board_page(managed)


def board_api(view: View) -> View:
    """Give JSON about a board to those who may see it, and 401, 403 or 404 to others."""
    return _checked(view, _refuse_json)


def _checked(view: View, refuse: Refuse) -> View:
    @wraps(view)
    def checked(request: HttpRequest, board_id: UUID, **kwargs: Any) -> HttpResponse:
        board = get_object_or_404(Board.objects.select_related("owner"), pk=board_id)
        decision = board.presence_decision(request.user)
        if decision is Decision.ALLOW:
            return view(request, board, **kwargs)
        return refuse(request, decision)

    return checked


def _refuse_page(request: HttpRequest, decision: Decision) -> HttpResponse:
    if decision is Decision.SIGN_IN:
        return redirect_to_login(request.get_full_path())
    if decision is Decision.FORBID:
        raise PermissionDenied
    raise Http404


_JSON_REFUSALS = {
    Decision.SIGN_IN: (401, "Sign in to open this board."),
    Decision.FORBID: (403, "This board is not open to you."),
    Decision.NOT_FOUND: (404, "There is no such board."),
}


def _refuse_json(request: HttpRequest, decision: Decision) -> HttpResponse:
    status, reason = _JSON_REFUSALS[decision]
    return JsonResponse({"error": reason}, status=status)
