"""Relays on one layer, that write down what they hear; and what can be wrong with a layer."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from presence.cluster.broker import Relay
from presence.cluster.messages import Post
from tests.server.harness import BOARD, WITHIN
from tests.server.world import LayerSeam, never


class Station:
    """A process's relay, and what it heard."""

    def __init__(self, layer: LayerSeam, name: str) -> None:
        self.name = name
        self.heard: list[tuple[UUID, str, Post]] = []
        self.gaps: list[UUID | None] = []
        self.fails = False
        self.relay = Relay(layer, name, self._hear, self._gap)
        self._news = asyncio.Event()

    @property
    def posts(self) -> list[Post]:
        """What was heard, without from whom."""
        return [post for _, _, post in self.heard]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is true of what was heard."""
        async with asyncio.timeout(WITHIN):
            while not true():
                self._news.clear()
                await self._news.wait()

    def _hear(self, board: UUID, process: str, post: Post) -> None:
        if self.fails:
            raise RuntimeError("could not")
        self.heard.append((board, process, post))
        self._news.set()

    def _gap(self, board: UUID | None) -> None:
        self.gaps.append(board)
        self._news.set()


class Net:
    """A layer and the stations on it."""

    def __init__(self) -> None:
        self.layer = LayerSeam()
        self.stations: list[Station] = []

    def station(self, name: str) -> Station:
        self.stations.append(Station(self.layer, name))
        return self.stations[-1]

    async def two(self) -> tuple[Station, Station]:
        """Return two stations that share the board."""
        one, other = self.station("one"), self.station("other")
        await one.relay.open(BOARD)
        await other.relay.open(BOARD)
        return one, other


def fail(layer: LayerSeam) -> None:
    layer.away = True


def hang(layer: LayerSeam) -> None:
    layer.open.clear()


def lose(layer: LayerSeam) -> None:
    layer.loses = lambda message: True


def mend(layer: LayerSeam) -> None:
    layer.away = False
    layer.loses = never
    layer.open.set()
