"""The example site under the strictest policy that is in use."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from presence_site.settings import *  # noqa: F403
from presence_site.settings import MIDDLEWARE as USUAL

POLICY = "default-src 'self'; require-trusted-types-for 'script'"


def policy(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return middleware


MIDDLEWARE = ["tests.client_facing.sites.strict.policy", *USUAL]
