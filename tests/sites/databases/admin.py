"""The boards, with their people."""

from django.contrib import admin

from presence.admin import LivePresenceMixin
from tests.sites.databases.models import Draft, Plan


@admin.register(Plan, Draft)
class PlanAdmin(LivePresenceMixin, admin.ModelAdmin):
    """The list, with the people on each board."""
