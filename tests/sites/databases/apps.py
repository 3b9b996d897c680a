"""Receives a signal of presence, and writes."""

from typing import Any

from django.apps import AppConfig, apps

from presence.signals import person_joined


class DatabasesConfig(AppConfig):
    """Makes a draft of whoever joins."""

    name = "tests.sites.databases"

    def ready(self) -> None:
        """Connect the receiver."""
        person_joined.connect(_note)


def _note(*, name: str, **kwargs: Any) -> None:
    apps.get_model("databases.Draft").objects.create(title=name)
