"""One socket's side of the protocol as a state machine, without socket, clock or board.

`Session.feed` takes a received message, `Session.check` the passing of time. Both return what the
connection has to do. The rules are PROTOCOL.md's: "Messages" for the order, "Several sessions on
one socket", "Bad input" for the limits, "PROBE" for clients that read too slowly.
"""

from dataclasses import dataclass, field

from presence.protocol.codec import ANCHORED_POSITION, POSITION, decode_client, encode
from presence.protocol.errors import (
    Malformed,
    MalformedFrame,
    PresenceError,
    Silent,
    StruckOut,
    TooBig,
    TooFast,
)
from presence.protocol.limits import SlidingWindow
from presence.protocol.messages import (
    MAX_MESSAGE_BYTES,
    NO_USER,
    UNKNOWN_BOARD,
    CursorUpdate,
    Dialect,
    Gone,
    Heartbeat,
    Join,
    Leave,
    MessageType,
    NoticeMessage,
    Probe,
    SessionMessage,
    SetState,
    UserState,
)

STRIKE_LIMIT = (9, 10.0)
FRAME_LIMIT = (240, 1.0)
LONG_FRAME_LIMIT = (600, 5.0)
JOIN_LIMIT = (10, 10.0)
SOCKET_JOIN_LIMIT = (40, 10.0)
"""Limits as (count, seconds). One more within that time closes the socket."""

NOTICE_EVERY = 1.0
"""Seconds between two NOTICEs about malformed frames."""

SILENCE = 90.0
"""Seconds without any frame after which the socket is closed. Browsers may slow the timers of a
hidden tab, and so its heartbeats, to one a minute."""

IDLE_AFTER = 30.0
"""Seconds without a move after which a user is idle."""

UNREAD_LIMIT = 16_384
"""Bytes written since the last probe that call for another. A client of the explicit dialect reads
too slowly while more wait for it in this server."""

PROBE_PATIENCE = 1.0
"""Seconds without a sign that the client reads after which cursor frames are held back."""

PROBE_LIMIT = 30.0
"""Seconds without a sign that the client reads after which the socket is closed."""

HEARTBEAT = encode(Heartbeat(), Dialect.COMPACT)

_CURSOR_UPDATE = MessageType.CURSOR_UPDATE
_COMPACT_UPDATE_BYTES = 1 + POSITION
_ANCHORED_UPDATE_BYTES = 1 + ANCHORED_POSITION


Move = bytes
"""The pointer moved to a position, 4 or 12 bytes as on the wire (`presence.protocol.codec`)."""


@dataclass(slots=True)
class Reply:
    """Write ``frame``."""

    frame: bytes


@dataclass(slots=True)
class Strike:
    """Count a malformed frame under ``reason``; write ``frame`` unless it is None."""

    reason: Malformed
    frame: bytes | None


@dataclass(slots=True)
class Shut:
    """Write ``frame`` unless it is None, then close as ``error`` says."""

    error: PresenceError
    frame: bytes | None


@dataclass(slots=True)
class CatchUp:
    """The client reads again: write the current cursors."""


@dataclass(slots=True)
class Idle:
    """These sessions of the socket became idle."""

    sessions: tuple[int, ...]


Action = (
    Move
    | Join
    | Leave
    | Gone
    | SetState
    | SessionMessage
    | Idle
    | Reply
    | Strike
    | Shut
    | CatchUp
    | None
)
"""What a connection has to do; None is nothing. What a session does, or where it comes or goes, is
about the one that the last `SessionMessage` named, 0 before the first."""


def farewell(error: PresenceError, dialect: Dialect) -> Shut:
    """Return how to end a connection for ``error``, with its NOTICE where the dialect has one."""
    return Shut(error, _notice(error, dialect))


def _notice(error: PresenceError, dialect: Dialect) -> bytes | None:
    if error.notice is None or dialect is Dialect.EXPLICIT:
        return None
    return encode(NoticeMessage(error.notice, error.retry), dialect)


@dataclass(slots=True)
class Standing:
    """Where one session of a socket stands: the order of its messages, and when it last moved."""

    last_move: float
    joined: bool = False
    board_id: int = UNKNOWN_BOARD
    spectator: bool = False
    idle: bool = False
    joins: SlidingWindow = field(default_factory=lambda: SlidingWindow(JOIN_LIMIT))

    def becomes_idle(self, now: float) -> bool:
        """Note whether it is idle; return whether it was not before."""
        if not self.joined or self.idle or now - self.last_move < IDLE_AFTER:
            return False
        self.idle = True
        return True

    def end(self) -> None:
        """Take in that it is off the board. The next JOIN may lead to another board id and another
        user id."""
        self.board_id = UNKNOWN_BOARD
        self.joined = self.spectator = False


class Session:
    """One socket's side of the protocol, with all sessions on it.

    ``now`` is in seconds, from a clock that only goes forward. ``held`` is True while the client
    reads too slowly to be sent cursor frames.
    """

    def __init__(self, dialect: Dialect, now: float) -> None:
        self.dialect = dialect
        self.held = False
        compact = dialect is Dialect.COMPACT
        self._anchored_update = MessageType.ANCHORED_UPDATE if compact else None
        self._closed = False
        self._standing = Standing(now)
        self._standings = {0: self._standing}
        self._last_frame = now
        self._last_notice = float("-inf")
        self._strikes = SlidingWindow(STRIKE_LIMIT)
        self._frames = SlidingWindow(FRAME_LIMIT, LONG_FRAME_LIMIT)
        self._joins = SlidingWindow(SOCKET_JOIN_LIMIT)
        self._probe = 0
        self._unread_since: float | None = None
        self._unread = 0

    def feed(self, data: bytes | None, now: float) -> Action:
        """Take a received message, None for a text message, and return what it calls for."""
        if self._closed:
            return None
        self._last_frame = now
        if self._frames.hit(now):
            return self._close(TooFast())
        if data is None:
            return self._strike(MalformedFrame(Malformed.TEXT), now)
        standing = self._standing
        if standing.joined and (
            (len(data) == _COMPACT_UPDATE_BYTES and data[0] == _CURSOR_UPDATE)
            or (len(data) == _ANCHORED_UPDATE_BYTES and data[0] == self._anchored_update)
        ):
            # Nearly all frames are of these kinds, so they are not decoded.
            standing.last_move, standing.idle = now, False
            return None if standing.spectator else data[1:]
        if len(data) > MAX_MESSAGE_BYTES:
            return self._close(TooBig())
        try:
            return self._take(data, standing, now)
        except MalformedFrame as error:
            return self._strike(error, now)

    def count(self, now: float) -> Action:
        """Count a frame that ends no message, and return what it calls for: a ping, a pong, or a
        fragment that is not the last one."""
        if self._frames.hit(now) and not self._closed:
            return self._close(TooFast())
        return None

    def check(self, now: float, *, clogged: bool = False) -> Action:
        """Return what the passing of time calls for; call it about once a second. `clogged`: much
        of what was written waits for the client to read it."""
        if self._closed:
            return None
        if now - self._last_frame >= SILENCE:
            return self._close(Silent())
        idle = [n for n, standing in self._standings.items() if standing.becomes_idle(now)]
        if idle:
            return Idle(tuple(idle))
        if self.dialect is Dialect.EXPLICIT:
            # It has no PROBE, and what has left this server must do.
            if not clogged:
                return self._reads()
            if self._unread_since is None:
                self._unread_since = now
        if self._unread_since is None:
            return self._send_probe(now)
        unread_for = now - self._unread_since
        self.held = self.held or unread_for > PROBE_PATIENCE
        return self._close(Silent()) if unread_for >= PROBE_LIMIT else None

    def admitted(self, board_id: int, user: int, session: int = 0) -> None:
        """Note the board id and the user id that a session's JOIN led to; 255 is a spectator."""
        standing = self._standings[session]
        standing.board_id = board_id
        standing.spectator = user == NO_USER

    def refused(self, session: int) -> None:
        """Note that a session's JOIN led nowhere, and the socket stays open for the others."""
        self._standings[session].end()

    def wrote(self, size: int) -> None:
        """Note that ``size`` bytes were written."""
        self._unread += size

    def _take(self, data: bytes, standing: Standing, now: float) -> Action:
        match decode_client(data, self.dialect):
            case Heartbeat():
                return Reply(HEARTBEAT)
            case SessionMessage(session) as change:
                self._standing = self._standings.setdefault(session, Standing(now))
                return change
            case Probe(seq) if standing.joined or self._unread_since is not None:
                # A probe that was sent before a LEAVE may be answered after it.
                return self._on_probe(seq)
            case Join() as join if not standing.joined:
                if standing.joins.hit(now) or self._joins.hit(now):
                    return self._close(TooFast())
                standing.joined, standing.idle, standing.last_move = True, False, now
                return join
            case CursorUpdate(board=board) if standing.joined:
                _check_board(board, standing)
                standing.last_move, standing.idle = now, False
                return None if standing.spectator else data[-POSITION:]
            case SetState(state) as change if standing.joined:
                # Who is off the board or away does not become idle: those states say more.
                standing.idle = state is not UserState.ACTIVE
                if not standing.idle:
                    standing.last_move = now
                return None if standing.spectator else change
            case Leave(board) | Gone(board) as goodbye if standing.joined:
                _check_board(board, standing)
                standing.end()
                return goodbye
        raise MalformedFrame(Malformed.OUT_OF_ORDER)

    def _on_probe(self, seq: int) -> Action:
        return self._reads() if seq == self._probe else None

    def _reads(self) -> Action:
        self._unread_since = None
        caught_up, self.held = self.held, False
        return CatchUp() if caught_up else None

    def _send_probe(self, now: float) -> Action:
        if self._unread < UNREAD_LIMIT:
            return None
        self._unread = 0
        self._probe = (self._probe + 1) % 256
        self._unread_since = now
        return Reply(encode(Probe(self._probe), self.dialect))

    def _strike(self, error: MalformedFrame, now: float) -> Action:
        notice = None
        if now - self._last_notice >= NOTICE_EVERY:
            notice, self._last_notice = _notice(error, self.dialect), now
        if self._strikes.hit(now):
            self._closed = True
            return Shut(StruckOut(), notice)
        return Strike(error.reason, notice)

    def _close(self, error: PresenceError) -> Shut:
        self._closed = True
        return farewell(error, self.dialect)


def _check_board(board: int | None, standing: Standing) -> None:
    # Until the JOIN is through, neither side knows the board's id for certain.
    known = standing.board_id != UNKNOWN_BOARD
    if known and board not in (None, UNKNOWN_BOARD, standing.board_id):
        raise MalformedFrame(Malformed.WRONG_BOARD)
