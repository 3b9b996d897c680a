"""Asks the store and the live processes who is on which board, and compares the answers (`audit`).

It changes nothing, and needs no lease. Everything ends in a known time.
"""

import asyncio
from uuid import UUID

from presence.cluster.layer import Layer
from presence.cluster.requests import Requester, bounded
from presence.server.audit import Difference, Evidence, compare, confirmed, read_answer
from presence.store.base import Snapshot, Store

CONFIRM_AFTER = 2.0
"""Seconds between the two comparisons that must agree: longer than a join or a leave takes, and
longer than a process takes to notice that a grace is over (`hub.SWEEP_EVERY`)."""

READ_TIMEOUT = 30.0
"""Seconds to read all boards, besides the time that processes have to answer."""

CONCURRENT_SNAPSHOTS = 8
"""Boards that are read from the store at the same time: half of its connections."""


def longest(timeout: float) -> float:
    """Return the seconds after which an audit is over; `timeout` is the auditor's."""
    return 2 * (READ_TIMEOUT + timeout) + CONFIRM_AFTER


class Auditor:
    """Compares a store with the processes that a layer leads to, which have `timeout` seconds to
    answer. Its methods raise `TryLater` where the store or the layer is out of reach."""

    def __init__(self, store: Store, layer: Layer, *, timeout: float) -> None:
        self._store = store
        self._requester = Requester(layer, timeout=timeout)
        self._timeout = timeout

    async def audit(self) -> tuple[list[Difference], Evidence]:
        """Return what differs, and the evidence. What may be somebody who is just coming or going
        must be found twice."""
        evidence = await self.read()
        found = compare(evidence)
        if all(difference.fault is None for difference in found):
            return found, evidence
        await asyncio.sleep(CONFIRM_AFTER)
        evidence = await self.read()
        return confirmed(found, compare(evidence)), evidence

    async def read(self) -> Evidence:
        """Return what the store and the processes say now."""
        return await bounded("reading all boards", self._read(), READ_TIMEOUT + self._timeout)

    async def _read(self) -> Evidence:
        processes = await self._store.processes()
        answers = await self._requester.ask(processes, {}, read_answer)
        served = {b for answer in answers.values() for b, here in answer.sessions.items() if here}
        boards = served.union(await self._store.boards())
        counts = await self._store.counts(boards)
        turns = asyncio.Semaphore(CONCURRENT_SNAPSHOTS)

        async def snapshot(board: UUID) -> tuple[UUID, Snapshot]:
            async with turns:
                # Somebody may have written there by hand what is not a roster.
                read = self._store.snapshot(board)
                return board, await bounded(f"board {board}", read, READ_TIMEOUT)

        snapshots = dict(await asyncio.gather(*map(snapshot, boards)))
        return Evidence(processes, snapshots, counts, answers)
