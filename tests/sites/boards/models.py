"""Boards with keys of any kind."""

import uuid

from django.db import models


class Article(models.Model):
    """Has a number as its key."""

    title = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.title


class Guide(Article):
    """A child, whose key is a link to its parent."""


class Chapter(models.Model):
    """Has a text as its key."""

    slug = models.CharField(primary_key=True, max_length=50)

    def __str__(self) -> str:
        return f"Chapter {self.slug}"


class Drawing(models.Model):
    """Has a UUID as its key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.title


class Sheet(Drawing):
    """A child that is a board because its parent is."""
