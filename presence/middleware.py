"""Gives each guest a cookie, so that all their tabs count as one person.

It works like Django's CSRF cookie: rendering `{% presence_overlay %}` puts the guest id on the
request, and the middleware then sets the cookie on the response.
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

from presence.conf import get_settings
from presence.guests import new_guest, read_guest, sign_guest

ATTRIBUTE = "presence_guest"
"""The attribute of a request that holds the guest id its page uses."""

MAX_AGE = 365 * 24 * 3600

Handler = Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]]


def guest_of(request: HttpRequest, known: str | None = None) -> str:
    """Return a request's guest id, else `known`, else a new one, and have the response set the
    cookie."""
    current = getattr(request, ATTRIBUTE, None) or read_guest(request.COOKIES)
    guest = current or known or new_guest()
    setattr(request, ATTRIBUTE, guest)
    return guest


@sync_and_async_middleware
def GuestMiddleware(get_response: Handler) -> Handler:  # noqa: N802 (MIDDLEWARE lists classes)
    """Set the guest cookie on responses whose page used the guest id."""
    if iscoroutinefunction(get_response):

        async def async_handler(request: HttpRequest) -> HttpResponse:
            return _set_cookie(request, await get_response(request))

        return async_handler

    def handler(request: HttpRequest) -> HttpResponse:
        return _set_cookie(request, get_response(request))  # type: ignore[arg-type]  # not async

    return handler


def _set_cookie(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    guest: str | None = getattr(request, ATTRIBUTE, None)
    if guest is None:
        return response
    patch_vary_headers(response, ("Cookie",))
    if read_guest(request.COOKIES) != guest:
        response.set_cookie(
            get_settings().GUEST_COOKIE,
            sign_guest(guest),
            max_age=MAX_AGE,
            path=settings.SESSION_COOKIE_PATH,
            domain=settings.SESSION_COOKIE_DOMAIN,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
