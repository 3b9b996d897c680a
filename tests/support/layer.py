"""A channel layer that can hang, fail, and lose messages."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from channels.layers import InMemoryChannelLayer

from presence.cluster.layer import board_group
from presence.cluster.messages import Message, unpack

Sent = dict[str, Any]


def never(message: Sent) -> bool:
    """Lose no message."""
    return False


class LayerSeam:
    """Stands before an in-memory layer.

    It hangs while `open` is clear, fails while it is `away`, fails to receive while it is `deaf`,
    and loses the messages that `loses` says. `sent` are the groups and messages that it took.
    """

    def __init__(self) -> None:
        self.inner: Any = InMemoryChannelLayer()
        self.open = asyncio.Event()
        self.open.set()
        self.away = False
        self.deaf = False
        self.loses: Callable[[Sent], bool] = never
        self.sent: list[tuple[str, Sent]] = []

    def members(self, group: str) -> int:
        """Return how many channels a group has."""
        return len(self.inner.groups.get(group, {}))

    def sharing(self, board: UUID) -> int:
        """Return how many processes are in a board's group."""
        return self.members(board_group(board))

    def messages(self, group: str) -> list[Message]:
        """Return the messages that were sent to a group."""
        return [unpack(sent) for to, sent in self.sent if to == group]

    async def new_channel(self) -> str:
        await self._pass()
        channel: str = await self.inner.new_channel()
        return channel

    async def receive(self, channel: str) -> Sent:
        if self.deaf:
            raise ConnectionError("the layer is deaf")
        message: Sent = await self.inner.receive(channel)
        return message

    async def send(self, channel: str, message: Sent) -> None:
        await self._pass()
        await self.inner.send(channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        await self._pass()
        await self.inner.group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._pass()
        await self.inner.group_discard(group, channel)

    async def group_send(self, group: str, message: Sent) -> None:
        await self._pass()
        if not self.loses(message):
            self.sent.append((group, message))
            await self.inner.group_send(group, message)

    async def _pass(self) -> None:
        await self.open.wait()
        if self.away:
            raise ConnectionError("the layer is away")


def fail(layer: LayerSeam) -> None:
    layer.away = True


def hang(layer: LayerSeam) -> None:
    layer.open.clear()


def mend(layer: LayerSeam) -> None:
    layer.away = False
    layer.loses = never
    layer.open.set()
