"""Which pages may open a socket: the site's own, and those of `PRESENCE["EMBED_ORIGINS"]` with a
token.

A page's origin is in the `Origin` header of its browser (RFC 6454, section 7).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import ParseResult, urlparse

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.core.handlers.asgi import get_script_prefix
from django.utils.http import is_same_domain

from presence.conf import get_settings
from presence.server.logs import bounded_logger

logger = bounded_logger(__name__)

EMBEDDED = "presence.embedded"
"""Key in the scope of a socket from a page of another origin."""

DEBUG_SUBPROTOCOL = "presence.debug"
"""Subprotocol of a socket that asks why its page cannot join. It gets one text, with DEBUG only."""

LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
"""Django's hosts where DEBUG is on and ALLOWED_HOSTS is empty."""


def origin_of(scope: Mapping[str, Any]) -> str:
    """Return the origin of the page that opens a socket; "" without exactly one Origin header."""
    values = [value for name, value in scope.get("headers", ()) if name == b"origin"]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def parse_origin(origin: str) -> ParseResult | None:
    """Return the parts of an origin; None for a text without parts, such as "http://[", which
    anybody can send."""
    try:
        parts = urlparse(origin)
        parts.hostname, parts.port  # noqa: B018 (which raise, too)
        return parts
    except ValueError:
        return None


def is_trusted(origin: str) -> bool:
    """Return whether `CSRF_TRUSTED_ORIGINS` names an origin, as itself or with an asterisk."""
    page = parse_origin(origin)
    if page is None:
        return False
    trusted = (each.partition("://") for each in settings.CSRF_TRUSTED_ORIGINS)
    return any(
        page.scheme == scheme and is_same_domain(page.netloc, host.lstrip("*"))
        for scheme, _, host in trusted
    )


def may_embed(origin: str) -> bool:
    """Return whether the site lets pages of this origin take part."""
    return origin in get_settings().EMBED_ORIGINS


def is_embedded(scope: Mapping[str, Any]) -> bool:
    """Return whether a page of another origin opened the socket, so that it needs a token."""
    return bool(scope.get(EMBEDDED))


def below_prefix(scope: dict[str, Any]) -> dict[str, Any]:
    """Return the scope of a site below a path, as Django's pages take it: the path may have the
    prefix (`FORCE_SCRIPT_NAME`, or the server's `--root-path`), or a proxy removed it."""
    prefix = get_script_prefix(scope).rstrip("/")
    if not prefix:
        return scope
    path = scope["path"]
    has_it = f"{path}/".startswith(f"{prefix}/")
    # With the prefix in both, as ASGI and Channels' `URLRouter` have it.
    return {**scope, "root_path": prefix, "path": path if has_it else prefix + path}


def asks_why(scope: Mapping[str, Any]) -> bool:
    """Return whether a socket asks, and may be told, why its page cannot join."""
    return settings.DEBUG and DEBUG_SUBPROTOCOL in scope.get("subprotocols", ())


async def explain(socket: AsyncWebsocketConsumer, reason: str) -> None:
    """Tell the site's developer on a socket why a page cannot join, and close it."""
    await socket.accept(DEBUG_SUBPROTOCOL)
    await socket.send(text_data=reason)
    await socket.close()


class RefusedOrigin(AsyncWebsocketConsumer):
    """A socket that asks why pages of its origin cannot join."""

    async def connect(self) -> None:
        """Say that the origin is not allowed."""
        origin = origin_of(self.scope)
        page = parse_origin(origin)
        reason = (
            f"The origin of this page, {origin!r}, may not open sockets: add "
            f"{page.hostname if page else origin!r} to ALLOWED_HOSTS, or the origin to "
            "CSRF_TRUSTED_ORIGINS. Behind a proxy this is the host in the browser, which the proxy "
            "should pass on. If the page is another site's, name its origin in "
            "PRESENCE['EMBED_ORIGINS']."
        )
        await explain(self, reason)


class EmbeddingOriginValidator:
    """Like Channels' `AllowedHostsOriginValidator`, and lets `CSRF_TRUSTED_ORIGINS` and embedding
    origins through, too.

    Cookies are removed from the sockets of those, so that no other site can use a session of this
    one: their pages need a token.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        hosts = settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])
        self._own_pages = OriginValidator(application, hosts)
        self._is_own = lru_cache(maxsize=256)(
            lambda origin: (
                (page := origin and parse_origin(origin))
                and (self._own_pages.valid_origin(page) or is_trusted(origin))
            )
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Pass the socket on, or deny the handshake."""
        scope, origin = below_prefix(scope), origin_of(scope)
        if self._is_own(origin):
            # Not through Channels' validator, which would stay around the socket while it is open.
            return await self._application(scope, receive, send)
        if not may_embed(origin):
            if asks_why(scope):
                return await RefusedOrigin.as_asgi()(scope, receive, send)
            host = dict(scope.get("headers", ())).get(b"host", b"").decode("latin-1")
            _say_refused(origin, host, *settings.ALLOWED_HOSTS)
            judge = self._own_pages if parse_origin(origin) else WebsocketDenier()
            return await judge(scope, receive, send)
        headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        scope = {**scope, "headers": headers, EMBEDDED: True}
        return await self._application(scope, receive, send)


@lru_cache(maxsize=256)
def _say_refused(origin: str, host: str, *allowed: str) -> None:
    """Log once why pages of an origin are refused; browsers try again and again."""
    # Quoted: strangers choose both texts.
    logger.warning(
        "socket: refused, the origin of the page is none of the site's (origin=%r, host=%r, "
        "ALLOWED_HOSTS=%s, CSRF_TRUSTED_ORIGINS=%s, EMBED_ORIGINS=%s)",
        origin,
        host,
        [*allowed],
        settings.CSRF_TRUSTED_ORIGINS,
        [*get_settings().EMBED_ORIGINS],
    )
