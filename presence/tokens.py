"""Signed tokens, with which pages that send no cookie of the site join a board.

A token is for one board, one origin and one person, and is valid for `PRESENCE["TOKEN_AGE"]`
seconds: long enough to connect. PROTOCOL.md, "Tokens", says how it is sent.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.utils.crypto import constant_time_compare

from presence.boards import board_of
from presence.conf import get_settings
from presence.guests import embedded_person, user_person
from presence.protocol.errors import Forbidden, SignInRequired
from presence.protocol.identity import clean_name

SIGNING_SALT = "presence.token"
SUBPROTOCOL_PREFIX = "presence.token."
"""The start of the WebSocket subprotocol that carries a token."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The content of a token. `account` is a user's primary key, None for a `person` without an
    account. `name` is a display name, "" where the page chooses it. `proof` is the account's."""

    board: UUID
    origin: str
    person: str
    account: str | None = None
    name: str = ""
    proof: str = ""


def proof_of(user: Any) -> str:
    """Return a text that is another after the password of an account has changed, "" for users
    without one."""
    make = getattr(user, "get_session_auth_hash", None)
    return _digest(make()) if make else ""


def is_proof(proof: str, user: Any) -> bool:
    """Return whether a proof is that of an account as it is. It may have been made before
    `SECRET_KEY` changed (`SECRET_KEY_FALLBACKS`)."""
    if constant_time_compare(proof, proof_of(user)):
        return True
    earlier = getattr(user, "get_session_auth_fallback_hash", tuple)
    return any(constant_time_compare(proof, _digest(each)) for each in earlier())


def _digest(session_auth_hash: str) -> str:
    return blake2b(session_auth_hash.encode(), digest_size=12).hexdigest()


def issue(board: Any, *, origin: str, user: Any = None, person: str = "", name: str = "") -> str:
    """Return a token with which a page of `origin` can join a board.

    `board` is one in any form that `presence.api` takes. Give a `user` of the site, whose
    permission is checked again when the token is used, or a `person`: a text that is always the
    same for one person, such as an id in another system. For a `person` the token is the
    permission, so check it before. `name` is that person's display name; a user has the account's.
    Raises `ValueError` unless exactly one of `user` and `person` is given.
    """
    if (user is None) == (not person):
        raise ValueError("A token is for a user or for a person: give one of them.")
    if user is not None and not user.is_authenticated:
        raise ValueError("A token for a guest takes a person of your own, not an anonymous user.")
    uuid, shown = board_of(board), clean_name(name)
    if user is None:
        return sign(Grant(uuid, origin, embedded_person(person), name=shown))
    return sign(account_grant(user, uuid, origin))


def account_grant(user: Any, board: UUID, origin: str) -> Grant:
    """Return the content of the token of an account. It has no name: the account has one."""
    return Grant(board, origin, user_person(user), str(user.pk), proof=proof_of(user))


def sign(grant: Grant) -> str:
    """Return a token, in characters that a subprotocol may have (RFC 9110, section 5.6.2)."""
    return _signer().sign_object({**asdict(grant), "board": grant.board.hex})


def read(token: str, board: UUID, origin: str) -> Grant:
    """Return the content of a token that a page of `origin` shows for a board.

    Raises `SignInRequired` where it has expired, and `Forbidden` where its signature is not valid
    or it is for another board or origin. No error contains the token: errors are logged.
    """
    try:
        fields = _signer().unsign_object(token, max_age=get_settings().TOKEN_AGE)
        grant = Grant(**{**fields, "board": UUID(fields["board"])})
    except SignatureExpired:
        raise SignInRequired("the token has expired") from None
    except BadSignature:
        raise Forbidden("the token's signature is not valid") from None
    if (grant.board, grant.origin) != (board, origin):
        raise Forbidden("the token is for another board or origin")
    return grant


def offered(subprotocols: Iterable[str]) -> str | None:
    """Return the token among the subprotocols that a client offers, None where there is none."""
    for name in subprotocols:
        if name.startswith(SUBPROTOCOL_PREFIX):
            return name.removeprefix(SUBPROTOCOL_PREFIX)
    return None


def _signer() -> TimestampSigner:
    # A subprotocol cannot contain Django's own separator, the colon.
    return TimestampSigner(salt=SIGNING_SALT, sep=".")
