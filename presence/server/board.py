"""A room with its sockets and its tick: turns what the room has to say into writes.

The first change after a quiet tick goes out at once, what follows waits for the room's interval
(PROTOCOL.md, "Cursors"). Every frame is encoded once and the same bytes are written to all.
"""

import asyncio
from collections.abc import Callable, Collection
from enum import Enum
from typing import Protocol
from uuid import UUID

from presence.cluster.messages import Post
from presence.protocol.errors import PresenceError, Removed
from presence.protocol.messages import UNKNOWN_BOARD, UserState
from presence.protocol.session import Session
from presence.rooms.frames import Flush
from presence.rooms.pacing import Lag
from presence.rooms.room import Room
from presence.server.metrics import Metrics
from presence.store.base import Admission, Member, Snapshot


class Peer(Protocol):
    """One connection, as the boards of this process see it. No method waits, none raises.

    `session_id` names its stay on the board, from a JOIN to the LEAVE or the end of the socket; it
    is unique among all processes, and empty while there is none.
    """

    session: Session
    session_id: str

    def write(self, frame: bytes) -> None:
        """Write one frame."""
        ...

    def admitted(self, live: "LiveRoom", admission: Admission) -> None:
        """Take in that the JOIN went through."""
        ...

    def refuse(self, error: PresenceError) -> None:
        """Tell the client why not, or no longer, and close."""
        ...

    def restart(self) -> None:
        """Have the client connect anew: close, and begin the grace."""
        ...

    def sweep(self, now: float) -> None:
        """Do what the passing of time asks for."""
        ...


class Look(Enum):
    """Whether the store is to be asked who is on a board: it waits for its turn, is under way, or
    is under way and there was news since."""

    NONE = 0
    DUE = 1
    UNDER_WAY = 2
    AGAIN = 3


class LiveRoom:
    """One board in this process. Create it on the event loop. `least` is in milliseconds, as for
    `Room`; `post` sends what its people do to the other processes.

    `others` are the other processes that hold people of the board, those in `greeted` have said all
    that theirs do; `version` is that of the membership as this process knows it (see `store.base`).
    `unsure`: clients may have been told what is not so. `doubted`: people whom the store does not
    know may only be late. `removed` are sessions that were taken off the board and must not be put
    back, as of the last look.
    """

    def __init__(
        self,
        board: UUID,
        least: int,
        lag: Lag,
        metrics: Metrics,
        post: Callable[[UUID, Post], None],
    ) -> None:
        self.board = board
        self.room = Room(UNKNOWN_BOARD, least)
        self.peers: dict[str, Peer] = {}
        self.in_grace: dict[str, float] = {}
        # Store operations on one board are done one after the other, in the order they were asked
        # for.
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.others: frozenset[str] = frozenset()
        self.version = 0
        self.greeted: set[str] = set()
        self.removed: frozenset[str] = frozenset()
        self.look = Look.NONE
        self.unsure = self.doubted = self.reaping = self.reap_due = False
        self._deferred: dict[str, Post] = {}
        self._post = post
        self._least = least / 1000
        self._lag = lag
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0

    @property
    def orphaned(self) -> bool:
        """True where people are on the roster whom no process serves that is known to live."""
        elsewhere = self.room.members(elsewhere=True).values()
        return any(member.process not in self.others for member in elsewhere)

    def admit(self, peer: Peer, admission: Admission, *, name_set: bool) -> None:
        """Seat a peer as the store decided."""
        member, dialect, old = admission.member, peer.session.dialect, admission.resumed
        self._label(admission.board_id)
        if admission.version >= self.version:
            # Else the board was seen since, with whoever came or went after this one.
            self.room.people = admission.people
        self.peers[member.session] = peer
        if old is None:
            self.room.arrive(member, dialect, name_set=name_set)
        else:
            self._let_go(old)
            self.room.resume(member, dialect, old, name_set=name_set)

    def expel(self, removed: frozenset[str]) -> None:
        """Take sessions off the board that were removed, and close their sockets."""
        self.removed = removed
        for session_id in [session for session in removed if session in self.room]:
            peer = self.peers.get(session_id)
            self._remove([session_id])
            if peer is not None:
                peer.refuse(Removed())

    def restart(self) -> None:
        """Have everybody connect anew whom this process serves."""
        for peer in tuple(self.peers.values()):
            peer.restart()

    def lost(self, snapshot: Snapshot) -> list[Member]:
        """Return the people of this process whom the shared state has lost, in the order they
        came. Who is in their grace is given up."""
        known = {member.session for member in snapshot.members} | self.in_grace.keys()
        own = self.room.members(elsewhere=False)
        return [member for session, member in own.items() if session not in known]

    def see(self, snapshot: Snapshot, process: str, *, all_back: bool = True) -> None:
        """Take in who is on the board, over all processes, as the store has it.

        `process` names this one: its own sessions come by `admit`. Unless `all_back`, the store
        has been emptied, and who is missing may yet be put back.
        """
        self._label(snapshot.board_id)
        here = self.room.members(elsewhere=True) | self.room.members(elsewhere=False)
        for member in snapshot.members:
            here.pop(member.session, None)
        self._follow(here, snapshot, process)
        if all_back:
            # The store names nobody whose time is up, but keeps them until somebody reaps.
            self.reap_due |= bool(here)
            self._remove(here)
            self.room.people = snapshot.people
        for member in snapshot.members:
            self._see_one(member, process)
        self.version = snapshot.version
        self.stir()

    def hear(self, process: str, post: Post) -> None:
        """Take in what people of another process did.

        While the store is to be asked who is here, what strangers did waits: they may be news.
        """
        if self.look is not Look.NONE:
            self._defer(process, post)
        self.room.hear(process, post.cursors, post.states)
        self.stir()

    def hear_deferred(self) -> None:
        """Take in what waited; what strangers did waits on while there is to be another look."""
        deferred, self._deferred = self._deferred, {}
        for process, post in deferred.items():
            self.hear(process, post)

    def _defer(self, process: str, post: Post) -> None:
        strangers = self.room.strangers(process, [*post.cursors, *post.states])
        if strangers:
            self._deferred.setdefault(process, Post()).merge(post.only(strangers))

    def start_grace(self, session_id: str, until: float) -> None:
        """Keep a broken session on the roster, and write to it no more; `until` (seconds of the
        loop) its grace is over whatever the store knows of it."""
        self.peers.pop(session_id, None)
        self.in_grace[session_id] = until
        self.room.start_grace(session_id)
        self.stir()

    def depart(self, session_ids: Collection[str], people: int) -> None:
        """Take sessions off the board, on which `people` remain."""
        self._remove(session_ids)
        self.room.people = people
        self.stir()

    def move(self, session_id: str, position: bytes) -> None:
        """Pass on where a session's pointer is (4 bytes)."""
        self.room.move(session_id, position)
        self.stir()

    def set_state(self, session_id: str, state: UserState) -> None:
        """Pass on what a session does."""
        self.room.set_state(session_id, state)
        self.stir()

    def catch_up(self, peer: Peer) -> None:
        """Tell a peer that reads again what is current; one that is yet to be welcomed hears it
        then."""
        if not self.room.welcomed(peer.session_id):
            return
        for frame in self.room.catch_up(peer.session.dialect):
            peer.write(frame)

    def stir(self) -> None:
        """See to it that what changed is told: at once after a quiet tick, else when the interval
        is over."""
        if self._timer is None and self.room.pending:
            now = self._loop.time()
            if now >= self._next:
                self._tick(now)
            else:
                self._timer = self._loop.call_at(self._next, self._on_time)

    def close(self) -> None:
        """Forget the next tick."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _label(self, board_id: int) -> None:
        """Take in the board's id on the wire; a shared state that was lost may give it another."""
        if board_id in (UNKNOWN_BOARD, self.room.board_id):
            return
        if self.room.board_id != UNKNOWN_BOARD:
            # Whoever is here learns of it too late for what they have said by then.
            for session_id, peer in self.peers.items():
                peer.session.admitted(UNKNOWN_BOARD, self.room.member(session_id).user)
        self.room.board_id = board_id

    def _follow(self, missing: dict[str, Member], snapshot: Snapshot, process: str) -> None:
        """Take out of `missing` those who went on under another session, and seat them there.

        Who left a user id and holds it again did. One that this process serves comes by `admit`.
        """
        came = {(m.user, m.person): m for m in snapshot.members if m.session not in self.room}
        for old, gone in tuple(missing.items()):
            member = came.pop((gone.user, gone.person), None)
            if member is not None:
                del missing[old]
                if member.process != process:
                    self._let_go(old)
                    self.room.resume_elsewhere(member, old)

    def _see_one(self, member: Member, process: str) -> None:
        if member.session not in self.room:
            if member.process != process:
                self.room.arrive_elsewhere(member)
        elif self.room.member(member.session) != member:
            self._seat_anew(member)

    def _seat_anew(self, member: Member) -> None:
        """Seat a session whose user id the store could not give back."""
        self.room.reseat(member)
        peer = self.peers.get(member.session)
        if peer is not None:
            peer.session.admitted(self.room.board_id, member.user)

    def _remove(self, session_ids: Collection[str]) -> None:
        for session_id in session_ids:
            self._let_go(session_id)
            self.room.depart(session_id)

    def _let_go(self, session_id: str) -> None:
        self.peers.pop(session_id, None)
        self.in_grace.pop(session_id, None)

    def _on_time(self) -> None:
        now = self._loop.time()
        self._timer = None
        self._lag.note(now - self._next, now)
        self._metrics.tick_lag.observe(max(0.0, now - self._next))
        self._tick(now)

    def _tick(self, now: float) -> None:
        flush = self.room.flush(now, self._lag.seconds)
        self._next = now + max(self._least, self.room.interval / 1000)
        metrics, before = self._metrics, self._metrics.frames_out
        self._write(flush)
        metrics.ticked(self._loop.time() - now, metrics.frames_out - before, self.room.held_back)
        if self.others and (flush.moved or flush.states):
            self._post(self.board, Post(cursors=flush.moved, states=flush.states))
        self.stir()

    def _write(self, flush: Flush) -> None:
        # A copy: a peer whose socket turns out to be gone leaves the room while we write.
        for session_id, peer in tuple(self.peers.items()):
            self._tell(session_id, peer, flush)

    def _tell(self, session_id: str, peer: Peer, flush: Flush) -> None:
        session = peer.session
        welcome = flush.welcomes.get(session_id)
        for frame in flush.common[session.dialect] if welcome is None else welcome:
            peer.write(frame)
        cursors = flush.cursors[session.dialect]
        if not cursors or welcome is not None or session_id == flush.mover:
            return
        if session.held:
            self._metrics.frames_held += len(cursors)
            return
        for frame in cursors:
            peer.write(frame)
        session.wrote_cursors()
