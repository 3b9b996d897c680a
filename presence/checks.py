"""The system checks, which find wrong settings before a visitor does. docs/checks.md lists them."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from inspect import getattr_static
from typing import Any

from asgiref.sync import iscoroutinefunction
from channels.layers import InMemoryChannelLayer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels_redis.core import RedisChannelLayer
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.management import get_commands
from django.db.models import CompositePrimaryKey, EmailField
from django.urls import NoReverseMatch, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

from presence.boards import board_models, model_of
from presence.conf import LEVELS, Settings, get_settings
from presence.protocol.identity import Privacy
from presence.runtime import serving, several_processes
from presence.store.redis.urls import parse_redis_url

LAYER = "channels_redis.pubsub.RedisPubSubChannelLayer"
DAPHNE = (4, 2, 2)
"""The first Daphne that limits the size of frames (CVE-2026-44545)."""

DJANGOS_OWN = ("django.core", "django.contrib.staticfiles")
"""Apps whose `runserver` serves no WebSockets."""

COUNTS = "presence:counts"
RULE, PRIVACY = "presence_decision", "presence_privacy"

LOADING = (["check"], ["runserver"])
"""Commands that load the ASGI application to check it. For others it may do what they do not
expect, such as starting a thread."""


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check `PRESENCE` and the settings of Django that it depends on."""
    try:
        given = get_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/settings.md.", id="presence.E001")]
    checks = (
        _check_boards,
        _check_rooms,
        _check_authorize,
        _check_display_name,
        _check_avatar,
        _check_privacy,
        _check_redis,
        _check_origins,
        _check_daphne,
        _check_processes,
        _check_urls,
        _check_runserver,
        _check_asgi,
    )
    return [message for check in checks for message in check(given)]


def _check_boards(given: Settings) -> Iterator[CheckMessage]:
    try:
        models = board_models()
    except ImproperlyConfigured as error:
        names = {label.rpartition(".")[2].lower() for label in given.board_labels}
        like = [m._meta.label for m in apps.get_models() if m._meta.model_name in names]
        there = f" Of these names there are: {', '.join(like)}." if like else ""
        yield Error(str(error), hint=f"Name the models of your boards.{there}", id="presence.E002")
        return
    for model in models:
        if isinstance(model._meta.pk, CompositePrimaryKey):
            yield Error(
                f"{model._meta.label} in PRESENCE['BOARDS'] has a composite primary key, which no "
                "URL of a board can name.",
                hint="Use a named room for each object, with a rule in PRESENCE['AUTHORIZE'].",
                id="presence.E013",
            )
        for child in apps.get_models() if given.AUTHORIZE == Settings().AUTHORIZE else ():
            rule, asked = (getattr_static(each, RULE, None) for each in (child, model))
            if model_of(child) is model and rule is not asked:
                yield CheckWarning(
                    f"{RULE} of {child._meta.label} is never asked: its objects are "
                    f"boards as {model._meta.label}, by whose rule visitors come in.",
                    hint=f"Name {child._meta.label} in PRESENCE['BOARDS'], too.",
                    id="presence.W028",
                )


def _check_rooms(given: Settings) -> Iterator[CheckMessage]:
    open_to_all = given.GUESTS and given.AUTHORIZE == Settings().AUTHORIZE
    if open_to_all and "*" in given.ROOMS and not settings.DEBUG:
        yield CheckWarning(
            "Guests may open rooms of any name, and each has a history of 30 days.",
            hint="Name the rooms of your site in PRESENCE['ROOMS'], such as ['lobby', 'team-*'], "
            "or [] where it has none.",
            id="presence.W029",
        )


def _check_authorize(given: Settings) -> Iterator[CheckMessage]:
    try:
        authorize = import_string(given.AUTHORIZE)
    except ImportError as error:
        yield Error(
            f"PRESENCE['AUTHORIZE'] cannot be imported: {error}",
            hint="Set it to the dotted path of `async def authorize(user, board) -> Decision`.",
            id="presence.E004",
        )
        return
    # An object with an async `__call__` will do.
    if not iscoroutinefunction(authorize) and not iscoroutinefunction(type(authorize).__call__):
        yield Error(
            f"PRESENCE['AUTHORIZE'], {given.AUTHORIZE}, is not an async function.",
            hint="Write it as `async def authorize(user, board) -> Decision`.",
            id="presence.E005",
        )


def _check_display_name(given: Settings) -> Iterator[CheckMessage]:
    problem = _problem_of_function(given.DISPLAY_NAME)
    if problem:
        yield Error(
            f"PRESENCE['DISPLAY_NAME'] {problem}",
            hint="Set it to the dotted path of `def display_name(user) -> str`.",
            id="presence.E006",
        )
    elif given.DISPLAY_NAME == Settings().DISPLAY_NAME and _user_names_are_addresses():
        yield CheckWarning(
            "Accounts have an e-mail address as their user name, which presence shows to nobody: "
            "those without a full name appear under a made-up one, such as 'Happy Dolphin'.",
            hint="Set PRESENCE['DISPLAY_NAME'] to the dotted path of a function that returns the "
            "name that others may see.",
            id="presence.W021",
        )


def _check_avatar(given: Settings) -> Iterator[CheckMessage]:
    problem = _problem_of_function(given.AVATAR, may_be_async=True) if given.AVATAR else ""
    if problem:
        yield Error(
            f"PRESENCE['AVATAR'] {problem}",
            hint="Set it to the dotted path of `def avatar(user) -> str | None`, or leave it out.",
            id="presence.E032",
        )
    if given.AVATAR_HOSTS and not given.AVATAR:
        yield CheckWarning(
            "PRESENCE['AVATAR_HOSTS'] is set, but not PRESENCE['AVATAR']: nobody has a picture.",
            hint="Set AVATAR to the dotted path of `def avatar(user) -> str | None`.",
            id="presence.W033",
        )


def _problem_of_function(path: str, *, may_be_async: bool = False) -> str:
    """Return why a dotted path is not that of a sync function, or of any, "" where it is."""
    try:
        function = import_string(path)
    except ImportError as error:
        return f"cannot be imported: {error}"
    usable = callable(function) and (may_be_async or not iscoroutinefunction(function))
    kind = "function" if may_be_async else "sync function"
    return "" if usable else f"is {path}, which is no {kind}."


def _user_names_are_addresses() -> bool:
    if not apps.is_installed("django.contrib.auth"):
        return False
    try:
        users = get_user_model()
    except ImproperlyConfigured:  # Django's own checks say so.
        return False
    field = users._meta.get_field(users.USERNAME_FIELD)
    return isinstance(field, EmailField) or "email" in field.name


def _check_privacy(given: Settings) -> Iterator[CheckMessage]:
    if "." in given.PRIVACY:
        problem = _problem_of_function(given.PRIVACY)
        if problem:
            yield Error(
                f"PRESENCE['PRIVACY'] {problem}",
                hint=f"Set it to {LEVELS}, or to the dotted path of `def privacy(board) -> str`.",
                id="presence.E030",
            )
    try:
        models = board_models()
    except ImproperlyConfigured:  # `_check_boards` says so.
        return
    for model in models:
        rule = getattr_static(model, PRIVACY, None)
        # What each object has, such as a field or a property, is known when it is asked.
        constant = isinstance(rule, str) and rule not in ("", *Privacy)
        if constant or iscoroutinefunction(rule):
            yield Error(
                f"{PRIVACY} of {model._meta.label} is {rule!r}, which is no level of privacy and "
                "no sync method.",
                hint=f"It is {LEVELS}, or a field, property or method that has one of them.",
                id="presence.E031",
            )


def _check_redis(given: Settings) -> Iterator[CheckMessage]:
    if not given.REDIS_URL:
        return
    try:
        parse_redis_url(given.REDIS_URL)
    except ValueError as error:
        yield Error(
            f"PRESENCE['REDIS_URL'] is not the URL of a Redis: {error}.",
            hint="docs/scaling.md spells them out.",
            id="presence.E008",
        )
    alias = given.CHANNEL_LAYER
    layers: dict[str, Any] = getattr(settings, "CHANNEL_LAYERS", {})
    backend = layers.get(alias, {}).get("BACKEND", "")
    try:
        layer = import_string(backend)
    except ImportError:
        layer = None
    if layer is None or issubclass(layer, InMemoryChannelLayer):
        yield Error(
            f"Processes cannot reach each other: PRESENCE['REDIS_URL'] is set, but "
            f"CHANNEL_LAYERS[{alias!r}] is {backend or 'not set'}.",
            hint=f"Set its BACKEND to {LAYER!r}, and its hosts: docs/scaling.md.",
            id="presence.E009",
        )
    elif issubclass(layer, RedisChannelLayer):
        yield CheckWarning(
            f"{backend} sends a message to each member of a group by itself, and silently drops it "
            "for a member with 100 unread messages.",
            hint=f"Set the BACKEND of CHANNEL_LAYERS[{alias!r}] to {LAYER!r}.",
            id="presence.W010",
        )


def _check_origins(given: Settings) -> Iterator[CheckMessage]:
    for origin in () if settings.DEBUG else given.EMBED_ORIGINS:
        if origin.startswith("http://"):
            yield CheckWarning(
                f"Anybody on the network path can change the pages of {origin}, "
                "which PRESENCE['EMBED_ORIGINS'] lets embed boards.",
                hint="Serve them by https, and name the origin with https.",
                id="presence.W012",
            )


def _check_daphne(given: Settings) -> Iterator[CheckMessage]:
    try:
        installed = version("daphne")
    except PackageNotFoundError:  # The site has another server.
        return
    numbers = tuple(map(int, re.findall(r"\d+", installed)[:3]))
    if numbers < DAPHNE:
        yield Error(
            f"Daphne {installed} accepts WebSocket frames of any size, so that any client can fill "
            "its memory (CVE-2026-44545).",
            hint=f'pip install "daphne>={".".join(map(str, DAPHNE))}"',
            id="presence.E011",
        )


def _check_processes(given: Settings) -> Iterator[CheckMessage]:
    problem = several_processes()
    if problem:
        yield CheckWarning(
            f"{problem}.",
            hint="Run one process, or let them share a Redis: docs/scaling.md.",
            id="presence.W016",
        )


def _check_urls(given: Settings) -> Iterator[CheckMessage]:
    try:
        reached = reaches_urls()
    except NoReverseMatch:
        yield CheckWarning(
            "The URLs of presence are not included: pages show no counts, pages of other origins "
            "get no tokens, and nobody can download a history.",
            hint='Add path("", include("presence.urls")) to the URLs of the site.',
            id="presence.W022",
        )
        return
    except Exception:  # noqa: BLE001 (Django's own checks say what is wrong with the site's URLs)
        return
    if not reached:
        yield CheckWarning(
            "The URLs of presence are not reached: another pattern of the site's URLs, which comes "
            f"before them, matches {reverse(COUNTS)}. So pages show no counts.",
            hint='Put path("", include("presence.urls")) before a pattern that matches any path.',
            id="presence.W027",
        )


def reaches_urls() -> bool:
    """Return whether the URLs of presence lead to it. They do not where a pattern before them
    matches any path, as a CMS or a single-page application has it. Raises `NoReverseMatch` where
    they are not included."""
    path = reverse(COUNTS)[len(get_script_prefix()) - 1 :]
    return "presence" in resolve(path).app_names


def _check_runserver(given: Settings) -> Iterator[CheckMessage]:
    owner = get_commands().get("runserver")
    if settings.DEBUG and owner in DJANGOS_OWN:
        yield CheckWarning(
            f"`manage.py runserver` is that of {owner}, which serves no WebSockets.",
            hint='Put "daphne" first in INSTALLED_APPS, or run another ASGI server.',
            id="presence.W023",
        )


def _check_asgi(given: Settings) -> Iterator[CheckMessage]:
    if sys.argv[1:2] not in LOADING:
        return
    name = getattr(settings, "ASGI_APPLICATION", None)
    if not name:
        yield CheckWarning(
            "ASGI_APPLICATION is not set: runserver serves no WebSockets, and nothing checks "
            "whether sockets reach presence.",
            hint='Set it to the application of asgi.py, such as "mysite.asgi.application".',
            id="presence.W024",
        )
        return
    try:
        application = import_string(name)
    except Exception as error:  # noqa: BLE001 (the site's own code)
        yield Error(
            f"ASGI_APPLICATION, {name}, cannot be loaded: {error!r}",
            hint="Write it with a dot, as Django does: " + name.replace(":", ".")
            if ":" in name
            else "Until it can, the site serves no page and no socket.",
            id="presence.E025",
        )
        return
    if not serving.is_set() or not _finds(application, "ws/presence/lobby/"):
        yield Error(
            f"Sockets at /ws/presence/ do not reach presence: ASGI_APPLICATION, {name}, has no "
            "route for them.",
            hint="In asgi.py, after `from presence.routing import with_presence`: "
            "application = with_presence(application)",
            id="presence.E026",
        )


def _finds(application: Any, path: str) -> bool:
    """Return whether a socket's path leads somewhere. True where an application does not tell."""
    if isinstance(application, ProtocolTypeRouter):
        sockets = application.application_mapping.get("websocket")
        return sockets is not None and _finds(sockets, path)
    if isinstance(application, URLRouter):
        found = ((route.callback, route.pattern.match(path)) for route in application.routes)
        return any(match and _finds(callback, match[0]) for callback, match in found)
    for name in ("_application", "application", "inner"):  # of presence's and Channels' wrappers
        if hasattr(application, name):
            return _finds(getattr(application, name), path)
    return not isinstance(application, ASGIHandler)
