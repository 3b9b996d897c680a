"""Requests to other processes, over the channel layer.

Whoever asks need not hold a lease. Every call ends in a known time, although a server may keep its
connections open and answer nothing: Channels' Redis layer would wait for it for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import uuid4

from presence.cluster.layer import LAYER_TIMEOUT, MESSAGE_TYPE, Layer, process_group
from presence.protocol.errors import TryLater

REQUEST_INTERVAL = 0.5
"""Seconds after which a request without an answer is sent again: pub/sub loses messages."""

CLOSE_TIMEOUT = 1.0
"""Seconds that the channel layer has to end a receive."""

T = TypeVar("T")


class Requester:
    """Sends messages to processes, and collects their answers.

    Processes have `timeout` seconds to answer, and are asked again every `interval` seconds. The
    methods raise `TryLater` where the layer is out of reach.
    """

    def __init__(self, layer: Layer, *, timeout: float, interval: float = REQUEST_INTERVAL) -> None:
        self._layer = layer
        self._timeout = timeout
        self._interval = interval

    async def send(self, group: str, message: Mapping[str, Any]) -> None:
        """Send a message to the processes in a group."""
        await _with_layer(self._layer.group_send(group, {"type": MESSAGE_TYPE, **message}))

    async def ask(
        self,
        processes: Iterable[str],
        question: Mapping[str, Any],
        read: Callable[[object], tuple[str, T]],
        *,
        verify: bool = True,
    ) -> Mapping[str, T]:
        """Return the answers that come in time, by process.

        `read` returns the process and the answer in a message, or raises `ValueError`. With
        `verify`, it raises `TryLater` where processes are silent and this channel hears nothing.
        """
        inbox = _Inbox(processes, read)
        if not inbox.missing:
            return inbox.answers
        channel = await _with_layer(self._layer.new_channel())

        async def ask_missing() -> None:
            for process in sorted(inbox.missing):
                await self.send(process_group(process), {"ask": channel, **question})

        async with _receiving(self._layer, channel, inbox):
            await _repeat(ask_missing, inbox.complete, self._interval, self._timeout)
            if inbox.missing and verify:
                await inbox.hear(partial(self._layer.send, channel))
        return inbox.answers


async def check_layer(layer: Layer) -> None:
    """Return once the layer has carried a message to a channel and one to a group; `TryLater` if
    it does not."""
    channel = await _with_layer(layer.new_channel())
    group = process_group(f"check:{uuid4().hex}")
    inbox: _Inbox[None] = _Inbox((), _no_answer)
    async with _receiving(layer, channel, inbox):
        await _with_layer(layer.group_add(group, channel))
        try:
            await inbox.hear(partial(layer.send, channel))
            await inbox.hear(partial(layer.group_send, group))
        finally:
            await _with_layer(layer.group_discard(group, channel))


class _Inbox(Generic[T]):
    """The answers to one question. `missing` are the processes that have not answered yet."""

    def __init__(self, processes: Iterable[str], read: Callable[[object], tuple[str, T]]) -> None:
        self.missing = set(processes)
        self.answers: dict[str, T] = {}
        self.complete = asyncio.Event()
        self._echo: dict[str, Any] = {}
        self._echoed = asyncio.Event()
        self._read = read

    async def hear(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Send an echo until it arrives here; `TryLater` if it does not."""
        self._echo = {"type": MESSAGE_TYPE, "echo": uuid4().hex}
        self._echoed.clear()

        async def send_echo() -> None:
            await _with_layer(send(self._echo))

        await _repeat(send_echo, self._echoed, REQUEST_INTERVAL, LAYER_TIMEOUT)
        if not self._echoed.is_set():
            raise TryLater("the channel layer: messages to this process do not arrive")

    def take(self, message: object) -> None:
        """Take in a message; ignore what is not an answer that is waited for."""
        if message == self._echo:
            self._echoed.set()
            return
        with suppress(ValueError):
            process, answer = self._read(message)
            if process in self.missing:
                self.missing.discard(process)
                self.answers[process] = answer
        if not self.missing:
            self.complete.set()


@asynccontextmanager
async def _receiving(layer: Layer, channel: str, inbox: "_Inbox[Any]") -> AsyncIterator[None]:
    """Receive what comes to a channel, in the block."""

    async def receive() -> None:
        while True:
            try:
                inbox.take(await layer.receive(channel))
            except Exception:  # noqa: BLE001 (any error of the layer; the echo finds lasting ones)
                await asyncio.sleep(REQUEST_INTERVAL)

    receiving = asyncio.create_task(receive())
    try:
        yield
    finally:
        # A cancelled receive says goodbye to Redis, and may wait for ever for the reply. A second
        # cancel ends that.
        for _ in range(2):
            receiving.cancel()
            await asyncio.wait([receiving], timeout=CLOSE_TIMEOUT)


def _no_answer(message: object) -> tuple[str, None]:
    raise ValueError("nothing was asked")


async def bounded(what: str, work: Awaitable[T], seconds: float) -> T:
    """Return the result of others' code; `TryLater` if it fails or takes more than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TryLater:
        raise
    except TimeoutError as error:
        raise TryLater(f"{what}: no answer within {seconds:g} s") from error
    except Exception as error:
        raise TryLater(f"{what}: {str(error) or type(error).__name__}") from error


async def _with_layer(work: Awaitable[T]) -> T:
    return await bounded("the channel layer", work, LAYER_TIMEOUT)


async def _repeat(
    send: Callable[[], Awaitable[None]], done: asyncio.Event, interval: float, seconds: float
) -> None:
    """Send at intervals until `done` is set or so many seconds are over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not done.is_set() and (left := end - loop.time()) > 0:
        await send()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(interval, left)):
                await done.wait()
