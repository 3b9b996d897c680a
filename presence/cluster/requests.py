"""Questions to the processes, asked through the layer by whoever has one: the asker need not be a
process of its own, and holds no lease.

Everything here ends in a known time: a server may keep its connections open and answer nothing,
and Channels' Redis layer would wait for it for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Generic, TypeVar
from uuid import uuid4

from presence.cluster.layer import MESSAGE_TYPE, Layer, process_group
from presence.protocol.errors import TryLater

ASK_AGAIN = 0.5
"""Seconds after which a process that has not answered is asked again: pub/sub loses messages."""

LAYER_WITHIN = 2.0
"""Seconds within which the layer has done what it is asked, or is out of reach."""

CLOSE_WITHIN = 1.0
"""Seconds that the layer has to close a channel."""

T = TypeVar("T")


class Asker:
    """Speaks to processes, which have `within` seconds to answer, and are asked anew after `again`
    seconds. Its methods raise `TryLater` where the layer is out of reach."""

    def __init__(self, layer: Layer, *, within: float, again: float = ASK_AGAIN) -> None:
        self._layer = layer
        self._within = within
        self._again = again

    async def say(self, process: str, message: Mapping[str, Any]) -> None:
        """Say something to one process."""
        said = {"type": MESSAGE_TYPE, **message}
        await of_layer(self._layer.group_send(process_group(process), said))

    async def ask(
        self,
        processes: Iterable[str],
        question: Mapping[str, Any],
        read: Callable[[object], tuple[str, T]],
        *,
        sure: bool = True,
    ) -> Mapping[str, T]:
        """Return what those processes answer that answer in time, by their names.

        `read` takes an answer apart into a process and what it says, or raises `ValueError`. `sure`
        raises `TryLater` unless who is silent could have been heard.
        """
        channel = await of_layer(self._layer.new_channel())
        ear = Ear(self._layer, channel, processes, read)
        try:
            await self._ask_until(asyncio.get_running_loop().time() + self._within, ear, question)
            if ear.missing and sure:
                await ear.prove()
        finally:
            await ear.close()
        return ear.answers

    async def _ask_until(self, end: float, ear: "Ear[T]", question: Mapping[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        while ear.missing and (left := end - loop.time()) > 0:
            for process in sorted(ear.missing):
                await self.say(process, {"ask": ear.channel, **question})
            await _happens(ear.heard_all, min(self._again, left))


class Ear(Generic[T]):
    """Hears what `processes` answer on a channel of the layer. Create it on the event loop."""

    def __init__(
        self,
        layer: Layer,
        channel: str,
        processes: Iterable[str],
        read: Callable[[object], tuple[str, T]],
    ) -> None:
        self.channel = channel
        self.answers: dict[str, T] = {}
        self._read = read
        self.missing = set(processes)
        self.heard_all = asyncio.Event()
        self._layer = layer
        self._heard_itself = asyncio.Event()
        self._echo = {"type": MESSAGE_TYPE, "echo": uuid4().hex}
        self._hearing = asyncio.create_task(self._hear())

    async def prove(self) -> None:
        """Make sure that what is said on the channel is heard: else nobody can be called silent.
        Raises `TryLater`."""
        for _ in range(int(LAYER_WITHIN / ASK_AGAIN)):
            await of_layer(self._layer.send(self.channel, self._echo))
            if await _happens(self._heard_itself, ASK_AGAIN):
                return
        raise TryLater("the channel layer: what is said is not heard")

    async def close(self) -> None:
        """Hear no more."""
        # Channels' layer takes leave of Redis when a receive is cancelled, and may wait for ever
        # for that. To cancel again ends it.
        for _ in range(2):
            self._hearing.cancel()
            await asyncio.wait([self._hearing], timeout=CLOSE_WITHIN)

    async def _hear(self) -> None:
        while True:
            try:
                self._take(await self._layer.receive(self.channel))
            except Exception:  # noqa: BLE001 (whatever the layer raises; `prove` tells if it is deaf)
                await asyncio.sleep(ASK_AGAIN)

    def _take(self, message: object) -> None:
        if message == self._echo:
            self._heard_itself.set()
            return
        with suppress(ValueError):  # who says what nobody understands has not answered
            process, answer = self._read(message)
            if process in self.missing:
                self.missing.discard(process)
                self.answers[process] = answer
        if not self.missing:
            self.heard_all.set()


async def of_layer(asked: Awaitable[T]) -> T:
    """Return what was asked of the layer, which is out of reach where it fails or takes long."""
    what = "the channel layer"
    return await used(what, in_time(what, asked, LAYER_WITHIN))


async def used(what: str, asked: Awaitable[T]) -> T:
    """Return what was asked of others' code; whatever that raises, it is out of reach."""
    try:
        return await asked
    except TryLater:
        raise
    except Exception as error:
        raise TryLater(f"{what}: {str(error) or type(error).__name__}") from error


async def in_time(what: str, asked: Awaitable[T], within: float) -> T:
    """Return what was asked; `TryLater`, which names `what`, where it takes longer."""
    try:
        async with asyncio.timeout(within):
            return await asked
    except TimeoutError as error:
        raise TryLater(f"{what}: not within {within:g} s") from error


async def _happens(event: asyncio.Event, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()
