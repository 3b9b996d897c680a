"""The WebSocket routes of presence, for a site's asgi.py. Import this after
`get_asgi_application()`, which sets Django up."""

from collections.abc import Mapping
from typing import Any

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.apps import apps
from django.core.handlers.asgi import ASGIHandler
from django.urls import path, re_path

from presence.asgi.handshakes import doorkeeper, refusal
from presence.conf import get_settings
from presence.consumers import PresenceConsumer, choose_dialect, subprotocol_of
from presence.embed import EmbeddingOriginValidator, below_prefix
from presence.protocol.errors import Close, Full
from presence.protocol.session import farewell
from presence.runtime import current_hub, serving
from presence.server.addresses import counted_as
from presence.server.fastio import encode_frames

PREFIX = "/ws/presence/"

CLOSE_FRAME = bytes((0x88, 2)) + Close.TRY_LATER.to_bytes(2, "big")
"""A frame that closes a WebSocket (RFC 6455 section 5.5.1)."""

# Any text, as a key may have a slash. For what is no board, such as a path with a line break, the
# router would fail and log a traceback, whereas the consumer says that there is none.
websocket_urlpatterns = [
    path(f"{PREFIX[1:]}<path:board>/", PresenceConsumer.as_asgi()),
    re_path(f"^{PREFIX[1:]}", PresenceConsumer.as_asgi(), {"board": ""}),
]

if apps.is_installed("django.contrib.admin"):
    from presence.admin.consumer import StaffConsumer

    websocket_urlpatterns.insert(0, path(f"{PREFIX[1:]}staff/", StaffConsumer.as_asgi()))

serving.set()


def turn_away(scope: Mapping[str, Any]) -> bytes | None:
    """Return the whole answer to a handshake that a cap refuses, None for any other. The caps of a
    board and of a person are left to the consumer, and so are handshakes that are not valid."""
    dialect = choose_dialect(scope["subprotocols"])
    if dialect is None or not _path_of({**scope}).startswith(PREFIX):
        return None
    hub = current_hub()
    try:
        hub.caps.check(counted_as(scope, get_settings().TRUSTED_PROXIES))
    except Full as error:
        hub.metrics.closed.labels(Close.TRY_LATER).inc()
        notice = farewell(error, dialect).frame
        frames = encode_frames([notice] if notice else []) + CLOSE_FRAME
        return refusal(scope["headers"], subprotocol_of(dialect), frames)
    return None


doorkeeper.refuse = turn_away


def with_presence(application: Any) -> Any:
    """Return an ASGI application that serves the sockets of presence, and gives everything else to
    the site's own `application`: pages, and WebSockets of other paths. These are denied where it is
    Django's, which knows pages only."""
    sockets = EmbeddingOriginValidator(URLRouter(websocket_urlpatterns))
    # Django would fail, and strangers could fill the log with its tracebacks.
    others = WebsocketDenier.as_asgi() if isinstance(application, ASGIHandler) else application

    async def route(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await application(scope, receive, send)
        elif _path_of(scope).startswith(PREFIX):
            await sockets(scope, receive, send)
        else:
            await others(scope, receive, send)

    return route


def _path_of(scope: dict[str, Any]) -> str:
    """Return the path below that of the site."""
    scope = below_prefix(scope)
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
