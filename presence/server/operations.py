"""What a site and its staff ask of the boards, and have done on them, from any process."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from time import monotonic
from uuid import UUID, uuid4

from presence.cluster.layer import Layer
from presence.cluster.messages import Message
from presence.cluster.requests import Asker
from presence.protocol.errors import TryLater
from presence.rooms.seats import Activity, unpack_activity
from presence.server.events import Events, Tell
from presence.server.hub import Hub
from presence.server.people import Scene, scene
from presence.store.base import Store

logger = logging.getLogger(__name__)

AGAIN = 0.4
"""What part of the time they have processes are waited for before they are asked anew: pub/sub
loses messages."""

BELIEVED = 2.0
"""Seconds for which it stands what a process told, that is late with what it tells now."""

ANSWER_WITHIN = 1.0
"""Seconds that processes have to tell what their people do."""


class Heard:
    """What processes told of late, by board."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._told: dict[tuple[UUID, str], tuple[Activity, float]] = {}
        self._silent = False

    def take(
        self, board: UUID, asked: Collection[str], answers: Mapping[str, Activity]
    ) -> list[Activity]:
        """Return what the processes that were asked tell, or told a moment ago."""
        now, self._silent = self._clock(), False
        told = {key: each for key, each in self._told.items() if now - each[1] < BELIEVED}
        told |= {(board, process): (answer, now) for process, answer in answers.items()}
        self._told = told
        return [told[board, process][0] for process in asked if (board, process) in told]

    def note_silence(self, error: TryLater) -> None:
        """Log that nobody can be asked, once until somebody can: it may be asked all the time."""
        if not self._silent:
            logger.warning("what people do is not known: %s", error)
        self._silent = True


_heard = Heard()


class Operations:
    """One who looks at the boards and acts on them. To be used on the event loop of the `hub`, or,
    where this process has none, on any. Every method may raise `TryLater`.

    The store is the truth, and has the processes see what changed; to tell them only makes it soon.
    """

    def __init__(
        self,
        store: Store,
        layer: Layer | None,
        hub: Hub | None,
        tell: Tell,
        heard: Heard = _heard,
    ) -> None:
        self._store = store
        self._heard = heard
        self._hub = hub
        self._events = Events(tell)
        self._layer = layer
        self._name = f"staff:{uuid4().hex}"

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many people are on each of the boards."""
        return await self._store.counts(boards)

    async def census(self, among: Collection[UUID] | None) -> Mapping[UUID, int]:
        """Return how many people are on each board that somebody is on."""
        return await self._store.boards(among)

    async def scene(self, board: UUID, within: float = ANSWER_WITHIN) -> Scene:
        """Return how a board is now. Processes have so many seconds to tell what people do there;
        0: nobody is asked."""
        snapshot = await self._store.snapshot(board)
        asked = self._activity(board, snapshot.processes, within) if within else None
        return scene(snapshot, await asked if asked else Activity(), datetime.now(UTC))

    async def close(self, board: UUID, seconds: float) -> None:
        """Close a board to newcomers for so long; 0: open it again."""
        await self._store.close_board(board, seconds)

    async def remove(self, board: UUID, person: str, seconds: float) -> int:
        """Take a person off a board, keep them out for so long, and return how many tabs that
        closes."""
        departure = await self._store.remove(board, person, seconds)
        (self._hub.departed if self._hub else self._events.went)(board, departure)
        processes = {member.process for member in departure.members}
        # Also where nobody went: this may be said again since the answer was lost.
        with suppress(TryLater):
            processes.update((await self._store.snapshot(board)).processes)
        try:
            await self._have(board, processes, Message(version=departure.version))
        except TryLater as error:
            logger.warning("a removal is seen at the next renewal only: %s", error)
        return len(departure.members)

    async def reconnect(self, board: UUID) -> None:
        """Have everybody on a board connect anew, spread over less than the grace."""
        snapshot = await self._store.snapshot(board)
        await self._have(board, snapshot.processes, Message(reconnect=True))

    async def _have(self, board: UUID, processes: Collection[str], message: Message) -> None:
        if self._hub is not None:
            self._hub.heard(board, self._name, message)
        if self._layer is not None:
            asker = Asker(self._layer, within=ANSWER_WITHIN)
            packed = {"from": self._name, "board": board.hex, **message.packed()}
            told = [asker.say(process, packed) for process in self._others(processes)]
            await asyncio.gather(*told)

    async def _activity(self, board: UUID, processes: Collection[str], within: float) -> Activity:
        """Return what people do, as far as processes tell."""
        own = self._hub.activity(board) if self._hub else Activity()
        others = self._others(processes)
        if self._layer is None or not others:
            return own
        asker = Asker(self._layer, within=within, again=within * AGAIN)
        try:
            answers = await asker.ask(others, {"board": board.hex}, _read, sure=False)
        except TryLater as error:
            self._heard.note_silence(error)
            return own
        return reduce(or_, self._heard.take(board, others, answers), own)

    def _others(self, processes: Collection[str]) -> set[str]:
        return {*processes} - {self._hub.process if self._hub else ""}


def _read(answer: object) -> tuple[str, Activity]:
    """Return what a process answered; `ValueError` where it is something else."""
    if not isinstance(answer, dict):
        raise ValueError("no answer")
    return str(answer.get("process")), unpack_activity(answer)
