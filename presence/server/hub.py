"""Every board of this process: puts sessions on boards and takes them off, through the store.

What touches only this process (a move, a state) is done on the spot by a `LiveRoom`. What needs the
store is a task of the hub's own, one at a time for each board, so that it is carried through
whatever happens to the connection that asked for it: a consumer may be cancelled at any `await`.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, cast
from uuid import UUID

from presence.cluster.layer import Layer
from presence.cluster.lease import Lease
from presence.cluster.messages import Post
from presence.protocol.errors import PresenceError, Refused, Removed, TryLater
from presence.rooms.pacing import Lag
from presence.rooms.seats import Activity
from presence.server.board import LiveRoom, Peer
from presence.server.events import Events, Tell, nobody
from presence.server.exits import Exits
from presence.server.logs import Journal
from presence.server.metrics import Metrics, TimedLayer, timed
from presence.server.sync import Sync
from presence.server.tasks import Tasks
from presence.store.base import Admission, BoardSummary, Departure, JoinRequest, Store, Timing

logger = logging.getLogger(__name__)

SWEEP_EVERY = 1.0
"""Seconds between two looks at every connection's clock."""

ADMIT_WITHIN = 3.0
"""Seconds within which who wants to join is on the board, or told to come again later."""


class Hub:
    """The boards of one process. Create it on its event loop.

    `process` is a name unique among all processes; `least` the shortest interval between cursor
    frames in milliseconds; `timing` what the store was given; `layer` the way to the other
    processes, None where there are none; `log_names` as `Journal` says; `tell` is called with who
    came and went, once over all processes.
    """

    def __init__(
        self,
        store: Store,
        process: str,
        *,
        least: int,
        timing: Timing,
        layer: Layer | None = None,
        log_names: bool = False,
        tell: Tell = nobody,
    ) -> None:
        self.store = store
        self.layer = layer
        self.process = process
        self.metrics = Metrics(
            process, boards=lambda: self.boards, lease_age=lambda: self.lease_age
        )
        self.journal = Journal(process, names=log_names)
        self._least = least
        self._timing = timing
        self._loop = asyncio.get_running_loop()
        self._lag = Lag()
        self._rooms: dict[UUID, LiveRoom] = {}
        self._lease = Lease(store, process, timing.lease, self._on_renewed)
        self._renew = self._lease.renew
        layer = cast(Layer, TimedLayer(layer, self.metrics)) if layer else None
        # The processes renew every third of a lease; half of one leaves them time to do so.
        patience = timing.lease / 2
        lease, queue, departed = self._lease, self._queue, self.departed
        self._sync = Sync(
            store, process, layer, self._rooms, queue, lease, departed, patience=patience
        )
        self._exits = Exits(store, lease, self._sync, queue, grace=timing.grace, departed=departed)
        self._events = Events(tell)
        self._peers: set[Peer] = set()
        self._tasks = Tasks()
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def retry(self) -> int:
        """Milliseconds over which clients spread their return: enough less than the grace that who
        comes back last still goes on unnoticed."""
        return int(self._timing.grace * 600)

    @property
    def boards(self) -> int:
        """How many boards this process serves somebody on."""
        return sum(live.room.serving for live in self._rooms.values())

    @property
    def lease_age(self) -> float:
        """Seconds since this process's lease was renewed; 0 where it needs none."""
        return self._lease.age if self._peers or self._rooms else 0.0

    @property
    def settled(self) -> bool:
        """False while people may be missing in the store who are on their boards: it was out of
        reach, or this process asleep, and not everybody has been put back."""
        held = self.lease_age < self._timing.lease
        return held and not self._lease.away and not self._sync.doubtful

    def now(self) -> float:
        """Return the event loop's time, in seconds."""
        return self._loop.time()

    def connect(self, peer: Peer) -> None:
        """Take in a connection that is open, on no board yet."""
        self._peers.add(peer)
        self.metrics.sockets = len(self._peers)
        self._keep_sweeping()

    def disconnect(self, peer: Peer) -> None:
        """Forget a connection that is closed."""
        self._peers.discard(peer)
        self.metrics.sockets = len(self._peers)

    def join(self, board: UUID, peer: Peer, request: JoinRequest, *, name_set: bool) -> None:
        """Put a peer on a board; it is told by `admitted` or `refuse`, unless it has left by
        then."""
        if self._lease.away:
            # Known since the last renewal: nobody needs to wait to hear it.
            peer.refuse(TryLater("the store is out of reach"))
            return
        live = self._room(board)
        error = TryLater("the store takes too long")
        patience = self._loop.call_later(ADMIT_WITHIN, self._refuse, peer, request, error)
        self._queue(live, _before(patience, self._join(live, peer, request, name_set)))

    def leave(self, board: UUID, session_id: str) -> None:
        """Take a session off a board at once."""
        self._exits.leave(self._unseat(board, session_id), session_id)

    def lose(self, board: UUID, session_id: str) -> None:
        """Begin the grace of a session whose socket broke."""
        self._exits.lose(self._unseat(board, session_id), session_id)

    def drain(self) -> None:
        """Take in that this process goes down. As often as you like."""
        self.journal.draining(self.metrics.sockets)

    def hear(self, board: UUID, post: Post) -> None:
        """Take in what somebody says of a board who has nobody there."""
        self._sync.hear(board, post)

    def activity(self, board: UUID) -> Activity:
        """Return what the people of a board do whom this process serves."""
        return self._sync.activity(board)

    async def close(self) -> None:
        """Stop every timer and wait for what is under way. Nobody is told."""
        self._exits.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self.settle()
        await self._sync.close()
        for live in self._rooms.values():
            live.close()

    async def settle(self) -> None:
        """Wait for what is under way."""
        await self._tasks.settle()

    def _room(self, board: UUID) -> LiveRoom:
        if board not in self._rooms:
            live = LiveRoom(board, self._least, self._lag, self.metrics, self._sync.post)
            self._rooms[board] = live
        return self._rooms[board]

    def _unseat(self, board: UUID, session_id: str) -> LiveRoom:
        live = self._room(board)
        live.peers.pop(session_id, None)
        return live

    async def _join(self, live: LiveRoom, peer: Peer, request: JoinRequest, name_set: bool) -> None:
        if peer.session_id != request.session:
            return
        admission = await self._admission(live, peer, request)
        if admission is None:
            return
        self._events.came(live.board, admission)
        self.metrics.joins.inc()
        self.metrics.resumes.inc(admission.resumed is not None)
        try:
            await self._sync.enter(live, admission)
            if request.session in live.removed:
                # By somebody who was faster than we.
                self._refuse(peer, request, Removed())
                return
            live.admit(peer, admission, name_set=name_set)
        except Exception:
            self._refuse(peer, request, TryLater())
            # The store has it on the board, and nothing else would take it off.
            self._exits.take_off(live, request.session)
            raise
        self.journal.joined(live.board, admission)
        if peer.session_id == request.session:
            peer.admitted(live, admission)
            live.stir()
        else:
            # It left while the store decided: what takes it off the board is next in turn.
            del live.peers[request.session]

    async def _admission(
        self, live: LiveRoom, peer: Peer, request: JoinRequest
    ) -> Admission | None:
        try:
            await self._renew()
            if peer.session_id != request.session:
                return None
            with timed(self.metrics.store):
                return await self.store.join(live.board, request)
        except Refused as error:
            self._refuse(peer, request, error)
            return None
        except TryLater as error:
            self.metrics.store_failures.inc()
            self._refuse(peer, request, error)
            return None
        except Exception:
            self._refuse(peer, request, TryLater())
            raise

    def _refuse(self, peer: Peer, request: JoinRequest, error: PresenceError) -> None:
        if peer.session_id == request.session:
            peer.refuse(error)

    def departed(self, board: UUID, departure: Departure) -> None:
        """Take in who is off a board, by this process's word to the store: count, log and tell."""
        self.metrics.leaves.inc(len(departure.members))
        self.journal.left(board, departure)
        self._events.went(board, departure)

    def _on_renewed(self, summaries: Mapping[UUID, BoardSummary], was_away: bool) -> None:
        if was_away and any(live.room.serving for live in self._rooms.values()):
            # The others may have been as long without a lease: they need to renew to be seen.
            self._sync.doubt()
        self._sync.compare(summaries)

    def _queue(self, live: LiveRoom, operation: Coroutine[Any, Any, None]) -> None:
        live.waiting += 1
        self._tasks.spawn(self._in_turn(live, operation))

    async def _in_turn(self, live: LiveRoom, operation: Coroutine[Any, Any, None]) -> None:
        try:
            async with live.lock:
                await self._do(live, operation)
        finally:
            live.waiting -= 1
            if not live.waiting and not live.room.serving and self._rooms.get(live.board) is live:
                live.close()
                del self._rooms[live.board]

    async def _do(self, live: LiveRoom, operation: Coroutine[Any, Any, None]) -> None:
        try:
            await operation
        finally:
            if live.waiting == 1 and not live.room.serving:
                # People of other processes are no concern of ours any more.
                await self._sync.meet(live, ())

    def _keep_sweeping(self) -> None:
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(SWEEP_EVERY, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        now = self.now()
        for peer in tuple(self._peers):
            peer.sweep(now)
        for live in self._rooms.values():
            # A dead process's people are on the roster until their grace is over.
            settled = not self._lease.away and not self._sync.doubtful
            if settled and (live.orphaned or live.reap_due) and not live.reaping:
                self._exits.reap_others(live)
        if self._peers or self._rooms:
            if not self._lease.renewing:
                self._tasks.spawn(self._renew())
            self._keep_sweeping()


async def _before(patience: asyncio.TimerHandle, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    finally:
        patience.cancel()
