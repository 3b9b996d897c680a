"""The sockets of presence, and below /stacked/ boards in Channels' `AuthMiddlewareStack`."""

# mypy: disable-error-code="no-untyped-call"

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

pages = get_asgi_application()

from presence.consumers import PresenceConsumer  # noqa: E402
from presence.embed import EmbeddingOriginValidator  # noqa: E402
from presence.routing import websocket_urlpatterns  # noqa: E402

stacked = path("stacked/<path:board>/", AuthMiddlewareStack(PresenceConsumer.as_asgi()))
sockets = EmbeddingOriginValidator(URLRouter([stacked, *websocket_urlpatterns]))
application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
