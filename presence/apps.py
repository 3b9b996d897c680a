"""The Django app."""

from django.apps import AppConfig
from django.core.checks import register

from presence.checks import check_settings
from presence.daphne import allow_close_codes, say_goodbye_to_all


class PresenceConfig(AppConfig):
    """Live cursors and live counts for the boards of a site."""

    name = "presence"
    verbose_name = "Presence"
    # Whatever the site's own is: a migration is the same on every site.
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and let Daphne say what PROTOCOL.md says."""
        register(check_settings)
        allow_close_codes()
        say_goodbye_to_all()
