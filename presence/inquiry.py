"""Asks the store and the live processes who is on which board, and mends what differs (`audit`).

An inquirer is no process of its own: it holds no lease, and has nobody on a board.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from presence.asking import Asker
from presence.audit import (
    Difference,
    Evidence,
    Ghost,
    Missing,
    Sessions,
    Stranded,
    compare,
    confirmed,
)
from presence.layer import Layer
from presence.post import Post, pack
from presence.store.base import Store

LOOK_AGAIN = 1.0
"""Seconds between the two looks that must agree: longer than it takes to come or to go."""


class Inquirer:
    """Compares a store with the processes that a layer leads to, which have `within` seconds to
    answer. Its methods raise `TryLater` where the store or the layer is out of reach."""

    def __init__(self, store: Store, layer: Layer, *, within: float) -> None:
        self._store = store
        self._asker = Asker(layer, within=within)
        self._name = f"inquirer:{uuid4().hex}"

    async def look(self) -> Evidence:
        """Return what the store and the processes say now."""
        processes = await self._store.processes()
        served = await self._ask(processes)
        boards = {
            *await self._store.boards(),
            *(b for sessions in served.values() for b in sessions),
        }
        told = {board: await self._store.snapshot(board) for board in boards}
        return Evidence(processes, told, served)

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
        """Take those off their boards whom nobody serves, and have every live process look at the
        boards where something differs: it puts back whom the store has lost."""
        nobodys = [difference for difference in found if isinstance(difference, Ghost | Stranded)]
        for difference in nobodys:
            await self._store.leave(difference.board, difference.member.session)
        lost = {difference.board for difference in found if isinstance(difference, Missing)}
        await self._have_look(lost.union(d.board for d in nobodys), evidence.processes)

    async def _have_look(self, boards: Collection[UUID], processes: Collection[str]) -> None:
        look = pack(Post(look=True))
        for board in boards:
            message = {"from": self._name, "board": board.hex, **look}
            for process in processes:
                await self._asker.say(process, message)

    async def _ask(self, processes: Collection[str]) -> dict[str, Sessions]:
        """Return what those processes serve that answer in time."""
        answers = await self._asker.ask(processes, {})
        return {process: _sessions(answer) for process, answer in answers.items()}


def _sessions(answer: Mapping[str, Any]) -> Sessions:
    return {UUID(hex=board): held for board, held in answer["sessions"].items()}
