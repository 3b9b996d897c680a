"""A page for any board."""

from django.http import HttpRequest, HttpResponse
from django.template import engines

from presence import api

PAGE = engines["django"].from_string(
    "{% load presence %}{% presence_overlay board %}{% presence_count board %}"
)


def page(request: HttpRequest, board: str) -> HttpResponse:
    """Show a board, by its reference."""
    return HttpResponse(PAGE.render({"board": api.find(board)}, request))
