"""Many people arrive at once."""

import signal
import socket
from contextlib import ExitStack

from tests.support.server import Server

AT_ONCE = 200
"""More than the 50 connections that Twisted has the kernel queue."""


def test_connections_wait_for_a_busy_process(server: Server) -> None:
    with ExitStack() as opened:
        server.process.send_signal(signal.SIGSTOP)
        opened.callback(server.process.send_signal, signal.SIGCONT)
        for _ in range(AT_ONCE):
            # One that the kernel drops is tried again, in vain while the process is stopped.
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
