"""`manage.py presence_audit` finds what differs between Redis and real Daphnes, and mends it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest

from presence.store.base import JoinRequest, Member, Timing
from presence.store.redis.records import escape
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


def become(redis: RedisServer, board: str, session: str, person: bytes) -> None:
    """Make a session that of another person, behind everybody's back: the version stays, so that no
    process sees reason to look."""
    members = Keys("presence").board(UUID(board))[0]
    with redis.client() as client:
        place, user, color, process, _, *rest = client.hget(members, session).split(b"\t")
        record = b"\t".join((place, user, color, process, person, *rest))
        assert client.hset(members, session, record) == 0


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


def miscounts(board: str, tells: list[str], persons: int) -> list[str]:
    """Return what is said where all of them tell a wrong number."""
    right = f"the persons on the roster are {persons}"
    return [f"board {board}: miscount: {told}, {right}" for told in tells]


async def test_counts_that_are_not_true_are_found_and_told_anew(
    servers: list[Server], sockets: list[Clients], store: RedisStore, redis: RedisServer, board: str
) -> None:
    ada, bob = await sockets[0].join("Ada"), await sockets[1].join("Bob")
    cal = await sockets[1].join("Cal")
    await ada.until(lambda: ada.count == 3, "all of them")
    someone, other = await member_of(store, board, "Bob"), await member_of(store, board, "Cal")
    become(redis, board, other.session, escape(someone.person))
    processes = sorted(await store.processes())
    told = [
        *miscounts(board, [f"process {name} tells its clients 3" for name in processes], 2),
        "2 differences in 2 processes, 1 board, 3 sessions.",
    ]
    assert await audited(servers[0]) == (1, told)
    clean = "Nothing differs: 2 processes, 1 board, 3 sessions."
    mended = [*told, "Repaired. What remains:", clean]
    assert await audited(servers[0], "--repair") == (0, mended)
    for client in (ada, bob, cal):
        await client.until(lambda client=client: client.count == 2, "the count that is true")


async def test_a_store_that_counts_wrong_is_found_and_stays_wrong(
    servers: list[Server], sockets: list[Clients], store: RedisStore, redis: RedisServer, board: str
) -> None:
    ada = await sockets[0].join("Ada")
    await sockets[1].join("Bob")
    await ada.until(lambda: ada.count == 2, "both of them")
    someone, other = await member_of(store, board, "Ada"), await member_of(store, board, "Bob")
    # The same person, who is not the same to a script: it compares what is written.
    become(
        redis,
        board,
        other.session,
        rb"\u%04x" % ord(someone.person[0]) + escape(someone.person[1:]),
    )
    tells = [f"process {name} tells its clients 2" for name in sorted(await store.processes())]
    told = [
        *miscounts(board, ["the store counts 2", *tells], 1),
        "3 differences in 2 processes, 1 board, 2 sessions.",
    ]
    remains = ["Repaired. What remains:", *told]
    assert await audited(servers[0], "--repair") == (1, [*told, *remains])
    become(redis, board, other.session, escape(other.person))
    assert (await audited(servers[0]))[0] == 0


async def test_ghosts_and_missing_people_are_found_and_mended(
    servers: list[Server], sockets: list[Clients], store: RedisStore, redis: RedisServer, board: str
) -> None:
    ada, bob = await sockets[0].join("Ada"), await sockets[1].join("Bob")
    cal = await sockets[1].join("Cal")
    await ada.until(lambda: ada.count == 3, "all of them")
    gone = await member_of(store, board, "Cal")
    process, lost = gone.process, gone.session
    # Behind everybody's back: the version stays, so that no process sees reason to look.
    keys = Keys("presence").board(UUID(board))
    with redis.client() as client:
        version = client.hget(keys[4], "version")
        assert client.hdel(keys[0], lost) == 1
        await store.join(UUID(board), JoinRequest("ghost", process, "casper", "Casper"))
        client.hset(keys[4], "version", version)
    told = [
        f"board {board}: ghost: 'Casper' (session ghost) is in the store, "
        f"not in live process {process}",
        f"board {board}: missing: session {lost} of live process {process} is not in the store",
        "2 differences in 2 processes, 1 board, 3 sessions.",
    ]
    assert await audited(servers[0]) == (1, told)
    assert await audited(servers[1]) == (1, told), "to look changes nothing"

    clean = "Nothing differs: 2 processes, 1 board, 3 sessions."
    assert await audited(servers[0], "--repair") == (0, [*told, "Repaired. What remains:", clean])
    assert await audited(servers[0]) == (0, [clean])
    roster = (await store.snapshot(UUID(board))).members
    assert {member.name for member in roster} == {"Ada", "Bob", "Cal"}
    for client in (bob, cal):
        await client.until(lambda client=client: client.count == 3, "the count that is true")


async def test_who_is_left_of_a_dead_process_is_mended(
    servers: list[Server], sockets: list[Clients], redis: RedisServer, board: str
) -> None:
    ada = await sockets[0].join("Ada")
    dying = RedisStore(redis.url, Timing(grace=90.0, lease=0.001), spare=100.0)
    await dying.renew("dead:1")
    await dying.join(UUID(board), JoinRequest("left", "dead:1", "casper", "Casper"))
    await dying.close()
    said = f"board {board}: stranded: 'Casper' (session left) is of process dead:1, without a lease"
    status, lines = await audited(servers[0], "--repair")
    assert (status, lines[0]) == (0, said)
    assert lines[-1] == "Nothing differs: 2 processes, 1 board, 1 session."
    await ada.until(lambda: ada.count == 1, "only Ada")


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
        status, lines = await audited(servers[0], "--timeout", "1", "--repair")
        assert status == 1, "it cannot be mended from here"
        assert [line for line in lines if line == silent] == [silent] * 2
    finally:
        os.kill(servers[1].process.pid, signal.SIGCONT)
    assert (await audited(servers[0], "--timeout", "10"))[0] == 0


def test_without_redis_there_is_one_process(server: Server) -> None:
    said = "PRESENCE['REDIS_URL'] is not set: one process, nothing to compare."
    assert audit(server.environment) == (0, [said])


def test_redis_that_is_away_is_not_a_difference(environment: dict[str, str]) -> None:
    # Nothing listens there: it is the port of a protocol that has no servers.
    nowhere = {**environment, "REDIS_URL": "redis://127.0.0.1:9/0"}
    status, lines = audit(nowhere)
    assert status == 2
    assert lines[0].startswith("CommandError: Nothing could be compared: Redis: ")
