"""The site as an ASGI application: pages over HTTP, presence over WebSocket."""

# mypy: disable-error-code="no-untyped-call"
# Channels carries no types.

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "presence_site.settings")
application = get_asgi_application()

from presence.routing import with_presence  # noqa: E402  (when Django is set up)

application = with_presence(application)
