"""`manage.py presence_audit` finds what differs between Redis and real Daphnes, and mends it."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from presence.store.base import Ticket, Timing
from presence.store.redis import RedisStore
from presence.store.redis_scripts import Keys
from tests.support.cookies import guest_cookie
from tests.support.redis import RedisServer, run_redis
from tests.support.server import ROOT, Server, serve
from tests.support.wire import Clients

LONG = Timing(grace=90.0, lease=90.0)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis of this module's own."""
    with run_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def servers(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    """Two Daphnes over one Redis."""
    own = {"REDIS_URL": redis.url, "DJANGO_SETTINGS_MODULE": "tests.e2e.sites.long_lease"}
    folder = tmp_path_factory.mktemp("daphnes")
    with ExitStack() as stack:
        yield [stack.enter_context(serve(folder, {**environment, **own})) for _ in range(2)]


@pytest.fixture
async def store(redis: RedisServer) -> AsyncIterator[RedisStore]:
    """The shared state, as the processes have it."""
    opened = RedisStore(redis.url, LONG)
    yield opened
    await opened.close()


@pytest.fixture
async def sockets(servers: list[Server], board: str) -> AsyncIterator[list[Clients]]:
    """Opens sockets to each process, on the test's own board; closed when the test ends."""
    opened = [Clients(server, board) for server in servers]
    yield opened
    for clients in opened:
        await clients.close()


def audit(server: Server, *options: str) -> tuple[int, list[str]]:
    """Run the command, and return its exit status and the lines it printed."""
    command = [sys.executable, "manage.py", "presence_audit", *options]
    done = subprocess.run(
        command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, (done.stdout + done.stderr).splitlines()


async def name_of(store: RedisStore, board: str, person: str) -> tuple[str, str]:
    """Return the process and the session of the one who goes by a name."""
    (found,) = [m for m in await store.roster(UUID(board)) if m.name == person]
    return found.process, found.session


async def test_what_is_true_is_proved(
    servers: list[Server], sockets: list[Clients], board: str
) -> None:
    ada, cal = guest_cookie(servers[0]), guest_cookie(servers[0])
    first = await sockets[0].join("Ada", cookies=ada)
    await sockets[1].join("Ada", cookies=ada)
    await sockets[1].join("Bob")
    broken = await sockets[1].join("Cal", cookies=cal)
    await first.until(lambda: first.count == 3, "all of them")
    await broken.snap()
    status, lines = audit(servers[0])
    await sockets[0].join("Cal", cookies=cal)  # and leaves for good when the test ends
    assert lines == ["Nothing differs: 2 processes, 1 board, 4 sessions."]
    assert status == 0


async def test_ghosts_and_missing_people_are_found_and_mended(
    servers: list[Server], sockets: list[Clients], store: RedisStore, redis: RedisServer, board: str
) -> None:
    ada, bob = await sockets[0].join("Ada"), await sockets[1].join("Bob")
    cal = await sockets[1].join("Cal")
    await ada.until(lambda: ada.count == 3, "all of them")
    process, lost = await name_of(store, board, "Cal")
    # Behind everybody's back: the version stays, so that no process sees reason to look.
    with redis.client() as client:
        assert client.hdel(Keys("presence").board(UUID(board))[0], lost) == 1
    await store.join(UUID(board), Ticket("ghost", process, "casper", "Casper"))
    told = [
        f"board {board}: ghost: 'Casper' (session ghost) is in the store, "
        f"not in live process {process}",
        f"board {board}: missing: session {lost} of live process {process} is not in the store",
        "2 differences in 2 processes, 1 board, 3 sessions.",
    ]
    assert audit(servers[0]) == (1, told)
    assert audit(servers[1]) == (1, told), "to look changes nothing"

    clean = "Nothing differs: 2 processes, 1 board, 3 sessions."
    assert audit(servers[0], "--repair") == (0, [*told, "Repaired. What remains:", clean])
    assert audit(servers[0]) == (0, [clean])
    roster = await store.roster(UUID(board))
    assert {member.name for member in roster} == {"Ada", "Bob", "Cal"}
    for client in (bob, cal):
        await client.until(lambda client=client: client.count == 3, "the count that is true")


async def test_who_is_left_of_a_dead_process_is_mended(
    servers: list[Server], sockets: list[Clients], redis: RedisServer, board: str
) -> None:
    ada = await sockets[0].join("Ada")
    dying = RedisStore(redis.url, Timing(grace=90.0, lease=0.001))
    await dying.renew("dead:1")
    await dying.join(UUID(board), Ticket("left", "dead:1", "casper", "Casper"))
    await dying.close()
    said = f"board {board}: stranded: 'Casper' (session left) is of process dead:1, without a lease"
    status, lines = audit(servers[0], "--repair")
    assert (status, lines[0]) == (0, said)
    assert lines[-1] == "Nothing differs: 2 processes, 1 board, 1 session."
    await ada.until(lambda: ada.count == 1, "only Ada")


async def test_a_process_that_does_not_answer_is_named(
    servers: list[Server], sockets: list[Clients], store: RedisStore, board: str
) -> None:
    await sockets[0].join("Ada")
    await sockets[1].join("Bob")
    process, _ = await name_of(store, board, "Bob")
    silent = f"process {process}: silent: it holds a lease and did not answer in time"
    os.kill(servers[1].process.pid, signal.SIGSTOP)
    try:
        status, lines = audit(servers[0], "--timeout", "1")
        assert (status, lines[0]) == (1, silent)
        status, lines = audit(servers[0], "--timeout", "1", "--repair")
        assert status == 1, "it cannot be mended from here"
        assert [line for line in lines if line == silent] == [silent] * 2
    finally:
        os.kill(servers[1].process.pid, signal.SIGCONT)
    assert audit(servers[0], "--timeout", "10")[0] == 0


def test_without_redis_there_is_one_process(server: Server) -> None:
    said = "PRESENCE['REDIS_URL'] is not set: one process, nothing to compare."
    assert audit(server) == (0, [said])


def test_redis_that_is_away_is_not_a_difference(environment: dict[str, str]) -> None:
    # Nothing listens there: it is the port of a protocol that has no servers.
    nowhere = {**environment, "REDIS_URL": "redis://127.0.0.1:9/0"}
    status, lines = audit(Server(0, None, Path(), nowhere))  # type: ignore[arg-type]
    assert status == 2
    assert lines[0].startswith("CommandError: Nothing could be compared: Redis: ")
