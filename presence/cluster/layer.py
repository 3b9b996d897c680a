"""What this process hears of a Channels layer: one channel, and the groups that lead to it.

A layer returns from `group_add` before its server has taken that in, and says nothing where it lost
messages. So this process speaks to a group it joins until it hears itself, and to a group of its
own now and then.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol
from uuid import uuid4

from presence.protocol.errors import TryLater

TYPE = "presence.relay"

HEARD_WITHIN = 2.0
"""Seconds within which this process hears itself through the layer, or there was a gap."""

ECHO_AGAIN = 0.05
"""Seconds until what was sent to oneself and not heard is sent again."""


class Layer(Protocol):
    """What is used of a Channels layer."""

    async def new_channel(self) -> str:
        """Return a channel of this process's own."""
        ...

    async def receive(self, channel: str) -> dict[str, Any]:
        """Return the next message."""
        ...

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send to one channel."""
        ...

    async def group_add(self, group: str, channel: str) -> None:
        """Have a group's messages come to a channel."""
        ...

    async def group_discard(self, group: str, channel: str) -> None:
        """Have them come no more."""
        ...

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to every channel of a group."""
        ...


class Listener:
    """The channel of one process. `lost` is True while it does not hear itself."""

    def __init__(self, layer: Layer, process: str) -> None:
        self.channel = ""
        self.lost = True
        self._layer = layer
        self._process = process
        self._echoes: dict[str, asyncio.Future[None]] = {}

    async def begin(self) -> None:
        """Get the channel; `TryLater` where the layer is out of reach."""
        try:
            async with asyncio.timeout(HEARD_WITHIN):
                self.channel = await self._layer.new_channel()
        except Exception as error:  # whatever the layer raises, it is out of reach
            raise TryLater(f"no channel: {error!r}") from error

    async def hear_itself(self, again: float = ECHO_AGAIN) -> bool:
        """Return, when it does, whether it did not before; else `TryLater`."""
        await self.join(process_group(self._process), again)
        lost, self.lost = self.lost, False
        return lost

    async def join(self, group: str, again: float = ECHO_AGAIN) -> None:
        """Join a group; what is said to it from now on is heard. `TryLater` where it is not.

        Speaks to the group every `again` seconds until it hears itself.
        """
        token = uuid4().hex
        echo = self._echoes[token] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(HEARD_WITHIN):
                await self._layer.group_add(group, self.channel)
                while not echo.done():
                    # Redis may take the first one before the subscription, which comes by another
                    # connection.
                    await self._layer.group_send(group, {"type": TYPE, "echo": token})
                    await asyncio.wait([echo], timeout=again)
        except Exception as error:  # as above; a time-out is one
            self.lost = True
            raise TryLater(f"could not join {group}: {error!r}") from error
        finally:
            del self._echoes[token]

    async def leave(self, group: str) -> None:
        """Leave a group, or leave it at that: where the layer is away, so is the group."""
        with suppress(Exception):
            async with asyncio.timeout(HEARD_WITHIN):
                await self._layer.group_discard(group, self.channel)

    def take_echo(self, token: str) -> None:
        """Take in what this process, or another one that joined a group, said to itself."""
        echo = self._echoes.get(token)
        if echo is not None and not echo.done():
            echo.set_result(None)


def process_group(process: str) -> str:
    """Return the group by which one process is reached: the same characters as `group_name`."""
    safe: Iterable[str] = (c if c.isascii() and c.isalnum() else "-" for c in process)
    return "presence.process." + "".join(safe)[-60:]
