"""Who counts as one person, and the cookie that says so."""

from http.cookies import SimpleCookie

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse

from presence.guests import (
    guest_cookie,
    guest_person,
    new_guest,
    person_of,
    read_guest,
    set_cookie,
    sign_guest,
)

GUEST = AnonymousUser()
COOKIES = {"presence_guest": sign_guest("a")}


def test_an_account_then_the_cookie_then_the_session_then_nobody():
    assert person_of(User(pk=7), "a", "key") == "user:7"
    assert person_of(GUEST, "a", "key") == guest_person("a")
    by_session = person_of(GUEST, None, "key") or ""
    assert by_session.startswith("session:")
    assert "key" not in by_session
    assert person_of(GUEST, None, None) is person_of(None, None, None) is None


def test_a_forged_cookie_is_none():
    assert read_guest(COOKIES) == "a"
    assert read_guest({"presence_guest": sign_guest("a").replace("a:", "b:", 1)}) is None
    assert read_guest({}) is None


def test_two_guests_are_two():
    assert new_guest() != new_guest()


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie(settings, secure):
    settings.SESSION_COOKIE_SECURE = secure
    settings.SESSION_COOKIE_PATH = "/app/"
    response = HttpResponse()
    set_cookie(response, "a")
    cookie = response.cookies["presence_guest"]
    assert read_guest({"presence_guest": cookie.value}) == "a"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/app/")
    assert bool(cookie["secure"]) is secure


@pytest.mark.parametrize("name", ["presence_guest", "visitor"])
def test_a_socket_sets_the_same_cookie(configure, settings, name):
    settings.SESSION_COOKIE_DOMAIN = f"{name}.example.com"
    configure(GUEST_COOKIE=name)
    value, header = guest_cookie("a")
    response = HttpResponse()
    set_cookie(response, "a")
    own, djangos = SimpleCookie(header)[name], response.cookies[name]
    for cookie in (own, djangos):
        assert cookie["expires"]
        cookie["expires"] = ""
    assert own.OutputString() == djangos.OutputString()
    assert read_guest({name: value}) == "a"


def test_a_site_may_still_name_the_middleware(settings, client):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "presence.middleware.GuestMiddleware"]
    with pytest.warns(DeprecationWarning, match=r"presence\.guests"):
        assert client.get("/accounts/login/").status_code == 200
