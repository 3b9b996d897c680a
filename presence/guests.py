"""Who a visitor is, so that all their tabs count as one person (PROTOCOL.md, "Who counts as one
person").

An account comes first, then the guest's signed cookie, then the Django session. The cookie comes
before the session because a session may start, or change its key, between two tabs of one visit.

A guest gets the cookie with the handshake of a socket, not with a page: caches may keep pages, and
would hand the cookie to everybody.
"""

import secrets
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from time import time
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.signals import setting_changed
from django.core.signing import BadSignature, Signer
from django.db.models import Model
from django.dispatch import receiver
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from presence.conf import get_settings
from presence.server.people import Person
from presence.store.base import ACCOUNT, EMBEDDED

T = TypeVar("T")

COOKIE_SALT = "presence.guest"

GUEST = "presence.guest"
"""Key in a socket's scope of the guest id that its cookie has, once it is read."""

PREFIXES = (ACCOUNT, "guest:", "session:", EMBEDDED, "socket:")
"""What person keys begin with. A `socket:` is a guest whom nothing else tells apart."""


def new_guest() -> str:
    """Return a new guest id."""
    return secrets.token_urlsafe(12)


def sign_guest(guest: str) -> str:
    """Return a guest id with its signature, as the cookie holds it."""
    return Signer(salt=COOKIE_SALT).sign(guest)


def GuestMiddleware(get_response: T) -> T:  # noqa: N802 (MIDDLEWARE lists classes)
    """Does nothing. It set the cookie before sockets did, and MIDDLEWARE of a site may name it."""
    return get_response


def set_cookie(response: HttpResponseBase, guest: str) -> None:
    """Have a browser keep a guest id."""
    response.set_cookie(
        get_settings().GUEST_COOKIE,
        sign_guest(guest),
        max_age=get_settings().GUEST_COOKIE_AGE or None,  # None: until the browser is closed.
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def guest_cookie(guest: str) -> tuple[str, str]:
    """Return the value of a guest's cookie, and the header that sets it."""
    value = sign_guest(guest)
    name, attributes = _cookie_form(int(time() / 60))
    return value, f"{name}={value}; {attributes}"


@lru_cache(maxsize=1)
def _cookie_form(minute: int) -> tuple[str, str]:
    """Return name and attributes of the cookie. They hold for a minute, since the date on which it
    expires is one of them; Django takes longer to write them than to sign the cookie."""
    response = HttpResponse()
    set_cookie(response, "")
    (morsel,) = response.cookies.values()
    return morsel.key, morsel.OutputString().partition("; ")[2]


@receiver(setting_changed)
def _forget_cookie_form(**kwargs: Any) -> None:
    _cookie_form.cache_clear()


def read_guest(cookies: Mapping[str, str], *, earlier_keys: bool = True) -> str | None:
    """Return the guest id in the cookies, None without a valid one. Without `earlier_keys`, one
    that `SECRET_KEY_FALLBACKS` signed is not valid: the browser is to get it signed anew."""
    return read_signed(cookies.get(get_settings().GUEST_COOKIE), earlier_keys=earlier_keys)


def read_signed(value: str | None, *, earlier_keys: bool = True) -> str | None:
    """Return the guest id in a signed value, None where the signature is not valid."""
    if value is None:
        return None
    try:
        return Signer(salt=COOKIE_SALT, fallback_keys=None if earlier_keys else []).unsign(value)
    except BadSignature:
        return None


def person_of(user: Any, guest: str | None, session_key: str | None) -> str | None:
    """Return the key that all sockets of one person share, None where the visitor is unknown.
    `guest` is the guest id in their cookies. Guest ids and session keys are in it as digests
    only."""
    if user is not None and user.is_authenticated:
        return user_person(user)
    if guest is not None:
        return guest_person(guest)
    return session_person(session_key) if session_key else None


class NotAPerson(ValueError):
    """Something is no account; the message says what."""


def person_key(user: Any) -> str:
    """Return the key of somebody who is given as an account, its primary key, a `Person` or a key.
    Raises `NotAPerson` for anything else, such as a guest: `presence.api.people` has their keys."""
    if isinstance(user, Person):
        return user.key
    if isinstance(user, str) and user.startswith(PREFIXES):
        return str(user)
    if getattr(user, "is_anonymous", False):
        raise NotAPerson("a guest has no account: use the key that presence.api.people returns")
    account = get_user_model()
    if isinstance(user, Model):
        if not isinstance(user, account) or user.pk is None:
            raise NotAPerson(f"{user!r} is no saved object of {account._meta.label}")
        return user_person(user)
    if isinstance(user, bool | float):  # A field of numbers would take True for 1, and 3.7 for 3.
        raise NotAPerson(f"{user!r} is no primary key of {account._meta.label}")
    try:
        key = account._meta.pk.to_python(user)
    except ValidationError as error:
        raise NotAPerson(f"{user!r} is no primary key of {account._meta.label}") from error
    if key in (None, ""):
        raise NotAPerson(f"{user!r} names nobody")
    return f"{ACCOUNT}{key}"


def user_person(user: Any) -> str:
    """Return the person key of an account."""
    return f"{ACCOUNT}{user.pk}"


def guest_person(guest: str) -> str:
    """Return the person key of a guest id."""
    return f"guest:{_digest(guest)}"


def session_person(session_key: str) -> str:
    """Return the person key of a guest whom the Django session tells apart."""
    return f"session:{_digest(session_key)}"


def embedded_person(person: str) -> str:
    """Return the person key of somebody whom another system knows by this text."""
    return f"{EMBEDDED}{_digest(person)}"


def _digest(secret: str) -> str:
    return blake2b(secret.encode(), digest_size=12, person=b"presence").hexdigest()
