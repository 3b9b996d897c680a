"""What presence is compared with: the same site with another consumer behind the same URL.

`loop` is presence itself with Channels' own way of handing out received frames; `tutorial` is what
one writes after Channels' tutorial: JSON text, a group for each board, every move sent to it.
"""

# mypy: disable-error-code="no-untyped-call, misc"
# Channels carries no types.

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from presence_site.asgi import pages  # first: it loads the apps that the next ones need

from presence.consumers import PresenceConsumer  # isort: skip
from presence.protocol.errors import Close
from presence.server.outbox import Outbox


class LoopConsumer(PresenceConsumer):
    """Presence, but each frame takes Channels' path: two tasks and a trip through a thread."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run as `AsyncConsumer` does, with presence's own clean-up."""
        self.outbox = Outbox(send, self._write_failed)
        try:
            await AsyncWebsocketConsumer.__call__(self, scope, receive, send)
        finally:
            self._end(Close.BROKEN)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Hand a frame to the connection."""
        if self.connection is not None:
            self.connection.receive(bytes_data)


class JsonConsumer(AsyncJsonWebsocketConsumer):
    """A tutorial's consumer."""

    async def connect(self) -> None:
        """Enter the board's group."""
        self.group = f"board_{self.scope['url_route']['kwargs']['board']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        """Send a move to the group."""
        await self.channel_layer.group_send(self.group, {**content, "type": "cursor.moved"})

    async def cursor_moved(self, event: dict[str, Any]) -> None:
        """Pass on a move that came from the group."""
        await self.send_json({**event, "type": "cursor"})


def site_with(consumer: type[AsyncWebsocketConsumer]) -> ProtocolTypeRouter:
    """Return the example site with `consumer` at presence's URL."""
    routes = URLRouter([path("ws/presence/<str:board>/", consumer.as_asgi())])
    sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(routes))
    return ProtocolTypeRouter({"http": pages, "websocket": sockets})


loop = site_with(LoopConsumer)
tutorial = site_with(JsonConsumer)
