"""Between the processes: what happens on a board here reaches the processes that hold people of it.

A process has one channel of the Channels layer, and joins a board's group only while another
process holds people of that board. So a message is decoded once in a process, whatever the number
of its sockets, and a board that lives in one process costs the layer nothing.

What is said is a `Post`. To say it never makes anybody wait: what a board has not sent yet merges.
Posts are numbered (`numbers`), and this process listens to itself (`layer`), so that it is noticed
where the layer loses something.

A process also answers whoever asks whom it serves and what it tells them, or what people do ("ask",
`asking`).
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from presence.cluster.layer import HEARD_WITHIN, TYPE, Layer, Listener, process_group
from presence.cluster.messages import Pending, Post, pack, unpack
from presence.cluster.sequence import Incoming, Outgoing
from presence.protocol.board_ids import group_name
from presence.protocol.errors import TryLater

logger = logging.getLogger(__name__)

BEAT_EVERY = 1.0
"""Seconds between two messages to itself."""

MARKS = 3
"""Beats after a post at which an empty one follows, by whose number it is missed if it was lost. A
gap that takes one of them takes the next as well only if it is long enough to be noticed anyway."""

ASK_AGAIN = 0.5
"""Seconds until a layer that failed is asked again."""


class Relay:
    """This process's side of the layer. `heard` is called with what other processes say of a board,
    `gap` when messages about a board, or (None) about any of them, were lost; `report` returns what
    whoever asks a question is answered."""

    def __init__(
        self,
        layer: Layer,
        process: str,
        heard: Callable[[UUID, str, Post], None],
        gap: Callable[[UUID | None], None],
        *,
        report: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda question: {},
    ) -> None:
        self._layer = layer
        self._process = process
        self._heard = heard
        self._gap = gap
        self._report = report
        self._listener = Listener(layer, process)
        self._open: set[UUID] = set()
        self._strays: set[UUID] = set()
        self._pending = Pending()
        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._marks: dict[UUID, int] = {}
        self._news = asyncio.Event()
        self._starting = asyncio.Lock()
        self._all_sent = asyncio.Event()
        self._all_sent.set()
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
        try:
            await self._listener.join(group_name(board))
        except TryLater:
            # It may be joined all the same, when the layer is back.
            self._strays.add(board)
            raise
        self._open.add(board)
        self._incoming.begin(board)

    async def close(self, board: UUID) -> None:
        """Leave a board's group."""
        if board in self._open:
            self._open.discard(board)
            self._incoming.forget(board)
            self._outgoing.forget(board)
            self._marks.pop(board, None)
            await self._listener.leave(group_name(board))

    def post(self, board: UUID, post: Post) -> None:
        """Say something to the other processes that hold people of a board."""
        if board in self._open:
            self._marks[board] = MARKS
        self._put(board, group_name(board), post)

    def tell(self, process: str, board: UUID, post: Post) -> None:
        """Say something of a board to one process."""
        self._put(board, process_group(process), replace(post, told=True))

    def keep(self, board: UUID, processes: Collection[str]) -> None:
        """Take in that no other processes hold people of a board."""
        self._incoming.keep(board, processes)

    async def stop(self) -> None:
        """End every task, when what was said is sent or the layer is out of reach."""
        if self._tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARD_WITHIN):
                    await self._all_sent.wait()
        await _end(self._reaching)
        await _end(*self._tasks)
        self._tasks = []

    def _put(self, board: UUID, group: str, post: Post) -> None:
        self._pending.put(board, group, post)
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
        if self._listener.lost:
            # Nobody needs to wait to find out again: the next beat does.
            raise TryLater("the channel layer is out of reach")

    async def _begin(self) -> None:
        await self._listener.begin()
        work = (self._read(), self._send(), self._beat())
        self._tasks = [asyncio.create_task(each) for each in work]
        await self._listener.hear_itself()

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            try:
                await self._take(message)
            except Exception:
                logger.exception("could not take in a message of another process")

    async def _receive(self) -> dict[str, Any]:
        while True:
            try:
                return await self._layer.receive(self._listener.channel)
            except Exception as error:  # noqa: BLE001 (whatever the layer raises, it is away)
                logger.warning("could not hear the other processes: %r", error)
                await asyncio.sleep(ASK_AGAIN)

    async def _take(self, message: dict[str, Any]) -> None:
        if "ask" in message:
            await self._answer(message)
        elif "echo" in message:
            self._listener.take_echo(message["echo"])
        elif message["from"] != self._process:
            self._hear(UUID(message["board"]), message["from"], message)

    async def _answer(self, question: dict[str, Any]) -> None:
        answer = {"type": TYPE, "process": self._process, **self._report(question)}
        async with asyncio.timeout(HEARD_WITHIN):
            await self._layer.send(question["ask"], answer)

    def _hear(self, board: UUID, process: str, message: dict[str, Any]) -> None:
        post = unpack(message)
        if self._incoming.take(board, process, message.get("number"), post):
            self._gap(board)
        if post:
            self._heard(board, process, post)

    async def _send(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._pending:
                await self._send_one(*self._pending.take())
            self._all_sent.set()

    async def _send_one(self, board: UUID, group: str, post: Post) -> None:
        try:
            # Channels' Redis layer waits for ever for a server that neither answers nor hangs up.
            async with asyncio.timeout(HEARD_WITHIN):
                await self._layer.group_send(group, self._numbered(board, post))
        except Exception as error:  # noqa: BLE001 (as above)
            logger.warning("the channel layer is out of reach: %r", error)
            self._pending.put_back(board, group, post)
            await asyncio.sleep(ASK_AGAIN)

    def _numbered(self, board: UUID, post: Post) -> dict[str, Any]:
        number = self._outgoing.last(board) if post.told else self._outgoing.next(board)
        if board not in self._open:
            self._outgoing.forget(board)
        head = {"type": TYPE, "from": self._process, "board": board.hex, "number": number}
        return head | pack(post)

    async def _beat(self) -> None:
        """Notice gaps: pub/sub loses what is sent while its connection is being made again."""
        while True:
            await asyncio.sleep(BEAT_EVERY)
            with suppress(TryLater):
                # Said once only: what is not heard then was lost.
                if await self._listener.hear_itself(2 * HEARD_WITHIN):
                    self._incoming.begin_all()
                    self._gap(None)
                await self._leave_strays()
            self._mark()

    async def _leave_strays(self) -> None:
        """Leave the groups whose joining was not heard of."""
        strays, self._strays = self._strays - self._open, set()
        for board in strays:
            await self._listener.leave(group_name(board))

    def _mark(self) -> None:
        """Follow up what was said last, after which nobody would notice that it was lost."""
        due, self._marks = self._marks, {}
        for board, times in due.items():
            self._put(board, group_name(board), Post())
            if times > 1:
                self._marks[board] = times - 1


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
