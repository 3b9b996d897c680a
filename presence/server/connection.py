"""One socket's life in this process: feeds its session what arrives and carries out what the
session says.

It knows bytes, a `write` and a `close`; which server is behind them is the caller's matter.
"""

from collections.abc import Callable
from uuid import UUID, uuid4

from presence.protocol.errors import Close, PresenceError, Restarting
from presence.protocol.identity import Visitor, anonymous_name, clean_name
from presence.protocol.messages import Dialect, Join, Leave, SetState
from presence.protocol.session import (
    Action,
    CatchUp,
    Move,
    Reply,
    Session,
    Shut,
    Strike,
    farewell,
)
from presence.server.board import LiveRoom
from presence.server.hub import Hub
from presence.store.base import Admission, JoinRequest

NO_STATUS = 1005
CLEAN = frozenset({None, Close.CLEAN, Close.GOING_AWAY, NO_STATUS})
APPLICATION_CODES = range(3000, 5000)


def is_broken(code: int | None) -> bool:
    """Return whether a close code, None where there was none, says that the person did not mean to
    go.

    A client's 4408 says that it no longer hears us: it is on its way back over another socket.
    """
    return code == Close.SILENT or (code not in CLEAN and code not in APPLICATION_CODES)


class Connection:
    """A `Peer`. `write` takes a frame, `close` a close code; neither may wait or raise.
    `address` is the client's, for the logs."""

    def __init__(
        self,
        hub: Hub,
        board: UUID,
        visitor: Visitor,
        dialect: Dialect,
        *,
        write: Callable[[bytes], None],
        close: Callable[[int], None],
        address: str = "",
    ) -> None:
        self.session = Session(dialect, hub.now())
        self.session_id = ""
        self._gone = False
        self._hub = hub
        self._board = board
        self._metrics = hub.metrics
        self._visitor = visitor
        self._write = write
        self._close = close
        self._address = address
        self._live: LiveRoom | None = None
        self._early: dict[type, Move | SetState] = {}
        hub.connect(self)

    def receive(self, data: bytes | None) -> None:
        """Take one message as it came; None stands for a text message. Nothing that comes after the
        end is heard."""
        if self._gone:
            return
        self._metrics.frames_in += 1
        self._metrics.bytes_in += len(data or b"")
        action = self.session.feed(data, self._hub.now())
        if type(action) is Move and self._live is not None:
            self._live.move(self.session_id, action.position)
        elif action is not None:
            self._carry_out(action)

    def sweep(self, now: float) -> None:
        """Do what the passing of time asks for."""
        self._carry_out(self.session.check(now))

    def write(self, frame: bytes) -> None:
        """Write one frame, unless the socket is gone."""
        if not self._gone:
            self._metrics.frames_out += 1
            self._metrics.bytes_out += len(frame)
            self.session.wrote(len(frame))
            self._write(frame)

    def admitted(self, live: LiveRoom, admission: Admission) -> None:
        """Take in that the JOIN went through; what came since then counts now."""
        self.session.admitted(admission.board_id, admission.member.user)
        self._live = live
        early, self._early = self._early, {}
        for action in early.values():
            self._carry_out(action)

    def refuse(self, error: PresenceError) -> None:
        """Tell the client why its JOIN did not go through, and close."""
        self._carry_out(farewell(error, self.session.dialect))

    def step_aside(self) -> None:
        """Begin the grace of this session, since this process goes down."""
        if self.session_id:
            self._hub.lose(self._board, self._stand_up())

    def restart(self) -> None:
        """Tell the client that this process goes down, and close: it comes back to another."""
        if not self._gone:
            self.refuse(Restarting(retry=self._hub.retry))

    def closed(self, code: int | None) -> None:
        """Take in that the socket is closed: off the board at once, or after the grace where it
        broke.

        `code` is the close code as the server gives it, None where there was none. Call it as often
        as you like.
        """
        if not self._gone:
            self._metrics.client_closed(code)
        self._end(broken=is_broken(code))

    def _carry_out(self, action: Action) -> None:
        match action:
            case Move() | SetState():
                self._show(action)
            case Join(_, name):
                self._join(name)
            case Leave():
                self._leave()
            case Reply(frame):
                self.write(frame)
            case Strike(reason, frame):
                self._metrics.malformed.labels(reason).inc()
                self._say(frame)
            case Shut(error, frame):
                self._shut(error, frame)
            case CatchUp():
                self._catch_up()
            case None:  # pragma: no branch (there is nothing else)
                pass

    def _show(self, action: Move | SetState) -> None:
        if self._live is None:
            # The JOIN is under way: of what comes meanwhile only the latest of a kind matters.
            self._early.pop(type(action), None)
            self._early[type(action)] = action
        elif isinstance(action, Move):
            self._live.move(self.session_id, action.position)
        else:
            self._live.set_state(self.session_id, action.state)

    def _join(self, asked: str) -> None:
        person = self._visitor.person
        name = self._visitor.name or clean_name(asked) or anonymous_name(person)
        self.session_id = uuid4().hex
        request = JoinRequest(self.session_id, self._hub.process, person, name)
        self._hub.join(self._board, self, request, name_set=name != asked)

    def _leave(self) -> None:
        self._hub.leave(self._board, self._stand_up())

    def _stand_up(self) -> str:
        """Return the session that ends, and have none."""
        session_id, self.session_id = self.session_id, ""
        self._live = None
        self._early = {}
        return session_id

    def _catch_up(self) -> None:
        if self._live is not None:
            self._live.catch_up(self)

    def _say(self, frame: bytes | None) -> None:
        if frame is not None:
            self.write(frame)

    def _shut(self, error: PresenceError, frame: bytes | None) -> None:
        code = error.close or Close.CLEAN
        self._say(frame)
        self._metrics.closed.labels(code).inc()
        journal = self._hub.journal
        journal.closed(error, self._board, self.session_id, address=self._address)
        self._close(code)
        self._end(broken=isinstance(error, Restarting))

    def _end(self, *, broken: bool) -> None:
        if self._gone:
            return
        self._gone = True
        self._hub.disconnect(self)
        if self.session_id:
            off = self._hub.lose if broken else self._hub.leave
            off(self._board, self._stand_up())
