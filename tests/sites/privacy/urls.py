"""A page for each room, on which guests have the name in the URL."""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from presence.protocol.identity import Privacy

PAGE = engines["django"].from_string(
    "{% load presence %}<!doctype html><html lang=en><title>{{ room }}</title>"
    "{% presence_overlay room name=name %}"
)


def privacy(board: object) -> str:
    """Return the level that a room is named after, else full."""
    return next((level for level in Privacy if str(board).startswith(level)), Privacy.FULL)


def page(request: HttpRequest, room: str) -> HttpResponse:
    """Show a room."""
    return HttpResponse(PAGE.render({"room": room, "name": request.GET.get("name", "")}, request))


urlpatterns = [path("page/<str:room>/", page), path("", include("presence.urls"))]
