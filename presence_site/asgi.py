"""The site as an ASGI application: pages over HTTP, presence over WebSocket."""

# mypy: disable-error-code="no-untyped-call"
# Channels carries no types.

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "presence_site.settings")

# This loads the apps, and so comes before imports of models.
pages = get_asgi_application()

from presence.embed import EmbeddingOriginValidator  # noqa: E402
from presence.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": EmbeddingOriginValidator(URLRouter(websocket_urlpatterns)),
    }
)
