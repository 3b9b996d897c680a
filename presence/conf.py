"""The only reader of Django's settings: `PRESENCE`, one dictionary, documented in
docs/settings.md."""

from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import ip_network
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
    METRICS_TOKEN: str = ""
    METRICS_NETWORKS: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    LOG_NAMES: bool = False


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
    if not 0 <= read.GRACE <= 300:
        raise ImproperlyConfigured(f"{NAME}['GRACE'] is {read.GRACE!r}: it takes 0 to 300 seconds.")
    if not 1 <= read.LEASE <= 300:
        raise ImproperlyConfigured(f"{NAME}['LEASE'] is {read.LEASE!r}: it takes 1 to 300 seconds.")
    if set("{}") & set(read.REDIS_PREFIX):
        raise ImproperlyConfigured(
            f"{NAME}['REDIS_PREFIX'] is {read.REDIS_PREFIX!r}: it takes no braces."
        )
    if not 16 <= read.INTERVAL <= 1000:
        raise ImproperlyConfigured(
            f"{NAME}['INTERVAL'] is {read.INTERVAL!r}: it takes 16 to 1000 milliseconds."
        )
    for network in read.METRICS_NETWORKS:
        _require_network(network)
    return read


def _require_type(name: str, value: Any, kind: type) -> None:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (kind is not bool and isinstance(value, bool)):
        said = "a list" if kind is tuple else kind.__name__
        raise ImproperlyConfigured(f"{NAME}[{name!r}] must be {said}, not {value!r}.")


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
