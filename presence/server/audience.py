"""The sockets of one board in this process, and how a flush is written to them."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol

from presence.protocol.errors import PresenceError
from presence.protocol.messages import Dialect
from presence.rooms.frames import Flush
from presence.server.fastio import encode_frames, encode_header, send_all
from presence.server.metrics import Metrics
from presence.server.pump import Line


class Peer(Protocol):
    """One session of a socket, as a board sees it. No method waits, none raises. `session_id` names
    its stay, from a JOIN to its end; it is unique among all processes, and empty between stays."""

    session_id: str

    @property
    def dialect(self) -> Dialect:
        """What the socket speaks."""

    @property
    def sessions(self) -> Collection[str]:
        """The sessions on its socket: several tabs of a browser may share one."""

    @property
    def line(self) -> Line | None:
        """The socket, where frames need not go through the server."""

    @property
    def held(self) -> bool:
        """True while the client reads too slowly to be sent cursors."""

    def write(self, frames: Collection[bytes]) -> None:
        """Write frames, for all sessions of the socket."""

    def write_own(self, frames: Collection[bytes]) -> None:
        """Write frames for this session alone."""

    def write_cursors(self, frames: Collection[bytes]) -> None:
        """Write frames of cursors, unless the client reads too slowly to get them."""

    def admitted(self, board_id: int, user: int) -> None:
        """Take in the ids that the JOIN led to; called again when they change."""

    def refuse(self, error: PresenceError) -> None:
        """Tell the client why it is not, or no longer, on the board, and close."""

    def restart(self) -> None:
        """Start the grace and close, so that the client connects again."""


class Audience:
    """The peers of one board, by session.

    Most get the same frames: the bytes of all of them are joined once, and sent to each socket by
    one call. That needs the compact dialect, a socket that can be written directly and has no other
    session, and a client that reads. `written` counts the payload bytes that each of these was
    sent.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.peers: dict[str, Peer] = {}
        self.written = 0
        self._metrics = metrics
        self._sorted = True
        # Sessions whose line is not what it was.
        self._changed: set[str] = set()
        self._direct: dict[str | None, int] = {}
        # By the numbers in `_direct`.
        self._sessions: list[str] = []
        self._lines: list[Line] = []
        self._fds: list[int] = []
        self._others: dict[str, Peer] = {}

    def add(self, session: str, peer: Peer) -> None:
        """Add a peer."""
        self.peers[session] = peer
        self._place_again({session, *peer.sessions})

    def remove(self, session: str) -> None:
        """Remove a session; an unknown one changes nothing."""
        peer = self.peers.pop(session, None)
        self._take_out(session)
        if peer is not None:
            self._place_again(peer.sessions)

    def writes_directly(self, session: str) -> bool:
        """Return whether `written` counts what a session was sent by the last flush."""
        return session in self._direct

    def changed(self) -> None:
        """Take in that the reading of a client is not what it was."""
        self._sorted = False

    def write(self, flush: Flush) -> None:
        """Write a flush to every peer."""
        if not self._sorted:
            self._sort()
        elif self._changed:
            self._place_again(self._changed)
        self._changed.clear()
        common = flush.common.get(Dialect.COMPACT)
        if self._fds:
            cursors = flush.cursors.get(Dialect.COMPACT, ())
            if len(cursors) == 1 and not (common or flush.welcomes or self._others):
                # Most flushes tell moves only.
                self._send_one(*cursors[0])
                return
            frames = [*(common or ()), *[frame for frame, _ in cursors]]
            movers = [own for _, own in cursors if own is not None]
            apart = {*flush.welcomes, *movers} & self._direct.keys()
            self._send(frames, apart)
            for session in apart:
                self._write_to(session, self.peers[session], flush)
        others = tuple(self._others.items())
        for session, peer in others:
            if session not in flush.welcomes:
                self._write_to(session, peer, flush)
        for session, peer in others if flush.welcomes else ():
            if session in flush.welcomes:
                self._write_to(session, peer, flush)

    def _write_to(self, session: str, peer: Peer, flush: Flush) -> None:
        """Write to one peer what it gets of a flush, unless another session of its socket was
        written the same. Newcomers are last, since they take in nothing before their welcome."""
        if (welcome := flush.welcomes.get(session)) is not None:
            peer.write_own(welcome)
            return
        own = session
        if self._beside(session, peer):
            here = (s for s in peer.sessions if s in self.peers and s not in flush.welcomes)
            if next(here, session) != session:
                return
            own = ""  # The others show its cursor.
        common, cursors = flush.frames_for(own, peer.dialect)
        if peer.held:
            peer.write(common)
            peer.write_cursors(cursors)
        else:
            peer.write([*common, *cursors])

    def _send(self, frames: Sequence[bytes], apart: Collection[str]) -> None:
        """Send frames to the direct sockets, but for some sessions."""
        lines, fds = self._lines, self._fds
        for index in sorted(map(self._direct.__getitem__, apart), reverse=True):
            lines = lines[:index] + lines[index + 1 :]
            fds = fds[:index] + fds[index + 1 :]
        if not frames or not fds:
            return
        data = encode_frames(frames)
        for line, sent in [(lines[index], sent) for index, sent in send_all(fds, data)]:
            line.finish(data, sent)
        self._count(len(frames), sum(map(len, frames)), len(fds))

    def _send_one(self, frame: bytes, own: str | None) -> None:
        """Send a frame to the direct sockets, but for one session: `_send` for the usual case."""
        fds, left_out = self._fds, self._direct.get(own)
        if left_out is not None:
            fds = fds[:left_out] + fds[left_out + 1 :]
        if not fds:
            return
        data = encode_header(len(frame)) + frame
        stalled = []
        for index, sent in send_all(fds, data):
            skip = left_out is not None and index >= left_out
            stalled.append((self._lines[index + skip], sent))
        for line, sent in stalled:
            line.finish(data, sent)
        self._count(1, len(frame), len(fds))

    def _count(self, frames: int, size: int, sockets: int) -> None:
        self.written += size
        self._metrics.frames_out += sockets * frames
        self._metrics.bytes_out += sockets * size

    def _beside(self, session: str, peer: Peer) -> bool:
        """Return whether another session of its socket is here."""
        sessions = peer.sessions
        return len(sessions) > 1 and any(s != session and s in self.peers for s in sessions)

    def _sort(self) -> None:
        """Find out who can be written to directly: `_direct` holds where their lines are."""
        self._sorted = True
        self._direct, self._others = {}, {}
        self._sessions, self._lines, self._fds = [], [], []
        for session, peer in self.peers.items():
            self._place(session, peer)

    def _place_again(self, sessions: Collection[str]) -> None:
        """Find out how the sessions of a socket are written to, of which one came or went, and no
        others: among thousands, sorting all of them is most of what a join costs."""
        for session in sessions if self._sorted else ():
            if session in self.peers:
                self._take_out(session)
                self._place(session, self.peers[session])

    def _take_out(self, session: str) -> None:
        """Undo `_place`."""
        self._others.pop(session, None)
        index = self._direct.pop(session, None)
        if index is None:
            return
        last, line, fd = self._sessions.pop(), self._lines.pop(), self._fds.pop()
        if last != session:
            # It takes the place that is free.
            self._sessions[index], self._lines[index], self._fds[index] = last, line, fd
            self._direct[last] = index

    def _place(self, session: str, peer: Peer) -> None:
        line = peer.line if peer.dialect is Dialect.COMPACT else None
        if line is not None:
            line.changed = partial(self._changed.add, session)
        alone = not self._beside(session, peer)
        if line is not None and alone and line.open and not (line.clogged or peer.held):
            self._direct[session] = len(self._lines)
            self._sessions.append(session)
            self._lines.append(line)
            self._fds.append(line.fd)
        else:
            self._others[session] = peer
