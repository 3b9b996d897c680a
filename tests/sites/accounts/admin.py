"""The accounts, and boards with their people."""

from django.conf import settings
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType

from presence.admin import LivePresenceMixin
from tests.sites.accounts.models import Member

if settings.AUTH_USER_MODEL == "accounts.Member":
    admin.site.register(Member)


@admin.register(ContentType)
class BoardAdmin(LivePresenceMixin, admin.ModelAdmin):
    """The list, with the people on each board."""
