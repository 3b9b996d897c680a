"""The players' own way to sign in."""

from typing import Any

from django.contrib.auth.backends import BaseBackend

from tests.sites.accounts.models import Player


class ByHandle(BaseBackend):
    """Finds players."""

    def get_user(self, user_id: Any) -> Player | None:
        """Return the player of a session."""
        return Player.objects.filter(handle=user_id).first()
