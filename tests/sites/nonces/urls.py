"""A page for each board, besides those of the example site."""

from django.urls import include, path

from tests.sites.pages import page

urlpatterns = [path("page/<path:board>/", page), path("", include("presence_site.urls"))]
