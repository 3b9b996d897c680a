"""The URLs of the example site, with a `ModelAdmin` of boards as django-unfold wants it."""

from django.contrib import admin
from django.urls import include, path
from unfold.admin import ModelAdmin

from presence_site.admin import BoardAdmin
from presence_site.models import Board

admin.site.unregister(Board)


@admin.register(Board)
class UnfoldBoardAdmin(BoardAdmin, ModelAdmin):
    """The list of boards and their pages, drawn by the theme."""


# Only now: the admin lists its URLs at once.
urlpatterns = [path("", include("presence_site.urls"))]
