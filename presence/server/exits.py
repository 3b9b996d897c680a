"""How sessions go off a board: at once, or after the grace of a socket that broke.

Each step is an operation of the board's own, in its turn, and is carried out however long the store
is out of reach: nobody else would.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from presence.cluster.lease import Lease
from presence.protocol.errors import TryLater
from presence.server.board import LiveRoom, Look
from presence.server.sync import Queue, Sync
from presence.store.base import Departure, Store

logger = logging.getLogger(__name__)

REAP_AGAIN = 0.1
"""Seconds until a grace is looked at again that, by the store's clock, was not quite over."""

GIVE_UP = 1.0
"""Seconds after a grace until a session is off its board although the store knows of no grace."""

ASK_AGAIN = 1.0
"""Seconds until a store that was out of reach, or is yet to know everybody again, is asked once
more to take a session off its board."""

Step = Callable[[LiveRoom, str], Coroutine[Any, Any, None]]
"""One of the steps by which a session, named by its id, goes off a board."""


class Exits:
    """The ways off the boards of one process. Create it on its event loop. `grace` is in seconds;
    `queue` carries an operation on a board out in its turn; `departed` is called with who is off a
    board now."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        sync: Sync,
        queue: Queue,
        *,
        grace: float,
        departed: Callable[[UUID, Departure], None],
    ) -> None:
        self._store = store
        self._lease = lease
        self._sync = sync
        self._queue = queue
        self._grace = grace
        self._on_departed = departed
        self._loop = asyncio.get_running_loop()
        self._closing = False

    def leave(self, live: LiveRoom, session_id: str) -> None:
        """Take a session off its board at once."""
        self._take(live, self._leave, session_id)

    def lose(self, live: LiveRoom, session_id: str) -> None:
        """Begin the grace of a session whose socket broke."""
        self._take(live, self._start_grace, session_id)

    def take_off(self, live: LiveRoom, session_id: str) -> None:
        """Take a session off its board that may be there for the store only."""
        self._take(live, self._take_off, session_id)

    def reap_others(self, live: LiveRoom) -> None:
        """Take off the people of processes that died: whoever is left there does it."""
        live.reaping, live.reap_due = True, False
        self._queue(live, self._reap_others(live))

    def close(self) -> None:
        """Begin nothing more."""
        self._closing = True

    async def _leave(self, live: LiveRoom, session_id: str) -> None:
        # One whose JOIN did not go through is on no board.
        if session_id in live.room:
            await self._take_off(live, session_id)

    async def _take_off(self, live: LiveRoom, session_id: str) -> None:
        departure = await self._store.leave(live.board, session_id)
        live.depart([session_id], departure.people)
        self._departed(live, departure)

    async def _start_grace(self, live: LiveRoom, session_id: str) -> None:
        if session_id in live.room:
            await self._store.start_grace(live.board, session_id)
            live.start_grace(session_id, self._loop.time() + self._grace + GIVE_UP)
            self._take_in(self._grace, live, self._reap, session_id)

    async def _reap(self, live: LiveRoom, session_id: str) -> None:
        if session_id not in live.in_grace:
            return
        # This process is alive, however late its timers are: its own people must not be taken for a
        # dead one's.
        await self._lease.renew()
        self._departed(live, await self._store.reap(live.board))
        if session_id in live.in_grace:
            # Or it went on in another process.
            self._sync.look_soon(live)
            again = ASK_AGAIN if self._sync.doubtful else REAP_AGAIN
            overdue = self._loop.time() >= live.in_grace[session_id] and not self._sync.doubtful
            self._take_in(again, live, self._give_up if overdue else self._reap, session_id)

    async def _give_up(self, live: LiveRoom, session_id: str) -> None:
        """Take a session off the board that is still in its grace, as far as the store knows."""
        if session_id in live.in_grace and live.look is Look.NONE and not live.unsure:
            await self._take_off(live, session_id)
        else:
            await self._reap(live, session_id)

    async def _reap_others(self, live: LiveRoom) -> None:
        try:
            await self._lease.renew()  # as in `_reap`
            self._departed(live, await self._store.reap(live.board))
        finally:
            live.reaping = False

    def _departed(self, live: LiveRoom, departure: Departure) -> None:
        if not departure.members:
            return
        self._on_departed(live.board, departure)
        sessions = {member.session for member in departure.members}
        live.depart(sessions - live.peers.keys(), departure.people)
        self._sync.changed(live, departure.version)
        if sessions & live.peers.keys():
            # Taken for dead with their sockets open: they are put back.
            self._sync.look_soon(live)

    def _take_in(self, seconds: float, live: LiveRoom, step: Step, session_id: str) -> None:
        self._loop.call_later(seconds, self._take, live, step, session_id)

    def _take(self, live: LiveRoom, step: Step, session_id: str) -> None:
        if not self._closing:
            self._queue(live, self._persist(live, step, session_id))

    async def _persist(self, live: LiveRoom, step: Step, session_id: str) -> None:
        """Carry a step out, however long the store is out of reach: nobody else would."""
        try:
            if self._lease.away:
                raise TryLater("the store is out of reach")
            await step(live, session_id)
        except TryLater as error:
            logger.warning("could not take a session off its board yet: %s", error)
            self._take_in(ASK_AGAIN, live, step, session_id)
        except Exception:
            # Asking again would not help. Those in this process need not see a ghost.
            live.depart([session_id], live.room.people)
            raise
