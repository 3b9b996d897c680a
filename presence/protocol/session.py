"""One connection as a state machine: feed it what arrived, do what it says. No socket, no clock, no
board.

    feed(data, now)  -> what one received message asks for
    check(now)       -> what the passing of time asks for; call it about once a second

The rules are PROTOCOL.md's: "Messages" for the order, "Bad input" for strikes and limits, "PROBE"
for readers that are too slow.
"""

from dataclasses import dataclass

from presence.protocol.codec import cursor_position, decode_client, encode, pack_position
from presence.protocol.errors import (
    Malformed,
    MalformedFrame,
    Notice,
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
    ClientMessage,
    CursorUpdate,
    Dialect,
    Heartbeat,
    Join,
    Leave,
    NoticeMessage,
    Probe,
    SetState,
    UserState,
)

STRIKES = 10
STRIKES_WITHIN = 10.0
FRAMES_PER_SECOND = 240
FRAMES_LONG = 600
FRAMES_LONG_WITHIN = 5.0
JOINS = 10
JOINS_WITHIN = 10.0
NOTICE_EVERY = 1.0
SILENCE = 90.0
IDLE_AFTER = 30.0
UNREAD_LIMIT = 16_384
"""Bytes that may be written, cursors aside, before a probe asks whether they are read."""
PROBE_PATIENCE = 1.0
PROBE_LIMIT = 30.0

HEARTBEAT = encode(Heartbeat(), Dialect.COMPACT)


@dataclass(slots=True)
class Move:
    """The pointer moved: `position` is 4 bytes as on the wire."""

    position: bytes


@dataclass(slots=True)
class Reply:
    """Write `frame` back."""

    frame: bytes


@dataclass(slots=True)
class Strike:
    """A malformed frame: count it under `reason`, write `frame` where there is one, change nothing
    else."""

    reason: Malformed
    frame: bytes | None


@dataclass(slots=True)
class Shut:
    """The end: write `frame` where there is one, then close as `error` says."""

    error: PresenceError
    frame: bytes | None


@dataclass(slots=True)
class CatchUp:
    """The peer reads again: write what is current."""


Action = Move | Join | Leave | SetState | Reply | Strike | Shut | CatchUp | None
"""What a connection has to do. None: nothing."""


def farewell(error: PresenceError, dialect: Dialect) -> Shut:
    """Return the end of a connection for `error`, with its NOTICE where the dialect has one."""
    if error.notice is None or dialect is Dialect.EXPLICIT:
        return Shut(error, None)
    return Shut(error, encode(NoticeMessage(error.notice, error.retry), dialect))


class Session:
    """One connection's side of the protocol. `now` is in seconds, from any clock that only goes
    forward."""

    def __init__(self, dialect: Dialect, now: float) -> None:
        self.dialect = dialect
        self.held = False
        self._joined = False
        self._over = False
        self._spectator = False
        self._board_id = UNKNOWN_BOARD
        self._idle = False
        self._heard = self._moved = now
        self._noticed = float("-inf")
        self._strikes = SlidingWindow(STRIKES - 1, STRIKES_WITHIN)
        self._frames = SlidingWindow(FRAMES_PER_SECOND, 1.0)
        self._frames_long = SlidingWindow(FRAMES_LONG, FRAMES_LONG_WITHIN)
        self._joins = SlidingWindow(JOINS, JOINS_WITHIN)
        self._probe = 0
        self._probed_at: float | None = None
        self._unread = 0

    def feed(self, data: bytes | None, now: float) -> Action:
        """Take one received message (None: a text message) and return what it asks for. Never
        raises."""
        if self._over:
            return None
        self._heard = now
        if self._frames.hit(now) or self._frames_long.hit(now):
            return self._end(TooFast())
        if data is not None and len(data) > MAX_MESSAGE_BYTES:
            return self._end(TooBig())
        try:
            return self._take(data, now)
        except MalformedFrame as error:
            return self._strike(error.reason, now)

    def admitted(self, board_id: int, user: int) -> None:
        """Note what the JOIN came to: the board's id on the wire, and the user id given (255:
        spectator)."""
        self._board_id = board_id
        self._spectator = user == NO_USER

    def wrote(self, size: int) -> None:
        """Note that `size` bytes were written."""
        self._unread += size

    def wrote_cursors(self) -> None:
        """Note that cursors were among it: reason enough for a probe."""
        self._unread += UNREAD_LIMIT

    def check(self, now: float) -> Action:
        """Return what the passing of time asks for: the end, a state, a probe, or nothing."""
        if self._over:
            return None
        if now - self._heard >= SILENCE:
            return self._end(Silent())
        if self._joined and not self._idle and now - self._moved >= IDLE_AFTER:
            self._idle = True
            return SetState(UserState.IDLE)
        if self._probed_at is not None:
            return self._await_probe(now - self._probed_at)
        return self._send_probe(now)

    def _take(self, data: bytes | None, now: float) -> Action:
        if data is None:
            raise MalformedFrame(Malformed.TEXT)
        position = cursor_position(data)
        if position is not None:
            return self._on_position(position, now)
        message = decode_client(data, self.dialect)
        if not self._joined:
            return self._before_join(message, now)
        return self._after_join(message, now)

    def _before_join(self, message: ClientMessage, now: float) -> Action:
        if isinstance(message, Heartbeat):
            return Reply(HEARTBEAT)
        if isinstance(message, Probe) and self._probed_at is not None:
            # Asked while it was on the board, answered after it left: not the client's fault.
            return self._on_probe(message, now)
        if not isinstance(message, Join):
            raise MalformedFrame(Malformed.OUT_OF_ORDER)
        if self._joins.hit(now):
            return self._end(TooFast())
        self._joined = True
        self._idle = False
        self._moved = now
        return message

    def _after_join(self, message: ClientMessage, now: float) -> Action:
        match message:
            case CursorUpdate(x, y, board):
                self._check_board(board)
                return self._on_position(pack_position(x, y), now)
            case Heartbeat():
                return Reply(HEARTBEAT)
            case SetState():
                return self._on_state(message, now)
            case Probe():
                return self._on_probe(message, now)
            case Leave(board):
                self._check_board(board)
                self._forget_place()
                return message
            case _:
                raise MalformedFrame(Malformed.OUT_OF_ORDER)

    def _forget_place(self) -> None:
        # The next JOIN may come to another board id, and to a user id where there was none.
        self._joined = False
        self._spectator = False
        self._board_id = UNKNOWN_BOARD

    def _on_position(self, position: bytes, now: float) -> Action:
        if not self._joined:
            raise MalformedFrame(Malformed.OUT_OF_ORDER)
        self._moved = now
        self._idle = False
        return None if self._spectator else Move(position)

    def _on_state(self, message: SetState, now: float) -> Action:
        if message.state is UserState.ACTIVE:
            self._moved = now
        # Off the board and away say more than idle does, so idle never follows them.
        self._idle = message.state is not UserState.ACTIVE
        return None if self._spectator else message

    def _on_probe(self, message: Probe, now: float) -> Action:
        if self._probed_at is None or message.seq != self._probe:
            return None
        self._probed_at = None
        if not self.held:
            return None
        self.held = False
        return CatchUp()

    def _await_probe(self, waited: float) -> Action:
        self.held = self.held or waited > PROBE_PATIENCE
        return self._end(Silent()) if waited >= PROBE_LIMIT else None

    def _send_probe(self, now: float) -> Action:
        if self._unread < UNREAD_LIMIT or self.dialect is Dialect.EXPLICIT:
            return None
        self._unread = 0
        self._probe = (self._probe + 1) % 256
        self._probed_at = now
        return Reply(encode(Probe(self._probe), self.dialect))

    def _check_board(self, board: int | None) -> None:
        # Until the JOIN is through, neither side can be sure of the id.
        known = self._board_id != UNKNOWN_BOARD
        if known and board not in (None, UNKNOWN_BOARD, self._board_id):
            raise MalformedFrame(Malformed.WRONG_BOARD)

    def _strike(self, reason: Malformed, now: float) -> Action:
        told = now - self._noticed < NOTICE_EVERY
        if self._strikes.hit(now):
            end = self._end(StruckOut())
            return Shut(end.error, None) if told else end
        if told or self.dialect is Dialect.EXPLICIT:
            return Strike(reason, None)
        self._noticed = now
        return Strike(reason, encode(NoticeMessage(Notice.MALFORMED, 0), self.dialect))

    def _end(self, error: PresenceError) -> Shut:
        self._over = True
        return farewell(error, self.dialect)
