"""Tokens: what they say, when they say it no longer, and that they never end up in an error."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.signing import TimestampSigner

from presence import tokens
from presence.protocol.errors import Forbidden, SignInRequired
from presence.tokens import Grant, issue, offered, read, sign

BOARD = uuid4()
ORIGIN = "https://www.example.com"
GRANT = Grant(BOARD, ORIGIN, "user:7", "7", "Ada Löwe")


def test_what_is_signed_is_read() -> None:
    assert read(sign(GRANT), BOARD, ORIGIN) == GRANT


def test_a_token_has_only_characters_of_a_subprotocol() -> None:
    """RFC 9110, section 5.6.2: a browser throws where there are others."""
    assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", tokens.PREFIX + sign(GRANT))


@pytest.mark.parametrize("text", ["", ".", "..", "nonsense", "a.b.c", "é.1.ü", "x" * 100_000])
def test_nonsense_is_no_token(text: str) -> None:
    with pytest.raises(Forbidden):
        read(text, BOARD, ORIGIN)


def test_each_letter_of_a_token_matters() -> None:
    token = sign(GRANT)
    for at in range(0, len(token) - 1, 7):
        other = "A" if token[at] != "A" else "B"
        with pytest.raises(Forbidden):
            read(token[:at] + other + token[at + 1 :], BOARD, ORIGIN)


def test_a_token_is_for_one_board_and_one_origin() -> None:
    token = sign(GRANT)
    for board, origin in ((uuid4(), ORIGIN), (BOARD, "https://evil.example"), (BOARD, "")):
        with pytest.raises(Forbidden):
            read(token, board, origin)


def test_what_the_site_signed_for_something_else_is_no_token() -> None:
    """Another salt is another key."""
    for salt in ("django.core.signing", "presence.guest"):
        foreign = TimestampSigner(salt=salt, sep=".").sign_object({"board": BOARD.hex})
        with pytest.raises(Forbidden):
            read(foreign, BOARD, ORIGIN)


def test_a_token_grows_too_old(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "TOKEN_AGE": 60.0}
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)
    token = sign(GRANT)
    monkeypatch.setattr("time.time", lambda: 1_000_060.0)
    assert read(token, BOARD, ORIGIN) == GRANT
    monkeypatch.setattr("time.time", lambda: 1_000_061.0)
    with pytest.raises(SignInRequired):
        read(token, BOARD, ORIGIN)


def test_no_error_tells_the_token() -> None:
    token = sign(GRANT)
    for shown, board in ((token, uuid4()), (token[:-1] + "~", BOARD)):
        with pytest.raises(Forbidden) as error:
            read(shown, board, ORIGIN)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__ or error.value.__context__ is None
        assert token[-20:-1] not in str(error.value)


def test_a_user_is_the_person_they_are_on_the_site() -> None:
    grant = read(issue(BOARD, origin=ORIGIN, user=User(pk=7, username="ada")), BOARD, ORIGIN)
    assert (grant.person, grant.account, grant.name) == ("user:7", "7", "")


def test_a_person_of_another_system_is_one_of_their_own() -> None:
    ada, again, bob = (
        read(issue(str(BOARD), origin=ORIGIN, person=person, name=" Ada\n"), BOARD, ORIGIN)
        for person in ("7", "7", "8")
    )
    assert ada == again
    assert (ada.account, ada.name) == (None, "Ada")
    assert len({ada.person, bob.person, "user:7"}) == 3
    assert ada.person.startswith("embedded:")


def test_a_token_is_for_somebody() -> None:
    for who in ({}, {"user": User(pk=1), "person": "1"}, {"user": AnonymousUser()}):
        with pytest.raises(ValueError, match="A token"):
            issue(BOARD, origin=ORIGIN, **who)


def test_the_token_among_the_subprotocols() -> None:
    assert offered(["presence.v1", f"{tokens.PREFIX}a.b.c"]) == "a.b.c"
    assert offered([f"{tokens.PREFIX}a", f"{tokens.PREFIX}b"]) == "a"
    assert offered(["presence.v1"]) is None
    assert offered([]) is None
