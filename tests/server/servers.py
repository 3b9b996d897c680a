"""A server to write to that can wait and fail, and what an outbox says when it gives up."""

import asyncio

from presence.server.outbox import Message, Outbox


class Server:
    """A server's `send`: waits before each message it is told to wait for, then writes it down."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.started: list[int] = []
        self.cleaned = 0
        self.pauses: dict[int, list[asyncio.Future[None] | None]] = {}
        self.errors: dict[int, BaseException] = {}

    async def __call__(self, message: Message) -> None:
        number = message["n"]
        self.started.append(number)
        try:
            for pause in self.pauses.get(number, []):
                await (asyncio.sleep(0) if pause is None else pause)
        finally:
            self.cleaned += 1
        if number in self.errors:
            raise self.errors[number]
        self.sent.append(number)

    def pause(self, number: int) -> asyncio.Future[None]:
        """Make a message wait, and return what it waits for."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pauses.setdefault(number, []).append(future)
        return future


class Failures(list[str]):
    """Counts how often an outbox gave up."""

    def __call__(self) -> None:
        self.append("gave up")


def put(outbox: Outbox, *numbers: int) -> None:
    """Put messages with these numbers."""
    for number in numbers:
        outbox.put({"n": number})
