"""Patches for Daphne, in a process that runs it: close codes, headers of a handshake, a shutdown
that waits, and sockets that presence reads and writes directly (see `presence.server.pump`).

PROTOCOL.md closes sockets with 1009, 1012 and 1013, which RFC 6455 section 7.4.1 and its registry
allow to servers. Autobahn's `sendClose`, which Daphne calls, raises for every code but 1000 and
3000..4999 (django/daphne issue 374), and the socket stays open.

Daphne drops the headers that an application adds to its answer to a handshake (ASGI, "Accept"). A
guest gets a cookie that way.

On SIGTERM Daphne cancels all applications and waits. It fails to do so where a connection has no
application, as happens for up to a second after each handshake and each HTTP request. It also waits
only for the first application that ends cancelled, so that others cannot tell the store that their
people leave. And a cancelled page that runs in a thread may keep the process from ending.

Autobahn formats values for messages of its debug log, which is off: for each connection all its
options with `pprint`. That is a third of the cost of a handshake. And Twisted has the kernel queue
50 connections. The kernel drops those beyond, which clients repeat after a second.

Unless it is verbose, Daphne discards the log of Twisted and Autobahn. An exception in a callback of
theirs, and so in these patches, would be seen by nobody. Strangers cause some of them as often as
they like, so what one line raises is logged once a minute.

A WebSocket leaves objects behind that refer to each other: the request of its handshake, and
Autobahn's protocol. With what they refer to, 20 KB would wait for the next full garbage collection,
which comes rarely (`presence.runtime.tune_gc`).
"""

import asyncio
import select
import socket
import sys
import time
from collections.abc import Callable
from pprint import pformat
from traceback import walk_tb
from typing import Any

from presence.asgi import turns
from presence.asgi.handshakes import patch_handshakes
from presence.asgi.shutdown import end, in_turns
from presence.asgi.turns import EXTENSION
from presence.conf import get_settings
from presence.protocol.errors import Close
from presence.server.logs import bounded_logger
from presence.server.pump import Line

logger = bounded_logger(__name__)

RESERVED_CODES = frozenset({Close.TOO_BIG, Close.RESTARTING, Close.TRY_LATER})
"""Close codes for servers only, which Autobahn refuses to send."""

SHUTDOWN_TIMEOUT = 6.0
"""Seconds that applications have to end, after their turns. A consumer takes up to 4 s to drain."""

CANCEL_TIMEOUT = 1.0
"""Seconds that those have which are cancelled after that."""

Applications = list["asyncio.Future[Any]"]


class DaphneSocket:
    """Daphne's handling of one WebSocket: a `presence.server.pump.ServerSocket`.

    It uses what Twisted and Autobahn do not call public: how much a transport has yet to write, and
    whether a protocol is between two messages. `direct_socket` finds what an installed version
    lacks.
    """

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._write = self._transport.write

    def take_over(self, line: Line) -> socket.socket:
        """See `ServerSocket`."""
        protocol, transport = self._protocol, self._transport
        # Twisted would read again by itself when it has written what waits.
        transport.unregisterProducer()
        transport.stopReading()
        transport.write = line.write
        protocol.presence_line = line
        connection_lost, send_close_frame = transport.connectionLost, protocol.sendCloseFrame

        def lost(*reason: Any) -> None:
            # Before it closes the socket: the kernel may give its number to the next one, and an
            # epoll goes on to watch it if a forked process has it, too.
            line.detach()
            connection_lost(*reason)

        def close(*args: Any, **kwargs: Any) -> None:
            send_close_frame(*args, **kwargs)
            # No frame may follow (RFC 6455 section 5.5.1). Autobahn sees to that, a line does not.
            line.detach()

        transport.connectionLost, protocol.sendCloseFrame = lost, close
        handle: socket.socket = transport.getHandle()
        return handle

    def give_back(self) -> None:
        """See `ServerSocket`."""
        protocol, transport = self._protocol, self._transport
        del protocol.presence_line, protocol.sendCloseFrame
        del transport.connectionLost, transport.write
        if transport.connected and not transport.disconnecting and not protocol.presence_deaf:
            transport.startReading()

    def feed(self, data: bytes) -> bool:
        """See `ServerSocket`."""
        protocol = self._protocol
        protocol.dataReceived(data)
        return bool(
            protocol.data
            or protocol.inside_message
            or protocol.current_frame is not None
            or protocol.state != protocol.STATE_OPEN
        )

    def write(self, data: bytes) -> int:
        """See `ServerSocket`."""
        self._write(data)
        return self.backlog

    @property
    def backlog(self) -> int:
        """See `ServerSocket`."""
        transport = self._transport
        waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        return waiting

    def abort(self) -> None:
        """See `ServerSocket`."""
        self._transport.abortConnection()


PROTOCOL_NEEDS = {"data": bytes, "inside_message": bool, "current_frame": object, "state": int}
TRANSPORT_NEEDS = {"dataBuffer": bytes, "offset": int, "_tempDataLen": int, "disconnecting": int}
"""Attributes of an open WebSocket that its makers do not call public, with their types."""

PROTOCOL_METHODS = ("dataReceived", "check_timeouts", *turns.PROTOCOL_METHODS)
TRANSPORT_METHODS = (
    "stopReading", "startReading", "write", "connectionLost", *turns.TRANSPORT_METHODS,
)  # fmt: skip

_problem = "the server is not Daphne"


def direct_socket(scope: Any) -> DaphneSocket | str:
    """Return the open WebSocket of a scope, to be read directly, or why it cannot be; "" for one
    that is closed already."""
    protocol = scope.get("extensions", {}).get(EXTENSION)
    reason = ordinary_reason()
    if protocol is None or reason:
        return reason or "the server did not hand over the socket"
    tcp = sys.modules["twisted.internet.tcp"]
    if not isinstance(protocol.transport, tcp.Connection) or protocol.transport.TLS:
        return "the endpoint uses TLS"
    if getattr(protocol, "state", protocol.STATE_OPEN) != protocol.STATE_OPEN:
        return ""
    lacking = [
        *_lacking(protocol, PROTOCOL_NEEDS),
        *_lacking(protocol.transport, TRANSPORT_NEEDS),
    ]
    return _unknown(lacking) if lacking else DaphneSocket(protocol)


def ordinary_reason() -> str:
    """Return why this process reads no socket directly; "" where it may."""
    if not get_settings().FAST_PATH:
        return "PRESENCE['FAST_PATH'] is False"
    return _problem if hasattr(select, "epoll") else "this system has no epoll"


def _lacking(owner: Any, needs: dict[str, type]) -> list[str]:
    return [
        f"{type(owner).__name__}.{name}"
        for name, kind in needs.items()
        if not hasattr(owner, name) or not isinstance(getattr(owner, name), kind)
    ]


def _unknown(lacking: list[str]) -> str:
    return f"this version of Daphne, Autobahn or Twisted lacks {', '.join(lacking)}"


def patch_daphne() -> None:
    """Patch Daphne where this process runs it."""
    # To import Daphne would choose Twisted's reactor for the whole process.
    sockets, server = sys.modules.get("daphne.ws_protocol"), sys.modules.get("daphne.server")
    if sockets is not None:
        _allow_close_codes(sockets.WebSocketProtocol)
        _send_headers(sockets.WebSocketProtocol)
        _format_nothing_unlogged()
        if server is not None:
            _log_exceptions(server.Server)
            _wait_for_applications(server, sockets.WebSocketProtocol)
            _queue_connections(server.Server)
            _offer_sockets(server.Server, sockets.WebSocketProtocol)
            _free_at_once(sys.modules["daphne.http_protocol"].WebRequest, sockets.WebSocketProtocol)
            patch_handshakes(server)


def _free_at_once(request: Any, protocol: Any) -> None:
    """Cut the references by which a WebSocket keeps itself in memory."""
    process, on_close = request.process, protocol.onClose

    def process_and_part(self: Any) -> Any:
        processing = process(self)
        # A WebSocket has taken over the transport; nobody will ask for the request.
        if self.transport is None:
            self.channel.requests.clear()
        return processing

    def close_and_part(self: Any, *how: Any) -> None:
        # A handshake that Autobahn refuses fails here otherwise: Daphne has not heard of it.
        if hasattr(self, "server"):
            on_close(self, *how)
        self.is_closed = None  # its result is the protocol
        self.presence_listener = None

    request.process, protocol.onClose = process_and_part, close_and_part


def _offer_sockets(server: Any, protocol: Any) -> None:
    """Have consumers find the socket of each WebSocket in their scope."""
    connection = sys.modules["twisted.internet.tcp"].Connection
    lacking = [
        f"{owner.__name__}.{name}"
        for owner, names in ((protocol, PROTOCOL_METHODS), (connection, TRANSPORT_METHODS))
        for name in names
        if not hasattr(owner, name)
    ]
    run = server.run

    def run_as_server(self: Any) -> None:
        """Another server loads Daphne, too, where it is in `INSTALLED_APPS`, but never runs it."""
        global _problem
        _problem = _unknown(lacking) if lacking else ""
        run(self)

    server.run = run_as_server
    if lacking:
        return
    create_application, check_timeouts = server.create_application, protocol.check_timeouts

    def create(self: Any, protocol: Any, scope: Any) -> Any:
        if scope["type"] == "websocket":
            scope.setdefault("extensions", {})[EXTENSION] = protocol
        return create_application(self, protocol, scope)

    def check(self: Any) -> None:
        """Daphne pings a socket from which it has heard nothing; of frames it hears nothing."""
        line: Line | None = self.presence_line
        if line is not None and line.heard:
            line.heard, self.last_ping = False, time.time()
        check_timeouts(self)

    server.create_application = create
    protocol.check_timeouts = check
    turns.take_turns(protocol)


def _allow_close_codes(protocol: Any) -> None:
    server_close = protocol.serverClose

    def close(self: Any, code: int | None = None) -> None:
        if code in RESERVED_CODES:
            self.sendCloseFrame(code=code)
        else:
            server_close(self, code)

    protocol.serverClose = close


def _send_headers(protocol: Any) -> None:
    handle_reply = protocol.handle_reply

    def reply(self: Any, message: dict[str, Any]) -> None:
        given = message["type"] == "websocket.accept" and message.get("headers")
        if given:
            headers: dict[str, list[str]] = {}
            for name, value in given:
                headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
            # Daphne passes it on to Autobahn as it is.
            self.serverAccept((message.get("subprotocol"), headers))
        else:
            handle_reply(self, message)

    protocol.handle_reply = reply


def _format_nothing_unlogged() -> None:
    """Have Autobahn hand values to its log as they are, which formats them if it writes them."""
    for name in ("autobahn.websocket.protocol", "autobahn.twisted.websocket"):
        module: Any = sys.modules[name]
        module.hltype = module.hlval = lambda value: value
        if hasattr(module, "pformat"):
            # The options are in a list. Its `Timings` need a text.
            module.pformat = lambda value: value if isinstance(value, list) else pformat(value)


def _log_exceptions(server: Any) -> None:
    """Have exceptions logged that Twisted and Autobahn catch."""
    run = server.run

    def run_and_log(self: Any) -> None:
        if self.verbosity <= 1:
            log = sys.modules["twisted.logger"]
            errors = log.LogLevelFilterPredicate(log.LogLevel.error)
            observer = log.FilteringLogObserver(_log_exception, [errors])
            log.globalLogPublisher.addObserver(observer)
        run(self)

    server.run = run_and_log


def _log_exception(event: dict[str, Any]) -> None:
    # The names under which Twisted, its older log, and Autobahn have it.
    failure = event.get("log_failure") or event.get("failure") or event.get("fail")
    if failure is None or failure.check(sys.modules["twisted.internet.error"].ReactorNotRunning):
        return  # The latter is a second SIGTERM, or Ctrl+C, while the process shuts down.
    trace = failure.getTracebackObject()
    place = "an unknown place"
    for frame, line in walk_tb(trace):
        place = f"{frame.f_code.co_filename}:{line}"
    # `Repeats` takes records of one text for one kind.
    text = f"daphne: {failure.type.__name__} at {place}"
    logger.error(text, exc_info=(failure.type, failure.value, trace))


def _queue_connections(server_class: Any) -> None:
    listen_success = server_class.listen_success

    def succeed(self: Any, port: Any) -> None:
        listen_success(self, port)
        port.socket.listen(socket.SOMAXCONN)

    server_class.listen_success = succeed


def _wait_for_applications(server: Any, socket_class: Any) -> None:
    def end_all(self: Any) -> Any:
        """Stop listening, cancel the sockets' applications, and let pages finish in time."""
        for reader in server.reactor.getReaders():
            if hasattr(reader, "stopListening"):
                reader.stopListening()

        def running(kind: type) -> Applications:
            return [
                details["application_instance"]
                for protocol, details in self.connections.items()
                if isinstance(protocol, kind) and details.get("application_instance") is not None
            ]

        ending = asyncio.ensure_future(_end(running, socket_class))
        return server.defer.Deferred.fromFuture(ending)

    server.Server.kill_all_applications = end_all


async def _end(running: Callable[[type], Applications], socket_class: type) -> None:
    await in_turns(running(socket_class), lambda application: application.cancel())
    # Pages and sockets may have come meanwhile, over connections that were kept.
    for timeout in (SHUTDOWN_TIMEOUT, CANCEL_TIMEOUT):
        if left := running(object):
            _, late = await asyncio.wait(left, timeout=timeout)
            for application in late:
                application.cancel()
    await end()
