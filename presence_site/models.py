from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from presence.auth import Decision

Person = AbstractBaseUser | AnonymousUser

FRACTION = (MinValueValidator(0.0), MaxValueValidator(1.0))


class Board(models.Model):
    """A surface that people put sticky notes on. Its id is the board in presence's URL."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="boards",
    )
    open_to_guests = models.BooleanField(
        default=False,
        help_text="People who are not signed in may see this board and change its notes.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "id")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("board", args=[self.pk])

    def presence_decision(self, user: Person) -> Decision:
        """Decide whether `user` may open the board: its page, and presence on it."""
        if self.open_to_guests and not user.is_authenticated:
            return Decision.ALLOW
        if not user.is_authenticated:
            return Decision.SIGN_IN
        return Decision.ALLOW if user.is_active else Decision.FORBID

    def managed_by(self, user: Person) -> bool:
        """Return whether `user` may rename and delete the board, as its owner and staff may."""
        if not (user.is_authenticated and user.is_active):
            return False
        return bool(getattr(user, "is_staff", False)) or self.owner_id == user.pk


class Paper(models.TextChoices):
    """The colours that notes come in."""

    YELLOW = "yellow", "Yellow"
    PINK = "pink", "Pink"
    BLUE = "blue", "Blue"
    GREEN = "green", "Green"
    ORANGE = "orange", "Orange"
    VIOLET = "violet", "Violet"


class Note(models.Model):
    """A sticky note. `x` and `y` are its top left corner in fractions 0..1 of the surface."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="notes")
    text = models.CharField(max_length=500)
    x = models.FloatField(validators=FRACTION)
    y = models.FloatField(validators=FRACTION)
    color = models.CharField(max_length=10, choices=Paper, default=Paper.YELLOW)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(x__gte=0, x__lte=1), name="note_x_on_surface"),
            models.CheckConstraint(condition=Q(y__gte=0, y__lte=1), name="note_y_on_surface"),
            models.CheckConstraint(condition=Q(color__in=Paper.values), name="note_color_known"),
        )

    def __str__(self) -> str:
        return self.text[:40]
