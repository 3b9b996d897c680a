"""The HTTP routes of presence: `path("", include("presence.urls"))`."""

from django.urls import path

from presence.views import healthz

app_name = "presence"
urlpatterns = [path("healthz", healthz, name="healthz")]
