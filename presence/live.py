"""A room with its sockets and its tick: turns what the room has to say into writes.

The first change after a quiet tick goes out at once, what follows waits for the room's interval
(PROTOCOL.md, "Cursors"). Every frame is encoded once and the same bytes are written to all.
"""

import asyncio
from typing import Protocol
from uuid import UUID

from presence.errors import PresenceError
from presence.messages import UNKNOWN_BOARD, UserState
from presence.metrics import Totals
from presence.room import Flush, Room
from presence.session import Session
from presence.store.base import Admission


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
        """Tell the client why not, and close."""
        ...

    def sweep(self, now: float) -> None:
        """Do what the passing of time asks for."""
        ...


LAG_MEMORY = 0.5
"""Seconds over which lag is smoothed: long enough for one late timer not to matter."""


class Lag:
    """How late this process's timers are, in seconds, smoothed over `LAG_MEMORY`.

    By time and not by the number of timers, which come more rarely the more there is lag.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._noted = float("-inf")

    def note(self, late: float, now: float) -> None:
        """Take in that, at `now`, a timer ran `late` seconds after its time."""
        share = min(1.0, (now - self._noted) / LAG_MEMORY)
        self._noted = now
        self.seconds += (max(0.0, late) - self.seconds) * share


class LiveRoom:
    """One board in this process. Create it on the event loop. `least` is in milliseconds, as for
    `Room`."""

    def __init__(self, board: UUID, least: int, lag: Lag, totals: Totals) -> None:
        self.board = board
        self.room = Room(UNKNOWN_BOARD, least)
        self.peers: dict[str, Peer] = {}
        self.lingering: set[str] = set()
        # Store operations on one board are done one after the other, in the order they were asked
        # for.
        self.lock = asyncio.Lock()
        self.waiting = 0
        self._least = least / 1000
        self._lag = lag
        self._totals = totals
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0

    def admit(self, peer: Peer, admission: Admission, *, name_set: bool) -> None:
        """Seat a peer as the store decided."""
        member, dialect, old = admission.member, peer.session.dialect, admission.resumed
        self.room.board_id = admission.board_id
        self.room.people = admission.people
        self.peers[member.session] = peer
        if old is None:
            self.room.arrive(member, dialect, name_set=name_set)
        else:
            self.peers.pop(old, None)
            self.lingering.discard(old)
            self.room.resume(member, dialect, old, name_set=name_set)

    def linger(self, session_id: str) -> None:
        """Keep a broken session on the roster, and write to it no more."""
        self.peers.pop(session_id, None)
        self.lingering.add(session_id)
        self.room.linger(session_id)
        self.stir()

    def depart(self, session_ids: list[str], people: int) -> None:
        """Take sessions off the board, on which `people` remain."""
        for session_id in session_ids:
            self.peers.pop(session_id, None)
            self.lingering.discard(session_id)
            self.room.depart(session_id)
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

    def _on_time(self) -> None:
        now = self._loop.time()
        self._timer = None
        self._lag.note(now - self._next, now)
        self._tick(now)

    def _tick(self, now: float) -> None:
        flush = self.room.flush(now, self._lag.seconds)
        self._next = now + max(self._least, self.room.interval / 1000)
        self._totals.ticks += 1
        # A copy: a peer whose socket turns out to be gone leaves the room while we write.
        for session_id, peer in tuple(self.peers.items()):
            self._tell(session_id, peer, flush)
        self.stir()

    def _tell(self, session_id: str, peer: Peer, flush: Flush) -> None:
        session = peer.session
        welcome = flush.welcomes.get(session_id)
        for frame in flush.common[session.dialect] if welcome is None else welcome:
            peer.write(frame)
        cursors = flush.cursors[session.dialect]
        if not cursors or welcome is not None or session_id == flush.mover:
            return
        if session.held:
            self._totals.frames_held += len(cursors)
            return
        for frame in cursors:
            peer.write(frame)
        session.wrote_cursors()
