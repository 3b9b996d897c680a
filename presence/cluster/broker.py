"""Carries messages about boards between the processes, over the Channels layer.

A process has one channel. It joins a board's group only while another process has people on the
board, so a message is decoded once per process, and a board that lives in one process costs the
layer nothing.

Publishing never waits: what a board has not sent yet merges. The layer may lose a message without a
word. Nothing here notices that; every message carries the board's version, and the boards publish
their whole activity again with the renewals of the lease (`presence.server.board`).
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from uuid import UUID

from presence.cluster.layer import (
    EVERY_PROCESS,
    LAYER_TIMEOUT,
    MESSAGE_TYPE,
    Layer,
    board_group,
    process_group,
)
from presence.cluster.messages import Message, RightsChange, unpack, unpack_change

logger = logging.getLogger(__name__)

RETRY_AFTER = 0.5
"""Seconds until a layer that failed is used again."""


class Listener(Protocol):
    """The process that a broker works for. No method waits."""

    def heard(self, board: UUID, process: str, message: Message) -> None:
        """Take in a message of another process."""

    def rights_changed(self, changes: Collection[RightsChange]) -> None:
        """Take in whose right to be on a board may have changed."""

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a question (`presence.cluster.requests`)."""

    def published(self, seconds: float | None) -> None:
        """Note how long the layer took to take a message; None if it failed."""

    def layer_failed(self, error: Exception) -> None:
        """Note that the layer failed; it is used again after `RETRY_AFTER`."""

    def not_understood(self, process: str) -> None:
        """Note that a process sent a message of a kind that is not known here."""


class Broker:
    """One process on the layer. Create it on the event loop; it does nothing until `start`."""

    def __init__(self, layer: Layer, process: str, listener: Listener) -> None:
        self._layer = layer
        self._process = process
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._channel = ""
        self._wanted: set[str] = set()
        # Groups whose joining failed may be joined all the same: these are left, too.
        self._maybe_joined: set[str] = set()
        self._joined: set[str] = set()
        # Groups whose last change failed, for a while. The messages of their boards wait with them.
        self._put_off: set[str] = set()
        self._outgoing: dict[tuple[str, UUID], Message] = {}
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to send and to receive. Further calls change nothing."""
        if not self._tasks:
            self._want(process_group(self._process))
            self._want(EVERY_PROCESS)
            self._tasks.append(self._loop.create_task(self._work()))

    def subscribe(self, board: UUID) -> None:
        """Join a board's group, before anything that is published after this is sent."""
        self._want(board_group(board))

    def unsubscribe(self, board: UUID) -> None:
        """Leave a board's group."""
        self._wanted.discard(board_group(board))
        self._wake()

    def publish(self, board: UUID, message: Message) -> None:
        """Send a message to the other processes in a board's group."""
        self._put(board_group(board), board, message)

    def publish_to(self, process: str, board: UUID, message: Message) -> None:
        """Send a message about a board to one process."""
        self._put(process_group(process), board, message)

    async def stop(self) -> None:
        """Send what is left, unless the layer is out of reach, and end."""
        if self._tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAYER_TIMEOUT):
                    await self._idle.wait()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _want(self, group: str) -> None:
        self._wanted.add(group)
        self._wake()

    def _put(self, group: str, board: UUID, message: Message) -> None:
        waiting = self._outgoing.get((group, board))
        if waiting is None:
            self._outgoing[group, board] = message
        else:
            waiting.merge(message)
        self._wake()

    def _wake(self) -> None:
        self._idle.clear()
        self._news.set()

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            try:
                async with asyncio.timeout(LAYER_TIMEOUT):
                    await self._step()
            except Exception as error:  # noqa: BLE001 (whatever the layer raises, it is retried)
                self._listener.layer_failed(error)
                await asyncio.sleep(RETRY_AFTER)

    async def _step(self) -> None:
        """Make one call of the layer: groups first, then messages."""
        if not self._channel:
            self._channel = await self._layer.new_channel()
            self._tasks.append(self._loop.create_task(self._receive()))
        elif join := self._wanted - self._joined - self._put_off:
            await self._join(join.pop())
        elif leave := self._maybe_joined - self._wanted - self._put_off:
            await self._leave(leave.pop())
        elif ready := self._oldest():
            await self._send(*ready)
        else:
            self._news.clear()
            self._idle.set()

    async def _join(self, group: str) -> None:
        self._maybe_joined.add(group)
        with self._putting_off(group):
            await self._layer.group_add(group, self._channel)
        self._joined.add(group)
        if group == EVERY_PROCESS:
            # Those who came before this may have missed a change.
            self._listener.rights_changed([RightsChange(frozenset())])

    async def _leave(self, group: str) -> None:
        self._joined.discard(group)
        with self._putting_off(group):
            await self._layer.group_discard(group, self._channel)
        self._maybe_joined.discard(group)

    @contextmanager
    def _putting_off(self, group: str) -> Iterator[None]:
        """Put a group off if changing it fails, so that it holds up no other."""
        try:
            yield
        except BaseException:
            self._put_off.add(group)
            self._loop.call_later(2 * RETRY_AFTER, self._retry, group)
            raise

    def _retry(self, group: str) -> None:
        self._put_off.discard(group)
        self._wake()

    def _oldest(self) -> tuple[str, UUID] | None:
        """Return the group and the board of the message that has waited longest, None without."""
        waiting = (key for key in self._outgoing if board_group(key[1]) not in self._put_off)
        return next(waiting, None)

    async def _send(self, group: str, board: UUID) -> None:
        message = self._outgoing.pop((group, board))
        head = {"type": MESSAGE_TYPE, "from": self._process, "board": board.hex}
        begin = self._loop.time()
        try:
            await self._layer.group_send(group, head | message.packed())
        except BaseException:
            # Behind all others, so that one group that cannot be reached holds up no other.
            later = self._outgoing.pop((group, board), None)
            if later is not None:
                message.merge(later)
            self._outgoing[group, board] = message
            self._listener.published(None)
            raise
        self._listener.published(self._loop.time() - begin)

    async def _receive(self) -> None:
        while True:
            try:
                received = await self._layer.receive(self._channel)
            except Exception as error:  # noqa: BLE001 (whatever the layer raises, it is retried)
                self._listener.layer_failed(error)
                await asyncio.sleep(RETRY_AFTER)
                continue
            try:
                await self._take(received)
            except Exception:
                logger.exception("broker: a message of another process could not be used")

    async def _take(self, received: dict[str, Any]) -> None:
        if "ask" in received:
            answer = {"type": MESSAGE_TYPE, "process": self._process}
            async with asyncio.timeout(LAYER_TIMEOUT):
                await self._layer.send(received["ask"], answer | self._listener.answer(received))
        elif received["from"] == self._process:
            pass
        elif "rights" in received:
            self._listener.rights_changed([*map(unpack_change, received["rights"])])
        elif "board" in received:
            self._listener.heard(UUID(received["board"]), received["from"], unpack(received))
        else:
            self._listener.not_understood(received["from"])
