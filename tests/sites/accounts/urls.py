"""A page for any board, and the admin where the site has one."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from tests.sites.pages import page

urlpatterns = [path("page/<path:board>/", page), path("", include("presence.urls"))]
if apps.is_installed("django.contrib.admin"):
    urlpatterns.append(path("admin/", admin.site.urls))
