"""Asks the store and the live processes who is on which board, and mends what differs (`audit`).

An auditor is no process of its own: it holds no lease, and has nobody on a board.

Everything here ends in a known time: a server may keep its connections open and answer nothing,
and Channels' Redis layer would wait for it for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid4

from presence.cluster.layer import Layer
from presence.cluster.messages import Message
from presence.cluster.requests import Asker, in_time, used
from presence.server.audit import (
    Difference,
    Evidence,
    Ghost,
    Missing,
    OnBoard,
    Stranded,
    compare,
    confirmed,
    read_answer,
)
from presence.store.base import Snapshot, Store

LOOK_AGAIN = 2.0
"""Seconds between the two looks that must agree: longer than it takes to come or to go, and for a
process to notice (`hub.SWEEP_EVERY`) that somebody's time is up."""

LOOK_WITHIN = 30.0
"""Seconds that a look may take, beside those that processes have to answer."""

REPAIR_WITHIN = 60.0
"""Seconds that a repair may take."""

LOOKS = 50
"""How many boards a process is told to look at in one go."""

LOOKS_EVERY = 0.25
"""Seconds until it is told to look at more."""

BACK_WITHIN = 3.0
"""Seconds that a process has to put back whom the store lost."""

BACK_AGAIN = 0.1
"""Seconds after which the store is asked again whether they are back."""

AT_ONCE = 8
"""How many boards the store is asked for at the same time: half of its connections."""

K = TypeVar("K")
T = TypeVar("T")


def longest(within: float, patience: float, *, repair: bool) -> float:
    """Return the seconds after which an audit is over, or one with a repair and what follows;
    `within` and `patience` are an auditor's."""
    audit = 2 * (LOOK_WITHIN + within) + LOOK_AGAIN
    return audit + REPAIR_WITHIN + patience + 2 * audit if repair else audit


class Auditor:
    """Compares a store with the processes that a layer leads to, which have `within` seconds to
    answer. Its methods raise `TryLater` where the store or the layer is out of reach.

    A process that had to put people back takes nobody for gone for `patience` seconds (`Sync`).
    """

    def __init__(self, store: Store, layer: Layer, *, within: float, patience: float = 0.0) -> None:
        self._store = store
        self._asker = Asker(layer, within=within)
        self._within = within
        self._patience = patience
        self._name = f"auditor:{uuid4().hex}"

    async def look(self) -> Evidence:
        """Return what the store and the processes say now."""
        return await in_time("a look at all boards", self._look(), LOOK_WITHIN + self._within)

    async def audit(self) -> tuple[list[Difference], Evidence]:
        """Return what differs, and the evidence. Where something may have been on its way, a second
        look must find it too."""
        evidence = await self.look()
        found = compare(evidence)
        if all(difference.certain for difference in found):
            return found, evidence
        await asyncio.sleep(LOOK_AGAIN)
        evidence = await self.look()
        return confirmed(found, compare(evidence)), evidence

    async def repair(self, found: Sequence[Difference], evidence: Evidence) -> None:
        """Take those off their boards whom nobody serves, and have the processes look at the boards
        where something differs: they put back whom the store has lost, and tell what it counts."""
        await in_time("the repair", self._repair(found, evidence), REPAIR_WITHIN)

    async def remains(self, repaired: Sequence[Difference]) -> tuple[list[Difference], Evidence]:
        """Audit after a repair. Where people were missing, a process may yet be patient."""
        patience = self._patience if any(isinstance(d, Missing) for d in repaired) else 0.0
        end = asyncio.get_running_loop().time() + patience
        while True:
            last = asyncio.get_running_loop().time() >= end
            found, evidence = await self.audit()
            if last or all(difference.certain for difference in found):
                return found, evidence

    async def _look(self) -> Evidence:
        processes = await self._store.processes()
        answers = await self._asker.ask(processes, {}, read_answer)
        served = {b for answer in answers.values() for b, held in answer.sessions.items() if held}
        boards = served.union(await self._store.boards())
        counts = await self._store.counts(boards)
        return Evidence(processes, await _each(boards, self._snapshot), counts, answers)

    async def _snapshot(self, board: UUID) -> Snapshot:
        # What was written there by hand may be no roster.
        return await used(f"board {board}", self._store.snapshot(board))

    async def _repair(self, found: Sequence[Difference], evidence: Evidence) -> None:
        nobodys = [difference for difference in found if isinstance(difference, Ghost | Stranded)]
        await _each(nobodys, lambda d: self._store.leave(d.board, d.member.session))
        await self._put_back([d for d in found if isinstance(d, Missing)])
        serving = evidence.serving()
        boards = {d.board for d in found if isinstance(d, OnBoard)}
        # Who did not answer may serve somebody there.
        await self._have_look(
            {(p, board) for board in boards for p in [*serving.get(board, ()), *evidence.silent]}
        )

    async def _put_back(self, missing: Sequence[Missing]) -> None:
        """Have their processes put people back, before any other looks and takes them for gone."""
        await self._have_look({(d.process, d.board) for d in missing})
        lost = {(d.board, d.session) for d in missing}
        end = asyncio.get_running_loop().time() + BACK_WITHIN
        while lost and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(BACK_AGAIN)
            rosters = await _each({board for board, _ in lost}, self._snapshot)
            lost -= {(b, m.session) for b, roster in rosters.items() for m in roster.members}

    async def _have_look(self, looks: Collection[tuple[str, UUID]]) -> None:
        """Have processes look at boards, as fast as they can bear it beside their work."""
        boards: dict[str, list[UUID]] = {}
        for process, board in sorted(looks):
            boards.setdefault(process, []).append(board)
        for begin in range(0, max(map(len, boards.values()), default=0), LOOKS):
            if begin:
                await asyncio.sleep(LOOKS_EVERY)
            for process, all_of_them in boards.items():
                for board in all_of_them[begin : begin + LOOKS]:
                    await self._asker.say(process, self._look_at(board))

    def _look_at(self, board: UUID) -> dict[str, Any]:
        return {"from": self._name, "board": board.hex} | Message(version=2**62).packed()


async def _each(keys: Iterable[K], ask: Callable[[K], Awaitable[T]]) -> dict[K, T]:
    """Return what `ask` says of each key; `AT_ONCE` are asked for at the same time."""
    said: dict[K, T] = {}
    left = iter(keys)

    async def work() -> None:
        for key in left:
            said[key] = await ask(key)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    except BaseExceptionGroup as failed:
        # One is enough to tell.
        raise failed.exceptions[0] from None
    return said
