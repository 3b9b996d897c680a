"""System checks: what would only show when the first visitor comes, said at start. Listed in
docs/checks.md."""

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from asgiref.sync import iscoroutinefunction
from channels.layers import InMemoryChannelLayer
from channels_redis.core import RedisChannelLayer
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.module_loading import import_string

from presence.auth import board_model
from presence.conf import get_settings

MIDDLEWARE = "presence.middleware.GuestMiddleware"
LAYER = "channels_redis.pubsub.RedisPubSubChannelLayer"
SCHEMES = ("redis://", "rediss://", "unix://")
DAPHNE = (4, 2, 2)
"""The first Daphne that limits the size of frames (CVE-2026-44545)."""


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check everything that `PRESENCE` and its surroundings can get wrong."""
    try:
        get_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/settings.md.", id="presence.E001")]
    return [
        *_check_model(),
        *_check_authorize(),
        *_check_display_name(),
        *_check_middleware(),
        *_check_redis(),
        *_check_origins(),
        *_check_daphne(),
    ]


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


def _check_redis() -> Iterable[CheckMessage]:
    """Check what `PRESENCE["REDIS_URL"]`, many processes, asks for; one process needs nothing."""
    url = get_settings().REDIS_URL
    if not url:
        return
    if not url.startswith(SCHEMES):
        # Not the URL itself: there may be a password in it.
        yield Error(
            "PRESENCE['REDIS_URL'] is not the URL of a Redis.",
            hint=f"It begins with {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}",
            id="presence.E008",
        )
    yield from _check_layer(get_settings().CHANNEL_LAYER)


def _check_layer(alias: str) -> Iterable[CheckMessage]:
    layers: dict[str, Any] = getattr(settings, "CHANNEL_LAYERS", {})
    backend = layers.get(alias, {}).get("BACKEND", "")
    try:
        layer = import_string(backend)
    except ImportError:
        layer = None
    if layer is None or issubclass(layer, InMemoryChannelLayer):
        yield Error(
            f"Processes cannot hear each other: CHANNEL_LAYERS[{alias!r}] is "
            f"{backend or 'not set'}, with PRESENCE['REDIS_URL'] set.",
            hint=f"Set its BACKEND to {LAYER!r}, and its hosts: docs/scaling.md.",
            id="presence.E009",
        )
    elif issubclass(layer, RedisChannelLayer):
        yield CheckWarning(
            f"{backend} sends a message once for each member of a group, and drops it in silence "
            "where a member has 100 unread.",
            hint=f"Set the BACKEND of CHANNEL_LAYERS[{alias!r}] to {LAYER!r}.",
            id="presence.W010",
        )


def _check_origins() -> Iterable[CheckMessage]:
    if settings.DEBUG:
        return
    for origin in get_settings().EMBED_ORIGINS:
        if origin.startswith("http://"):
            yield CheckWarning(
                f"Whoever is on the way can change pages of {origin}, which may embed boards.",
                hint="Name it in PRESENCE['EMBED_ORIGINS'] by https, and serve it by https.",
                id="presence.W012",
            )


def _check_daphne() -> Iterable[CheckMessage]:
    installed = _installed("daphne")
    if installed and numbers(installed) < DAPHNE:
        yield Error(
            f"Daphne {installed} takes WebSocket frames of any size, and any client can fill its "
            "memory (CVE-2026-44545).",
            hint=f'pip install "daphne>={".".join(map(str, DAPHNE))}"',
            id="presence.E011",
        )


def numbers(release: str) -> tuple[int, ...]:
    """Return the numbers a version begins with: (4, 2, 2) for "4.2.2" and for "4.2.2rc1"."""
    begin = re.match(r"\d+(?:\.\d+)*", release)
    return tuple(map(int, begin[0].split("."))) if begin else ()


def _installed(package: str) -> str:
    """Return the version of a package, "" where there is none: the site has another server."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
