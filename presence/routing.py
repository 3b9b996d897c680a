"""The WebSocket routes of presence, for a site's asgi.py. Import this after
`get_asgi_application()`, which sets Django up."""

from typing import Any

from channels.routing import URLRouter
from django.apps import apps
from django.urls import path

from presence.consumers import PresenceConsumer
from presence.embed import EmbeddingOriginValidator, below_prefix
from presence.runtime import serving

PREFIX = "/ws/presence/"

# Any text, as a key may have a slash. For what is no board the router would fail, whereas the
# consumer says that there is none.
websocket_urlpatterns = [path(f"{PREFIX[1:]}<path:board>/", PresenceConsumer.as_asgi())]

if apps.is_installed("django.contrib.admin"):
    from presence.admin.consumer import StaffConsumer

    websocket_urlpatterns.insert(0, path(f"{PREFIX[1:]}staff/", StaffConsumer.as_asgi()))

serving.set()


def with_presence(application: Any) -> Any:
    """Return an ASGI application that serves the sockets of presence, and gives everything else to
    the site's own `application`: pages, and WebSockets of other paths."""
    sockets = EmbeddingOriginValidator(URLRouter(websocket_urlpatterns))

    async def route(scope: dict[str, Any], receive: Any, send: Any) -> None:
        is_own = scope["type"] == "websocket" and _path_of(scope).startswith(PREFIX)
        await (sockets if is_own else application)(scope, receive, send)

    return route


def _path_of(scope: dict[str, Any]) -> str:
    """Return the path below that of the site."""
    scope = below_prefix(scope)
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
