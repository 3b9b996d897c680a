"""A page for each room, on which guests have the name in the URL."""

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from presence.protocol.identity import Privacy

PAGE = engines["django"].from_string(
    "{% load presence %}<!doctype html><html lang=en><title>{{ room }}</title>"
    "{% presence_overlay room name=name %}"
)
SQUARE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">
<path d="M0 0h9v9H0" fill="#0a7"/></svg>"""


def privacy(board: object) -> str:
    """Return the level that a room is named after, else full."""
    return next((level for level in Privacy if str(board).startswith(level)), Privacy.FULL)


def avatar(user: User) -> str | None:
    """Return the URL of a picture for accounts of some names; of one of them there is none."""
    name = user.get_username()
    return f"/picture/{name}.svg" if name in ("Frida", "Nobody") else None


def picture(request: HttpRequest, name: str) -> HttpResponse:
    """Show a picture, unless the page's address comes along."""
    if name == "Nobody" or "Referer" in request.headers:
        raise Http404
    return HttpResponse(SQUARE, content_type="image/svg+xml")


def page(request: HttpRequest, room: str) -> HttpResponse:
    """Show a room."""
    return HttpResponse(PAGE.render({"room": room, "name": request.GET.get("name", "")}, request))


urlpatterns = [
    path("page/<str:room>/", page),
    path("picture/<str:name>.svg", picture),
    path("", include("presence.urls")),
]
