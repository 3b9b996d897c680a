"""One socket in this process, and the sessions on it: feeds the protocol's side what arrives, and
carries out what that asks for. It knows bytes and a transport, not the server behind it."""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol
from uuid import UUID, uuid4

from presence.protocol.codec import encode
from presence.protocol.errors import Close, Full, PresenceError, Restarting
from presence.protocol.identity import Naming, Visitor, naming_of
from presence.protocol.messages import (
    ALL_SESSIONS,
    Dialect,
    Gone,
    Join,
    Leave,
    SessionMessage,
    SetState,
    UserState,
)
from presence.protocol.session import (
    Action,
    CatchUp,
    Idle,
    Move,
    Reply,
    Session,
    Shut,
    Strike,
    farewell,
)
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


class Stay:
    """One session of a socket, a `Peer` of its board: `session_id` from a JOIN to its end, ""
    between. `board` is where it is, or where its JOIN leads; `admitted_to` the same after the
    JOIN."""

    __slots__ = (
        "_connection",
        "_early",
        "admitted_to",
        "asked_name",
        "board",
        "number",
        "session_id",
    )

    def __init__(self, connection: "Connection", number: int) -> None:
        self.session_id = ""
        self.board: Board | None = None
        self.admitted_to: Board | None = None
        self.asked_name: str | None = None
        """The name of a JOIN that came before it was known who the client is."""
        self.number = number
        self._connection = connection
        self._early: dict[type, Move | SetState] = {}

    @property
    def dialect(self) -> Dialect:
        """See `Peer`."""
        return self._connection.dialect

    @property
    def line(self) -> Line | None:
        """See `Peer`."""
        return self._connection.line

    @property
    def held(self) -> bool:
        """See `Peer`."""
        return self._connection.held

    @property
    def sessions(self) -> Collection[str]:
        """See `Peer`."""
        return self._connection.sessions

    def write(self, frames: Collection[bytes]) -> None:
        """See `Peer`."""
        self._connection.write(frames)

    def write_cursors(self, frames: Collection[bytes]) -> None:
        """See `Peer`."""
        self._connection.write_cursors(frames)

    def write_own(self, frames: Collection[bytes]) -> None:
        """See `Peer`."""
        self._connection.write_to(self.number, frames)

    def admitted(self, board_id: int, user: int) -> None:
        """Take in the ids that the JOIN came to, and carry out what came since it."""
        self._connection.admitted(self.number, board_id, user)
        self.admitted_to = self.board
        early, self._early = self._early, {}
        for action in early.values():
            self.show(action)

    def refuse(self, error: PresenceError) -> None:
        """See `Peer`."""
        self._connection.refuse_stay(self, error)

    def restart(self) -> None:
        """See `Peer`."""
        self._connection.restart()

    def show(self, action: Move | SetState) -> None:
        """Have the board show where the pointer is, or a state."""
        if self.board is None and self.asked_name is None:
            return
        if self.admitted_to is None:
            # The JOIN is under way: of what comes meanwhile only the latest of a kind matters.
            self._early.pop(type(action), None)
            self._early[type(action)] = action
        elif isinstance(action, bytes):
            self.admitted_to.move(self.session_id, action)
        else:
            self.admitted_to.set_state(self.session_id, action.state)

    def end(self, tell: Callable[[Board, str], None]) -> Board | None:
        """End the session, and tell its board so; return the board."""
        session, self.session_id = self.session_id, ""
        board, self.board, self.admitted_to = self.board, None, None
        self.asked_name, self._early = None, {}
        self._connection.count_sessions()
        if board is not None:
            tell(board, session)
        return board


class Connection:
    """One socket. `board` is None where the URL names none, `visitor` until `let_in`. `address` is
    the client's, for the logs; `ticket` counts its JOINs; `pool` is for the store."""

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
        self.dialect = dialect
        self.sessions: Collection[str] = ()
        """Those that are on the board, or join it."""
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
        self._stay: Stay | None = Stay(self, 0)
        """What speaks now; None after the end of the socket."""
        self._stays: dict[int, Stay] = {0: self._stay}
        self._shared = False
        """Whether the client knows that a socket may have several sessions."""
        self._written = 0
        hub.connect(self)

    @property
    def session_id(self) -> str:
        """The session that speaks; "" between stays."""
        return self._stay.session_id if self._stay else ""

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
        stay = self._stay
        if stay is None:
            return
        metrics = self._metrics
        metrics.frames_in += 1
        metrics.bytes_in += len(data or b"")
        action = self._session.feed(data, now or self._now())
        if type(action) is Move and stay.admitted_to is not None:
            stay.admitted_to.move(stay.session_id, action)
        elif action is not None:
            self._carry_out(action, stay)

    def count_frame(self) -> None:
        """Take in that a frame came that ends no message: see `Session.count`."""
        if self._stay is not None:
            self._carry_out(self._session.count(self._now()), self._stay)

    def sweep(self, now: float) -> None:
        """Do what the passing of time asks for; called about once a second."""
        stay, board = self._stay, self._board
        if stay is None:
            return
        if board is not None:
            audience = board.audience
            if any(map(audience.writes_directly, self.sessions)):
                self._session.wrote(audience.written - self._written)
            self._written = audience.written
        held = self._session.held
        clogged = self.dialect is Dialect.EXPLICIT and self._transport.clogged
        self._carry_out(self._session.check(now, clogged=clogged), stay)
        if board is not None and self._session.held is not held:
            board.audience.changed()

    def write(self, frames: Collection[bytes]) -> None:
        """Write frames, unless the socket is closed."""
        if self._stay is None or not frames:
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

    def write_to(self, session: int, frames: Collection[bytes]) -> None:
        """Write frames for one session, which no other takes in."""
        if self._shared:
            first, last = map(SessionMessage, (session, ALL_SESSIONS))
            frames = [encode(first, self.dialect), *frames, encode(last, self.dialect)]
        self.write(frames)

    def let_in(self, visitor: Visitor) -> None:
        """Take in who the client is, and carry out the JOINs that came before this was known."""
        self._visitor = visitor
        for stay in tuple(self._stays.values()):
            asked, stay.asked_name = stay.asked_name, None
            if asked is not None:
                self._join(stay, asked)

    def admitted(self, session: int, board_id: int, user: int) -> None:
        """Take in the ids that a session's JOIN came to."""
        self._session.admitted(board_id, user, session)

    def refuse(self, error: PresenceError) -> None:
        """Tell the client why it is not on the board, and close. Does nothing after the end."""
        if self._stay is not None:
            self._carry_out(farewell(error, self.dialect), self._stay)

    def refuse_stay(self, stay: Stay, error: PresenceError) -> None:
        """Refuse one session. Where only its JOIN failed, those that are on the board, or join it,
        stay, and so does the socket; else all of them end."""
        if stay.admitted_to or not {*self.sessions} - {stay.session_id}:
            self.refuse(error)
            return
        journal, shut = self._hub.journal, farewell(error, self.dialect)
        journal.closed(error, self._board_uuid, stay.session_id, address=self._address)
        self._session.refused(stay.number)
        self.write_to(stay.number, [shut.frame] if shut.frame else [])
        stay.end(Board.leave)

    def drain(self) -> "asyncio.Task[None] | None":
        """Start the grace of these sessions, since the process shuts down. Return what tells the
        store of it, None where there is nothing to tell."""
        boards = [stay.end(Board.disconnect) for stay in self._stays.values()]
        return next((board.work for board in boards if board is not None), None)

    def restart(self) -> None:
        """Have the client connect anew: tell it so, start the grace, and close."""
        self.refuse(self._hub.restarting or Restarting.within(self._hub.grace))

    def closed(self, code: int | None) -> None:
        """Take in that the socket is closed, and start the grace that its close code calls for.

        `code` is the close code as the server gives it, None if there was none. Further calls
        change nothing.
        """
        if self._stay is not None:
            self._metrics.client_closed(code)
        self._end(Board.disconnect if is_broken(code) else Board.go_away)

    def count_sessions(self) -> None:
        """Take in that a session began or ended. Raises `Full` where there are too many."""
        ids = [stay.session_id for stay in self._stays.values()]
        self.sessions = tuple(filter(None, ids))
        if self._ticket is not None:
            self._ticket.count_sessions(len(self.sessions))

    def _carry_out(self, action: Action, stay: Stay) -> None:
        match action:
            case bytes() | SetState():
                stay.show(action)
            case Join(_, name):
                self._join(stay, name)
            case Leave() | Gone():
                stay.end(Board.leave if isinstance(action, Leave) else Board.go_away)
            case SessionMessage(session):
                self._select(session)
            case Idle(sessions):
                self._show_idle(sessions)
            case Reply(frame):
                self.write([frame])
            case Strike(reason, frame):
                self._metrics.malformed.labels(reason).inc()
                self.write([frame] if frame else [])
            case Shut(error, frame):
                self._shut(error, frame)
            case CatchUp() if self._board is not None:
                self._board.catch_up([*self._stays.values()])

    def _show_idle(self, sessions: Collection[int]) -> None:
        for session in sessions:
            self._stays[session].show(SetState(UserState.IDLE))

    def _select(self, session: int) -> None:
        """Have a session speak."""
        if not self._shared:
            self._shared = True
            self.write([encode(SessionMessage(ALL_SESSIONS), self.dialect)])
        self._stay = self._stays.setdefault(session, Stay(self, session))

    @property
    def _board(self) -> Board | None:
        """The board that its sessions are on."""
        # A loop, as each connection is asked every second.
        for stay in self._stays.values():
            if stay.board is not None:
                return stay.board
        return None

    def _join(self, stay: Stay, asked: str) -> None:
        if self._visitor is None or self._board_uuid is None:
            stay.asked_name = asked
            return
        stay.board = self._hub.board(self._board_uuid)
        stay.session_id = uuid4().hex
        try:
            if self._ticket is not None:
                self._ticket.join()
            self.count_sessions()
        except Full as error:
            stay.refuse(error)
            return
        person, avatar = self._visitor.person, self._visitor.avatar
        naming = naming_of(self._visitor, asked, self._board_uuid.hex)
        name = naming if isinstance(naming, str) else naming.wish
        request = JoinRequest(
            stay.session_id, self._hub.process, person, name, self._pool, avatar=avatar
        )
        if len(self.sessions) == 1:
            self._written = stay.board.audience.written
        stay.board.join(stay, request, naming if isinstance(naming, Naming) else None, asked=asked)

    def _shut(self, error: PresenceError, frame: bytes | None) -> None:
        code = error.close or Close.CLEAN
        self.write([frame] if frame else [])
        self._metrics.closed.labels(code).inc()
        journal = self._hub.journal
        journal.closed(error, self._board_uuid, self.session_id, address=self._address)
        self._transport.close_with(code)
        self._end(Board.disconnect if isinstance(error, Restarting) else Board.leave)

    def _end(self, tell: Callable[[Board, str], None]) -> None:
        if self._stay is None:
            return
        stays, self._stays, self._stay = self._stays, {}, None
        self._hub.disconnect(self)
        for stay in stays.values():
            stay.end(tell)
