"""The WebSocket routes of presence, for a site's `URLRouter`."""

from django.apps import apps
from django.urls import path

from presence.consumers import PresenceConsumer
from presence.runtime import serving

# Not <uuid:board>: the router would fail, whereas the consumer says that there is no such board.
websocket_urlpatterns = [path("ws/presence/<str:board>/", PresenceConsumer.as_asgi())]

if apps.is_installed("django.contrib.admin"):
    from presence.admin.consumer import StaffConsumer

    websocket_urlpatterns.insert(0, path("ws/presence/staff/", StaffConsumer.as_asgi()))

serving.set()
