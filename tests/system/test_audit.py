"""`manage.py presence_audit` finds what differs between Redis and real Daphnes, and ends where a
real Redis stops answering: SIGSTOP keeps its connections open.

Every kind of difference, and every moment at which an answer may fail to come, is tested in
tests/server.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest

from presence.checks import LAYER
from presence.store.base import JoinRequest, Member, Timing
from presence.store.redis.scripts import Keys
from presence.store.redis.store import RedisStore
from tests.support.audit import audit, struck
from tests.support.redis import RedisServer, run_redis
from tests.support.server import with_settings
from tests.system.crowd import Crowd


@pytest.fixture(scope="module")
def timing() -> Timing:
    """Times so long that nothing heals itself during a test."""
    return Timing(lease=90.0, grace=90.0)


@pytest.fixture(scope="module")
def size() -> int:
    return 2


async def audited(crowd: Crowd, *options: str) -> tuple[int, list[str]]:
    """Run the command while the sockets of the test stay open."""
    return await asyncio.to_thread(audit, crowd.cluster.environment, *options)


async def member_of(crowd: Crowd, board: str, name: str) -> Member:
    """Return the member of that name."""
    members = (await crowd.store.snapshot(UUID(board))).members
    return next(member for member in members if member.name == name)


async def test_differences_are_listed_and_left_as_they_are(
    crowd: Crowd, store: RedisStore, redis: RedisServer, board: str
) -> None:
    for process, name in enumerate(("Ada", "Bob")):
        await crowd.join(process, board, name)
    await crowd.join(1, board, "Cal")
    await crowd.agree()
    gone = await member_of(crowd, board, "Cal")
    dying = RedisStore(redis.url, Timing(grace=90.0, lease=0.001), spare=100.0)
    await dying.renew("dead:1")
    # The version stays as it was, so that no process has a reason to refresh the board.
    state = Keys("presence").board(UUID(board))[6]
    with redis.client() as client:
        version = client.hget(state, "version")
        await dying.leave(UUID(board), gone.session)
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
    assert await audited(crowd) == (1, lines)
    assert await audited(crowd) == (1, lines), "an audit changes nothing"
    for session in ("ghost", "left"):
        await store.leave(UUID(board), session)


async def test_a_process_that_does_not_answer_is_named(crowd: Crowd, board: str) -> None:
    await crowd.join(0, board, "Ada")
    await crowd.join(1, board, "Bob")
    process = (await member_of(crowd, board, "Bob")).process
    crowd.cluster.pause(1)
    status, lines = await audited(crowd, "--timeout", "1")
    said = f"process {process}: silent: it holds a lease and did not answer in time"
    assert (status, lines[0]) == (1, said)
    crowd.cluster.resume(1)
    assert (await audited(crowd, "--timeout", "10"))[0] == 0


def test_without_redis_there_is_one_process(environment: dict[str, str]) -> None:
    said = "PRESENCE['REDIS_URL'] is not set: one process, nothing to compare."
    assert audit(environment) == (0, [said])


@pytest.mark.long
@pytest.mark.parametrize("strike", [RedisServer.pause, RedisServer.kill])
@pytest.mark.parametrize(("lost", "said"), [("store", "Redis: "), ("layer", "the channel layer: ")])
async def test_a_server_is_lost_while_the_processes_are_asked(
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    strike: Callable[[RedisServer], None],
    lost: str,
    said: str,
) -> None:
    """The store and the channel layer are on servers of their own."""
    store, layer = (tmp_path_factory.mktemp(name) for name in ("store", "layer"))
    with run_redis(store) as of_store, run_redis(layer) as of_layer:
        silent = RedisStore(of_store.url, Timing(lease=290.0))
        await silent.renew("silent")
        await silent.close()
        layers = {"default": {"BACKEND": LAYER, "CONFIG": {"hosts": [of_layer.url]}}}
        site = with_settings({**environment, "REDIS_URL": of_store.url}, CHANNEL_LAYERS=layers)
        server = of_store if lost == "store" else of_layer
        with struck(of_layer, lambda: strike(server), "PUBLISH"):
            status, (line,) = await asyncio.to_thread(audit, site, "--timeout", "0.5")
    assert status == 2
    assert line.startswith(f"CommandError: Nothing could be compared: {said}")
