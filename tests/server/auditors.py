"""What the tests of the auditor are made with: processes that mend nothing by themselves, and an
auditor whose own way to the store and the layer can be broken alone."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from presence.cluster.broker import Broker
from presence.server.audit import Difference, Miscount
from presence.server.auditor import Auditor
from presence.server.hub import Hub
from presence.store.base import JoinRequest, Snapshot, Store, Timing
from presence.store.memory import MemoryStore
from tests.server.harness import BOARD, Process, Seam, Socket
from tests.support.layer import LayerSeam
from tests.support.layer import Sent as Message

TIMING = Timing(grace=30.0, lease=30.0)
"""So long that no process mends by itself what a test breaks."""

WITHIN = 3.0
"""Seconds that processes have to answer."""

T = TypeVar("T")


class Line(LayerSeam):
    """The auditor's own way to a layer. Like Channels' Redis layer it takes leave of the server
    when a receive is cancelled, and waits as long as the server does not answer.

    It hangs from its use number `hangs_at` on. What comes is garbled `garbled` times.
    """

    def __init__(self, inner: LayerSeam) -> None:
        super().__init__()
        self.inner = inner
        self.uses = 0
        self.hangs_at = -1
        self.garbled = 0

    async def receive(self, channel: str) -> Message:
        try:
            message = await super().receive(channel)
        except asyncio.CancelledError:
            await self.open.wait()
            raise
        if self.garbled:
            self.garbled -= 1
            raise ValueError("this is no message")
        return message

    async def _pass(self) -> None:
        if self.uses == self.hangs_at:
            self.open.clear()
        self.uses += 1
        await super()._pass()


class Sight(Seam):
    """A way to a store on which snapshots and counts may come wrong (`people`, `counted`), or an
    operation never does (`hangs`, by its name). A snapshot takes `seconds`."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.people: int | None = None
        self.counted: int | None = None
        self.hangs = ""
        self.seconds = 0.0

    async def snapshot(self, board: UUID) -> Snapshot:
        await asyncio.sleep(self.seconds)
        seen = await super().snapshot(board)
        return seen if self.people is None else replace(seen, people=self.people)

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        counts = await super().counts(boards)
        return counts if self.counted is None else dict.fromkeys(counts, self.counted)

    async def _pass(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        if name == self.hangs:
            self.open.clear()
        return await super()._pass(name, work)


class Stranger:
    """A process of another release: it hears nothing, and answers in its own way."""

    def __init__(self, report: dict[str, Any]) -> None:
        self._report = report

    def heard(self, board: UUID, process: str, message: object) -> None:
        pass

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        return self._report

    def published(self, seconds: float | None) -> None:
        pass

    def layer_failed(self, error: Exception) -> None:
        pass


Wrong = tuple[UUID, str | None, int, int]


def wrong(found: Sequence[Difference]) -> list[Wrong]:
    """Return the wrong counts that were found: the board, who told them (None: the store), the
    number, and the right one."""
    counts = [difference for difference in found if isinstance(difference, Miscount)]
    return [(count.board, count.process, count.told, count.persons) for count in counts]


class Inquiry:
    """Processes over one store and one layer, and who asks them."""

    def __init__(self) -> None:
        self.store = MemoryStore(asyncio.get_running_loop().time, TIMING)
        self.layer = LayerSeam()
        self.line = Line(self.layer)
        self.sight = Sight(self.store)
        patience = TIMING.lease / 2
        self.auditor = Auditor(self.sight, self.line, within=WITHIN, patience=patience)
        self.sights: dict[str, Sight] = {}
        self.processes: dict[str, Process] = {}
        self._brokers: list[Broker] = []

    def process(self, name: str) -> Process:
        """Start a process."""
        sight = self.sights[name] = Sight(self.store)
        hub = Hub(sight, name, least=33, timing=TIMING, layer=self.layer)
        self.processes[name] = Process(hub, sight)
        return self.processes[name]

    async def two(self) -> tuple[Socket, Socket]:
        """Return people on one board, each on a process: "here" and "there"."""
        here, there = self.process("here"), self.process("there")
        return await here.joined("ada"), await there.joined("bob")

    async def stranger(self, name: str, report: dict[str, Any]) -> None:
        """Start a process of another release, which answers in its own way. It has one session on
        the board, "its own"."""
        broker = Broker(self.layer, name, Stranger(report))
        self._brokers.append(broker)
        broker.start()
        await self.store.renew(name)
        await self.store.join(BOARD, JoinRequest("its own", name, "cy", "Cy"))

    async def found(self) -> list[Difference]:
        """Return what differs."""
        found, _ = await self.auditor.audit()
        return found

    async def repair(self) -> list[Difference]:
        """Mend what differs, and return what remains."""
        found, evidence = await self.auditor.audit()
        await self.auditor.repair(found, evidence)
        remains, _ = await self.auditor.remains(found)
        return remains

    async def close(self) -> None:
        """End every process."""
        self.line.open.set()
        self.sight.open.set()
        for sight in self.sights.values():
            sight.open.set()
        for broker in self._brokers:
            await broker.stop()
        for process in self.processes.values():
            await process.hub.close()
