"""Brokers on one layer, on a loop that skips the time in which nothing happens."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any
from uuid import UUID

import pytest

from presence.cluster.broker import Broker
from presence.cluster.messages import Message, RightsChange
from tests.support.clock import LOOPS, SkippingLoop
from tests.support.layer import LayerSeam

BOARD, OTHER_BOARD = UUID(int=1), UUID(int=2)


def pytest_asyncio_loop_factories() -> Mapping[str, type[SkippingLoop]]:
    return LOOPS


class Station:
    """A process on the layer that writes down what its broker tells it."""

    def __init__(self, layer: LayerSeam, name: str) -> None:
        self.received: list[tuple[UUID, str, Message]] = []
        self.changes: list[RightsChange] = []
        self.failures: list[Exception] = []
        self.times: list[float | None] = []
        self.strange: list[str] = []
        self.fails = False
        self.broker = Broker(layer, name, self)

    @property
    def messages(self) -> list[Message]:
        """What was heard, without the board and the sender."""
        return [message for _, _, message in self.received]

    def heard(self, board: UUID, process: str, message: Message) -> None:
        if self.fails:
            raise RuntimeError("could not")
        self.received.append((board, process, message))

    def rights_changed(self, changes: Collection[RightsChange]) -> None:
        self.changes += changes

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        return {"asked": question["about"]}

    def published(self, seconds: float | None) -> None:
        self.times.append(seconds)

    def layer_failed(self, error: Exception) -> None:
        self.failures.append(error)

    def not_understood(self, process: str) -> None:
        self.strange.append(process)


class Net:
    """A layer and the processes on it."""

    def __init__(self) -> None:
        self.layer = LayerSeam()
        self.stations: list[Station] = []

    def station(self, name: str, *boards: UUID) -> Station:
        """Start a process in the groups of some boards."""
        station = Station(self.layer, name)
        self.stations.append(station)
        station.broker.start()
        for board in boards:
            station.broker.subscribe(board)
        return station

    async def two(self) -> tuple[Station, Station]:
        """Return two processes that share a board."""
        one, other = self.station("one", BOARD), self.station("other", BOARD)
        await asyncio.sleep(0.001)  # on this loop no time passes
        return one, other


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    """Processes on one layer."""
    net = Net()
    yield net
    net.layer.open.set()
    for station in net.stations:
        await station.broker.stop()
