"""Boards that ask the database of accounts who may join."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import models

from presence.auth import Decision


def _decide(user: Any) -> Decision:
    known = User.objects.filter(pk=user.pk).exists()
    return Decision.ALLOW if known else Decision.SIGN_IN


class Plan(models.Model):
    """Decides in a thread."""

    title = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.title

    def presence_decision(self, user: Any) -> Decision:
        """Let accounts in."""
        return _decide(user)


class Draft(models.Model):
    """Decides on the event loop."""

    title = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.title

    async def presence_decision(self, user: Any) -> Decision:
        """Let accounts in."""
        return await sync_to_async(_decide)(user)
