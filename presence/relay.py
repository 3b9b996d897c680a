"""Between the processes: what happens on a board here reaches the processes that hold people of it.

A process has one channel of the Channels layer, and joins a board's group only while another
process holds people of that board. So a message is decoded once in a process, whatever the number
of its sockets, and a board that lives in one process costs the layer nothing.

What is said is a `Post`. To say it never makes anybody wait: what a board has not sent yet merges.

A process also answers whoever asks which sessions it serves ("ask", `inquiry`).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID, uuid4

from presence.boards import group_name
from presence.errors import TryLater
from presence.post import Post, pack, unpack

logger = logging.getLogger(__name__)

TYPE = "presence.relay"

HEARD_WITHIN = 2.0
"""Seconds within which this process hears itself through the layer, or there was a gap."""

BEAT_EVERY = 1.0
"""Seconds between two messages to itself."""

ECHO_AGAIN = 0.05
"""Seconds until what was sent to oneself and not heard is sent again."""

ASK_AGAIN = 0.5
"""Seconds until a layer that failed is asked again."""


class Layer(Protocol):
    """What the relay uses of a Channels layer."""

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


class Relay:
    """This process's side of the layer. `heard` is called with what other processes say of a board,
    `gap` when messages may have been lost; `report` returns the sessions that this process serves,
    by the 32 hexadecimal digits of their board."""

    def __init__(
        self,
        layer: Layer,
        process: str,
        heard: Callable[[UUID, str, Post], None],
        gap: Callable[[], None],
        *,
        report: Callable[[], dict[str, list[str]]] = dict,
    ) -> None:
        self._layer = layer
        self._process = process
        self._heard = heard
        self._gap = gap
        self._report = report
        self._channel = ""
        self._open: set[UUID] = set()
        self._posts: dict[tuple[str, UUID], Post] = {}
        self._news = asyncio.Event()
        self._echoes: dict[str, asyncio.Future[None]] = {}
        self._starting = asyncio.Lock()
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        self._lost = True
        self._loop = asyncio.get_running_loop()
        self._begin_at = self._loop.time()
        self._tasks: list[asyncio.Task[None]] = []
        self._reaching: asyncio.Task[None] | None = None

    @property
    def open_boards(self) -> frozenset[UUID]:
        """The boards whose group this process is in."""
        return frozenset(self._open)

    def start(self) -> None:
        """See to it that this process can be reached, also before it shares a board. Waits for
        nothing; to be called again, since a layer that is out of reach is left at that."""
        if not self._tasks and (self._reaching is None or self._reaching.done()):
            self._reaching = asyncio.create_task(self._reach())

    async def open(self, board: UUID) -> None:
        """Join a board's group; what is said from now on is heard. `TryLater` where the layer is
        out of reach."""
        if board in self._open:
            return
        await self._start()
        await self._join(group_name(board))
        self._open.add(board)

    async def close(self, board: UUID) -> None:
        """Leave a board's group."""
        if board in self._open:
            self._open.discard(board)
            # Where the layer is away, so is the group.
            with suppress(Exception):
                async with asyncio.timeout(HEARD_WITHIN):
                    await self._layer.group_discard(group_name(board), self._channel)

    def post(self, board: UUID, post: Post) -> None:
        """Say something to the other processes that hold people of a board."""
        self._enqueue(group_name(board), board, post)

    def tell(self, process: str, board: UUID, post: Post) -> None:
        """Say something of a board to one process."""
        self._enqueue(process_group(process), board, post)

    async def stop(self) -> None:
        """End every task, when what was said is sent or the layer is out of reach."""
        if self._tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARD_WITHIN):
                    await self._all_sent.wait()
        await _end(self._reaching)
        await _end(*self._tasks)
        self._tasks = []

    def _enqueue(self, group: str, board: UUID, post: Post) -> None:
        self._posts.setdefault((group, board), Post()).merge(post)
        self._all_sent.clear()
        self._news.set()

    async def _reach(self) -> None:
        with suppress(TryLater):  # `open` tells of it where somebody needs the layer
            await self._start()

    async def _start(self) -> None:
        async with self._starting:
            if not self._tasks and self._loop.time() >= self._begin_at:
                self._begin_at = self._loop.time() + HEARD_WITHIN + BEAT_EVERY
                await self._begin()
        if self._lost:
            # Nobody needs to wait to find out again: the next beat does.
            raise TryLater("the channel layer is out of reach")

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(HEARD_WITHIN):
                self._channel = await self._layer.new_channel()
        except Exception as error:  # whatever the layer raises, it is out of reach
            raise TryLater(f"no channel: {error!r}") from error
        self._tasks = [
            asyncio.create_task(work) for work in (self._read(), self._send(), self._beat())
        ]
        await self._hear_itself(ECHO_AGAIN)

    async def _hear_itself(self, again: float) -> bool:
        """Return, when it does, whether it did not before."""
        await self._join(process_group(self._process), again)
        lost, self._lost = self._lost, False
        return lost

    async def _join(self, group: str, again: float = ECHO_AGAIN) -> None:
        """Join a group, and make sure of it: the layer returns before Redis has taken it in.

        Speaks to the group every `again` seconds until it hears itself.
        """
        token = uuid4().hex
        echo = self._echoes[token] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(HEARD_WITHIN):
                await self._layer.group_add(group, self._channel)
                while not echo.done():
                    # Redis may take the first one before the subscription, which comes by another
                    # connection.
                    await self._layer.group_send(group, {"type": TYPE, "echo": token})
                    await asyncio.wait([echo], timeout=again)
        except Exception as error:  # as above; a time-out is one
            self._lost = True
            raise TryLater(f"could not join {group}: {error!r}") from error
        finally:
            del self._echoes[token]

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            try:
                if "ask" in message:
                    await self._answer(message["ask"])
                else:
                    self._take(message)
            except Exception:
                logger.exception("could not take in a message of another process")

    async def _receive(self) -> dict[str, Any]:
        while True:
            try:
                return await self._layer.receive(self._channel)
            except Exception as error:  # noqa: BLE001 (as above)
                logger.warning("could not hear the other processes: %r", error)
                await asyncio.sleep(ASK_AGAIN)

    def _take(self, message: dict[str, Any]) -> None:
        if "echo" in message:
            echo = self._echoes.get(message["echo"])
            if echo is not None and not echo.done():
                echo.set_result(None)
        elif message["from"] != self._process:
            self._heard(UUID(message["board"]), message["from"], unpack(message))

    async def _answer(self, channel: str) -> None:
        answer = {"type": TYPE, "process": self._process, "sessions": self._report()}
        async with asyncio.timeout(HEARD_WITHIN):
            await self._layer.send(channel, answer)

    async def _send(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._posts:
                await self._send_one(*next(iter(self._posts)))
            self._all_sent.set()

    async def _send_one(self, group: str, board: UUID) -> None:
        post = self._posts.pop((group, board))
        head = {"type": TYPE, "from": self._process, "board": board.hex}
        try:
            # Channels' Redis layer waits for ever for a server that neither answers nor hangs up.
            async with asyncio.timeout(HEARD_WITHIN):
                await self._layer.group_send(group, head | pack(post))
        except Exception as error:  # noqa: BLE001 (whatever it is, the layer is out of reach)
            logger.warning("the channel layer is out of reach: %r", error)
            post.merge(self._posts.pop((group, board), Post()))
            self._posts[group, board] = post
            await asyncio.sleep(ASK_AGAIN)

    async def _beat(self) -> None:
        """Notice gaps: pub/sub loses what is sent while its connection is being made again."""
        while True:
            await asyncio.sleep(BEAT_EVERY)
            with suppress(TryLater):
                # Said once only: what is not heard then was lost.
                if await self._hear_itself(2 * HEARD_WITHIN):
                    self._gap()


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def process_group(process: str) -> str:
    """Return the group by which one process is reached: the same characters as `group_name`."""
    safe: Iterable[str] = (c if c.isascii() and c.isalnum() else "-" for c in process)
    return "presence.process." + "".join(safe)[-60:]
