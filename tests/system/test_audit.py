"""`manage.py presence_audit` finds what differs between Redis and real Daphnes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest

from presence.store.base import JoinRequest, Member, Timing
from presence.store.redis.scripts import Keys
from presence.store.redis.store import RedisStore
from tests.support.audit import audit
from tests.support.cookies import guest_cookie
from tests.support.redis import RedisServer, run_redis
from tests.support.server import Server, serve
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
    own = {"REDIS_URL": redis.url, "DJANGO_SETTINGS_MODULE": "tests.client_facing.sites.long_lease"}
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


async def audited(server: Server, *options: str) -> tuple[int, list[str]]:
    """Run the command while the sockets of the test go on."""
    return await asyncio.to_thread(audit, server.environment, *options)


async def member_of(store: RedisStore, board: str, name: str) -> Member:
    """Return the one who goes by a name."""
    (found,) = [
        member for member in (await store.snapshot(UUID(board))).members if member.name == name
    ]
    return found


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
    status, lines = await audited(servers[0])
    await sockets[0].join("Cal", cookies=cal)  # and leaves for good when the test ends
    assert lines == ["Nothing differs: 2 processes, 1 board, 4 sessions."]
    assert status == 0


async def test_what_differs_is_told_and_stays(
    servers: list[Server], sockets: list[Clients], store: RedisStore, redis: RedisServer, board: str
) -> None:
    ada, bob = await sockets[0].join("Ada"), await sockets[1].join("Bob")
    await sockets[1].join("Cal")
    await ada.until(lambda: ada.count == bob.count == 3, "all of them")
    gone = await member_of(store, board, "Cal")
    dying = RedisStore(redis.url, Timing(grace=90.0, lease=0.001), spare=100.0)
    await dying.renew("dead:1")
    # The version stays as it was, so that no process has a reason to refresh the board.
    members, _, _, _, state, *_ = Keys("presence").board(UUID(board))
    with redis.client() as client:
        version = client.hget(state, "version")
        assert client.hdel(members, gone.session) == 1
        await store.join(UUID(board), JoinRequest("ghost", gone.process, "casper", "Casper"))
        await dying.join(UUID(board), JoinRequest("left", "dead:1", "dee", "Dee"))
        client.hset(state, "version", version)
    await dying.close()
    told = [
        f"ghost: 'Casper' (session ghost) is in the store, not in live process {gone.process}",
        "stranded: 'Dee' (session left) is of process dead:1, without a lease",
        f"missing: session {gone.session} of live process {gone.process} is not in the store",
        *(
            f"miscount: process {process} tells its clients 3, the persons on the roster are 4"
            for process in sorted(await store.processes())
        ),
    ]
    lines = [f"board {board}: {line}" for line in told]
    lines.append("5 differences in 2 processes, 1 board, 4 sessions.")
    assert await audited(servers[0]) == (1, lines)
    assert await audited(servers[1]) == (1, lines), "an audit changes nothing"
    for session in ("ghost", "left"):
        await store.leave(UUID(board), session)


async def test_a_process_that_does_not_answer_is_named(
    servers: list[Server], sockets: list[Clients], store: RedisStore, board: str
) -> None:
    await sockets[0].join("Ada")
    await sockets[1].join("Bob")
    process = (await member_of(store, board, "Bob")).process
    silent = f"process {process}: silent: it holds a lease and did not answer in time"
    os.kill(servers[1].process.pid, signal.SIGSTOP)
    try:
        status, lines = await audited(servers[0], "--timeout", "1")
        assert (status, lines[0]) == (1, silent)
    finally:
        os.kill(servers[1].process.pid, signal.SIGCONT)
    assert (await audited(servers[0], "--timeout", "10"))[0] == 0


def test_without_redis_there_is_one_process(server: Server) -> None:
    said = "PRESENCE['REDIS_URL'] is not set: one process, nothing to compare."
    assert audit(server.environment) == (0, [said])
