"""Behind a real nginx, on the files of deploy/: a board in one process, or a visitor in one."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import UUID

import pytest
from websockets.asyncio.client import connect

from presence.protocol.messages import SUBPROTOCOL, Dialect
from presence.protocol.session import SILENCE
from presence.store.redis.store import RedisStore
from tests.support.cluster import Cluster, run_cluster
from tests.support.nginx import run_nginx
from tests.support.redis import RedisServer
from tests.support.server import ROOT, Server, free_port
from tests.support.wire import Client, cursor
from tests.system.people import agreed

FILES = ("nginx.conf", "nginx-ip-hash.conf")
ADDRESSES = [f"127.0.{part}.{last}" for part in range(4) for last in (1, 2)]
"""Visitors' own: ip_hash takes those for one whose first three parts are the same."""


@pytest.fixture(scope="module")
def processes(
    environment: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Two processes."""
    with run_cluster(tmp_path_factory.mktemp("cluster"), environment, redis.url, 2) as running:
        yield running


@pytest.fixture
def front(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    """Nginx before both processes."""
    with run_nginx(tmp_path, request.param, [server.port for server in cluster.servers]) as server:
        yield server


@pytest.fixture
async def visitors() -> AsyncIterator[list[Client]]:
    """Clients that are closed when the test ends."""
    clients: list[Client] = []
    yield clients
    await asyncio.gather(*(client.close() for client in clients))


async def visit(front: Server, board: str, name: str, address: str = "127.0.0.1") -> Client:
    """Join a board through nginx, from an address."""
    socket = await connect(
        front.socket_url(board),
        origin=front.origin,  # type: ignore[arg-type]
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        compression=None,
        ping_interval=None,
        local_addr=(address, 0),
    )
    return await Client(socket, Dialect.COMPACT).join(name)


async def all_counted(clients: list[Client]) -> None:
    for client in clients:
        await client.until(lambda client=client: client.count == len(clients), "everybody counted")


async def hear_each_other(clients: list[Client]) -> None:
    """A cursor of the first reaches all others."""
    frame = cursor(1234, 4321)
    await clients[0].send(frame)
    told = bytes([2, clients[0].user]) + frame[1:]
    for client in clients[1:]:
        await client.until(lambda client=client: told in client.cursors, "the cursor")


@pytest.mark.parametrize("front", ["nginx.conf"], indirect=True)
@pytest.mark.parametrize("boards", [20], indirect=True)
async def test_a_board_lives_in_one_process(
    front: Server, store: RedisStore, boards: list[str], visitors: list[Client]
) -> None:
    used = set()
    # With each further board it is half as likely that all of them are in one and the same.
    for board in boards:
        people = [await visit(front, board, f"P{n}", ADDRESSES[n]) for n in range(4)]
        visitors += people
        await all_counted(people)
        await hear_each_other(people)
        (process,) = (await store.snapshot(UUID(board))).processes
        used.add(process)
    assert len(used) == 2


@pytest.mark.parametrize("front", ["nginx-ip-hash.conf"], indirect=True)
async def test_a_visitor_lives_in_one_process(
    front: Server, store: RedisStore, board: str, visitors: list[Client]
) -> None:
    homes: dict[str, set[str]] = {}
    visitors += [
        await visit(front, board, f"{turn} of {address}", address)
        for turn in range(2)
        for address in ADDRESSES
    ]
    await all_counted(visitors)
    await hear_each_other(visitors)
    snapshot = await store.snapshot(UUID(board))
    assert len(snapshot.processes) == 2
    for member in snapshot.members:
        homes.setdefault(member.name.split(" of ")[1], set()).add(member.process)
    assert {len(processes) for processes in homes.values()} == {1}
    assert sorted(homes) == ADDRESSES


@pytest.mark.parametrize("front", FILES, indirect=True)
def test_pages_and_static_files_come_through(front: Server) -> None:
    with urlopen(front.page(), timeout=10) as answer:
        page = answer.read().decode()
    assert "<presence-overlay" in page
    source = re.search(r'<script type="module" src="([^"]*overlay[^"]*)"', page)
    assert source
    with urlopen(front.origin + source[1], timeout=10) as answer:
        assert answer.read() == (ROOT / "presence/static/presence/overlay.js").read_bytes()


@pytest.mark.parametrize("front", ["nginx.conf"], indirect=True)
@pytest.mark.parametrize("path", ["/metrics", "//metrics", "/%6detrics", "/x/../metrics"])
def test_metrics_do_not_come_through(front: Server, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(front.origin + path, timeout=10)
    with refused.value as answer:
        assert answer.code == 404


@pytest.mark.parametrize("front", ["nginx.conf"], indirect=True)
async def test_a_board_moves_when_its_process_dies(
    front: Server, cluster: Cluster, store: RedisStore, board: str, visitors: list[Client]
) -> None:
    visitors.append(await visit(front, board, "Ada"))
    (home,) = (await store.snapshot(UUID(board))).processes
    number = [server.process.pid for server in cluster.servers].index(int(home.split(":")[1]))
    cluster.kill(number)
    assert await visitors[0].closed() == 1006
    again = await visit(front, board, "Ada")
    visitors.append(again)

    async def complaint() -> str:
        processes = (await store.snapshot(UUID(board))).processes
        settled = len(processes) == 1 and home not in processes and again.count == 1
        return "" if settled else f"{processes}, {again.count} counted"

    await agreed(complaint)


class Echo(BaseHTTPRequestHandler):
    """Answers with the request's own headers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def echoing(port: int) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", port), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


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


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("path", ["/boards/", "/ws/presence/00000000-0000-4000-8000-000000000001/"])
def test_what_the_site_is_told_of_a_visitor(name: str, path: str, tmp_path: Path) -> None:
    port = free_port()
    with echoing(port), run_nginx(tmp_path, name, [port]) as front:
        plain = headers_behind(front, path)
        lied = headers_behind(front, path, X_Forwarded_For="6.6.6.6", X_Forwarded_Proto="https")
        upgrade = headers_behind(front, path, Upgrade="websocket", Connection="Upgrade")
    for told in (plain, lied, upgrade):
        assert told["x-forwarded-for"] == "127.0.0.2"
        assert told["x-forwarded-proto"] == "http"
        assert told["host"] == f"127.0.0.1:{front.port}"
    assert "upgrade" not in plain
    assert (upgrade["upgrade"], upgrade["connection"]) == ("websocket", "upgrade")


def sockets_location(name: str) -> str:
    found = re.search(
        r"location /ws/presence/ \{(.*?)\}", (ROOT / "deploy" / name).read_text(), re.S
    )
    assert found
    return found[1]


@pytest.mark.parametrize("name", FILES)
def test_presence_decides_when_a_socket_was_silent_for_too_long(name: str) -> None:
    for direction in ("read", "send"):
        found = re.search(rf"proxy_{direction}_timeout (\d+)s;", sockets_location(name))
        assert found
        assert int(found[1]) > SILENCE
    assert "proxy_buffering off;" in sockets_location(name)


def test_the_files_differ_in_how_sockets_are_routed_only() -> None:
    first, second = (
        [
            line
            for line in (ROOT / "deploy" / name).read_text().splitlines()
            if line.strip()[:1] != "#"
        ]
        for name in FILES
    )
    assert [line.strip() for line in first if line not in second] == ["hash $uri consistent;"]
    assert [line.strip() for line in second if line not in first] == ["ip_hash;"]
