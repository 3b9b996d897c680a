"""Nothing stays in Redis of boards that people have left."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from redis import Redis

from tests.support.fixtures import make_boards
from tests.support.redis import RedisServer
from tests.support.server import Server, serve
from tests.support.waiting import eventually
from tests.support.wire import Clients

BOARDS = [str(uuid4()) for _ in range(2000)]
AT_A_TIME = 20
EXPIRED = 20.0
"""Seconds after which every key is gone: lease, grace, rests and spare are 7 together, and some
begin anew when a process renews."""


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The site with a store that soon forgets."""
    make_boards(environment, BOARDS)
    quick = {"DJANGO_SETTINGS_MODULE": "tests.system.sites.quick", "REDIS_URL": redis.url}
    application = "tests.system.sites.forgetful:application"
    folder = tmp_path_factory.mktemp("daphne")
    with serve(folder, {**environment, **quick}, application) as running:
        yield running


def lasting(client: Redis) -> list[bytes]:
    """Return the keys that would never expire; those that are gone by now have TTL -2."""
    return [key for key in client.scan_iter(count=1000) if client.ttl(key) == -1]  # type: ignore[misc]


def of_boards(client: Redis) -> list[bytes]:
    """Return the keys of who is where: not those of what was, which are kept for a day and for
    thirty."""
    kept = (b":minutes:", b":hours:", b":{history}:", b":{figures}:")
    return [key for key in client.scan_iter(count=1000) if not any(part in key for part in kept)]  # type: ignore[misc]


async def visit(clients: Clients, boards: Iterator[str]) -> int:
    """Go on one board after the other, and leave each again: one in three by a broken socket."""
    visits = 0
    for board in boards:
        client = await clients.join(board=board)
        await (client.snap() if visits % 3 == 0 else client.close())
        visits += 1
    return visits


async def test_two_thousand_boards_leave_no_key(server: Server, redis: RedisServer) -> None:
    clients, boards = Clients(server), iter(BOARDS)
    visits = await asyncio.gather(*(visit(clients, boards) for _ in range(AT_A_TIME)))
    assert sum(visits) == len(BOARDS)
    with redis.client() as client:
        assert client.dbsize() > 100, "what is to expire is there"
        assert lasting(client) == []
        # Not in a thread: nobody is here any more, so nothing else is to be done meanwhile.
        eventually(lambda: not of_boards(client), lambda: f"left: {of_boards(client)[:9]}", EXPIRED)
    assert server.process.poll() is None
