"""A page for any board, and the admin."""

from django.contrib import admin
from django.urls import include, path

from tests.sites.pages import page

urlpatterns = [
    path("page/<path:board>/", page),
    path("", include("presence.urls")),
    path("admin/", admin.site.urls),
]
