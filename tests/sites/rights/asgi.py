"""Serves pages and sockets, and tells what is inside its process."""

from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from presence.routing import with_presence  # noqa: E402
from tests.support.watched import watched  # noqa: E402

application = watched(with_presence(pages))
