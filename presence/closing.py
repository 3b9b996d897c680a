"""Close codes that Daphne cannot send by itself.

PROTOCOL.md closes with 1009, 1012 and 1013, which RFC 6455 section 7.4.1 and its registry have for
servers. Daphne hands the code to Autobahn's `sendClose`, which raises for all but 1000 and
3000..4999, the codes a browser's script may use (django/daphne issue 374); the socket would then
stay open. So these three go to the method beneath it.
"""

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
