"""Who counts as one person, and the cookie by which we know."""

from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from presence.guests import guest_person, new_guest, person_of, read_guest, sign_guest
from presence.middleware import GuestMiddleware, guest_of

GUEST = AnonymousUser()


def test_an_account_comes_first() -> None:
    cookies = {"presence_guest": sign_guest("a")}
    assert person_of(User(pk=7), cookies, "key") == "user:7"


def test_then_the_cookie_then_the_session_then_nobody() -> None:
    cookies = {"presence_guest": sign_guest("a")}
    assert person_of(GUEST, cookies, "key") == guest_person("a")
    by_session = person_of(GUEST, {}, "key")
    assert by_session is not None
    assert by_session.startswith("session:")
    assert "key" not in by_session.removeprefix("session:")
    assert person_of(GUEST, {}, None) is None
    assert person_of(None, {}, None) is None


def test_a_cookie_of_somebody_elses_making_is_none() -> None:
    signed = sign_guest("a")
    assert read_guest({"presence_guest": signed}) == "a"
    assert read_guest({"presence_guest": signed.replace("a:", "b:", 1)}) is None
    assert read_guest({}) is None


def test_two_guests_are_two() -> None:
    assert new_guest() != new_guest()


def asks(request: HttpRequest) -> HttpResponse:
    return HttpResponse(guest_of(request))


def asks_not(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page without the tag")


def test_the_middleware_sets_the_cookie_where_the_page_asked() -> None:
    response: Any = GuestMiddleware(asks)(RequestFactory().get("/"))
    morsel = response.cookies["presence_guest"]
    assert read_guest({"presence_guest": morsel.value}) == response.content.decode()
    assert (morsel["httponly"], morsel["samesite"]) == (True, "Lax")
    assert response["Vary"] == "Cookie"


def test_and_nowhere_else() -> None:
    response: Any = GuestMiddleware(asks_not)(RequestFactory().get("/"))
    assert not response.cookies
    assert "Vary" not in response


def test_who_has_the_cookie_keeps_it() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["presence_guest"] = sign_guest("a")
    response: Any = GuestMiddleware(asks)(request)
    assert response.content == b"a"
    assert not response.cookies
    assert response["Vary"] == "Cookie"


async def test_the_middleware_is_asynchronous_among_its_like() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return asks(request)

    wrapped: Any = GuestMiddleware(view)
    assert iscoroutinefunction(wrapped)
    response = await wrapped(AsyncRequestFactory().get("/"))
    assert response.cookies["presence_guest"].value


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_secure_where_the_sessions_is(settings: Any, secure: bool) -> None:
    settings.SESSION_COOKIE_SECURE = secure
    response: Any = GuestMiddleware(asks)(RequestFactory().get("/"))
    assert bool(response.cookies["presence_guest"]["secure"]) is secure
