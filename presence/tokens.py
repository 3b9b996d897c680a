"""Short-lived signed tokens: by them a page that carries no cookie of the site comes onto a board.

A token is good for one board, from the pages of one origin, as one person, for
`PRESENCE["TOKEN_AGE"]` seconds: the time between a page's asking and its connecting. PROTOCOL.md,
"Tokens", says how it travels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from presence.conf import get_settings
from presence.guests import embedded_person, user_person
from presence.protocol.errors import Forbidden, SignInRequired
from presence.protocol.identity import clean_name

SALT = "presence.token"
PREFIX = "presence.token."
"""What the subprotocol that carries a token begins with."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says. `account` is the primary key of a user, or None where `person` is nobody
    with an account; `name` is what they are called, "" to leave it to the page."""

    board: UUID
    origin: str
    person: str
    account: str | None = None
    name: str = ""


def issue(board: Any, *, origin: str, user: Any = None, person: str = "", name: str = "") -> str:
    """Return a token with which a page of `origin` may come onto a board, soon.

    `board` is a board, its UUID, or that as text. For a `user` of the site the rules are asked
    again when the token is used. A `person` is any text that is always the same for somebody, such
    as their id in another system: for them the token is the permission, so ask before you issue
    it. `name` is what that person is called; a user goes by the account's name. Raises `ValueError`
    where there is not exactly one of `user` and `person`.
    """
    if (user is None) == (not person):
        raise ValueError("A token is for a user or for a person: give one of them.")
    if user is not None and not user.is_authenticated:
        raise ValueError("A token for a guest takes a person of your own, not an anonymous user.")
    key = embedded_person(person) if user is None else user_person(user)
    account = None if user is None else str(user.pk)
    uuid = UUID(str(getattr(board, "pk", board)))
    return sign(Grant(uuid, origin, key, account, clean_name(name)))


def sign(grant: Grant) -> str:
    """Return the token that says this, made of characters that a subprotocol may have (RFC 9110,
    section 5.6.2)."""
    return _signer().sign_object(
        {
            "board": grant.board.hex,
            "origin": grant.origin,
            "person": grant.person,
            "account": grant.account,
            "name": grant.name,
        }
    )


def read(token: str, board: UUID, origin: str) -> Grant:
    """Return what a token says that a page of `origin` shows at the door of a board.

    Raises `SignInRequired` where it is too old, `Forbidden` where it is not ours, or for another
    board or origin. None of them names the token: an error may end up in a log.
    """
    try:
        said = _signer().unsign_object(token, max_age=get_settings().TOKEN_AGE)
        grant = Grant(**{**said, "board": UUID(said["board"])})
    except SignatureExpired:
        raise SignInRequired("the token is too old") from None
    except BadSignature:
        raise Forbidden("the token is not ours") from None
    if (grant.board, grant.origin) != (board, origin):
        raise Forbidden("the token is for another board or origin")
    return grant


def offered(subprotocols: Iterable[str]) -> str | None:
    """Return the token among the subprotocols that a client offers, None where there is none."""
    tokens = (name.removeprefix(PREFIX) for name in subprotocols if name.startswith(PREFIX))
    return next(tokens, None)


def _signer() -> TimestampSigner:
    # Django's own separator, a colon, is no character of a subprotocol.
    return TimestampSigner(salt=SALT, sep=".")
