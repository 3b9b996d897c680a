"""Which pages may open a socket: those of the site, and those of `PRESENCE["EMBED_ORIGINS"]` with
a token."""

# mypy: disable-error-code="no-untyped-call"
# Channels carries no types.

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import AllowedHostsOriginValidator

from presence.origins import EMBEDDED, may_embed, origin_of


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
