"""The only reader of Django's settings: `PRESENCE`, one dictionary, documented in
docs/settings.md."""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

NAME = "PRESENCE"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a site can set, with the defaults. Names and meanings are docs/settings.md's."""

    ENABLED: bool = True
    BOARD_MODEL: str = ""
    AUTHORIZE: str = "presence.auth.ask_board"
    DISPLAY_NAME: str = "presence.auth.account_name"
    GRACE: float = 5.0
    INTERVAL: int = 33
    GUEST_COOKIE: str = "presence_guest"
    REDIS_URL: str = ""
    REDIS_PREFIX: str = "presence"
    CHANNEL_LAYER: str = "default"
    LEASE: float = 6.0
    REMOVED_FOR: float = 300.0


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the site's settings; `ImproperlyConfigured`, naming the setting, where one is
    wrong."""
    given = getattr(settings, NAME, {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"{NAME} must be a dictionary, not {given!r}.")
    known = {field.name for field in fields(Settings)}
    for name in given:
        if name not in known:
            raise ImproperlyConfigured(
                f"{NAME}[{name!r}] is not a setting. There are: {', '.join(sorted(known))}."
            )
    return _checked(Settings(**given))


def _checked(read: Settings) -> Settings:
    for field in fields(Settings):
        _require_type(field.name, getattr(read, field.name), type(field.default))
    if not 0 <= read.GRACE <= 300:
        raise ImproperlyConfigured(f"{NAME}['GRACE'] is {read.GRACE!r}: it takes 0 to 300 seconds.")
    if not 1 <= read.LEASE <= 300:
        raise ImproperlyConfigured(f"{NAME}['LEASE'] is {read.LEASE!r}: it takes 1 to 300 seconds.")
    if not 0 <= read.REMOVED_FOR <= 31_536_000:
        raise ImproperlyConfigured(
            f"{NAME}['REMOVED_FOR'] is {read.REMOVED_FOR!r}: it takes 0 to 31536000 seconds."
        )
    if set("{}") & set(read.REDIS_PREFIX):
        raise ImproperlyConfigured(
            f"{NAME}['REDIS_PREFIX'] is {read.REDIS_PREFIX!r}: it takes no braces."
        )
    if not 16 <= read.INTERVAL <= 1000:
        raise ImproperlyConfigured(
            f"{NAME}['INTERVAL'] is {read.INTERVAL!r}: it takes 16 to 1000 milliseconds."
        )
    return read


def _require_type(name: str, value: Any, kind: type) -> None:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (kind is not bool and isinstance(value, bool)):
        raise ImproperlyConfigured(f"{NAME}[{name!r}] must be {kind.__name__}, not {value!r}.")


@receiver(setting_changed)
def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == NAME:
        get_settings.cache_clear()
