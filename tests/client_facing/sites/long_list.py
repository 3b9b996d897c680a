"""The example site with 500 boards on a page of the admin, under a policy of one line."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from presence_site.settings import *  # noqa: F403
from presence_site.settings import MIDDLEWARE as USUAL

ROOT_URLCONF = "tests.client_facing.sites.long_list_urls"


def policy(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

    return middleware


MIDDLEWARE = ["tests.client_facing.sites.long_list.policy", *USUAL]
