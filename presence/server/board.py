"""One board in this process: its sockets, its tick, and its part of the membership that the store
holds for all processes.

What touches only this process (a move, a state) is done at once. What needs the store is an
operation of the board's queue: one at a time, in the order asked for, and carried out whatever
happens to the connection that asked.

No membership travels between processes. Whoever changes it publishes the board's new version, and
a process that knows an older version reads the board from the store. Each process also publishes
its whole activity with the renewals of its lease, so a lost message is wrong for one renewal.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from uuid import UUID

from presence.cluster.broker import Broker
from presence.cluster.lease import Lease
from presence.cluster.messages import Message
from presence.protocol.errors import PresenceError, Refused, Removed, TryLater
from presence.protocol.identity import Naming, look_of
from presence.protocol.messages import NO_USER, UNKNOWN_BOARD, UserState
from presence.rooms.pacing import Pacing
from presence.rooms.room import Room
from presence.server.audience import Audience, Peer
from presence.server.events import Events
from presence.server.logs import Journal, OutageLog, bounded_logger
from presence.server.metrics import Metrics, timed
from presence.store.base import (
    Admission,
    BoardSummary,
    Departure,
    JoinRequest,
    Member,
    Snapshot,
    Store,
    Timing,
)

logger = bounded_logger(__name__)

ADMIT_WITHIN = 3.0
"""Seconds until a client whose JOIN is not through is told to come again later."""

REFRESHES_AT_ONCE = 16
"""Boards that are read from the store at the same time. After a loss of everything all of them are
read, and neither the store nor the boards' queues may be blocked by that."""

REPEATS = 3
"""Renewals with which a shared board's activity is published again, after a change and after an
arrival elsewhere. They span a lease: a process that heard nothing for longer counts as dead."""

PUBLISH_EVERY = 0.033
"""Seconds between two messages to other processes about a board's people. A message costs ten times
as much as a flush of a small board."""

REFRESH_EVERY = 0.1
"""Seconds between two readings of a board from the store, where people come and go all the time in
other processes. To read 250 people takes some milliseconds."""

INTERVAL_EVERY = 0.1
"""Seconds for which a board's RATE stands before it is calculated again."""

GRACE_OVERDUE = 1.0
"""Seconds after a grace until its session is taken off although the store knows of no grace."""


@dataclass(slots=True)
class Services:
    """What the boards of one process share. `broker` is None where there are no other
    processes."""

    process: str
    store: Store
    lease: Lease
    metrics: Metrics
    journal: Journal
    events: Events
    timing: Timing
    pacing: Pacing
    broker: Broker | None
    flushes: "FlushQueue"
    outage: OutageLog = field(
        default_factory=lambda: OutageLog(
            logger,
            "store: out of reach, will retry",
            "store: works again",
            calm=60.0,  # It may renew a lease, and fail for everything else.
        )
    )
    restored_at: float = 0.0
    """Time of the loop at which every living process has put its people back into a store that
    lost them. Until then nobody whom the store does not know is taken for gone."""

    def departed(self, board: UUID, departure: Departure) -> None:
        """Count, log and tell that members are off a board, by this process's word to the store."""
        self.metrics.leaves.inc(len(departure.members))
        self.journal.left(board, departure)
        self.events.left(board, departure)


class State(Enum):
    """What a board knows of the membership, compared with the store."""

    CURRENT = 0
    """What the store said when it was last asked; nothing newer was heard of."""
    DUE = 1
    """Something newer was heard of: a refresh waits for its turn, or for the one under way."""
    READING = 2
    """A refresh is under way."""
    UNCERTAIN = 3
    """The store could not be read, or people may be missing in it: the sweep refreshes again."""


class RefreshQueue:
    """The boards that wait to be read from the store, some at a time."""

    def __init__(self) -> None:
        self._waiting: deque[Board] = deque()
        self._under_way = 0
        self._limit = REFRESHES_AT_ONCE

    def add(self, board: "Board") -> None:
        """Have a board refreshed in its turn."""
        self._waiting.append(board)
        self._begin()

    def done(self) -> None:
        """Note that a refresh has ended."""
        self._under_way -= 1
        self._begin()

    def close(self) -> None:
        """Begin no more refreshes."""
        self._limit = 0

    def _begin(self) -> None:
        while self._waiting and self._under_way < self._limit:
            self._under_way += 1
            self._waiting.popleft().refresh()


class FlushQueue:
    """The boards that flush at the end of this turn of the event loop."""

    def __init__(self) -> None:
        self._boards: list[Board] = []
        self._loop = asyncio.get_running_loop()
        self._run_comes = False

    def add(self, board: "Board") -> None:
        """Have a board flushed, once it has taken in all that comes in this turn."""
        self._boards.append(board)
        if not self._run_comes:
            self._run_comes = True
            self._loop.call_soon(self.run)

    def begin(self) -> None:
        """Note that the caller will call `run` in this turn."""
        self._run_comes = True

    def run(self) -> None:
        """Flush the boards that wait; a failure of one is its own."""
        self._run_comes = False
        boards, self._boards = self._boards, []
        for board in boards:
            try:
                board.flush()
            except Exception:
                logger.exception("board: flush failed (board=%s)", board.id)


@dataclass(frozen=True, slots=True)
class Operation:
    """A step that needs the store. One that takes a `session` off the board is repeated until the
    store is in reach, since nobody else would do it."""

    run: Callable[[], Awaitable[None]]
    session: str = ""


class Board:
    """One board. Create it on the event loop. `version` is that of the membership as this process
    knows it, `others` are the other processes that have people here, and `removed` the sessions
    that must not be put back into the store."""

    def __init__(self, board: UUID, services: Services, refreshes: RefreshQueue) -> None:
        self.id = board
        self.room = Room(UNKNOWN_BOARD)
        self.version = 0
        self.others: frozenset[str] = frozenset()
        self.removed: frozenset[str] = frozenset()
        self._services = services
        self._refreshes = refreshes
        self._loop = asyncio.get_running_loop()
        self._state = State.CURRENT
        self.audience = Audience(services.metrics)
        self._grace_ends: dict[str, float] = {}
        self._operations: deque[Operation] = deque()
        self.work: asyncio.Task[None] | None = None
        """What carries out the queue, while there is one."""
        self._retries: list[Operation] = []
        self._reaping = False
        self._reap_due = False
        self._refreshed = float("-inf")
        self._refreshing: asyncio.TimerHandle | None = None
        self._repeats = 0
        self._deferred: dict[str, Message] = {}
        self._unpublished: Message | None = None
        self._published = float("-inf")
        self._publishing: asyncio.TimerHandle | None = None
        self._flushing = False
        self._flushed = self._due = self._interval_due = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._timer_for_held = False
        """Whether the timer is only for what had to wait: a position, a join or the count."""

    @property
    def idle(self) -> bool:
        """True while nobody is served here and nothing is to be done."""
        reads = self._state in (State.DUE, State.READING)
        return not (self.room.serving or self.work or self._retries or self._reap_due or reads)

    # What connections ask for

    def join(
        self, peer: Peer, request: JoinRequest, naming: Naming | None = None, *, asked: str
    ) -> None:
        """Put a peer on the board, a guest under the name that `naming` leads to. `asked` is the
        name that the client knows of. The peer is told by `admitted` or `refuse`, unless its stay
        has ended by then."""
        if self._services.lease.away:
            # The last renewal failed: nobody needs to wait to hear that.
            peer.refuse(TryLater("the store is out of reach"))
            return
        late = TryLater("the store takes too long")
        deadline = self._loop.call_later(ADMIT_WITHIN, _refuse, peer, request, late)
        self._enqueue(Operation(partial(self._join, peer, request, naming, asked, deadline)))

    def leave(self, session: str) -> None:
        """Take a session off the board at once."""
        self.audience.remove(session)
        self._enqueue(Operation(partial(self._leave, session), session))

    def disconnect(self, session: str) -> None:
        """Start the grace of a session whose socket broke. The others see nothing of it."""
        self.audience.remove(session)
        step = partial(self._start_grace, session, self._services.timing.grace)
        self._enqueue(Operation(step, session))

    def go_away(self, session: str) -> None:
        """Start the grace of a session whose page went away: the page may only be loaded again. The
        others see it as away. Without such a grace it leaves at once."""
        seconds = self._services.timing.reload_grace
        if not seconds:
            self.leave(session)
            return
        self.audience.remove(session)
        self._enqueue(Operation(partial(self._start_grace, session, seconds, away=True), session))

    def move(self, session: str, position: bytes) -> None:
        """Pass on where a session's pointer is (4 or 12 bytes as on the wire)."""
        self.room.move(session, position)
        self._flush_soon()

    def set_state(self, session: str, state: UserState) -> None:
        """Pass on a session's state."""
        self.room.set_state(session, state)
        self._schedule_flush()

    def catch_up(self, peers: Iterable[Peer]) -> None:
        """Write the current cursors to a client that reads again, and whose sessions these are. A
        newcomer that is not welcomed yet gets them with its welcome."""
        self.audience.changed()
        welcomed = (peer for peer in peers if self.room.welcomed(peer.session_id))
        if peer := next(welcomed, None):
            peer.write(self.room.catch_up(peer.dialect))

    # What the hub asks for

    def heard(self, process: str, message: Message) -> None:
        """Take in a message of another process."""
        if not (self.room.serving or self.work):
            return
        if message.introduction:
            self._share(self.others | {process})
            self._publish_activity()
        if message.version > self.version:
            self.refresh_soon()
        if message.reconnect:
            for peer in tuple(self.audience.peers.values()):
                peer.restart()
        if message.cursors or message.states:
            self._update_remote(process, message)

    def renewed(self, summary: BoardSummary | None, *, was_away: bool) -> None:
        """Compare with how the board stands in the store. None: the store has nobody of this
        process there. `was_away`: messages may have been lost as well."""
        if summary is None:
            differs = self.room.serving
        else:
            # A process that ended while a grace ran takes nobody off when it is over.
            self._reap_due |= summary.overdue and self._services.broker is not None
            others = summary.processes - {self._services.process}
            differs = (summary.version, others) != (self.version, self.others)
            # This process was taken for dead, and its people with it.
            differs |= self.room.serving and others == summary.processes
        if differs:
            self.refresh_soon()
        if was_away:
            self._repeats = REPEATS
        if self.others and self._repeats:
            self._repeats -= 1
            self._publish_activity()

    def sweep(self, now: float) -> None:
        """Do what the passing of time asks for: retries, ends of graces, dead processes' people."""
        retries, self._retries = self._retries, []
        for operation in retries:
            self._enqueue(operation)
        if self._interval(now) != self.room.interval:
            self._interval_due = now
            self._flush_soon()
        due = bool(self._overdue())
        if not self._services.lease.away and now >= self._services.restored_at:
            if self._state is State.UNCERTAIN:
                self.refresh_soon()
            due = due or self._reap_due or self._orphaned
        if due and not self._reaping:
            self._reaping, self._reap_due = True, False
            self._enqueue(Operation(self._reap))

    def refresh_soon(self) -> None:
        """Read the board from the store, in its turn."""
        if self._state is State.DUE:
            return
        waits = self._state is State.READING
        self._state = State.DUE
        if not waits:
            due = self._refreshed + REFRESH_EVERY
            if due <= self._loop.time():
                self._refreshes.add(self)
            else:
                self._refreshing = self._loop.call_at(due, self._refreshes.add, self)

    def refresh(self) -> None:
        """Read the board from the store; the refresh queue calls this."""
        self._enqueue(Operation(self._refresh))

    def close(self) -> None:
        """Cancel the next tick, and retry nothing any more."""
        self._retries.clear()
        if self._refreshing is not None:
            self._refreshing.cancel()
        if self._publishing is not None:
            self._publishing.cancel()
        self._cancel_timer()

    # The queue

    def _enqueue(self, operation: Operation) -> None:
        self._operations.append(operation)
        if self.work is None:
            self.work = self._loop.create_task(self._work())

    async def _work(self) -> None:
        while self._operations:
            operation = self._operations.popleft()
            try:
                await operation.run()
            except TryLater as error:
                self._services.outage.failed(error)
                if operation.session:
                    self._retries.append(operation)
            except Exception:
                logger.exception("board: operation failed (board=%s)", self.id)
                if operation.session:
                    # Another try would not help; this process's people need not see a ghost.
                    self._depart([operation.session], self.room.people)
        self.work = None
        if self._state is State.CURRENT:
            self._deferred.clear()
        if not self.room.serving:
            # Stop following the other processes: the next to join reads the board.
            self._share(())
            self.version = 0

    async def _join(
        self,
        peer: Peer,
        request: JoinRequest,
        naming: Naming | None,
        asked: str,
        deadline: asyncio.TimerHandle,
    ) -> None:
        try:
            if peer.session_id == request.session:
                await self._services.lease.renew()
            if peer.session_id != request.session:
                return  # the stay ended before the store was asked
            name = await self._name(request.person, naming) if naming else request.name
            request = replace(request, name=name, known=tuple(self.room.seats.by_user))
            with timed(self._services.metrics.store):
                admission = await self._services.store.join(self.id, request)
        except (Refused, TryLater) as error:
            self._services.metrics.store_failures.inc(isinstance(error, TryLater))
            _refuse(peer, request, error)
            return
        except Exception:
            _refuse(peer, request, TryLater())
            raise
        self._services.events.joined(self.id, admission)
        self._services.metrics.joins.inc()
        self._services.metrics.resumes.inc(admission.resumed is not None)
        try:
            await self._enter(admission)
            if request.session in self.removed:
                # Staff were faster.
                _refuse(peer, request, Removed())
                return
            self._seat(peer, admission, name_set=admission.member.name != asked)
        except Exception:
            _refuse(peer, request, TryLater())
            # The store has it on the board, and nothing else would take it off.
            step = partial(self._take_off, request.session)
            self._enqueue(Operation(step, request.session))
            raise
        self._services.journal.joined(self.id, admission)
        if peer.session_id == request.session:
            deadline.cancel()
            peer.admitted(admission.board_id, admission.member.user)
            self._flush_soon()
        else:
            # Its stay ended while the store decided; what takes it off comes next in the queue.
            self.audience.remove(request.session)

    async def _name(self, person: str, naming: Naming) -> str:
        """Return a name that nobody else's on the board looks like."""
        members: Iterable[Member] = [seat.member for seat in self.room.seats.by_user.values()]
        if naming.exact and not self.version and self._services.broker is not None:
            # Nobody is served here, and other processes may have people there. If they cannot be
            # read now, the next refresh finds who has another's name.
            with suppress(TryLater):
                process = self._services.process
                members = (await self._services.store.snapshot(self.id, process)).members
        own, taken = set[str](), set[str]()
        for member in members:
            if member.user == NO_USER:
                continue
            if member.person == person:
                own.add(member.name)
            else:
                taken.add(look_of(member.name))
        return naming.choose(own, taken)

    async def _enter(self, admission: Admission) -> None:
        """Take in the membership that a newcomer of this process found."""
        first = not self.version
        self._changed(admission.version)
        # A store that lost everything may not know yet that others share the board: only add.
        new = self._share(self.others | admission.processes)
        # A dead process's people may be there, too, and nobody announces them.
        if self._services.broker is None or not (first or new):
            return
        certain = False
        try:
            # The newcomer has no seat yet, and the session that it resumed may still have one.
            sessions = self.room.seats.local + 1 - ((admission.resumed or "") in self.room)
            snapshot, certain = await self._read(sessions, admission.member.session)
            self._share(self.others | snapshot.processes)
        except TryLater as error:
            # The newcomer need not wait for it: the sweep tries again.
            self._services.outage.failed(error)
        if not certain and self._state is State.CURRENT:
            self._state = State.UNCERTAIN

    async def _leave(self, session: str) -> None:
        # A session whose JOIN did not go through is on no board.
        if session in self.room:
            await self._take_off(session)

    async def _take_off(self, session: str) -> None:
        self._services.lease.check()
        departure = await self._services.store.leave(self.id, session)
        self._depart([session], departure.people)
        self._take_in_departure(departure)

    async def _start_grace(self, session: str, seconds: float, *, away: bool = False) -> None:
        if session not in self.room:
            return
        if away:
            self.set_state(session, UserState.AWAY)
        self._services.lease.check()
        await self._services.store.start_grace(self.id, session, seconds)
        self._grace_ends[session] = self._loop.time() + seconds
        self.room.start_grace(session)
        self._schedule_flush()

    async def _reap(self) -> None:
        """Take off the board those whose grace is over, and the people of dead processes."""
        try:
            # This process lives, however late its timers are: its people are not a dead one's.
            await self._services.lease.renew()
            departure = await self._services.store.reap(self.id)
            self._take_in_departure(departure)
            if departure.more and departure.members:
                # After what waits in the queue: thousands are not taken off at once.
                self._enqueue(Operation(self._reap))
        except TryLater:
            self._reap_due = True
            raise
        except Exception:
            self._depart(self._overdue(), self.room.people)
            raise
        finally:
            self._reaping = False
        overdue, now = self._overdue(), self._loop.time()
        if not overdue:
            return
        # Their grace is not over by the store's clock, or they were resumed in another process, or
        # the store lost the start of their grace.
        settled = self._state is State.CURRENT and now >= self._services.restored_at
        for session in overdue:
            if settled and self._grace_ends[session] + GRACE_OVERDUE <= now:
                await self._take_off(session)
        self.refresh_soon()

    def _overdue(self) -> list[str]:
        """Return the sessions whose grace is over by this process's clock."""
        now = self._loop.time()
        return [session for session, end in self._grace_ends.items() if end <= now]

    async def _refresh(self) -> None:
        self._state, certain = State.READING, False
        self._refreshed = self._loop.time()
        try:
            # A process that slept past its lease must not put its people back only to lose them.
            await self._services.lease.renew()
            snapshot, complete = await self._read(self.room.seats.local)
            await self._take_off_strangers(snapshot)
            certain = complete
            if certain:
                self._share(snapshot.processes)
        finally:
            again = self._state is State.DUE
            self._state = State.CURRENT if certain else State.UNCERTAIN
            self._refreshes.done()
            if again:
                self.refresh_soon()

    # The membership

    async def _read(self, sessions: int, newcomer: str = "") -> tuple[Snapshot, bool]:
        """Take in the board as the store has it, and put back this process's members that it lost.
        This process should have so many `sessions` there, and the `newcomer` among them.

        The second value is False while other processes may still have to put back theirs.
        """
        snapshot = await self._services.store.snapshot(self.id, self._services.process, sessions)
        self._remove_banned(snapshot)
        lost = self._lost(snapshot, newcomer)
        if lost:
            logger.warning(
                "store: lost sessions, putting them back (board=%s, sessions=%d)",
                self.id,
                len(lost),
            )
            snapshot = await self._put_back(lost, sessions, newcomer)
            self._remove_banned(snapshot)
            # The other processes put theirs back, too. Every living one renews within this time.
            self._services.restored_at = self._loop.time() + self._services.timing.lease / 2
            self._publish(Message(version=snapshot.version))
            self.room.tell_everything()
        complete = self._loop.time() >= self._services.restored_at
        self._take_in(snapshot, complete=complete)
        return snapshot, complete

    async def _put_back(self, lost: list[Member], sessions: int, newcomer: str) -> Snapshot:
        store, process = self._services.store, self._services.process
        snapshot = await store.restore(self.id, lost, process, sessions)
        if self._lost(snapshot, newcomer):
            # The lease was lost as well, without which nobody of this process counts.
            await self._services.lease.renew(force=True)
            snapshot = await store.restore(self.id, lost, process, sessions)
        return snapshot

    def _lost(self, snapshot: Snapshot, newcomer: str) -> list[Member]:
        """Return this process's members that the store does not know, in the order they came. Those
        in their grace are left out: nobody puts them back."""
        if snapshot.agrees and {*self._strangers(snapshot)} <= {newcomer}:
            # With other strangers there, it lost as many as it has too many.
            return []
        known = {member.session for member in snapshot.members} | self._grace_ends.keys()
        local = self.room.seats.local_members()
        return [member for session, member in local.items() if session not in known]

    def _remove_banned(self, snapshot: Snapshot) -> None:
        """Take off the board the sessions that staff removed, and close their sockets."""
        self.removed = snapshot.removed
        for session in [session for session in self.removed if session in self.room]:
            peer = self.audience.peers.get(session)
            self._remove([session])
            if peer is not None:
                peer.refuse(Removed())

    async def _take_off_strangers(self, snapshot: Snapshot) -> None:
        """Take off the board the sessions that the store has for this process, but that are not
        here. A store that fell back to an earlier state does not know that they left."""
        for session in self._strangers(snapshot):
            logger.warning("store: took off a session that had left (board=%s)", self.id)
            departure = await self._services.store.leave(self.id, session)
            self._take_in_departure(departure)

    def _strangers(self, snapshot: Snapshot) -> list[str]:
        """Return the sessions that the store has for this process, and that have no seat here."""
        own = (m.session for m in snapshot.members if m.process == self._services.process)
        return [session for session in own if session not in self.room]

    def _take_in(self, snapshot: Snapshot, *, complete: bool) -> None:
        """Make the room what the store says. Unless `complete`, keep members that are missing in
        the store: they may still be put back."""
        self._set_board_id(snapshot.board_id)
        missing = self._missing(snapshot)
        self._follow_resumed(missing, snapshot)
        if complete:
            # A snapshot leaves out members whose time is up, but the store has them until a reap.
            self._reap_due |= bool(missing)
            self._remove(missing)
            self.room.people = snapshot.people
        else:
            self.room.people = max(self.room.people, snapshot.people)
        arrived = False
        for member in [*snapshot.members, *self._demoted(snapshot)]:
            seat = self.room.seats.by_session.get(member.session)
            if seat is None:
                if member.process != self._services.process:
                    self.room.arrive(member, None)
                    self._repeats = REPEATS  # its process may not have heard the activity here
                    arrived = True
            elif seat.member != member or not self.room.seats.holds_user(seat):
                # The store gave it another user id, or another session had taken its id.
                self.room.reseat(member)
                if member.session in self.audience.peers:
                    self.audience.peers[member.session].admitted(self.room.board_id, member.user)
        self.room.nameless_elsewhere = snapshot.hides
        self.version = snapshot.version
        deferred, self._deferred = self._deferred, {}
        for process, message in deferred.items():
            self._update_remote(process, message)
        if arrived:
            self._rename_impostors()
        self._schedule_flush()

    def _rename_impostors(self) -> None:
        """Have guests come again whose name is not theirs: they get another one."""
        for session in self.room.impostors():
            if session in self.audience.peers:
                self.audience.peers[session].restart()

    def _missing(self, snapshot: Snapshot) -> dict[str, Member]:
        """Return the members in the room that the store does not have, by session."""
        members = self.room.seats.remote_members()
        if not snapshot.agrees:
            members |= self.room.seats.local_members()
        for member in snapshot.members:
            members.pop(member.session, None)
        return members

    def _demoted(self, snapshot: Snapshot) -> list[Member]:
        """Return this process's members that the store made spectators: it knows all of them, but
        these hold no user id, and nobody resumed them."""
        if not snapshot.agrees:
            return []
        sessions = {member.session for member in snapshot.members}
        resumed = {(member.user, member.person) for member in snapshot.members}
        return [
            replace(seat.member, user=NO_USER)
            for user, seat in self.room.seats.by_user.items()
            if not (seat.remote or seat.member.session in sessions)
            and (user, seat.member.person) not in resumed
        ]

    def _follow_resumed(self, missing: dict[str, Member], snapshot: Snapshot) -> None:
        """Remove from `missing` the sessions that another one resumed: the same person has the same
        user id. A session that was resumed in this process is seated by `_seat`."""
        came = {(m.user, m.person): m for m in snapshot.members if m.session not in self.room}
        for old, gone in tuple(missing.items()):
            member = came.pop((gone.user, gone.person), None)
            if member is not None:
                del missing[old]
                if member.process != self._services.process:
                    self._forget(old)
                    self.room.resume(member, None, old)
                    self._repeats = REPEATS

    def _seat(self, peer: Peer, admission: Admission, *, name_set: bool) -> None:
        member, old = admission.member, admission.resumed
        self._set_board_id(admission.board_id)
        if admission.version >= self.version:
            # Otherwise the board was read since, with later joins and leaves.
            self.room.people = admission.people
        self.audience.add(member.session, peer)
        if old is None:
            self.room.arrive(member, peer.dialect, name_set=name_set)
            if member.signed_in or self.others:
                self._rename_impostors()
        else:
            former = self.audience.peers.get(old)
            self._forget(old)
            self.room.resume(member, peer.dialect, old, name_set=name_set)
            if former is not None:
                # Its socket is open. The store took it for dead, since the lease had run out.
                former.restart()

    def _set_board_id(self, board_id: int) -> None:
        """Take in the board's id on the wire. A store that was lost may have given it another."""
        if board_id in (UNKNOWN_BOARD, self.room.board_id):
            return
        if self.room.board_id != UNKNOWN_BOARD:
            # Frames under way still carry the former id: accept any until the next admission.
            for session, peer in self.audience.peers.items():
                peer.admitted(UNKNOWN_BOARD, self.room.seats.by_session[session].member.user)
        self.room.board_id = board_id

    def _changed(self, version: int) -> None:
        """Take in that this process changed the membership, and tell the others."""
        if self.version not in (0, version - 1):
            # Another process changed it before, and this one did not hear of that.
            self.refresh_soon()
        self.version = max(self.version, version)
        if self.others:
            self._publish_soon(Message(version=version), self._loop.time())

    def _take_in_departure(self, departure: Departure) -> None:
        if not departure.members:
            return
        self._services.departed(self.id, departure)
        sessions = {member.session for member in departure.members}
        self._depart(sessions - self.audience.peers.keys(), departure.people)
        self._changed(departure.version)
        if sessions & self.audience.peers.keys():
            # They were taken for dead, but their sockets are open: the refresh puts them back.
            self.refresh_soon()

    def _depart(self, sessions: Collection[str], people: int) -> None:
        """Take sessions out of the room; `people` remain on the board."""
        self._remove(sessions)
        self.room.people = people
        self._schedule_flush()

    def _remove(self, sessions: Collection[str]) -> None:
        for session in sessions:
            self._forget(session)
            self.room.depart(session)

    def _forget(self, session: str) -> None:
        self.audience.remove(session)
        self._grace_ends.pop(session, None)

    @property
    def _orphaned(self) -> bool:
        """True while members of a process that is not known to live are on the roster."""
        remote = self.room.seats.remote.values()
        return any(seat.member.process not in self.others for seat in remote)

    # The other processes

    def _share(self, processes: Collection[str]) -> bool:
        """Take in which processes have people here, and introduce this one to new ones. Return
        whether there are new ones."""
        broker, process = self._services.broker, self._services.process
        others = frozenset(processes) - {process}
        if broker is None or others == self.others:
            return False
        new, self.others = others - self.others, others
        self.room.elsewhere = bool(others)
        self.room.nameless_elsewhere &= bool(others)
        if others:
            broker.subscribe(self.id)
        else:
            broker.unsubscribe(self.id)
        if new:
            self._repeats = REPEATS
            self._publish_activity()
        for other in new:
            broker.publish_to(other, self.id, Message(self.version, introduction=True))
        return bool(new)

    def _publish(self, message: Message) -> None:
        if self._services.broker is not None:
            self._services.broker.publish(self.id, message)

    def _publish_soon(self, message: Message, now: float) -> None:
        """Publish what this process did, or its members: at once after a quiet time, else with what
        else comes within `PUBLISH_EVERY`."""
        if self._unpublished is not None:
            self._unpublished.merge(message)
        elif now >= (due := self._published + PUBLISH_EVERY):
            self._published = now
            self._publish(message)
        else:
            self._unpublished = message
            self._publishing = self._loop.call_at(due, self._publish_waiting)

    def _publish_waiting(self) -> None:
        message, self._unpublished = self._unpublished, None
        if message is not None:
            self._published = self._loop.time()
            self._publish(message)

    def _publish_activity(self) -> None:
        """Publish what all members of this process do, which is newer than what waits."""
        self._unpublished = None
        if self._publishing is not None:
            self._publishing.cancel()
        cursors, states = self.room.seats.activity_by_user()
        self._publish(Message(self.version, cursors, states))

    def _update_remote(self, process: str, message: Message) -> None:
        if self.work or self._state is not State.CURRENT:
            # The next read may bring the users that are not known yet.
            users = {*message.cursors, *message.states}
            unknown = self.room.seats.unknown(process, users)
            if unknown:
                self._deferred.setdefault(process, Message()).merge(message.only(unknown))
        self.room.update_remote(process, message.cursors, message.states)
        self._schedule_flush()

    # The flush

    def _interval(self, now: float) -> int:
        """Return the board's RATE, which may have changed since it was told."""
        sockets, told = self.room.sockets, self.room.interval
        if now < self._interval_due and (sockets <= 1) == (told == 0):
            return told
        self._interval_due = now + INTERVAL_EVERY
        return self._services.pacing.interval(sockets, told, now)

    def _schedule_flush(self) -> None:
        if self.room.pending:
            self._flush_soon()

    def _flush_soon(self) -> None:
        """Tell what changed: at the end of this turn of the event loop, or with what else comes
        within the window since the last flush."""
        if self._flushing or (self._timer is not None and not self._timer_for_held):
            return
        now = self._loop.time()
        due = self._flushed + self._services.pacing.window(self.room.sockets, now)
        if due <= now:
            self._flushing = True
            self._services.flushes.add(self)
        elif self._timer is None or due < self._due:
            self._flush_at(due)

    def _flush_at(self, due: float, *, for_held: bool = False) -> None:
        self._cancel_timer()
        self._due, self._timer_for_held = due, for_held
        self._timer = self._loop.call_at(due, self._on_timer)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        now = self._loop.time()
        self._timer = None
        late = max(0.0, now - self._due)
        self._services.pacing.note_lag(late, now)
        self._services.metrics.tick_lag.observe(late)
        self.flush()

    def flush(self) -> None:
        """Write what there is to tell; the flush queue calls this."""
        services, room, now = self._services, self.room, self._loop.time()
        self._flushing = False
        self._flushed = now
        if self._timer is not None:
            self._cancel_timer()
        sockets = room.sockets
        flush = room.flush(now, self._interval(now), shared=bool(self.others))
        frames_before = services.metrics.frames_out
        self.audience.write(flush)
        frames = services.metrics.frames_out - frames_before
        services.metrics.flushed(flush.held_back, frames, self._loop.time() - now)
        services.pacing.moved(flush.moves * sockets, room.interval, now)
        if flush.moved or flush.states:
            self._repeats = REPEATS
            self._publish_soon(Message(self.version, flush.moved, flush.states), now)
        if flush.wait:
            self._flush_at(now + flush.wait, for_held=True)


def _refuse(peer: Peer, request: JoinRequest, error: PresenceError) -> None:
    """Refuse a JOIN, unless the stay has ended already."""
    if peer.session_id == request.session:
        peer.refuse(error)
