"""Crowds at the door: sockets without end from one address, requests that never end. Caps and
deadlines stop them, and whoever is inside notices nothing."""

import asyncio
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websockets.exceptions import ConnectionClosed

from benchmarks.machine import usage
from presence.protocol.messages import NoticeMessage
from tests.hostile.conftest import production
from tests.hostile.trial import Outcome, State, attempt, state_of
from tests.support.clients import Clients, cursor, joining
from tests.support.server import Server
from tests.support.waiting import DEADLINE, LONG, eventually

pytestmark = pytest.mark.alone

SECONDS = 20.0 if LONG else 4.0
WITHIN = 2.0
"""Seconds that a request may take here; the default is 20."""

SOCKETS, JOINS = 200, 300
"""Caps of an address."""

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """A site in production, with small caps, which knows the attackers' addresses."""
    caps = {"MAX_ADDRESS_SOCKETS": SOCKETS, "MAX_ADDRESS_JOINS": JOINS}
    return production(environment, HANDSHAKE_WITHIN=WITHIN, **caps)


def unnoticed(outcome: Outcome) -> Outcome:
    """Assert that the witnesses noticed nothing."""
    assert outcome.lost == 0, outcome
    assert outcome.age_p99 < 250 + outcome.noise, outcome
    assert outcome.growth < 60 * MEBIBYTE, outcome
    return outcome


def as_before(server: Server, before: State) -> None:
    """Wait until the server holds no more than before an attack."""
    eventually(
        lambda: state_of(server).descriptors <= before.descriptors + 3,
        lambda: f"{before}, then {state_of(server)}",
    )


def test_requests_that_never_end(server: Server, boards: list[str]) -> None:
    before = state_of(server)
    with ThreadPoolExecutor() as pool:
        upload = pool.submit(slow_upload, server, 2 * WITHIN)
        outcome = attempt(server, boards[0], boards[1], SECONDS + 2 * WITHIN, "slow-headers")
    assert upload.result() == 200
    assert unnoticed(outcome).tally.closes["cut"] >= 500, outcome
    as_before(server, before)


def slow_upload(server: Server, seconds: float) -> int:
    """Send a body of 2 KB a second, and return the status of the answer."""

    def body() -> Iterator[bytes]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield b"x" * 200
            time.sleep(0.1)

    connection = HTTPConnection("127.0.0.1", server.port, timeout=seconds + 10)
    with closing(connection):
        connection.request(
            "POST", "/insides/tasks", body(), {"Transfer-Encoding": "chunked"}, encode_chunked=True
        )
        return connection.getresponse().status


def test_a_huge_header_is_refused(server: Server) -> None:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)
    with connection, suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 17_000)
        answer = connection.recv(100)
        assert not answer or answer.startswith(b"HTTP/1.1 400")


def test_a_crowd_from_one_address(server: Server, boards: list[str]) -> None:
    before = state_of(server)
    served = server.logged().count("WSCONNECTING")
    outcome = unnoticed(attempt(server, boards[0], boards[1], SECONDS, "crowd"))
    assert outcome.tally.joined <= SOCKETS, outcome
    # The others were refused before Daphne made a WebSocket of their handshake.
    assert server.logged().count("WSCONNECTING") - served <= 2 * SOCKETS
    assert outcome.tally.notices["8"] == outcome.tally.closes["1013"] > SOCKETS, outcome
    as_before(server, before)


def test_joins_as_fast_as_they_go(server: Server, boards: list[str]) -> None:
    before = state_of(server)
    outcome = unnoticed(attempt(server, boards[0], boards[1], SECONDS, "joins"))
    assert outcome.tally.joined <= JOINS * (1 + SECONDS / 60) + 1, outcome
    as_before(server, before)


@pytest.fixture
def few_descriptors(server: Server) -> Iterator[None]:
    """The server may have 80 file descriptors more than it has."""
    pid, limit = server.process.pid, state_of(server).descriptors + 80
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


USED_UP = (503, "file descriptors are used up: newcomers are refused")


def health(server: Server) -> tuple[int, str]:
    """Return what `/healthz` answers; 0 where it could not be asked."""
    try:
        with urlopen(f"{server.origin}/healthz", timeout=DEADLINE) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.usefixtures("few_descriptors")
async def test_out_of_file_descriptors(server: Server, clients: Clients) -> None:
    before, logged = state_of(server), len(server.logged())
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    while True:
        newcomer = await clients.connect()
        with suppress(ConnectionClosed):
            await newcomer.send(joining())
        await newcomer.until(lambda c=newcomer: c.messages, "an answer to a newcomer")
        if newcomer.all(NoticeMessage):
            break
    assert await newcomer.closed() == 1013
    assert await asyncio.to_thread(health, server) == USED_UP
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    began, used = time.monotonic(), usage([server.process.pid])
    for number in range(20):
        await ada.send(cursor(number, 7))
        await bob.until(lambda n=number: (n, 7) in bob.positions(ada.user), "a cursor meanwhile")
        await asyncio.sleep(0.05)
    worked = usage([server.process.pid]) - used
    assert worked.processes < 0.9 * (time.monotonic() - began), "it spins"
    for each in silent:
        each.close()
    assert {ada.close_code, bob.close_code} == {None}
    await clients.close()
    as_before(server, before)
    eventually(lambda: health(server) == (200, "ok"), "health after it")
    said = server.logged()[logged:].splitlines()
    complaints = [line for line in said if "WARNING" in line or "ERROR" in line]
    assert 1 <= len(complaints) < 10, complaints[:20]
    assert not [line for line in complaints if "ERROR" in line and "django.request" not in line]
    assert await clients.join("Later")
