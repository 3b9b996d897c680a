"""The HTTP routes of presence: `path("", include("presence.urls"))`."""

from django.urls import path

from presence.reports import metrics
from presence.views import healthz

app_name = "presence"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
]
