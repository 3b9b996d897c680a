"""Channels' own test driver, which otherwise gives a busy machine one second for each answer."""

from typing import Any

from channels.testing import WebsocketCommunicator

from tests.support.waiting import DEADLINE


class Communicator(WebsocketCommunicator):
    """A socket of an application in the tests' own process. Whatever timeout is asked for, it waits
    until the common deadline."""

    async def receive_output(self, *timeout: float) -> Any:
        """Return the next message."""
        return await super().receive_output(DEADLINE)

    async def wait(self, *timeout: float) -> None:
        """Wait for the end of the application."""
        await super().wait(DEADLINE)
