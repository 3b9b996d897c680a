"""Patches for Daphne, in a process that runs it: close codes, joins, and a shutdown that waits.

PROTOCOL.md closes sockets with 1009, 1012 and 1013, which RFC 6455 section 7.4.1 and its registry
allow to servers. Autobahn's `sendClose`, which Daphne calls, raises for every code but 1000 and
3000..4999 (django/daphne issue 374), and the socket stays open.

On SIGTERM Daphne cancels all applications and waits. It fails to do so where a connection has no
application, as happens for up to a second after each handshake and each HTTP request. It also waits
only for the first application that ends cancelled, so that others cannot tell the store that their
people leave. And a cancelled page that runs in a thread may keep the process from ending.

Autobahn formats values for messages of its debug log, which is off: for each connection all its
options with `pprint`. That is a third of the cost of a handshake. And Twisted has the kernel queue
50 connections. The kernel drops those beyond, which clients repeat after a second.
"""

import asyncio
import socket
import sys
from pprint import pformat
from typing import Any

from presence.protocol.errors import Close

RESERVED_CODES = frozenset({Close.TOO_BIG, Close.RESTARTING, Close.TRY_LATER})
"""Close codes for servers only, which Autobahn refuses to send."""

SHUTDOWN_TIMEOUT = 6.0
"""Seconds that applications have to end. A consumer takes up to 4 s to drain."""

Applications = set["asyncio.Future[Any]"]


def patch_daphne() -> None:
    """Patch Daphne where this process runs it."""
    # To import Daphne would choose Twisted's reactor for the whole process.
    sockets, server = sys.modules.get("daphne.ws_protocol"), sys.modules.get("daphne.server")
    if sockets is not None:
        _allow_close_codes(sockets.WebSocketProtocol)
        _format_nothing_unlogged()
        if server is not None:
            _wait_for_applications(server, sockets.WebSocketProtocol)
            _queue_connections(server.Server)


def _allow_close_codes(protocol: Any) -> None:
    server_close = protocol.serverClose

    def close(self: Any, code: int | None = None) -> None:
        if code in RESERVED_CODES:
            self.sendCloseFrame(code=code)
        else:
            server_close(self, code)

    protocol.serverClose = close


def _format_nothing_unlogged() -> None:
    """Have Autobahn hand values to its log as they are, which formats them if it writes them."""
    for name in ("autobahn.websocket.protocol", "autobahn.twisted.websocket"):
        module: Any = sys.modules[name]
        module.hltype = module.hlval = lambda value: value
        if hasattr(module, "pformat"):
            # The options are in a list. Its `Timings` need a text.
            module.pformat = lambda value: value if isinstance(value, list) else pformat(value)


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
        sockets: Applications = set()
        pages: Applications = set()
        for protocol, details in self.connections.items():
            application = details.get("application_instance")
            if application is not None:
                (sockets if isinstance(protocol, socket_class) else pages).add(application)
        return server.defer.Deferred.fromFuture(asyncio.ensure_future(_end(sockets, pages)))

    server.Server.kill_all_applications = end_all


async def _end(sockets: Applications, pages: Applications) -> None:
    for cancelled, awaited in ((sockets, sockets | pages), (pages, pages)):
        for application in cancelled:
            application.cancel()
        if awaited:
            await asyncio.wait(awaited, timeout=SHUTDOWN_TIMEOUT)
