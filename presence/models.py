"""What staff may see and do, as permissions. presence has no table of its own, and no board model:
that is the site's."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Nothing(models.Manager[Any]):
    """Finds nothing without asking the database, which has no table to look into."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Return no rows."""
        return super().get_queryset().none()


class Overview(models.Model):
    """The admin's page of all boards. Django ties permissions to a model; this one has no rows."""

    objects = Nothing()

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
