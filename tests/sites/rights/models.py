"""Plans, of which each can ask for a right of its own kind."""

from typing import Any

from django.contrib.auth.models import User
from django.db import models

from presence.auth import Decision


class Plan(models.Model):
    """Is for accounts, and for guests while it is `open`; for nobody once it is `closed`; for staff
    with `needs_permission`, and with `for_members` for its members."""

    title = models.CharField(max_length=50)
    open = models.BooleanField(default=True)
    closed = models.BooleanField(default=False)
    needs_permission = models.BooleanField(default=False)
    for_members = models.BooleanField(default=False)
    members = models.ManyToManyField(User)

    def __str__(self) -> str:
        return self.title

    def presence_decision(self, user: Any) -> Decision:
        """Decide by what the plan asks for."""
        if not user.is_authenticated:
            return Decision.ALLOW if self.open else Decision.SIGN_IN
        banned = self.closed or Ban.objects.filter(user=user).exists()
        if self.for_members:
            banned = banned or not self.members.filter(pk=user.pk).exists()
        if self.needs_permission:
            banned = banned or not user.has_perm("rights.view_plan")
        return Decision.FORBID if banned else Decision.ALLOW


class Ban(models.Model):
    """Keeps an account off all plans."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return str(self.user)
