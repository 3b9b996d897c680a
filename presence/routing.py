"""The WebSocket routes of presence, for a site's `URLRouter`."""

from django.apps import apps
from django.urls import path

from presence.consumers import PresenceConsumer
from presence.runtime import serving

# Any text, as a key may have a slash. For what is no board the router would fail, whereas the
# consumer says that there is none.
websocket_urlpatterns = [path("ws/presence/<path:board>/", PresenceConsumer.as_asgi())]

if apps.is_installed("django.contrib.admin"):
    from presence.admin.consumer import StaffConsumer

    websocket_urlpatterns.insert(0, path("ws/presence/staff/", StaffConsumer.as_asgi()))

serving.set()
