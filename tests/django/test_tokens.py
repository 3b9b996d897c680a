"""Tokens: what they say, when they are no longer valid, and that no error contains one."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.signing import TimestampSigner

from presence.protocol.errors import Forbidden, SignInRequired
from presence.tokens import SUBPROTOCOL_PREFIX, Grant, issue, offered, read, sign

BOARD = uuid4()
ORIGIN = "https://www.example.com"
GRANT = Grant(BOARD, ORIGIN, "user:7", "7", "Ada Löwe")


def refused(token, board=BOARD, origin=ORIGIN):
    """Return the error with which a token is refused."""
    with pytest.raises(Forbidden) as error:
        read(token, board, origin)
    return error.value


def test_a_token_is_read_and_fits_into_a_subprotocol():
    """RFC 9110, section 5.6.2: a browser throws where there are other characters."""
    assert read(sign(GRANT), BOARD, ORIGIN) == GRANT
    assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", SUBPROTOCOL_PREFIX + sign(GRANT))


@pytest.mark.parametrize("text", ["", ".", "..", "nonsense", "a.b.c", "é.1.ü", "x" * 100_000])
def test_nonsense_is_no_token(text):
    refused(text)


def test_each_letter_of_a_token_matters():
    token = sign(GRANT)
    for at in range(0, len(token) - 1, 7):
        refused(token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :])


def test_a_token_is_for_one_board_and_one_origin():
    for board, origin in ((uuid4(), ORIGIN), (BOARD, "https://evil.example"), (BOARD, "")):
        refused(sign(GRANT), board, origin)


@pytest.mark.parametrize("salt", ["django.core.signing", "presence.guest"])
def test_a_signature_for_something_else_is_not_valid(salt):
    refused(TimestampSigner(salt=salt, sep=".").sign_object({"board": BOARD.hex}))


def test_a_token_expires(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)
    token = sign(GRANT)
    monkeypatch.setattr("time.time", lambda: 1_000_060.0)
    assert read(token, BOARD, ORIGIN) == GRANT
    monkeypatch.setattr("time.time", lambda: 1_000_061.0)
    with pytest.raises(SignInRequired):
        read(token, BOARD, ORIGIN)


def test_no_error_contains_the_token():
    token = sign(GRANT)
    for error in (refused(token, uuid4()), refused(token[:-1] + "~")):
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        assert token[-20:-1] not in str(error)


def test_a_user_is_the_person_they_are_on_the_site():
    grant = read(issue(BOARD, origin=ORIGIN, user=User(pk=7, username="ada")), BOARD, ORIGIN)
    assert (grant.person, grant.account, grant.name) == ("user:7", "7", "")


def test_a_person_of_another_system_has_a_key_of_their_own():
    ada, again, bob = (
        read(issue(str(BOARD), origin=ORIGIN, person=person, name=" Ada\n"), BOARD, ORIGIN)
        for person in ("7", "7", "8")
    )
    assert ada == again
    assert (ada.account, ada.name) == (None, "Ada")
    assert len({ada.person, bob.person, "user:7"}) == 3
    assert ada.person.startswith("embedded:")


@pytest.mark.parametrize(
    "who", [{}, {"user": User(pk=1), "person": "1"}, {"user": AnonymousUser()}]
)
def test_a_token_is_for_one_person(who):
    with pytest.raises(ValueError, match="A token"):
        issue(BOARD, origin=ORIGIN, **who)


def test_the_token_among_the_subprotocols():
    assert offered(["presence.v1", f"{SUBPROTOCOL_PREFIX}a.b.c"]) == "a.b.c"
    assert offered([f"{SUBPROTOCOL_PREFIX}a", f"{SUBPROTOCOL_PREFIX}b"]) == "a"
    assert offered(["presence.v1"]) is None
