"""The WebSocket routes of presence, for a site's `URLRouter`."""

from django.urls import path

from presence.consumer import PresenceConsumer
from presence.runtime import serving
from presence.staff_consumer import StaffConsumer

# Any other string: what is no UUID is told "no such board" by the consumer, rather than failing in
# the router.
websocket_urlpatterns = [
    path("ws/presence/staff/", StaffConsumer.as_asgi()),
    path("ws/presence/<str:board>/", PresenceConsumer.as_asgi()),
]

# Whoever loads the route is the process that browsers connect to.
serving.set()
