"""The site as `startproject` writes it, which routes no WebSocket."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
