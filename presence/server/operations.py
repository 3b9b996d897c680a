"""What a site's code and its staff can ask and do, in any process: `presence.api` calls this."""

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
from presence.cluster.requests import Requester
from presence.protocol.errors import TryLater
from presence.rooms.seats import Activity, unpack_activity
from presence.server.events import Events, Tell
from presence.server.hub import Hub
from presence.server.logs import OutageLog
from presence.server.people import Scene, scene
from presence.store.base import Store

logger = logging.getLogger(__name__)

ACTIVITY_TIMEOUT = 1.0
"""Seconds that processes have to tell the activity of a board."""

RETRY_FRACTION = 0.4
"""Fraction of the timeout after which silent processes are asked again."""

ACTIVITY_LIFETIME = 2.0
"""Seconds for which a late process's last answer is reused."""


class RecentActivity:
    """The last answers of other processes about the activity on their boards."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._answers: dict[tuple[UUID, str], tuple[Activity, float]] = {}
        self.outage = OutageLog(
            logger,
            "channel layer: cannot ask other processes, their people's cursors and states are"
            " unknown",
            "channel layer: other processes can be asked again",
        )

    def update(
        self, board: UUID, asked: Collection[str], answers: Mapping[str, Activity]
    ) -> list[Activity]:
        """Keep new answers. Return those of the processes that were asked, and recent ones of those
        that are late."""
        now = self._clock()
        recent = {
            key: each for key, each in self._answers.items() if now - each[1] < ACTIVITY_LIFETIME
        }
        recent |= {(board, process): (answer, now) for process, answer in answers.items()}
        self._answers = recent
        return [recent[board, process][0] for process in asked if (board, process) in recent]


_recent_activity = RecentActivity()


class Operations:
    """Questions about boards, and what staff do there.

    Use it on the event loop of `hub`, or on any where this process has no hub. Every method raises
    `TryLater` where the store is out of reach. Changes are made in the store, which every process
    reads at its next renewal; a message makes it read at once.
    """

    def __init__(
        self,
        store: Store,
        layer: Layer | None,
        hub: Hub | None,
        tell: Tell,
        recent_activity: RecentActivity = _recent_activity,
    ) -> None:
        self._store = store
        self._layer = layer
        self._hub = hub
        self._events = Events(tell)
        self._recent_activity = recent_activity
        self._name = f"staff:{uuid4().hex}"

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many people are on each of the boards."""
        return await self._store.counts(boards)

    async def census(self, among: Collection[UUID] | None) -> Mapping[UUID, int]:
        """Return how many people are on each board that is not empty."""
        return await self._store.boards(among)

    async def scene(self, board: UUID, within: float = ACTIVITY_TIMEOUT) -> Scene:
        """Return a board as it is now.

        Other processes have `within` seconds to tell its activity; with 0 nobody is asked.
        """
        snapshot = await self._store.snapshot(board)
        activity = Activity()
        if within:
            activity = await self._activity(board, snapshot.processes, within)
        return scene(snapshot, activity, datetime.now(UTC))

    async def close(self, board: UUID, seconds: float) -> None:
        """Close a board to newcomers for so many seconds; 0 opens it again."""
        await self._store.close_board(board, seconds)

    async def remove(self, board: UUID, person: str, seconds: float) -> int:
        """Take a person off a board and keep them out for so many seconds. Return how many tabs
        this closes."""
        departure = await self._store.remove(board, person, seconds)
        if self._hub is not None:
            self._hub.departed(board, departure)
        else:
            self._events.went(board, departure)
        processes = {member.process for member in departure.members}
        # Also where nobody left: the answer to an earlier call may have been lost.
        with suppress(TryLater):
            processes.update((await self._store.snapshot(board)).processes)
        try:
            await self._send(board, processes, Message(version=departure.version))
        except TryLater as error:
            logger.warning(
                "channel layer: could not announce a removal, processes see it at their next"
                " renewal (board=%s, error=%s)",
                board,
                error,
            )
        return len(departure.members)

    async def reconnect(self, board: UUID) -> None:
        """Have all clients of a board reconnect, spread over less than the grace."""
        snapshot = await self._store.snapshot(board)
        await self._send(board, snapshot.processes, Message(reconnect=True))

    async def _send(self, board: UUID, processes: Collection[str], message: Message) -> None:
        if self._hub is not None:
            self._hub.heard(board, self._name, message)
        if self._layer is not None:
            requester = Requester(self._layer, timeout=ACTIVITY_TIMEOUT)
            packed = {"from": self._name, "board": board.hex, **message.packed()}
            sends = [requester.send(process, packed) for process in self._others(processes)]
            await asyncio.gather(*sends)

    async def _activity(self, board: UUID, processes: Collection[str], within: float) -> Activity:
        """Return the activity on a board, as far as its processes tell it in time."""
        local = self._hub.activity(board) if self._hub else Activity()
        others = self._others(processes)
        if self._layer is None or not others:
            return local
        requester = Requester(self._layer, timeout=within, interval=within * RETRY_FRACTION)
        try:
            answers = await requester.ask(others, {"board": board.hex}, _read, verify=False)
        except TryLater as error:
            self._recent_activity.outage.failed(error)
            return local
        self._recent_activity.outage.works()
        return reduce(or_, self._recent_activity.update(board, others, answers), local)

    def _others(self, processes: Collection[str]) -> set[str]:
        return {*processes} - {self._hub.process if self._hub else ""}


def _read(answer: object) -> tuple[str, Activity]:
    if not isinstance(answer, dict):
        raise ValueError("not an answer")
    return str(answer.get("process")), unpack_activity(answer)
