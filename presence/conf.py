"""The only reader of Django's settings: `PRESENCE`, one dictionary, documented in
docs/settings.md."""

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

NAME = "PRESENCE"
USUAL_PORTS = {"http": "80", "https": "443"}
RANGES = {
    "GRACE": (0, 300, "seconds"),
    "LEASE": (1, 300, "seconds"),
    "INTERVAL": (16, 1000, "milliseconds"),
    "TOKEN_AGE": (5, 3600, "seconds"),
    "REMOVED_FOR": (0, 31_536_000, "seconds"),
}

_ORIGIN = re.compile(r"(https?)://(?:[a-z0-9_.-]+|\[[0-9a-f:]+\])(?::([1-9]\d{0,4}))?")
"""An origin as browsers write it (RFC 6454, section 6.2): in small letters, and nothing after the
port."""


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
    EMBED_ORIGINS: tuple[str, ...] = ()
    TOKEN_AGE: float = 60.0
    METRICS_TOKEN: str = ""
    METRICS_NETWORKS: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    LOG_NAMES: bool = False
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
    return _checked(Settings(**_frozen(given)))


def _frozen(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with a tuple in place of each list: what is shared cannot change."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}


def _checked(read: Settings) -> Settings:
    for field in fields(Settings):
        _require_type(field.name, getattr(read, field.name), type(field.default))
    for name, (least, most, unit) in RANGES.items():
        value = getattr(read, name)
        if not least <= value <= most:
            raise ImproperlyConfigured(
                f"{NAME}[{name!r}] is {value!r}: it takes {least} to {most} {unit}."
            )
    if set("{}") & set(read.REDIS_PREFIX):
        raise ImproperlyConfigured(
            f"{NAME}['REDIS_PREFIX'] is {read.REDIS_PREFIX!r}: it takes no braces."
        )
    for origin in read.EMBED_ORIGINS:
        _require_origin(origin)
    for network in read.METRICS_NETWORKS:
        _require_network(network)
    return read


def _require_type(name: str, value: Any, kind: type) -> None:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (kind is not bool and isinstance(value, bool)):
        said = "a list" if kind is tuple else kind.__name__
        raise ImproperlyConfigured(f"{NAME}[{name!r}] must be {said}, not {value!r}.")


def _require_origin(origin: Any) -> None:
    """Check that a browser could send this as its Origin; no pattern, so that each is meant."""
    match = _ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    if match is None or match[2] == USUAL_PORTS[match[1]]:
        raise ImproperlyConfigured(
            f"{NAME}['EMBED_ORIGINS'] has {origin!r}: it takes origins as browsers send them, such "
            "as 'https://www.example.com', without a path, a usual port or an asterisk."
        )


def _require_network(network: Any) -> None:
    """Check that this is a network, all of whose host bits are 0: else more is meant than is
    said, or less."""
    try:
        ip_network(str(network))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{NAME}['METRICS_NETWORKS'] has {network!r}: it takes networks such as '10.0.0.0/8' "
            f"({error})."
        ) from error


@receiver(setting_changed)
def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == NAME:
        get_settings.cache_clear()
