"""The WebSocket routes of presence, for a site's `URLRouter`."""

from django.apps import apps
from django.urls import path

from presence.consumers import PresenceConsumer
from presence.runtime import serving

# Any other string: what is no UUID is told "no such board" by the consumer, rather than failing in
# the router.
websocket_urlpatterns = [path("ws/presence/<str:board>/", PresenceConsumer.as_asgi())]

if apps.is_installed("django.contrib.admin"):
    from presence.admin.consumer import StaffConsumer

    websocket_urlpatterns.insert(0, path("ws/presence/staff/", StaffConsumer.as_asgi()))

# Whoever loads the route is the process that browsers connect to.
serving.set()
