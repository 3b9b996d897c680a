"""Every board of this process, the process's lease in the store, and its place among the others."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from math import ceil, inf
from typing import Any, Protocol
from uuid import UUID

from presence.cluster.broker import Broker
from presence.cluster.layer import Layer
from presence.cluster.lease import Lease
from presence.cluster.messages import Message, RightsChange
from presence.protocol.errors import Restarting, TryLater
from presence.rooms.pacing import LAG_EVERY, Pacing
from presence.rooms.seats import Activity
from presence.server.board import Board, FlushQueue, RefreshQueue, Services
from presence.server.caps import Cap, Caps
from presence.server.events import Events, Tell, nobody
from presence.server.logs import Journal, OutageLog, bounded_logger
from presence.server.metrics import Metrics
from presence.server.pump import Pump
from presence.server.rechecks import NoRules, Rechecks, Right, Rules, Socket
from presence.store.base import BoardSummary, Departure, Store, Timing

logger = bounded_logger(__name__)
bounded_logger("presence.cluster.broker")  # It is below this package.

SWEEP_EVERY = 1.0
"""Seconds in which everything is swept once: what the passing of time asks of connections and
boards."""

QUIET_BEAT = SWEEP_EVERY / 4
"""Seconds between two beats of the hub while there is little to send, else `LAG_EVERY`."""

TURNS = 100
"""Sockets that end in a second as the process shuts down: another lets their clients in at once,
and has half of its time for those that it serves."""

TURNS_WITHIN = 5.0
"""Seconds in which all sockets end, at most, and within a grace: where every process shuts down at
once, who went first must not wait for long until one is back."""

LOOK_WITHIN = 1.0
"""Seconds that the store has to tell, as the shutdown begins, whether there are other processes."""

OTHERS_FOR = 600.0
"""Seconds for which another process is expected back that held a lease, such as one that restarted
just before and serves nobody yet."""

SLICE = 50
"""Connections and boards that one beat sweeps, if no more are needed to sweep all in a round. A
sweep of thousands in one go would hold up the cursors."""


class Client(Socket, Protocol):
    """An open socket, which may be on a board."""

    def sweep(self, now: float) -> None:
        """Check the timeouts; called about once a second."""


class Hub:
    """The boards of one process. Create it on its event loop.

    `process` is a name unique among all processes; `least` the shortest interval between cursor
    frames in milliseconds; `timing` what the store was given; `layer` leads to the other processes,
    None if there are none; `log_names` as for `Journal`; `tell` is called with joins and leaves of
    people, once over all processes. `limits` are for `Caps`, `recheck_every` and `rules` for
    `Rechecks`.
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
        limits: Mapping[Cap, int] | None = None,
        recheck_every: float = 60.0,
        rules: Rules | None = None,
    ) -> None:
        self.store = store
        self.layer = layer
        self.process = process
        self.metrics = Metrics(
            process,
            boards=lambda: self.boards,
            direct_sockets=lambda: len(self.pump.lines),
            lease_age=lambda: self.lease_age,
        )
        self.journal = Journal(process, names=log_names)
        self.rechecks = Rechecks(recheck_every, rules or NoRules(), self.metrics.rechecks)
        self._timing = timing
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        """Returns the event loop's time, in seconds."""
        self._lease = Lease(store, process, timing.lease, self)
        self.caps = Caps(limits or {}, self.now, self.metrics.turned_away)
        self._broker = Broker(layer, process, self) if layer else None
        flushes = FlushQueue()
        self.pump = Pump(flushes.begin, flushes.run)
        self._services = Services(
            process,
            store,
            self._lease,
            self.metrics,
            self.journal,
            Events(tell),
            timing,
            Pacing(least),
            self._broker,
            flushes,
        )
        self._boards: dict[UUID, Board] = {}
        self._refreshes = RefreshQueue()
        self._layer_outage = OutageLog(
            logger, "channel layer: failed, will retry", "channel layer: works again"
        )
        self._clients: dict[Client, None] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self.restarting: Restarting | None = None
        """What clients are told, since this process shuts down."""
        self.turns = 0.0
        """Seconds over which its sockets then end, one after the other."""
        self._others_at = -inf
        self._ordinary_reason = ""
        self._round_due = 0.0
        self._round: list[Client | Board] = []
        self._slice = SLICE
        self._renewal: asyncio.Task[None] | None = None

    @property
    def grace(self) -> float:
        """Seconds that a session stays on the roster after its socket broke."""
        return self._timing.grace

    @property
    def boards(self) -> int:
        """How many boards this process serves somebody on."""
        return sum(board.room.serving for board in self._boards.values())

    @property
    def lease_age(self) -> float:
        """Seconds since this process's lease was renewed; 0 while it needs none."""
        return self._lease.age if self._clients or self._boards else 0.0

    @property
    def store_complete(self) -> bool:
        """False while people who are on boards may be missing in the store: it was out of reach, or
        this process was asleep, and not everybody has been put back."""
        held = self.lease_age < self._timing.lease
        return held and not self._lease.away and self.now() >= self._services.restored_at

    def connect(self, client: Client) -> None:
        """Take in a connection that is open, on no board yet."""
        self._clients[client] = None
        self.metrics.sockets = len(self._clients)
        self._keep_sweeping()

    def disconnect(self, client: Client) -> None:
        """Forget a connection that is closed."""
        self._clients.pop(client, None)
        self.rechecks.forget(client)
        self.metrics.sockets = len(self._clients)

    def watch(self, client: Client, right: Right, changes: int) -> None:
        """Ask about a connection again and again, while it is open; see `Rechecks.watch`."""
        if client in self._clients:
            self.rechecks.watch(client, right, changes)

    def board(self, board: UUID) -> Board:
        """Return a board, new if nobody is on it here."""
        if board not in self._boards:
            self._boards[board] = Board(board, self._services, self._refreshes)
            self._keep_sweeping()
        return self._boards[board]

    def activity(self, board: UUID) -> Activity:
        """Return what the people of a board do whom this process serves."""
        here = self._boards.get(board)
        return here.room.seats.activity() if here else Activity()

    def serve_ordinarily(self, reason: str) -> None:
        """Note why a socket is read and written through the server; it is logged once."""
        if self._ordinary_reason != reason:
            self._ordinary_reason = reason
            logger.info("socket: served through the server (reason=%s)", reason)

    def departed(self, board: UUID, departure: Departure) -> None:
        """Count, log and tell that members are off a board."""
        self._services.departed(board, departure)

    async def say_good_bye(self) -> None:
        """Give the lease up, since this process ends: nobody need wait for its answers."""
        await self.drain()
        await self.settle()
        try:
            await self._lease.end()
        except TryLater as error:
            self._services.outage.failed(error)

    async def drain(self, *, listening: bool = True) -> None:
        """Begin the shutdown. Further calls change nothing. Sockets end in turns only where another
        process takes in those who go first: not while this one is `listening`."""
        if self.restarting is not None:
            return
        sockets = self.metrics.sockets
        self.restarting = Restarting.within(self.grace, sockets)
        self.journal.draining(sockets)
        if listening or self._broker is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_WITHIN):
                await self._renew(force=True)
        if self.now() - self._others_at < OTHERS_FOR:
            self.turns = min(sockets / TURNS, TURNS_WITHIN, self.grace)
            self.restarting = Restarting.within(self.grace, sockets, self.turns)

    async def settle(self) -> None:
        """Wait until what is in the boards' queues now is done."""
        tasks = [board.work for board in self._boards.values()] + [self._renewal]
        running = [task for task in tasks if task is not None]
        if running:
            await asyncio.wait(running)

    @property
    def busy(self) -> bool:
        """Whether the queue of any board has something to do."""
        return any(board.work is not None for board in self._boards.values())

    async def close(self) -> None:
        """Stop every timer and wait for what is under way. Nobody is told."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for board in self._boards.values():
            board.close()
        self._refreshes.close()
        self.rechecks.close()
        self.pump.close()
        await self.settle()
        if self._broker is not None:
            await self._broker.stop()
        for board in self._boards.values():
            board.close()

    # What the lease and the broker tell

    def renewed(self, summaries: Mapping[UUID, BoardSummary], *, was_away: bool) -> None:
        """See `presence.cluster.lease.Holder`."""
        self._services.outage.works()
        if self.store.other_processes:
            self._others_at = self.now()
        if self._broker is not None:
            # Whoever holds a lease can be asked whom it serves.
            self._broker.start()
        serving = any(board.room.serving for board in self._boards.values())
        if was_away and serving:
            # The others may have been as long without a lease: they renew within this time.
            self._services.restored_at = self.now() + self._timing.lease / 2
        for board in self._boards.values():
            board.renewed(summaries.get(board.id), was_away=was_away)
        for board_id, summary in summaries.items():
            if self.process in summary.processes and board_id not in self._boards:
                # The store has members of this process where nobody is: the refresh removes them.
                self.board(board_id).refresh_soon()
        if self._broker is not None and self._boards:
            # One board in turn, whatever its version: a fault, or a change by hand, may have left
            # the version as it was.
            board_id = next(iter(self._boards))
            self._boards[board_id] = self._boards.pop(board_id)
            self._boards[board_id].refresh_soon()

    def heard(self, board: UUID, process: str, message: Message) -> None:
        """Take in what another process, or staff, tell of a board."""
        here = self._boards.get(board)
        if here is not None:
            here.heard(process, message)

    def rights_changed(self, changes: Collection[RightsChange]) -> None:
        """See `presence.cluster.broker.Listener`."""
        self.rechecks.heard(changes)

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return what this process serves: the activity of one board, or for all boards the
        sessions, the counts they were told and the versions."""
        if "board" in question:
            return self.activity(UUID(question["board"])).packed()
        boards = {board.hex: here for board, here in self._boards.items()}
        return {
            "sessions": {b: list(here.room.seats.local_members()) for b, here in boards.items()},
            "told": {b: here.room.told_people for b, here in boards.items()},
            "versions": {b: here.version for b, here in boards.items()},
        }

    def published(self, seconds: float | None) -> None:
        """See `presence.cluster.broker.Listener`."""
        if seconds is None:
            self.metrics.publish_failures.inc()
        else:
            self.metrics.publish.observe(seconds)
            self._layer_outage.works()

    def layer_failed(self, error: Exception) -> None:
        """See `presence.cluster.broker.Listener`."""
        self._layer_outage.failed(error)

    def not_understood(self, process: str) -> None:
        """See `presence.cluster.broker.Listener`."""
        logger.warning(
            "channel layer: a message of a kind that this release does not know was ignored "
            "(process=%s)",
            process,
        )

    # The sweep

    def _keep_sweeping(self) -> None:
        if self._sweeping is None:
            self._round_due = self.now() + SWEEP_EVERY
            self._beat_at(self.now() + QUIET_BEAT)

    def _beat_at(self, due: float) -> None:
        self._sweeping = self._loop.call_at(due, self._beat, due)

    def _beat(self, due: float) -> None:
        """Note how late the event loop is, and sweep a slice of a round: all connections, then all
        boards."""
        now, self._sweeping = self.now(), None
        self._services.pacing.note_lag(now - due, now)
        crowded = len(self._clients) > SLICE
        every = QUIET_BEAT if self._services.pacing.quiet(now) and not crowded else LAG_EVERY
        if due > self._round_due - every / 2:
            self._round_due = max(self._round_due + SWEEP_EVERY, now)
            # What a slow loop left of the round before is swept with this one.
            self._round = [*reversed(self._boards.values()), *reversed(self._clients)]
            self._slice = max(SLICE, ceil(len(self._round) * every / SWEEP_EVERY))
            # Renew while the store is away, too: newcomers are refused until a renewal succeeds.
            renewing = self._renewal is not None and not self._renewal.done()
            if not renewing and (self._round or self._lease.away):
                self._renewal = self._loop.create_task(self._renew())
        for _ in range(min(self._slice, len(self._round))):
            try:
                self._sweep_one(self._round.pop(), now)
            except Exception:
                # The lease is renewed by the beats that follow.
                logger.exception("sweep: failed for a connection or a board")
        if self._clients or self._boards or self._lease.away:
            # By a grid: a timer that starts anew each time would fall in with the turns of the loop
            # and miss how long they take.
            self._beat_at(max(due + every, now))

    def _sweep_one(self, swept: Client | Board, now: float) -> None:
        if not isinstance(swept, Board):
            if swept in self._clients:
                swept.sweep(now)
        elif swept.idle:
            swept.close()
            self._boards.pop(swept.id, None)
        else:
            swept.sweep(now)

    async def _renew(self, *, force: bool = False) -> None:
        try:
            await self._lease.renew(force=force)
        except TryLater as error:
            self._services.outage.failed(error)
        except Exception:
            logger.exception("lease: not renewed, will retry")
