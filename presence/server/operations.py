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

from presence.cluster.layer import EVERY_PROCESS, Layer, board_group, process_group
from presence.cluster.messages import Message, RightsChange
from presence.cluster.requests import Requester
from presence.protocol.errors import TryLater
from presence.rooms.seats import Activity, unpack_activity
from presence.server.events import Events, Tell
from presence.server.hub import Hub
from presence.server.logs import OutageLog
from presence.server.people import Scene, Whereabouts, scene, whereabouts
from presence.store.base import Departure, Store

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
            "channel layer: cannot ask other processes, cursors and states there are unknown",
            "channel layer: other processes can be asked again",
        )

    def update(
        self, board: UUID, asked: Collection[str], answers: Mapping[str, Activity]
    ) -> Activity:
        """Keep new answers. Return the activity of the processes that were asked, of late ones as
        they told it a moment ago."""
        now = self._clock()
        new = {(board, process): (answer, now) for process, answer in answers.items()}
        self._answers = {
            key: each
            for key, each in (self._answers | new).items()
            if now - each[1] < ACTIVITY_LIFETIME
        }
        recent = [self._answers[board, name] for name in asked if (board, name) in self._answers]
        return reduce(or_, [activity for activity, _ in recent], Activity())


_recent_activity = RecentActivity()


class Operations:
    """Staff actions, and questions that other processes must answer. Ask `store` everything else.

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
        self.store = store
        self._layer = layer
        self._hub = hub
        self._tell = tell
        self._recent_activity = recent_activity
        self._name = f"staff:{uuid4().hex}"

    async def scene(self, board: UUID, within: float = ACTIVITY_TIMEOUT) -> Scene:
        """Return a board as it is now. Other processes have `within` seconds to tell its activity;
        with 0 nobody is asked."""
        snapshot, activity = await self.store.snapshot(board), Activity()
        if within and self._hub is not None:
            activity = self._hub.activity(board)
        others = self._others(snapshot.processes)
        if within and others and self._layer is not None:
            activity |= await self._ask(self._layer, board, others, within)
        return scene(snapshot, activity, datetime.now(UTC))

    async def remove(self, board: UUID, person: str, seconds: float) -> int:
        """Take a person off a board for so many seconds. Return how many tabs this closes."""
        departure = await self.store.remove(board, person, seconds)
        processes = self._departed(board, departure)
        # Also where nobody left: the answer to an earlier call may have been lost.
        with suppress(TryLater):
            processes.update((await self.store.snapshot(board)).processes)
        await self._announce(board, processes, departure)
        return len(departure.members)

    async def whereabouts(self, person: str) -> Whereabouts:
        """Return where a person is."""
        return whereabouts(await self.store.whereabouts(person), datetime.now(UTC))

    async def disconnect(self, person: str, seconds: float) -> int:
        """Take a person off all boards, and keep them out of these for so many seconds. Return how
        many tabs this closes."""
        boards = (await self.store.whereabouts(person)).boards
        departures = await self.store.remove_from(boards, person, seconds)
        await asyncio.gather(
            *(
                self._announce(board, self._departed(board, departure), departure)
                for board, departure in departures.items()
            )
        )
        return sum(len(departure.members) for departure in departures.values())

    def _departed(self, board: UUID, departure: Departure) -> set[str]:
        """Tell that members are off a board. Return the processes that served them."""
        if self._hub is not None:
            self._hub.departed(board, departure)
        else:
            Events(self._tell).left(board, departure)
        return {member.process for member in departure.members}

    async def _announce(
        self, board: UUID, processes: Collection[str], departure: Departure
    ) -> None:
        """Tell some processes, and those that share the board, that members are off it."""
        try:
            await self._send(board, processes, Message(version=departure.version), shared=True)
        except TryLater as error:
            logger.warning(
                "channel layer: could not announce a removal, processes see it at their next "
                "renewal (board=%s, error=%s)",
                board,
                error,
            )

    async def reconnect(self, board: UUID) -> None:
        """Have all clients of a board reconnect, spread over less than the grace."""
        snapshot = await self.store.snapshot(board)
        await self._send(board, snapshot.processes, Message(reconnect=True))

    async def rights_changed(self, changes: Collection[RightsChange]) -> None:
        """Have all processes ask about the sockets whose right to be open may have changed."""
        if self._hub is not None:
            self._hub.rights_changed(changes)
        if self._layer is not None:
            sender = self._hub.process if self._hub else self._name
            packed = {"from": sender, "rights": [change.packed() for change in changes]}
            await Requester(self._layer, timeout=ACTIVITY_TIMEOUT).send(EVERY_PROCESS, packed)

    async def _send(
        self, board: UUID, processes: Collection[str], message: Message, *, shared: bool = False
    ) -> None:
        """Have the processes hear a message about a board, this one included, and all that share it
        if `shared` is set."""
        if self._hub is not None:
            self._hub.heard(board, self._name, message)
        if self._layer is not None:
            requester = Requester(self._layer, timeout=ACTIVITY_TIMEOUT)
            packed = {"from": self._name, "board": board.hex, **message.packed()}
            groups = [process_group(process) for process in self._others(processes)]
            groups += [board_group(board)] * shared
            await asyncio.gather(*(requester.send(group, packed) for group in groups))

    async def _ask(
        self, layer: Layer, board: UUID, others: Collection[str], within: float
    ) -> Activity:
        """Return the activity on a board in other processes, as far as they tell it in time."""
        requester = Requester(layer, timeout=within, interval=within * RETRY_FRACTION)
        recent = self._recent_activity
        try:
            answers = await requester.ask(others, {"board": board.hex}, _read, verify=False)
        except TryLater as error:
            recent.outage.failed(error)
            return Activity()
        recent.outage.works()
        return recent.update(board, others, answers)

    def _others(self, processes: Collection[str]) -> set[str]:
        return {*processes} - {self._hub.process if self._hub else ""}


def _read(answer: object) -> tuple[str, Activity]:
    if not isinstance(answer, dict):
        raise ValueError("not an answer")
    return str(answer.get("process")), unpack_activity(answer)
