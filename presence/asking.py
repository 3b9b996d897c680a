"""Questions to the processes, asked through the layer by whoever has one: the asker need not be a
process of its own, and holds no lease."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from presence.errors import TryLater
from presence.layer import TYPE, Layer, process_group

ASK_AGAIN = 0.5
"""Seconds after which a process that has not answered is asked again: pub/sub loses messages."""

T = TypeVar("T")

Answers = dict[str, dict[str, Any]]
"""By the name of the process."""


class Asker:
    """Speaks to processes, which have `within` seconds to answer. Its methods raise `TryLater`
    where the layer is out of reach."""

    def __init__(self, layer: Layer, *, within: float) -> None:
        self._layer = layer
        self._within = within

    async def say(self, process: str, message: Mapping[str, Any]) -> None:
        """Say something to one process."""
        try:
            async with asyncio.timeout(self._within):
                await self._say(process, message)
        except TimeoutError as error:
            raise TryLater("the channel layer does not answer") from error

    async def ask(self, processes: Collection[str], question: Mapping[str, Any]) -> Answers:
        """Return what those processes answer that answer in time."""
        answers: Answers = {}
        with suppress(TimeoutError):  # who did not answer is not among the answers
            async with asyncio.timeout(self._within):
                await self._ask(processes, question, answers)
        return answers

    async def _ask(
        self, processes: Collection[str], question: Mapping[str, Any], answers: Answers
    ) -> None:
        channel = await _reached(self._layer.new_channel())
        complete = asyncio.Event()
        waiting = asyncio.create_task(complete.wait())
        hearing = asyncio.create_task(self._hear(channel, len(processes), answers, complete))
        try:
            while silent := [name for name in processes if name not in answers]:
                for process in silent:
                    await self._say(process, {"ask": channel, **question})
                both = (hearing, waiting)
                await asyncio.wait(both, timeout=ASK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
                if hearing.done():
                    await _reached(hearing)
        finally:
            # A layer keeps a channel until somebody who listens to it is cancelled.
            hearing.cancel()
            waiting.cancel()
            await asyncio.gather(hearing, waiting, return_exceptions=True)

    async def _say(self, process: str, message: Mapping[str, Any]) -> None:
        said = {"type": TYPE, **message}
        await _reached(self._layer.group_send(process_group(process), said))

    async def _hear(
        self, channel: str, expected: int, answers: Answers, complete: asyncio.Event
    ) -> None:
        while True:
            message = await self._layer.receive(channel)
            answers[message["process"]] = message
            if len(answers) >= expected:
                complete.set()


async def _reached(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Exception as error:  # whatever the layer raises, it is out of reach
        raise TryLater(f"the channel layer: {error or type(error).__name__}") from error
