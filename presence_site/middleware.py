from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

# No inline script, no inline style, nothing from elsewhere. The host's sockets are named because
# 'self' does not cover WebSocket in every browser (CSP 3, "Matching", says it should).
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'{sockets}; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)

View = Callable[[HttpRequest], HttpResponseBase]


def content_security_policy(get_response: View) -> View:
    """Put the site's Content-Security-Policy on each response that has none of its own.

    The pages for 404 and 500 with DEBUG on have inline styles. Like Django 6's own middleware, this
    one leaves them without a policy.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if settings.DEBUG and response.status_code in (404, 500):
            return response
        response.headers.setdefault("Content-Security-Policy", policy(_host(request)))
        return response

    return middleware


def policy(host: str) -> str:
    """Return the policy for pages of a host. Without a host it allows no sockets."""
    return POLICY.format(sockets=f" ws://{host} wss://{host}" if host else "")


def _host(request: HttpRequest) -> str:
    try:
        return request.get_host()
    except DisallowedHost:  # The page says so, and opens no socket.
        return ""
