"""The HTTP routes of presence: `path("", include("presence.urls"))`."""

from django.urls import path

from presence.views import healthz, token

app_name = "presence"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("presence/token/<uuid:board>/", token, name="token"),
]
