"""The names of accounts: what others see, and what no guest may be called."""

import logging
import re
import unicodedata
from collections.abc import Callable, Container, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from channels.db import database_sync_to_async
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.signals import setting_changed
from django.db.models import F
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from presence.conf import get_settings
from presence.guests import user_person
from presence.protocol.identity import anonymous_name, clean_name, look_of
from presence.recent import RecentAnswers
from presence.server.logs import OutageLog

logger = logging.getLogger(__name__)

MAX_ACCOUNTS = 20_000
"""Accounts whose names are kept from guests: those that signed in last. They take 5 MB in each
process, and 0.9 s of CPU in a thread to read."""

READ_EVERY = 300.0
"""Seconds until the names of accounts are read again. An account that this process saves is known
at once."""

PHONE_NUMBER = re.compile(r"[\d\s+()./-]{6,}")
"""A name of digits and what is written between them. Fewer of them may be a staff number."""

_naming = OutageLog(
    logger,
    "auth: %s failed, accounts have anonymous names",
    "auth: %s works again",
    calm=60.0,  # It may fail for some accounts, and not for others.
)

_keeping = OutageLog(
    logger, "auth: guests may have the name of a saved account", "auth: they may not any more"
)

_looks: set[str] = set()
"""The looks of the names of accounts, as last read, and of those that were saved since."""

_reads: RecentAnswers[None, set[str]] = RecentAnswers(READ_EVERY)


def account_name(user: Any) -> str:
    """Return a name of a user that is no e-mail address or phone number: the full name, else the
    short name, else the user name, else an anonymous name. The default of
    `PRESENCE["DISPLAY_NAME"]`."""
    ways = (getattr(user, way, None) for way in ("get_full_name", "get_short_name", "get_username"))
    for name in (_plain_text(way()) for way in ways if way is not None):
        if name and not is_private(name):
            return name
    return anonymous_name(user_person(user))


def is_private(name: str) -> bool:
    """Return whether a name is, or may have in it, an e-mail address or a phone number."""
    text = unicodedata.normalize("NFKC", name)
    return "@" in text or PHONE_NUMBER.fullmatch(text) is not None


def _plain_text(given: object) -> str:
    """Return a text, such as a lazy one, without white space around it; "" for anything else."""
    return str(given).strip() if isinstance(given, str | Promise) else ""


def visitor_name(user: Any) -> str | None:
    """Return a signed-in user's name, None for a guest. Where the site's function fails, or returns
    nothing that can be seen, it is an anonymous name."""
    if user is None or not user.is_authenticated:
        return None
    name = ""
    with _naming.attempt(get_settings().DISPLAY_NAME):
        given = import_string(get_settings().DISPLAY_NAME)(user)
        if given is not None and not isinstance(given, str | Promise):
            raise TypeError(f"it returned a {type(given).__qualname__}, which is no text")
        name = clean_name(_plain_text(given))
    return name or anonymous_name(user_person(user))


async def reserved_looks(in_thread: Callable[[], AbstractContextManager[None]]) -> Container[str]:
    """Return the looks that no guest's name may have: those of accounts' names, if the site forbids
    them. `in_thread` has a block's sync code run in a thread that may use the database."""
    if not _forbids():
        return frozenset()

    async def read() -> set[str]:
        with in_thread():
            await database_sync_to_async(_read_looks)()
        return _looks

    return await _reads.ask(None, read)


def _forbids() -> bool:
    return get_settings().FORBID_ACCOUNT_NAMES and apps.is_installed("django.contrib.auth")


def _read_looks() -> None:
    model = get_user_model()
    users = model._default_manager.all()
    if any(field.name == "last_login" for field in model._meta.get_fields()):
        users = users.order_by(F("last_login").desc(nulls_last=True))
    read = {look for user in users[:MAX_ACCOUNTS].iterator(500) for look in _looks_of(user)}
    if users[MAX_ACCOUNTS:].exists():
        _say_too_many()
    _looks.intersection_update(read)
    _looks.update(read)


@lru_cache(maxsize=1)
def _say_too_many() -> None:
    """Log once that guests may have the names of some accounts."""
    logger.warning(
        "auth: FORBID_ACCOUNT_NAMES keeps the names of %d accounts from guests, and there are more",
        MAX_ACCOUNTS,
    )


def _looks_of(user: Any) -> Iterator[str]:
    for way in ("get_full_name", "get_username"):
        name = clean_name(_plain_text(getattr(user, way, str)()))
        if name:
            yield look_of.__wrapped__(name)  # A cache of 20,000 names would forget all others.


@receiver(post_save)
def _keep_name(*, instance: Any, **kwargs: Any) -> None:
    # Before the first guest has come, there is nothing to add to.
    if _looks and isinstance(instance, get_user_model()):
        with _keeping.attempt():
            _looks.update(_looks_of(instance))


@receiver(setting_changed)
def _forget(**kwargs: Any) -> None:
    _reads.clear()
