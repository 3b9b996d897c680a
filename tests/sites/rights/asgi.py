"""Serves pages and sockets."""

from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from presence.routing import with_presence  # noqa: E402

application = with_presence(pages)
