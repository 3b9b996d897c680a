"""The permissions of staff. presence has no table of its own; the board model is the site's."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class NoRows(models.Manager[Any]):
    """Returns no rows without a query, as there is no table."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Return an empty queryset."""
        return super().get_queryset().none()


class Overview(models.Model):
    """The admin's page of all boards. It has no rows; Django ties permissions to models."""

    objects = NoRows()

    class Meta:
        managed = False
        base_manager_name = "objects"
        verbose_name = verbose_name_plural = _("overview")
        default_permissions = ("view",)
        permissions = (
            ("remove_person", _("Can remove people from boards")),
            ("close_board", _("Can close boards to newcomers")),
            ("reconnect_board", _("Can have everybody on a board reconnect")),
        )
