"""Which database has what."""

from typing import Any

HOMES = {"databases": "boards", "sessions": "visits"}
"""Databases by app; that of all others is "people"."""


class Router:
    """Sends each app to its database, and reads boards from the replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """Return where a model is read."""
        home = self.db_for_write(model)
        return "replica" if home == "boards" else home

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """Return where a model is written."""
        return HOMES.get(model._meta.app_label, "people")

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        """Let objects of different databases refer to each other."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Return whether a database has tables of an app: of presence none has."""
        return app_label != "presence" and db == HOMES.get(app_label, "people")
