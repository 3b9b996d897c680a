"""Who counts as one person, and the cookie that says so."""

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.test import RequestFactory

from presence.guests import guest_person, new_guest, person_of, read_guest, sign_guest
from presence.middleware import GuestMiddleware, guest_of

GUEST = AnonymousUser()
COOKIES = {"presence_guest": sign_guest("a")}


def test_an_account_then_the_cookie_then_the_session_then_nobody():
    assert person_of(User(pk=7), COOKIES, "key") == "user:7"
    assert person_of(GUEST, COOKIES, "key") == guest_person("a")
    by_session = person_of(GUEST, {}, "key") or ""
    assert by_session.startswith("session:")
    assert "key" not in by_session
    assert person_of(GUEST, {}, None) is person_of(None, {}, None) is None


def test_a_forged_cookie_is_none():
    assert read_guest(COOKIES) == "a"
    assert read_guest({"presence_guest": sign_guest("a").replace("a:", "b:", 1)}) is None
    assert read_guest({}) is None


def test_two_guests_are_two():
    assert new_guest() != new_guest()


def with_tag(request):
    return HttpResponse(guest_of(request))


def without_tag(request):
    return HttpResponse("a page")


async def with_tag_in_async_code(request):
    return with_tag(request)


def respond(view, **cookies):
    request = RequestFactory().get("/")
    request.COOKIES |= cookies
    handler = GuestMiddleware(view)
    assert iscoroutinefunction(handler) is iscoroutinefunction(view)
    return (async_to_sync(handler) if iscoroutinefunction(handler) else handler)(request)


@pytest.mark.parametrize("view", [with_tag, with_tag_in_async_code])
@pytest.mark.parametrize("secure", [True, False])
def test_a_page_with_the_tag_sets_the_cookie(settings, view, secure):
    settings.SESSION_COOKIE_SECURE = secure
    response = respond(view)
    cookie = response.cookies["presence_guest"]
    assert read_guest({"presence_guest": cookie.value}) == response.content.decode()
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert bool(cookie["secure"]) is secure
    assert response["Vary"] == "Cookie"


def test_other_pages_do_not():
    response = respond(without_tag)
    assert not response.cookies
    assert "Vary" not in response


def test_a_guest_who_has_the_cookie_keeps_it():
    response = respond(with_tag, **COOKIES)
    assert response.content == b"a"
    assert not response.cookies
    assert response["Vary"] == "Cookie"
