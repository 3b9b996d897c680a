"""Many people arrive at once."""

import asyncio
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from presence.protocol.errors import Close
from tests.support.accounts import sign_in
from tests.support.clients import Clients
from tests.support.server import OPEN_BOARD, Server, serve
from tests.support.waiting import DEADLINE, eventually

AT_ONCE = 200
"""More than the 50 connections that Twisted has the kernel queue."""


def test_connections_wait_for_a_busy_process(server: Server) -> None:
    with ExitStack() as opened:
        server.process.send_signal(signal.SIGSTOP)
        opened.callback(server.process.send_signal, signal.SIGCONT)
        for _ in range(AT_ONCE):
            # One that the kernel drops is tried again, in vain while the process is stopped.
            opened.enter_context(
                socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)
            )


@pytest.mark.parametrize("name", ["daphne", "uvicorn"])
async def test_a_rule_that_never_answers_does_not_keep_a_process_from_ending(
    environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    application = "tests.support.hung_rule:application"
    with serve(tmp_path, environment, application, name=name) as server:
        clients = Clients(server, OPEN_BOARD)
        guest = await clients.connect()
        await asyncio.to_thread(eventually, lambda: "asked" in server.logged(), "the rule")
        server.process.terminate()
        assert await guest.closed() == Close.RESTARTING
        # `wait` raises if the process goes on.
        await asyncio.to_thread(server.process.wait, DEADLINE)


async def test_a_slow_rule_fails_no_handshake(environment: dict[str, str], tmp_path: Path) -> None:
    """In one thread the rule takes 10 s for all; Daphne drops a handshake after 5 s."""
    with serve(tmp_path, environment, "tests.support.slow_rule:application") as slow:
        names = [f"person{number}" for number in range(AT_ONCE)]
        sessions = await asyncio.to_thread(sign_in, slow, **dict.fromkeys(names))
        clients = Clients(slow, OPEN_BOARD)
        people = await asyncio.gather(
            *(clients.connect(cookies=f"sessionid={key}") for key in sessions.values())
        )
        await asyncio.gather(*(person.join() for person in people))
        await people[0].until(lambda: people[0].count == AT_ONCE, "everybody")
        await clients.close()
