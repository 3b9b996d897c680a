"""Who a visitor is, so that their tabs count as one person (PROTOCOL.md, "Who counts as one
person").

An account; else the signed cookie that `GuestMiddleware` sets for the embedding tag; else the
Django session; else nobody anyone knows. The cookie comes before the session because a session may
begin, or get a new key, between two tabs of one visit.
"""

import secrets
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from django.core.signing import BadSignature, Signer

from presence.conf import get_settings

SALT = "presence.guest"


def new_guest() -> str:
    """Return an id for a guest nobody has seen before."""
    return secrets.token_urlsafe(12)


def sign_guest(guest: str) -> str:
    """Return the cookie's value for a guest's id."""
    return Signer(salt=SALT).sign(guest)


def read_guest(cookies: Mapping[str, str]) -> str | None:
    """Return the guest's id from their cookies, None where there is none or it is not ours."""
    return read_signed(cookies.get(get_settings().GUEST_COOKIE))


def read_signed(value: str | None) -> str | None:
    """Return the guest's id that was signed, None where there is none or it is not ours."""
    if value is None:
        return None
    try:
        return Signer(salt=SALT).unsign(value)
    except BadSignature:
        return None


def person_of(user: Any, cookies: Mapping[str, str], session_key: str | None) -> str | None:
    """Return the key that all sockets of one person share, or None where nothing says who this is.

    It names an account by its primary key; of a guest's id and of a session's key it holds only a
    digest.
    """
    if user is not None and user.is_authenticated:
        return user_person(user)
    guest = read_guest(cookies)
    if guest is not None:
        return guest_person(guest)
    return f"session:{_digest(session_key)}" if session_key else None


def user_person(user: Any) -> str:
    """Return the key of the person who has an account."""
    return f"user:{user.pk}"


def embedded_person(person: str) -> str:
    """Return the key of a person whom another system knows by this text."""
    return f"embedded:{_digest(person)}"


def guest_person(guest: str) -> str:
    """Return the key of the person that a guest's id stands for."""
    return f"guest:{_digest(guest)}"


def _digest(secret: str) -> str:
    return blake2b(secret.encode(), digest_size=12, person=b"presence").hexdigest()
