"""Which pages may open a socket: those of the site, and those of `PRESENCE["EMBED_ORIGINS"]` with
a token.

Where a page comes from: the `Origin` that its browser sends (RFC 6454, section 7).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import AllowedHostsOriginValidator

from presence.conf import get_settings

EMBEDDED = "presence.embedded"
"""Set in the scope of a socket that a page of another site opened."""


def origin_of(scope: Mapping[str, Any]) -> str:
    """Return the origin of the page that opens a socket, "" where it says none."""
    values = [value for name, value in scope.get("headers", ()) if name == b"origin"]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def may_embed(origin: str) -> bool:
    """Tell whether the site lets pages of this origin take part."""
    return origin in get_settings().EMBED_ORIGINS


def is_embedded(scope: Mapping[str, Any]) -> bool:
    """Tell whether the page that opens a socket is of another site, so that only a token counts."""
    return bool(scope.get(EMBEDDED))


class EmbeddingOriginValidator:
    """Channels' `AllowedHostsOriginValidator`, with the site's embedding origins let through.

    A page of theirs is nobody without a token: what the browser's cookies say of it is taken away,
    so that no session of the site can be used from elsewhere.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._own_pages = AllowedHostsOriginValidator(application)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Pass the socket on, or deny the handshake."""
        if self._is_embedded(scope):
            return await self._application(_without_cookies(scope), receive, send)
        return await self._own_pages(scope, receive, send)

    def _is_embedded(self, scope: Mapping[str, Any]) -> bool:
        origin = origin_of(scope)
        return may_embed(origin) and not self._own_pages.valid_origin(urlsplit(origin))


def _without_cookies(scope: Mapping[str, Any]) -> dict[str, Any]:
    headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    return {**scope, "headers": headers, EMBEDDED: True}
