"""A real nginx with the files of deploy/: all of a board, or all of a visitor, in one process."""

import re
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import UUID

import pytest

from presence.protocol.session import SILENCE
from presence.store.redis.store import RedisStore
from tests.support.clients import Client, Clients, cursor
from tests.support.cluster import Cluster
from tests.support.nginx import run_nginx
from tests.support.pages import serve_answers
from tests.support.server import ROOT, Server
from tests.support.waiting import DEADLINE
from tests.system.crowd import agreed

FILES = ("nginx.conf", "nginx-ip-hash.conf")
ADDRESSES = [f"127.0.{part}.{last}" for part in range(4) for last in (1, 2)]
"""Addresses of visitors; ip_hash looks at the first three parts only."""


@pytest.fixture(scope="module")
def size() -> int:
    return 2


@pytest.fixture
def front(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    """Nginx before both processes."""
    with run_nginx(tmp_path, request.param, [server.port for server in cluster.servers]) as server:
        yield server


@pytest.fixture
async def visitors(front: Server, board: str) -> AsyncIterator[Clients]:
    """Opens sockets through nginx that are closed when the test ends."""
    opened = Clients(front, board)
    yield opened
    await opened.close()


async def hear_each_other(clients: list[Client]) -> None:
    """All are counted, and a cursor of the first reaches all others."""
    for client in clients:
        await client.until(lambda client=client: client.count == len(clients), "everybody counted")
    await clients[0].send(cursor(1234, 4321))
    for client in clients[1:]:
        await client.until(lambda client=client: client.positions(clients[0].user), "the cursor")


@pytest.mark.parametrize("front", ["nginx.conf"], indirect=True)
@pytest.mark.parametrize("boards", [12], indirect=True)
async def test_a_board_lives_in_one_process(
    visitors: Clients, store: RedisStore, boards: list[str]
) -> None:
    used = set()
    # Each further board halves the chance that one process has all of them.
    for board in boards:
        await hear_each_other(
            [
                await visitors.join(f"P{n}", board=board, local_addr=(ADDRESSES[n], 0))
                for n in range(4)
            ]
        )
        (process,) = (await store.snapshot(UUID(board))).processes
        used.add(process)
    assert len(used) == 2


@pytest.mark.parametrize("front", ["nginx-ip-hash.conf"], indirect=True)
async def test_a_visitor_lives_in_one_process(
    visitors: Clients, store: RedisStore, board: str
) -> None:
    people = [
        await visitors.join(f"{turn} of {address}", local_addr=(address, 0))
        for turn in range(2)
        for address in ADDRESSES
    ]
    await hear_each_other(people)
    snapshot = await store.snapshot(UUID(board))
    assert len(snapshot.processes) == 2
    homes = {(member.name.split(" of ")[1], member.process) for member in snapshot.members}
    assert sorted(address for address, _ in homes) == ADDRESSES, "each in one process"


@pytest.mark.parametrize("front", ["nginx.conf"], indirect=True)
async def test_a_board_moves_when_its_process_dies(
    cluster: Cluster, store: RedisStore, board: str, visitors: Clients
) -> None:
    ada = await visitors.join("Ada")
    (home,) = (await store.snapshot(UUID(board))).processes
    number = [server.process.pid for server in cluster.servers].index(int(home.split(":")[1]))
    cluster.kill(number)
    assert await ada.closed() == 1006
    again = await visitors.join("Ada")

    async def complaint() -> str:
        processes = (await store.snapshot(UUID(board))).processes
        settled = len(processes) == 1 and home not in processes and again.count == 1
        return "" if settled else f"{processes}, {again.count} counted"

    await agreed(complaint)


@pytest.mark.parametrize("front", ["nginx.conf"], indirect=True)
def test_pages_and_static_files_come_through_and_metrics_do_not(front: Server) -> None:
    with urlopen(front.page(), timeout=DEADLINE) as answer:
        source = re.search(
            r'<script type="module" src="([^"]*overlay[^"]*)"', answer.read().decode()
        )
    assert source
    with urlopen(front.origin + source[1], timeout=DEADLINE) as answer:
        assert answer.read() == (ROOT / "presence/static/presence/overlay.js").read_bytes()
    for path in ("/metrics", "//metrics", "/%6detrics", "/x/../metrics"):
        with pytest.raises(HTTPError) as refused:
            urlopen(front.origin + path, timeout=DEADLINE)
        with refused.value as answer:
            assert answer.code == 404


def headers_behind(front: Server, path: str, **said: str) -> dict[str, str]:
    """Return the headers with which a request from 127.0.0.2 arrives, named in lower case."""
    connection = HTTPConnection(
        "127.0.0.1", front.port, timeout=10, source_address=("127.0.0.2", 0)
    )
    try:
        connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in said.items()})
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    pairs = (line.split(": ", 1) for line in lines if line)
    return {name.lower(): value for name, value in pairs}


def test_the_headers_that_reach_the_site(tmp_path: Path) -> None:
    def echo(request: BaseHTTPRequestHandler) -> tuple[int, str, str]:
        return 200, "text/plain", str(request.headers)

    with serve_answers(echo) as port, run_nginx(tmp_path, FILES[0], [port]) as front:
        for path in ("/boards/", "/ws/presence/00000000-0000-4000-8000-000000000001/"):
            plain = headers_behind(front, path)
            lied = headers_behind(front, path, X_Forwarded_For="6.6.6.6", X_Forwarded_Proto="https")
            upgrade = headers_behind(front, path, Upgrade="websocket", Connection="Upgrade")
            for told in (plain, lied, upgrade):
                assert told["x-forwarded-for"] == "127.0.0.2"
                assert told["x-forwarded-proto"] == "http"
                assert told["host"] == f"127.0.0.1:{front.port}"
            assert "upgrade" not in plain
            assert (upgrade["upgrade"], upgrade["connection"]) == ("websocket", "upgrade")


def directives(name: str) -> list[str]:
    lines = (ROOT / "deploy" / name).read_text().splitlines()
    return [line.strip() for line in lines if line.strip()[:1] != "#"]


def test_the_files_differ_in_how_sockets_are_routed_only() -> None:
    first, second = map(directives, FILES)
    assert [line for line in first if line not in second] == ["hash $uri consistent;"]
    assert [line for line in second if line not in first] == ["ip_hash;"]


def test_nginx_waits_longer_than_presence_for_a_silent_socket() -> None:
    sockets = "\n".join(directives(FILES[0])).partition("location /ws/presence/ {")[2]
    sockets = sockets.partition("}")[0]
    for direction in ("read", "send"):
        found = re.search(rf"proxy_{direction}_timeout (\d+)s;", sockets)
        assert found
        assert int(found[1]) > SILENCE
    assert "proxy_buffering off;" in sockets
