"""What Daphne cannot do by itself: send some close codes, and say good-bye to everybody.

PROTOCOL.md closes with 1009, 1012 and 1013, which RFC 6455 section 7.4.1 and its registry have for
servers. Daphne hands the code to Autobahn's `sendClose`, which raises for all but 1000 and
3000..4999, the codes a browser's script may use (django/daphne issue 374); the socket would then
stay open. So these three go to the method beneath it.

On SIGTERM Daphne cancels every application and waits for them. It cancels nobody where a connection
has none, which each handshake and each HTTP request leaves behind for up to a second; it waits only
for the first that ends cancelled, a page's at once, so that the others cannot tell the store; and a
page that is cancelled in one of Django's threads may keep the process from ending at all. So this
module has it listen no more, cancels the sockets' applications, gives pages the time to be
answered, and waits for all.
"""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from presence.protocol.errors import Close

Running = set["asyncio.Future[Any]"]

CODES = frozenset({Close.TOO_BIG, Close.RESTARTING, Close.TRY_LATER})

END_WITHIN = 6.0
"""Seconds that applications have to end: longer than a consumer takes to drain."""


def allow_close_codes() -> None:
    """Let Daphne close with `CODES`, where this process is a Daphne; every other code stays as it
    was."""
    # Not an import: to load Daphne's modules is to choose Twisted's reactor for the whole process.
    module = sys.modules.get("daphne.ws_protocol")
    if module is not None:
        _widen(module.WebSocketProtocol)


def say_goodbye_to_all() -> None:
    """Have Daphne wait for every application when it goes down, where this process is a Daphne."""
    module = sys.modules.get("daphne.server")
    if module is not None:
        _complete(module, sys.modules["daphne.ws_protocol"].WebSocketProtocol)


def _widen(protocol: Any) -> None:
    server_close = protocol.serverClose
    if getattr(server_close, "knows_close_codes", False):
        return

    def close(self: Any, code: int | None = None) -> None:
        if code in CODES:
            self.sendCloseFrame(code=code)
        else:
            server_close(self, code)

    close.knows_close_codes = True  # type: ignore[attr-defined]
    protocol.serverClose = close


def _complete(module: Any, sockets: Any) -> None:
    if getattr(module.Server.kill_all_applications, "waits_for_all", False):
        return

    def end_all(self: Any) -> Any:
        for reader in module.reactor.getReaders():
            if hasattr(reader, "stopListening"):
                reader.stopListening()
        ending = _end(*_running(self.connections, sockets))
        return module.defer.Deferred.fromFuture(asyncio.ensure_future(ending))

    end_all.waits_for_all = True  # type: ignore[attr-defined]
    module.Server.kill_all_applications = end_all


def _running(connections: Mapping[Any, Any], sockets: Any) -> tuple[Running, Running]:
    """Return the applications of sockets and those of pages."""
    both: tuple[Running, Running] = set(), set()
    for protocol, details in connections.items():
        application = details.get("application_instance")
        if application is not None:
            both[not isinstance(protocol, sockets)].add(application)
    return both


async def _end(sockets: Running, pages: Running) -> None:
    for application in sockets:
        application.cancel()
    await _wait(sockets | pages)
    for application in pages:
        application.cancel()
    await _wait(pages)


async def _wait(running: Running) -> None:
    if running:
        await asyncio.wait(running, timeout=END_WITHIN)
