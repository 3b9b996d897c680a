"""Which pages may open a socket: the site's own, and those of `PRESENCE["EMBED_ORIGINS"]` with a
token.

A page's origin is in the `Origin` header of its browser (RFC 6454, section 7).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlparse

from channels.security.websocket import AllowedHostsOriginValidator

from presence.conf import get_settings

EMBEDDED = "presence.embedded"
"""Key in the scope of a socket from a page of another origin."""


def origin_of(scope: Mapping[str, Any]) -> str:
    """Return the origin of the page that opens a socket; "" without exactly one Origin header."""
    values = [value for name, value in scope.get("headers", ()) if name == b"origin"]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def may_embed(origin: str) -> bool:
    """Return whether the site lets pages of this origin take part."""
    return origin in get_settings().EMBED_ORIGINS


def is_embedded(scope: Mapping[str, Any]) -> bool:
    """Return whether a page of another origin opened the socket, so that it needs a token."""
    return bool(scope.get(EMBEDDED))


class EmbeddingOriginValidator:
    """Channels' `AllowedHostsOriginValidator`, which also lets embedding origins through.

    Cookies are removed from the sockets of those, so that no other site can use a session of this
    one: their pages need a token.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._own_pages = AllowedHostsOriginValidator(application)
        self._is_own = lru_cache(maxsize=256)(
            lambda origin: bool(origin) and self._own_pages.valid_origin(urlparse(origin))
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Pass the socket on, or deny the handshake."""
        origin = origin_of(scope)
        if self._is_own(origin):
            # Not through Channels' validator, which would stay around the socket while it is open.
            return await self._application(scope, receive, send)
        if not may_embed(origin):
            return await self._own_pages(scope, receive, send)
        headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        scope = {**scope, "headers": headers, EMBEDDED: True}
        return await self._application(scope, receive, send)
