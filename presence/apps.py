"""The Django app."""

from django.apps import AppConfig
from django.core.checks import register

from presence.asgi.daphne import patch_daphne
from presence.asgi.shutdown import patch_servers
from presence.asgi.turns import patch_uvicorn
from presence.changes import connect
from presence.checks import check_settings


class PresenceConfig(AppConfig):
    """Live cursors and live people counts."""

    name = "presence"
    verbose_name = "Presence"
    # Not the site's own default: migrations are the same on every site.
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, receive signals, and patch the server."""
        register(check_settings)
        connect()
        patch_daphne()
        patch_servers()
        patch_uvicorn()
