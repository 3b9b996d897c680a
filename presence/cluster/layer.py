"""The part of a Channels layer that presence uses, and the names of its groups."""

from typing import Any, Protocol
from uuid import UUID

MESSAGE_TYPE = "presence.message"
"""The `type` that Channels wants in every message."""

LAYER_TIMEOUT = 2.0
"""Seconds for one call of the layer. Channels' Redis layer waits for ever for a server that neither
answers nor hangs up."""

GROUP_PREFIX = "presence.3"
"""Begins every group's name. Its number rises when processes of two releases cannot understand each
other's messages, or cannot share a board (`presence.store.redis.scripts.LAYOUT`)."""

EVERY_PROCESS = f"{GROUP_PREFIX}.every-process"
"""The group of all processes that serve boards."""


class Layer(Protocol):
    """See `channels.layers.BaseChannelLayer`. Any method may hang or raise anything."""

    async def new_channel(self) -> str:
        """Return the name of a new channel of this process."""

    async def receive(self, channel: str) -> dict[str, Any]:
        """Return the next message of a channel."""

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send a message to one channel."""

    async def group_add(self, group: str, channel: str) -> None:
        """Deliver the messages of a group to a channel."""

    async def group_discard(self, group: str, channel: str) -> None:
        """Stop delivering them."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send a message to every channel of a group."""


def board_group(board: UUID) -> str:
    """Return the group of the processes that share a board."""
    return f"{GROUP_PREFIX}.{board.hex}"


def process_group(process: str) -> str:
    """Return the group that reaches one process. Channels takes fewer than 100 ASCII letters,
    digits, hyphens, underscores and periods."""
    safe = "".join(c if c.isascii() and c.isalnum() else "-" for c in process)
    return f"{GROUP_PREFIX}.process.{safe[-60:]}"
