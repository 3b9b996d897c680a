"""Gives a guest the cookie by which their tabs count as one person.

As with Django's CSRF cookie, the tag asks and the middleware sets: `{% presence_overlay %}` notes
on the request that the page depends on who the guest is.
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
"""Where the request holds the id of the guest its page was made for."""

MAX_AGE = 365 * 24 * 3600

Handler = Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]]


def guest_of(request: HttpRequest, known: str | None = None) -> str:
    """Return the id of the guest who asks, a new one where there is none, and have the response
    remember it. `known` is who they are where no cookie says it."""
    asked = getattr(request, ATTRIBUTE, None) or read_guest(request.COOKIES)
    guest = asked or known or new_guest()
    setattr(request, ATTRIBUTE, guest)
    return guest


@sync_and_async_middleware
def GuestMiddleware(get_response: Handler) -> Handler:  # noqa: N802 (it stands among classes in MIDDLEWARE)
    """Set the cookie on responses whose page asked who the guest is."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponse:
            return _remember(request, await get_response(request))

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponse:
        return _remember(request, get_response(request))  # type: ignore[arg-type]  # the coroutine was told apart above

    return synchronous


def _remember(request: HttpRequest, response: HttpResponse) -> HttpResponse:
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
