from django.contrib import admin

from presence.admin import LivePresenceMixin
from presence_site.models import Board, Note


@admin.register(Board)
class BoardAdmin(LivePresenceMixin, admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the checker only
    list_display = ("title", "owner", "open_to_guests", "created_at")
    list_filter = ("open_to_guests",)
    list_select_related = ("owner",)
    search_fields = ("title", "owner__username")
    autocomplete_fields = ("owner",)


@admin.register(Note)
class NoteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the checker only
    list_display = ("text", "board", "color", "created_at")
    list_filter = ("color",)
    list_select_related = ("board",)
    search_fields = ("text", "board__title")
    autocomplete_fields = ("board",)
