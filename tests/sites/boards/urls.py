"""A page for each board, besides those of the example site."""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from presence import api

PAGE = engines["django"].from_string(
    "{% load presence %}{% presence_overlay board %}{% presence_count board %}"
)


def page(request: HttpRequest, board: str) -> HttpResponse:
    """Show a board, by its reference."""
    return HttpResponse(PAGE.render({"board": api.find(board)}, request))


urlpatterns = [path("page/<path:board>/", page), path("", include("presence_site.urls"))]
