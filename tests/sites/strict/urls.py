"""A page for each board in each language. The metrics and the health of presence are elsewhere than
usual."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from presence.urls import pages
from presence.views import healthz, metrics
from tests.sites.pages import page

urlpatterns = [
    path("", include("django_prometheus.urls")),
    path("internal/metrics", metrics),
    path("healthz", healthz),
    *i18n_patterns(
        path("page/<path:board>/", login_not_required(page)),
        path("", include(pages)),
        path("admin/", admin.site.urls),
    ),
]
