"""ASGI applications by which sockets reach presence, and some by which they do not."""

# mypy: disable-error-code="no-untyped-call"

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

pages = get_asgi_application()

from presence.embed import EmbeddingOriginValidator  # noqa: E402
from presence.routing import websocket_urlpatterns, with_presence  # noqa: E402

without_sockets = ProtocolTypeRouter({"http": pages})
without_routes = ProtocolTypeRouter({"http": pages, "websocket": URLRouter([])})
elsewhere = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": EmbeddingOriginValidator(
            URLRouter([path("live/", URLRouter(websocket_urlpatterns))])
        ),
    }
)

served = with_presence(pages)
wrapped = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter([path("", URLRouter(websocket_urlpatterns))]))
        ),
    }
)
