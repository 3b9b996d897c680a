"""A page for each situation, by its name, as one of the two people sees it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


def situation(request: HttpRequest, name: str, board: str, person: str) -> HttpResponse:
    """Show a page of tests/situations/pages on a board, for the person `a` or `b`."""
    return render(request, f"pages/{name}.html", {"board": board, "person": person})


urlpatterns = [
    path("situations/<slug:name>/<slug:board>/<slug:person>/", situation, name="situation"),
    path("", include("presence.urls")),
]
