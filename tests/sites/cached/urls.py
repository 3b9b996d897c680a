"""The same page for each kind of cache, with the people of a named room."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware
from django.template import engines
from django.urls import include, path
from django.views.decorators.cache import cache_control, cache_page

from tests.support.server import MEMBERS_BOARD

PAGE = engines["django"].from_string(
    "<!doctype html><title>{{ rendering }}</title>{% load presence %}{% presence_overlay board %}"
    "{% presence_count board every=1 %}<p>{% presence_count members %}</p>"
)


def page(request: HttpRequest, board: str) -> HttpResponse:
    """Show a room, and how many people are on a board that is not for guests."""
    context = {"board": board, "members": MEMBERS_BOARD, "rendering": uuid4()}
    return HttpResponse(PAGE.render(context, request))


def _on_some_pages(middleware: Callable[..., Any]) -> Callable[..., Any]:
    """Return a middleware that has only the pages below /whole/."""

    def factory(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
        cached = middleware(get_response)
        return lambda request: (
            cached(request) if request.path.startswith("/whole/") else get_response(request)
        )

    return factory


update = _on_some_pages(UpdateCacheMiddleware)
fetch = _on_some_pages(FetchFromCacheMiddleware)

urlpatterns = [
    path("page/<board>/", cache_control(max_age=60)(page)),
    path("kept/<board>/", cache_page(60)(page)),
    path("whole/<board>/", page),
    path("", include("presence_site.urls")),
]
