"""Every model in the admin, with its people."""

from django.contrib import admin

from presence.admin import LivePresenceMixin
from tests.sites.boards.models import Article, Chapter, Drawing, Guide, Sheet


@admin.register(Article, Guide, Chapter, Drawing, Sheet)
class BoardAdmin(LivePresenceMixin, admin.ModelAdmin):
    """The list, with the people on each board."""
