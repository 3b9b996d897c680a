"""What one writes after Channels' tutorial, behind the same URL: JSON text, a group for each board,
every move sent to it."""

# mypy: disable-error-code="no-untyped-call, misc"
# Channels carries no types.

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from presence_site.asgi import application as pages


class CursorConsumer(AsyncJsonWebsocketConsumer):
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


_routes = URLRouter([path("ws/presence/<str:board>/", CursorConsumer.as_asgi())])
application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(_routes)),
    }
)
