"""A page with two overlays for each board, by its reference."""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

PAGE = engines["django"].from_string(
    "{% load presence %}<!doctype html><title>{{ board }}</title>"
    "{% presence_overlay board %}{% presence_overlay board bar='top-start' %}"
)


def page(request: HttpRequest, board: str) -> HttpResponse:
    """Show a board, by its reference."""
    return HttpResponse(PAGE.render({"board": board}, request))


urlpatterns = [path("page/<path:board>/", page), path("", include("presence.urls"))]
