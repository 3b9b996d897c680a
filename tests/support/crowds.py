"""Many people who come onto many boards, one after the other."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from presence.protocol.codec import encode
from presence.protocol.messages import SUBPROTOCOL, Dialect, Join
from tests.support.server import Server


class Crowd:
    """So many people a second, each on the next of the boards, who stay until the end."""

    def __init__(self, server: Server, boards: Sequence[str], rate: float) -> None:
        self.come = 0
        """How many have come."""
        self._server = server
        self._boards = boards
        self._rate = rate
        self._ending = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._run()))

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join()

    async def _run(self) -> None:
        loop, opened = asyncio.get_running_loop(), []
        began = loop.time()
        while not self._ending.is_set():
            number = len(opened)
            await asyncio.sleep(max(0.0, began + number / self._rate - loop.time()))
            opened.append(loop.create_task(self._come(number)))
        sockets = await asyncio.gather(*opened)
        await asyncio.gather(*(socket.close() for socket in sockets))

    async def _come(self, number: int) -> ClientConnection:
        socket = await connect(
            self._server.socket_url(self._boards[number % len(self._boards)]),
            origin=Origin(self._server.origin),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
        )
        await socket.send(encode(Join(0, f"Guest {number}"), Dialect.COMPACT))
        await socket.recv()
        self.come += 1
        return socket


@contextmanager
def crowding(server: Server, boards: Sequence[str], rate: float) -> Iterator[Crowd]:
    """Have people come until the block ends, when all of them go."""
    crowd = Crowd(server, boards, rate)
    crowd.start()
    try:
        yield crowd
    finally:
        crowd.end()
