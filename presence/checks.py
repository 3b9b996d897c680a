"""System checks: what would only show when the first visitor comes, said at start. Listed in
docs/checks.md."""

from collections.abc import Iterable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.module_loading import import_string

from presence.auth import board_model
from presence.conf import get_settings

MIDDLEWARE = "presence.middleware.GuestMiddleware"


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check everything that `PRESENCE` and its surroundings can get wrong."""
    try:
        get_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/settings.md.", id="presence.E001")]
    return [*_check_model(), *_check_authorize(), *_check_display_name(), *_check_middleware()]


def _check_model() -> Iterable[CheckMessage]:
    try:
        model = board_model()
    except ImproperlyConfigured as error:
        yield Error(str(error), hint="Set it to your boards' model.", id="presence.E002")
        return
    if not isinstance(model._meta.pk, models.UUIDField):
        yield Error(
            f"The board model {model._meta.label} has no UUID as its primary key.",
            hint="Give it `id = models.UUIDField(primary_key=True, default=uuid.uuid4)`.",
            id="presence.E003",
        )


def _check_authorize() -> Iterable[CheckMessage]:
    path = get_settings().AUTHORIZE
    try:
        authorize = import_string(path)
    except ImportError as error:
        yield Error(
            f"PRESENCE['AUTHORIZE'] cannot be imported: {error}",
            hint="It takes the dotted path of `async def authorize(user, board) -> Decision`.",
            id="presence.E004",
        )
        return
    # The callable may be an object, whose `__call__` is what is async.
    if not iscoroutinefunction(authorize) and not iscoroutinefunction(type(authorize).__call__):
        yield Error(
            f"PRESENCE['AUTHORIZE'], {path}, is not an async function.",
            hint="Write it as `async def authorize(user, board) -> Decision`.",
            id="presence.E005",
        )


def _check_display_name() -> Iterable[CheckMessage]:
    try:
        import_string(get_settings().DISPLAY_NAME)
    except ImportError as error:
        yield Error(
            f"PRESENCE['DISPLAY_NAME'] cannot be imported: {error}",
            hint="It takes the dotted path of `def display_name(user) -> str`.",
            id="presence.E006",
        )


def _check_middleware() -> Iterable[CheckMessage]:
    if MIDDLEWARE not in settings.MIDDLEWARE:
        yield CheckWarning(
            "Guests without a session are counted once for each of their tabs.",
            hint=f"Add {MIDDLEWARE!r} to MIDDLEWARE.",
            id="presence.W007",
        )
