"""What a socket leaves in the memory of its process."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from itertools import product

import pytest

from presence.protocol.messages import Dialect
from tests.support.clients import Client, Clients, cursor
from tests.support.insides import WATCHED, objects
from tests.support.server import Server, serve
from tests.support.waiting import eventually
from tests.system.paths import BOTH_PATHS

pytestmark = BOTH_PATHS

SOCKETS = 30
"""Sockets that end in the same way: so few that no garbage collection comes between."""

OF_SOCKETS = (
    "presence.asgi.", "presence.consumers.", "presence.protocol.", "presence.server.",
    "daphne.ws_protocol.", "autobahn.", "twisted.web.http.HTTPChannel",
)  # fmt: skip
"""Beginnings of the names of types of which a closed socket leaves no object."""

End = Callable[[Client], Awaitable[None]]

ENDS: tuple[End, ...] = (Client.leave, Client.close, Client.snap)


@pytest.fixture(scope="module")
def server(site: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne that tells what is inside."""
    with serve(tmp_path_factory.mktemp("daphne"), site, WATCHED) as running:
        yield running


def of_sockets(server: Server, *, collect: bool = False) -> Counter[str]:
    found = objects(server, collect=collect)
    return Counter({name: n for name, n in found.items() if name.startswith(OF_SOCKETS)})


def left(server: Server, before: Counter[str]) -> dict[str, int]:
    """Return of which types there is an object more for each socket."""
    return {name: n for name, n in (of_sockets(server) - before).items() if n >= SOCKETS}


async def test_closed_sockets_are_freed_at_once(clients: Clients, server: Server) -> None:
    """Not only by a full garbage collection, which comes after thousands of them."""

    async def come_and_go(end: End, dialect: Dialect) -> None:
        client = await clients.join(dialect=dialect)
        await client.send(cursor(1, 1))
        await end(client)
        await client.closed()

    await come_and_go(Client.leave, Dialect.COMPACT)
    before = of_sockets(server, collect=True)
    for end, dialect in product(ENDS, Dialect):
        await asyncio.gather(*(come_and_go(end, dialect) for _ in range(SOCKETS)))
    eventually(lambda: not left(server, before), lambda: f"nothing is left: {left(server, before)}")
