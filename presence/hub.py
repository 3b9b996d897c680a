"""Every board of this process: puts sessions on boards and takes them off, through the store.

What touches only this process (a move, a state) is done on the spot by a `LiveRoom`. What needs the
store is a task of the hub's own, one at a time for each board, so that it is carried through
whatever happens to the connection that asked for it: a consumer may be cancelled at any `await`.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from presence.errors import TryLater
from presence.live import Lag, LiveRoom, Peer
from presence.metrics import Totals
from presence.store.base import Admission, Store, Ticket, Timing

logger = logging.getLogger(__name__)

SWEEP_EVERY = 1.0
"""Seconds between two looks at every connection's clock."""

REAP_AGAIN = 0.1
"""Seconds until a grace is looked at again that, by the store's clock, was not quite over."""

ASK_AGAIN = 1.0
"""Seconds until a store that was out of reach is asked again to take a session off its board."""

Step = Callable[[LiveRoom, str], Coroutine[Any, Any, None]]
"""One of the steps by which a session, named by its id, goes off a board."""


class Hub:
    """The boards of one process. Create it on its event loop.

    `process` is a name unique among all processes; `least` the shortest interval between cursor
    frames in milliseconds; `timing` what the store was given.
    """

    def __init__(self, store: Store, process: str, *, least: int, timing: Timing) -> None:
        self.store = store
        self.process = process
        self.totals = Totals()
        self._least = least
        self._timing = timing
        self._loop = asyncio.get_running_loop()
        self._lag = Lag()
        self._rooms: dict[UUID, LiveRoom] = {}
        self._peers: set[Peer] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._renewing = asyncio.Lock()
        self._renewed = float("-inf")
        self._closing = False

    def now(self) -> float:
        """Return the event loop's time, in seconds."""
        return self._loop.time()

    def connect(self, peer: Peer) -> None:
        """Take in a connection that is open, on no board yet."""
        self._peers.add(peer)
        self.totals.sockets = len(self._peers)
        self._keep_sweeping()

    def disconnect(self, peer: Peer) -> None:
        """Forget a connection that is closed."""
        self._peers.discard(peer)
        self.totals.sockets = len(self._peers)

    def join(self, board: UUID, peer: Peer, ticket: Ticket, *, name_set: bool) -> None:
        """Put a peer on a board; it is told by `admitted` or `refuse`, unless it has left by
        then."""
        live = self._room(board)
        self._queue(live, self._join(live, peer, ticket, name_set))

    def leave(self, board: UUID, session_id: str) -> None:
        """Take a session off a board at once."""
        self._unseat(board, session_id, self._leave)

    def lose(self, board: UUID, session_id: str) -> None:
        """Begin the grace of a session whose socket broke."""
        self._unseat(board, session_id, self._linger)

    async def close(self) -> None:
        """Stop every timer and wait for what is under way. Nobody is told."""
        self._closing = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for live in self._rooms.values():
            live.close()

    def _room(self, board: UUID) -> LiveRoom:
        if board not in self._rooms:
            self._rooms[board] = LiveRoom(board, self._least, self._lag, self.totals)
        return self._rooms[board]

    def _unseat(self, board: UUID, session_id: str, step: Step) -> None:
        live = self._room(board)
        live.peers.pop(session_id, None)
        self._take(live, step, session_id)

    async def _join(self, live: LiveRoom, peer: Peer, ticket: Ticket, name_set: bool) -> None:
        if peer.session_id != ticket.session:
            return
        admission = await self._admission(live, peer, ticket)
        if admission is None:
            return
        self.totals.joins += 1
        self.totals.resumes += admission.resumed is not None
        live.admit(peer, admission, name_set=name_set)
        if peer.session_id == ticket.session:
            peer.admitted(live, admission)
            live.stir()
        else:
            # It left while the store decided: what takes it off the board is next in turn.
            del live.peers[ticket.session]

    async def _admission(self, live: LiveRoom, peer: Peer, ticket: Ticket) -> Admission | None:
        try:
            await self._renew()
            return await self.store.join(live.board, ticket)
        except TryLater as error:
            self._refuse(peer, ticket, error)
            return None
        except Exception:
            self._refuse(peer, ticket, TryLater())
            raise

    def _refuse(self, peer: Peer, ticket: Ticket, error: TryLater) -> None:
        if peer.session_id == ticket.session:
            peer.refuse(error)

    async def _leave(self, live: LiveRoom, session_id: str) -> None:
        # One whose JOIN did not go through is on no board.
        if session_id in live.room:
            departure = await self.store.leave(live.board, session_id)
            live.depart([session_id], departure.people)

    async def _linger(self, live: LiveRoom, session_id: str) -> None:
        if session_id in live.room:
            await self.store.linger(live.board, session_id)
            live.linger(session_id)
            self._take_in(self._timing.grace, live, self._reap, session_id)

    async def _reap(self, live: LiveRoom, session_id: str) -> None:
        if session_id not in live.lingering:
            return
        # This process is alive, however late its timers are: its own people must not be taken for a
        # dead one's.
        await self._renew()
        departure = await self.store.reap(live.board)
        live.depart([member.session for member in departure.members], departure.people)
        if session_id in live.lingering:
            self._take_in(REAP_AGAIN, live, self._reap, session_id)

    async def _renew(self) -> None:
        async with self._renewing:
            await self._renew_if_due()

    async def _renew_if_due(self) -> None:
        if self.now() - self._renewed >= self._timing.lease / 3:
            await self.store.renew(self.process)
            self._renewed = self.now()

    def _take_in(self, seconds: float, live: LiveRoom, step: Step, session_id: str) -> None:
        self._loop.call_later(seconds, self._take, live, step, session_id)

    def _take(self, live: LiveRoom, step: Step, session_id: str) -> None:
        if not self._closing:
            self._queue(live, self._persist(live, step, session_id))

    async def _persist(self, live: LiveRoom, step: Step, session_id: str) -> None:
        """Carry a step out, however long the store is out of reach: nobody else would."""
        try:
            await step(live, session_id)
        except TryLater as error:
            logger.warning("could not take a session off its board yet: %s", error)
            self._take_in(ASK_AGAIN, live, step, session_id)
        except Exception:
            # Asking again would not help. Those in this process need not see a ghost.
            live.depart([session_id], live.room.people)
            raise

    def _queue(self, live: LiveRoom, operation: Coroutine[Any, Any, None]) -> None:
        live.waiting += 1
        self._spawn(self._in_turn(live, operation))

    async def _in_turn(self, live: LiveRoom, operation: Coroutine[Any, Any, None]) -> None:
        try:
            async with live.lock:
                await operation
        finally:
            live.waiting -= 1
            if not live.waiting and not live.room and self._rooms.get(live.board) is live:
                live.close()
                del self._rooms[live.board]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, TryLater):
            logger.warning("the store is out of reach: %s", error)
        elif error is not None:
            logger.error("the store could not do what was asked", exc_info=error)

    def _keep_sweeping(self) -> None:
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(SWEEP_EVERY, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        now = self.now()
        for peer in tuple(self._peers):
            peer.sweep(now)
        if self._peers or self._rooms:
            if not self._renewing.locked():
                self._spawn(self._renew())
            self._keep_sweeping()
