"""The WebSocket endpoints under ASGI: `Endpoint` for any socket of presence, `PresenceConsumer` for
a visitor's socket on one board."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from typing import Any
from uuid import UUID

from channels.exceptions import DenyConnection
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.core.handlers.asgi import get_script_prefix
from django.urls import set_script_prefix
from django.utils.crypto import salted_hmac

from presence.asgi.daphne import direct_socket
from presence.asgi.shutdown import open_sockets
from presence.asgi.turns import LimitedSocket, limited_socket
from presence.auth import admit, admit_at_once
from presence.boards import parse_board
from presence.conf import get_settings
from presence.embed import asks_why, explain, is_embedded
from presence.guests import GUEST, guest_cookie, new_guest, read_guest
from presence.protocol.errors import Close, Full, PresenceError, TooBig, TryLater
from presence.protocol.identity import Privacy, Visitor
from presence.protocol.messages import MAX_MESSAGE_BYTES, SUBPROTOCOL, Dialect
from presence.protocol.session import UNREAD_LIMIT, farewell
from presence.runtime import current_hub
from presence.server.addresses import counted_as, scope_address, was_forwarded
from presence.server.caps import Ticket
from presence.server.connection import Connection
from presence.server.hub import Hub
from presence.server.outbox import Outbox
from presence.server.pump import Line
from presence.sessions import cookies_of
from presence.tokens import offered

logger = logging.getLogger(__name__)

DRAIN_WITHIN = 2.0
"""Seconds that the store has, and after it the client, to learn that the process shuts down."""

DISCONNECT_WITHIN = 1.0
"""Seconds until a server reports a disconnect after a failed write."""


class Endpoint(AsyncWebsocketConsumer):
    """One WebSocket. Subclasses have `connect`, `received`, `count_frame`, `gone` and `drain`.

    `ticket` is its place among the sockets of this process, `limited` the socket where the server
    is Daphne: other servers have limits of their own.
    """

    longest_message = MAX_MESSAGE_BYTES
    limited: LimitedSocket | None = None
    _running: "asyncio.Task[Any] | None" = None
    ticket: Ticket | None = None
    _unwritable = False
    _disconnected = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the socket until it is closed; `gone` is called whatever ended it.

        Replaces `AsyncConsumer.__call__`, which starts two tasks for every message and, in
        `dispatch`, sends each through the thread pool to close old database connections
        (`channels.consumer`, since 4.2). There is no channel to listen to, and what uses the ORM
        closes the connection in its own trip to a thread (`presence.auth`).
        """
        self.scope = scope
        set_script_prefix(get_script_prefix(scope) or "/")  # as Django does for a page
        self.channel_layer = None
        self.base_send = send
        self.outbox = Outbox(send, self._write_failed)
        self._running = asyncio.current_task()
        self.limited = limited_socket(scope, self)
        open_sockets[self] = None
        try:
            while True:
                message = await receive()
                if message["type"] == "websocket.receive":
                    self.received(message)
                elif message["type"] == "websocket.disconnect":
                    self._disconnected = True
                    await self.disconnect(message["code"])
                    if self._unwritable:
                        await asyncio.sleep(0)  # raises: the failed write cancelled this task
                    return
                else:
                    await self.websocket_connect(message)
        except asyncio.CancelledError:
            if self._running is not None:
                # Before Python 3.11.3 `asyncio.timeout` fails in a task that is being cancelled.
                self._running.uncancel()
            if not self._unwritable:
                # The server shuts down: Daphne cancels its applications on SIGTERM.
                if await self.drain():
                    with suppress(TimeoutError):
                        await self._wait_for_disconnect(receive, DRAIN_WITHIN)
                raise
            self._end(Close.BROKEN)
            try:
                await self._wait_for_disconnect(receive, DISCONNECT_WITHIN)
            except TimeoutError:
                # The server does not know of it, and nothing written can close it; an error does.
                raise ConnectionError("the socket took no more frames") from None
        finally:
            open_sockets.pop(self, None)
            self._end(Close.BROKEN)

    async def end(self) -> None:
        """See `OpenSocket`. The server reports the disconnect where it reports everything."""
        if await self.drain() and self._running is not None:
            await asyncio.wait([self._running], timeout=DRAIN_WITHIN)

    def received(self, message: dict[str, Any]) -> None:
        """Take in what the client sent."""
        raise NotImplementedError

    def count_frame(self) -> None:
        """See `presence.asgi.turns.Listener`."""
        raise NotImplementedError

    def too_big(self) -> None:
        """See `presence.asgi.turns.Listener`."""
        self.close_with(Close.TOO_BIG)

    def gone(self, code: int | None) -> None:
        """Take in that the socket is closed. May be called again."""
        raise NotImplementedError

    async def drain(self) -> bool:
        """Say good-bye while the process shuts down; return whether the client is to hear of it."""
        raise NotImplementedError

    async def disconnect(self, code: int | None) -> None:
        """Take in that the socket is closed; Channels calls this."""
        self._end(code)

    def close_with(self, code: int) -> None:
        """Close the socket after what was written."""
        self.outbox.finish({"type": "websocket.close", "code": int(code)})

    async def _wait_for_disconnect(self, receive: Any, seconds: float) -> None:
        """Wait for the server's disconnect message; `TimeoutError` after some seconds."""
        async with asyncio.timeout(seconds):
            while not self._disconnected:
                message = await receive()
                self._disconnected = message["type"] == "websocket.disconnect"

    @property
    def _counted_as(self) -> str:
        """What the caps of an address count the socket as."""
        proxies = get_settings().TRUSTED_PROXIES
        counted = counted_as(self.scope, proxies)
        if not counted and not proxies and was_forwarded(self.scope):
            _say_unknown_proxy()
        return counted

    def _end(self, code: int | None) -> None:
        if self.ticket is not None:
            self.ticket.close()
        self.outbox.close()
        self.gone(code)

    def _write_failed(self) -> None:
        self._unwritable = True
        if self._running is not None:
            self._running.cancel()


@lru_cache(maxsize=1)
def _say_unknown_proxy() -> None:
    """Log once that the caps of an address do not hold."""
    logger.warning(
        "socket: visitors come through a proxy, and PRESENCE['TRUSTED_PROXIES'] names none: their "
        "addresses are not known, and no cap of an address counts them"
    )


def _pool(address: str) -> str:
    """Return what the store knows the clients of an address by, "" where that is not known. Only
    this site can tell which address it is."""
    return salted_hmac("presence.pool", address).hexdigest()[:16] if address else ""


def choose_dialect(offered: list[str]) -> Dialect | None:
    """Return the dialect for a client's subprotocols; None if it offers only others."""
    if SUBPROTOCOL in offered:
        return Dialect.COMPACT
    return None if offered else Dialect.EXPLICIT


def subprotocol_of(dialect: Dialect) -> str | None:
    """Return the subprotocol of a dialect; the explicit one has none."""
    return SUBPROTOCOL if dialect is Dialect.COMPACT else None


class PresenceConsumer(Endpoint):
    """A visitor's WebSocket on one board."""

    connection: Connection | None = None
    line: Line | None = None
    _hub: Hub
    _admitting: "asyncio.Task[None] | None" = None

    async def connect(self) -> None:
        """Open the socket. What asks the database or the site's rules comes after it: servers drop
        a handshake that takes long, and a browser cannot read why one failed."""
        if asks_why(self.scope):
            await explain(self, await self._reason())
            return
        dialect = choose_dialect(self.scope["subprotocols"])
        if dialect is None:
            raise DenyConnection
        board, refusal = None, None
        try:
            board = parse_board(self.scope["url_route"]["kwargs"]["board"])
        except PresenceError as error:
            if isinstance(error, TryLater):
                logger.error("socket: nobody can join (error=%s)", error)
            refusal = error
        self._hub = current_hub()
        try:
            self.ticket = self._hub.caps.enter(self._counted_as, board)
        except Full as error:
            await self._turn_away(dialect, error)
            return
        await self.accept(subprotocol_of(dialect), self._introduce())
        self._open(dialect, self.ticket, board, refusal)

    def _open(
        self, dialect: Dialect, ticket: Ticket, board: UUID | None, refusal: PresenceError | None
    ) -> None:
        """Take in a socket that is accepted, and ask whether its visitor may join."""
        hub = self._hub
        self.connection = connection = Connection(
            hub,
            board,
            None,
            dialect,
            self,
            address=self._address,
            ticket=ticket,
            pool=_pool(ticket.address),
        )
        socket = direct_socket(self.scope)
        if not isinstance(socket, str):
            self.line = hub.pump.attach(socket, connection.receive)
        elif socket:
            hub.serve_ordinarily(socket)
        if hub.restarting is not None:
            connection.restart()
        elif refusal is not None:
            self._refuse(connection, None, refusal)
        elif board is not None:
            visitor = admit_at_once(self.scope, board)
            if visitor is None:
                # A task of its own: meanwhile frames come, or the visitor goes.
                self._admitting = asyncio.create_task(self._admit(connection, ticket, board))
            else:
                self._let_in(connection, ticket, board, visitor, hub.rechecks.changes)

    async def drain(self) -> bool:
        """Tell the store first: a client may be back at once, through another process."""
        connection = self.connection
        if connection is None:
            return False
        telling = connection.drain()
        if telling is not None:
            # Not for all boards: thousands of sockets would each wait for hundreds of tasks.
            await asyncio.wait([telling], timeout=DRAIN_WITHIN)
        connection.restart()
        return True

    def received(self, message: dict[str, Any]) -> None:
        """Take in a frame. A refused client is not heard any more."""
        if self.connection is not None:
            is_text = message.get("text") is not None
            self.connection.receive(None if is_text else message["bytes"])

    def count_frame(self) -> None:
        """See `presence.asgi.turns.Listener`."""
        if self.connection is not None:
            self.connection.count_frame()

    def too_big(self) -> None:
        """See `presence.asgi.turns.Listener`."""
        if self.connection is None:
            super().too_big()
        else:
            self.connection.refuse(TooBig())

    @property
    def clogged(self) -> bool:
        """See `presence.server.connection.Transport`."""
        if self.limited is not None:
            return self.limited.unread > UNREAD_LIMIT
        return self.outbox.waits

    def gone(self, code: int | None) -> None:
        """See `Endpoint.gone`."""
        if self._admitting is not None:
            self._admitting.cancel()
        if self.connection is not None:
            self.connection.closed(code)
        if self.line is not None:
            self.line.detach()
        # They refer to this consumer, too: memory would wait for the next full collection.
        self.connection = self.line = None

    def write(self, frames: Collection[bytes]) -> None:
        """Send binary frames; never waits."""
        if self.line is not None and self.line.open:
            self.line.write_frames(frames)
        elif self.limited is not None:
            self.limited.write(frames)
        else:
            for frame in frames:
                self.outbox.put({"type": "websocket.send", "bytes": frame})

    def _introduce(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that give a guest a cookie who has none that the secret key of today
        signed. The scope gets it too, as if the browser had sent it, and the guest id."""
        cookies, headers = cookies_of(self.scope), list[tuple[bytes, bytes]]()
        named = is_embedded(self.scope) or offered(self.scope["subprotocols"]) is not None
        if named or get_settings().PRIVACY == Privacy.OFF:
            return headers
        guest = read_guest(cookies, earlier_keys=False)
        if guest is None:
            guest = read_guest(cookies) or new_guest()
            value, header = guest_cookie(guest)
            self.scope["cookies"] = {**cookies, get_settings().GUEST_COOKIE: value}
            headers.append((b"set-cookie", header.encode()))
        self.scope[GUEST] = guest
        return headers

    async def _turn_away(self, dialect: Dialect, error: Full) -> None:
        """Tell a client that there is no place for it, and close."""
        await self.accept(subprotocol_of(dialect))
        shut = farewell(error, dialect)
        if shut.frame is not None:
            self.write([shut.frame])
        self.close_with(Close.TRY_LATER)
        self._hub.metrics.closed.labels(Close.TRY_LATER).inc()

    async def _reason(self) -> str:
        """Return why this visitor cannot join: what another socket of the page would be told."""
        try:
            hub, board = current_hub(), parse_board(self.scope["url_route"]["kwargs"]["board"])
            self.ticket = hub.caps.enter(self._counted_as, board)
            self.ticket.let_in((await admit(self.scope, board)).person)
            await hub.store.check()
        except PresenceError as error:
            return str(error)
        except Exception as error:
            logger.exception("socket: a visitor could not be let in")
            return f"{type(error).__name__}: {error}. The log has the traceback."
        return (
            "The rule lets this visitor in, and the store answers. Staff may have removed the "
            "person or closed the board; else the log says more."
        )

    async def _admit(self, connection: Connection, ticket: Ticket, board: UUID) -> None:
        """Let the visitor in, or tell them why not."""
        changes = self._hub.rechecks.changes
        try:
            visitor = await admit(self.scope, board)
        except Exception as error:  # noqa: BLE001 (it is logged)
            self._refuse(connection, board, error)
        else:
            self._let_in(connection, ticket, board, visitor, changes)

    def _let_in(
        self, connection: Connection, ticket: Ticket, board: UUID, visitor: Visitor, changes: int
    ) -> None:
        """Let the visitor in, unless there is no place. `changes` is how many changes of rights the
        process had heard of when it was asked whether the visitor may."""
        try:
            ticket.let_in(visitor.person)
            connection.let_in(visitor)
            self._hub.watch(connection, visitor.right, changes)
        except Exception as error:  # noqa: BLE001 (it is logged)
            self._refuse(connection, board, error)

    def _refuse(self, connection: Connection, board: UUID | None, error: Exception) -> None:
        """Tell the visitor why not, and close."""
        if not isinstance(error, PresenceError):
            logger.error("socket: a visitor could not be let in", exc_info=error)
            error = TryLater(str(error))
        if settings.DEBUG and not isinstance(error, Full):
            logger.warning("socket: refused (board=%s, reason=%s)", board, error)
        connection.refuse(error)

    @property
    def _address(self) -> str:
        """The client's address; "" where the server does not tell it."""
        return scope_address(self.scope, get_settings().TRUSTED_PROXIES)
