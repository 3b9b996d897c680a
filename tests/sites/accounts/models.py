"""Two models of users, of which a site has one."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models


class Member(AbstractUser):
    """Signs in with an e-mail address, and has a UUID as its key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    username = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []


class Player(AbstractBaseUser):
    """Has a text as its key, no other name, and no permissions."""

    handle = models.CharField(primary_key=True, max_length=50)

    objects = BaseUserManager["Player"]()

    USERNAME_FIELD = "handle"
