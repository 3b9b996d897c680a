"""What Daphne cannot do by itself: send some close codes, and say good-bye to everybody.

PROTOCOL.md closes with 1009, 1012 and 1013, which RFC 6455 section 7.4.1 and its registry have for
servers. Daphne hands the code to Autobahn's `sendClose`, which raises for all but 1000 and
3000..4999, the codes a browser's script may use (django/daphne issue 374); the socket would then
stay open. So these three go to the method beneath it.

On SIGTERM Daphne cancels every application. It fails over the first connection that has none, which
each handshake and each HTTP request leaves behind for up to a second, and then cancels nobody:
whoever is on a board sees the connection break (1006). So such connections get one that is over.
"""

import asyncio
import sys
from typing import Any

from presence.errors import Close

CODES = frozenset({Close.TOO_BIG, Close.RESTARTING, Close.TRY_LATER})


def allow_close_codes() -> None:
    """Let Daphne close with `CODES`, where this process is a Daphne; every other code stays as it
    was."""
    # Not an import: to load Daphne's modules is to choose Twisted's reactor for the whole process.
    module = sys.modules.get("daphne.ws_protocol")
    if module is not None:
        _widen(module.WebSocketProtocol)


def say_goodbye_to_all() -> None:
    """Have Daphne cancel every application when it goes down, where this process is a Daphne."""
    module = sys.modules.get("daphne.server")
    if module is not None:
        _complete(module.Server)


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


def _complete(server: Any) -> None:
    cancel_all = server.kill_all_applications
    if getattr(cancel_all, "skips_finished", False):
        return

    def cancel(self: Any) -> Any:
        over = asyncio.get_event_loop().create_future()
        over.set_result(None)
        for details in self.connections.values():
            details.setdefault("application_instance", over)
        return cancel_all(self)

    cancel.skips_finished = True  # type: ignore[attr-defined]
    server.kill_all_applications = cancel
