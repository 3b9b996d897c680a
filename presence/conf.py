"""The one reader of Django's settings: the dictionary `PRESENCE`, described in docs/settings.md."""

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

from presence.protocol.identity import Privacy
from presence.server.addresses import UNIX

NAME = "PRESENCE"
RANGES = {
    "GRACE": (0, 300, "seconds"),
    "RELOAD_GRACE": (0, 60, "seconds"),
    "LEASE": (1, 300, "seconds"),
    "INTERVAL": (16, 1000, "milliseconds"),
    "TOKEN_AGE": (5, 3600, "seconds"),
    "RECHECK_EVERY": (2, 86_400, "seconds"),
    "REMOVED_FOR": (0, 31_536_000, "seconds"),
    "HANDSHAKE_WITHIN": (0, 3600, "seconds"),
    "GUEST_COOKIE_AGE": (0, 34_560_000, "seconds"),
    "MAX_SOCKETS": (0, 1_000_000, "sockets"),
    "MAX_BOARD_SOCKETS": (0, 1_000_000, "sockets"),
    "MAX_PERSON_SOCKETS": (0, 1_000_000, "sockets"),
    "MAX_ADDRESS_SOCKETS": (0, 1_000_000, "sockets"),
    "MAX_ADDRESS_JOINS": (0, 1_000_000, "joins a minute"),
    "MAX_HANDSHAKES": (0, 1_000_000, "sockets"),
}
LEVELS = ", ".join(repr(level.value) for level in Privacy)
DEFAULT_PORTS = {"http": "80", "https": "443"}
ORIGIN = re.compile(r"(https?)://(?:[a-z0-9_.-]+|\[[0-9a-f:]+\])(?::([1-9]\d{0,4}))?")
"""An origin as browsers send it: lower case, and nothing after the port (RFC 6454, section 6.2)."""

HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[1-9]\d{0,4})?")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults, described in docs/settings.md."""

    ENABLED: bool = True
    BOARDS: tuple[str, ...] = ()
    BOARD_MODEL: str = ""
    GUESTS: bool = False
    AUTHORIZE: str = "presence.auth.ask_board"
    DISPLAY_NAME: str = "presence.auth.account_name"
    AVATAR: str = ""
    AVATAR_HOSTS: tuple[str, ...] = ()
    GRACE: float = 5.0
    RELOAD_GRACE: float = 3.0
    INTERVAL: int = 17
    FAST_PATH: bool = True
    GUEST_COOKIE: str = "presence_guest"
    GUEST_COOKIE_AGE: int = 31_536_000
    PRIVACY: str = "full"
    FORBID_ACCOUNT_NAMES: bool = False
    REDIS_URL: str = ""
    REDIS_PREFIX: str = "presence"
    CHANNEL_LAYER: str = "default"
    LEASE: float = 6.0
    EMBED_ORIGINS: tuple[str, ...] = ()
    TOKEN_AGE: float = 60.0
    METRICS_TOKEN: str = ""
    METRICS_NETWORKS: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    LOG_NAMES: bool = False
    RECHECK_EVERY: float = 60.0
    REMOVED_FOR: float = 300.0
    TRUSTED_PROXIES: tuple[str, ...] = ()
    MAX_SOCKETS: int = 20_000
    MAX_BOARD_SOCKETS: int = 10_000
    MAX_PERSON_SOCKETS: int = 200
    MAX_ADDRESS_SOCKETS: int = 2_000
    MAX_ADDRESS_JOINS: int = 3_000
    MAX_HANDSHAKES: int = 2_000
    HANDSHAKE_WITHIN: float = 20.0
    ROOMS: tuple[str, ...] = ("*",)

    @property
    def board_labels(self) -> tuple[str, ...]:
        """The labels of the models of boards, from `BOARDS` or from `BOARD_MODEL`."""
        return self.BOARDS or ((self.BOARD_MODEL,) if self.BOARD_MODEL else ())


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the site's settings. `ImproperlyConfigured` names the setting that is wrong."""
    given = getattr(settings, NAME, {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"{NAME} must be a dictionary, not {given!r}.")
    names = {field.name for field in fields(Settings)}
    for name in given.keys() - names:
        known = ", ".join(sorted(names))
        raise ImproperlyConfigured(f"{NAME}[{name!r}] is not a setting. The settings are: {known}.")
    # Tuples for lists: what was checked cannot change afterwards.
    frozen: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in given.items()}
    result = Settings(**frozen)
    _check_types(result)
    _check_values(result)
    _check_boards(result)
    return result


def _check_types(given: Settings) -> None:
    for field in fields(Settings):
        value, expected = getattr(given, field.name), type(field.default)
        allowed = (int, float) if expected is float else expected
        # To Python True is an int.
        if not isinstance(value, allowed) or (isinstance(value, bool) and expected is not bool):
            kind = "a list" if expected is tuple else expected.__name__
            raise ImproperlyConfigured(f"{NAME}[{field.name!r}] must be {kind}, not {value!r}.")


def _check_values(given: Settings) -> None:
    for name, (least, most, unit) in RANGES.items():
        if not least <= (value := getattr(given, name)) <= most:
            raise ImproperlyConfigured(
                f"{NAME}[{name!r}] is {value!r}: it takes {least} to {most} {unit}."
            )
    if "." not in given.PRIVACY and given.PRIVACY not in [*Privacy]:
        raise ImproperlyConfigured(
            f"{NAME}['PRIVACY'] is {given.PRIVACY!r}: it takes {LEVELS}, or the dotted path of "
            "`def privacy(board) -> str`."
        )
    if set("{}") & set(given.REDIS_PREFIX):
        raise ImproperlyConfigured(
            f"{NAME}['REDIS_PREFIX'] is {given.REDIS_PREFIX!r}: it takes no braces."
        )
    for origin in given.EMBED_ORIGINS:
        match = ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
        if match is None or match[2] == DEFAULT_PORTS[match[1]]:
            raise ImproperlyConfigured(
                f"{NAME}['EMBED_ORIGINS'] has {origin!r}: it takes origins as browsers send them, "
                "such as 'https://www.example.com', without a path, a default port or an asterisk."
            )
    for host in given.AVATAR_HOSTS:
        if not isinstance(host, str) or not HOST.fullmatch(host.removeprefix(".")):
            raise ImproperlyConfigured(
                f"{NAME}['AVATAR_HOSTS'] has {host!r}: it takes hosts such as 'cdn.example.com', "
                "with a port if it is not the default one, and '.example.com' for all of a domain."
            )
    _check_networks("METRICS_NETWORKS", given.METRICS_NETWORKS)
    _check_networks("TRUSTED_PROXIES", [each for each in given.TRUSTED_PROXIES if each != UNIX])


def _check_networks(name: str, networks: Collection[str]) -> None:
    for network in networks:
        try:
            ip_network(str(network))  # strict: an address with host bits is refused
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{NAME}[{name!r}] has {network!r}: it takes networks such as "
                f"'10.0.0.0/8' ({error})."
            ) from error


def _check_boards(given: Settings) -> None:
    for pattern in given.ROOMS:
        if not isinstance(pattern, str):
            raise ImproperlyConfigured(
                f"{NAME}['ROOMS'] has {pattern!r}: it takes names such as 'lobby', and patterns "
                "such as 'lobby-*'."
            )
    for label in given.BOARDS:
        if not isinstance(label, str):
            raise ImproperlyConfigured(
                f"{NAME}['BOARDS'] has {label!r}: it takes models as 'app_label.Model'."
            )
    labels = [label.lower() for label in given.board_labels]
    if given.BOARD_MODEL and given.BOARD_MODEL.lower() not in labels:
        raise ImproperlyConfigured(
            f"{NAME}['BOARD_MODEL'] is {given.BOARD_MODEL!r}, which {NAME}['BOARDS'] lacks: "
            "name all models in BOARDS, and leave BOARD_MODEL out."
        )


@receiver(setting_changed)
def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == NAME:
        get_settings.cache_clear()
