"""One socket in this process: feeds its session what arrives, and carries out what that asks for.
It knows bytes and a transport, not the server behind it."""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol
from uuid import UUID, uuid4

from presence.protocol.errors import Close, Full, PresenceError, Restarting
from presence.protocol.identity import Naming, Visitor, naming_of
from presence.protocol.messages import Dialect, Join, Leave, SetState
from presence.protocol.session import Action, CatchUp, Move, Reply, Session, Shut, Strike, farewell
from presence.server.board import Board
from presence.server.caps import Ticket
from presence.server.hub import Hub
from presence.server.pump import Line
from presence.store.base import JoinRequest

NO_STATUS = 1005
CLEAN = frozenset({None, Close.CLEAN, Close.GOING_AWAY, NO_STATUS})
APPLICATION_CODES = range(3000, 5000)


def is_broken(code: int | None) -> bool:
    """Return whether a close code (None: there was none) means that the socket broke. Otherwise the
    page went away. Neither is a leave: a client that leaves sends LEAVE (PROTOCOL.md, "Leaving").

    A client closes with 4408 when it no longer hears the server: it comes back on another socket.
    """
    return code == Close.SILENT or (code not in CLEAN and code not in APPLICATION_CODES)


class Transport(Protocol):
    """The way out to one client. Neither method waits or raises. `line` is the socket, where frames
    need not go through the server."""

    line: Line | None

    @property
    def clogged(self) -> bool:
        """Whether much waits for the client to read it: more than `UNREAD_LIMIT` bytes."""

    def write(self, frames: Collection[bytes]) -> None:
        """Send binary frames."""

    def close_with(self, code: int) -> None:
        """Close the socket after what was written."""


class Connection:
    """A `Peer` of its board. `board` is None where the URL names none, `visitor` until `let_in`.
    `address` is the client's, for the logs; `ticket` counts its JOINs; `pool` is for the store."""

    def __init__(
        self,
        hub: Hub,
        board: UUID | None,
        visitor: Visitor | None,
        dialect: Dialect,
        transport: Transport,
        *,
        address: str = "",
        ticket: Ticket | None = None,
        pool: str = "",
    ) -> None:
        self.session_id = ""
        self.dialect = dialect
        self._session = Session(dialect, hub.now())
        self._hub = hub
        self._board_uuid = board
        self._metrics = hub.metrics
        self._now = hub.now
        self._visitor = visitor
        self._transport = transport
        self._address = address
        self._ticket = ticket
        self._pool = pool
        self._board: Board | None = None
        self._admitted = False
        self._asked_name: str | None = None
        self._early: dict[type, Move | SetState] = {}
        self._closed = False
        self._written = 0
        hub.connect(self)

    @property
    def line(self) -> Line | None:
        """See `Peer`."""
        return self._transport.line

    @property
    def held(self) -> bool:
        """See `Peer`."""
        return self._session.held

    def receive(self, data: bytes | None, now: float | None = None) -> None:
        """Take one message as it came, None for a text message; ignore it after the end. `now` is
        the event loop's time where it is at hand."""
        if self._closed:
            return
        metrics = self._metrics
        metrics.frames_in += 1
        metrics.bytes_in += len(data or b"")
        action = self._session.feed(data, now or self._now())
        if type(action) is Move and self._admitted and self._board is not None:
            self._board.move(self.session_id, action)
        elif action is not None:
            self._carry_out(action)

    def count_frame(self) -> None:
        """Take in that a frame came that ends no message: see `Session.count`."""
        if not self._closed:
            self._carry_out(self._session.count(self._now()))

    def sweep(self, now: float) -> None:
        """Do what the passing of time asks for; called about once a second."""
        if self._board is not None:
            audience = self._board.audience
            if audience.writes_directly(self.session_id):
                self._session.wrote(audience.written - self._written)
            self._written = audience.written
        held = self._session.held
        clogged = self.dialect is Dialect.EXPLICIT and self._transport.clogged
        self._carry_out(self._session.check(now, clogged=clogged))
        if self._board is not None and self._session.held is not held:
            self._board.audience.changed()

    def write(self, frames: Collection[bytes]) -> None:
        """Write frames, unless the socket is closed."""
        if self._closed or not frames:
            return
        size = sum(map(len, frames))
        self._metrics.frames_out += len(frames)
        self._metrics.bytes_out += size
        self._session.wrote(size)
        self._transport.write(frames)

    def write_cursors(self, frames: Collection[bytes]) -> None:
        """Write frames of cursors, unless the client reads too slowly (PROTOCOL.md, "PROBE")."""
        if self._session.held:
            self._metrics.frames_held += len(frames)
        else:
            self.write(frames)

    def let_in(self, visitor: Visitor) -> None:
        """Take in who the client is, and carry out the JOIN that came before this was known."""
        self._visitor = visitor
        asked, self._asked_name = self._asked_name, None
        if asked is not None and not self._closed:
            self._join(asked)

    def admitted(self, board_id: int, user: int) -> None:
        """Take in the ids that the JOIN came to, and carry out what came since it."""
        self._session.admitted(board_id, user)
        self._admitted = True
        early, self._early = self._early, {}
        for action in early.values():
            self._carry_out(action)

    def refuse(self, error: PresenceError) -> None:
        """Tell the client why it is not on the board, and close. Does nothing after the end."""
        if not self._closed:
            self._carry_out(farewell(error, self.dialect))

    def drain(self) -> "asyncio.Task[None] | None":
        """Start the grace of this session, since the process shuts down. Return what tells the
        store of it, None where there is nothing to tell."""
        board = self._board
        if board is None:
            return None
        board.disconnect(self._end_stay())
        return board.work

    def restart(self) -> None:
        """Have the client connect anew: tell it so, start the grace, and close."""
        self.refuse(Restarting.within(self._hub.grace))

    def closed(self, code: int | None) -> None:
        """Take in that the socket is closed, and start the grace that its close code calls for.

        `code` is the close code as the server gives it, None if there was none. Further calls
        change nothing.
        """
        if not self._closed:
            self._metrics.client_closed(code)
        self._end(Board.disconnect if is_broken(code) else Board.go_away)

    def _carry_out(self, action: Action) -> None:
        match action:
            case bytes() | SetState():
                self._show(action)
            case Join(_, name):
                self._join(name)
            case Leave() if self._board is not None:
                self._board.leave(self._end_stay())
            case Leave():
                self._end_stay()
            case Reply(frame):
                self.write([frame])
            case Strike(reason, frame):
                self._metrics.malformed.labels(reason).inc()
                self.write([frame] if frame else [])
            case Shut(error, frame):
                self._shut(error, frame)
            case CatchUp() if self._board is not None:
                self._board.catch_up(self)

    def _show(self, action: Move | SetState) -> None:
        if self._board is None and self._asked_name is None:
            return
        if self._board is None or not self._admitted:
            # The JOIN is under way: of what comes meanwhile only the latest of a kind matters.
            self._early.pop(type(action), None)
            self._early[type(action)] = action
        elif isinstance(action, bytes):
            self._board.move(self.session_id, action)
        else:
            self._board.set_state(self.session_id, action.state)

    def _join(self, asked: str) -> None:
        if self._visitor is None or self._board_uuid is None:
            self._asked_name = asked
            return
        if self._ticket is not None:
            try:
                self._ticket.join()
            except Full as error:
                self.refuse(error)
                return
        person = self._visitor.person
        naming = naming_of(self._visitor, asked, self._board_uuid.hex)
        self.session_id = uuid4().hex
        name = naming if isinstance(naming, str) else naming.wish
        request = JoinRequest(self.session_id, self._hub.process, person, name, self._pool)
        self._board = self._hub.board(self._board_uuid)
        self._written = self._board.audience.written
        self._board.join(self, request, naming if isinstance(naming, Naming) else None, asked=asked)

    def _end_stay(self) -> str:
        """Return the session that ends; there is none from now on."""
        session, self.session_id = self.session_id, ""
        self._board, self._admitted = None, False
        self._asked_name, self._early = None, {}
        return session

    def _shut(self, error: PresenceError, frame: bytes | None) -> None:
        code = error.close or Close.CLEAN
        self.write([frame] if frame else [])
        self._metrics.closed.labels(code).inc()
        journal, session = self._hub.journal, self.session_id
        journal.closed(error, self._board_uuid, session, address=self._address)
        self._transport.close_with(code)
        self._end(Board.disconnect if isinstance(error, Restarting) else Board.leave)

    def _end(self, tell: Callable[[Board, str], None]) -> None:
        if self._closed:
            return
        self._closed = True
        self._hub.disconnect(self)
        board = self._board
        if board is not None:
            tell(board, self._end_stay())
