"""Real proxies with the files of deploy/: TLS, static files, and all of a board in one process."""

import asyncio
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from presence.protocol.session import SILENCE
from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.support.accounts import guest_cookie
from tests.support.certificates import self_signed
from tests.support.clients import Client, Clients, cursor
from tests.support.cluster import Cluster
from tests.support.fronts import BY_VISITOR, run_front
from tests.support.nginx import system_program
from tests.support.pages import serve_answers
from tests.support.redis import RedisServer
from tests.support.server import ROOT, Server, free_port, manage, with_settings
from tests.support.waiting import DEADLINE, eventually

FILES = tuple(BY_VISITOR)
EACH = pytest.mark.parametrize("name", FILES)
ADDRESSES = [f"127.0.{part}.{last}" for part in range(8) for last in (1, 2)]
"""Addresses of visitors; ip_hash of nginx looks at the first three parts only."""

Front = tuple[Server, int]
"""A proxy, and its port without TLS."""


@pytest.fixture(scope="module")
def size() -> int:
    return 2


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which STATIC_ROOT is."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def site(environment: dict[str, str], static: Path) -> dict[str, str]:
    """The site as in production, with its static files collected."""
    production = {
        "DEBUG": "0",
        # With which this process signs cookies, too.
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1,example.org",
        "BEHIND_HTTPS": "1",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    site = with_settings(
        {**environment, **production},
        STATIC_ROOT=str(static / "static"),
        PRESENCE={"LOG_NAMES": True},
    )
    manage(site, "collectstatic", "--no-input")
    return site


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file with the key and the certificate of the proxies, which everything here trusts."""
    file = self_signed(tmp_path_factory.mktemp("tls"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield file


@pytest.fixture(scope="module")
def fronts(
    processes: Cluster, static: Path, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Front]]:
    """All proxies, by their files, before both processes."""
    ports = [server.port for server in processes.servers]
    with ExitStack() as running:
        started = {}
        for name in FILES:
            folder = tmp_path_factory.mktemp("front")
            (folder / "static").symlink_to(static / "static")
            front = run_front(folder, name, ports, certificate)
            started[name] = running.enter_context(front)
        yield started


@pytest.fixture
async def store(redis: RedisServer) -> AsyncIterator[RedisStore]:
    """The store of the processes."""
    reading = RedisStore(redis.url, Timing())
    yield reading
    await reading.close()


@pytest.fixture
async def opened() -> AsyncIterator[list[Clients]]:
    """What opened sockets; they are closed when the test ends."""
    opened: list[Clients] = []
    yield opened
    for each in opened:
        await each.close()


async def hear_each_other(clients: list[Client]) -> None:
    """All are counted, and a cursor of the first reaches all others."""
    for client in clients:
        await client.until(lambda client=client: client.count == len(clients), "everybody counted")
    await clients[0].send(cursor(1234, 4321))
    for client in clients[1:]:
        await client.until(lambda client=client: client.positions(clients[0].user), "the cursor")


@EACH
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("boards", [14], indirect=True)
async def test_a_board_lives_in_one_process(
    name: str,
    fronts: dict[str, Front],
    opened: list[Clients],
    store: RedisStore,
    boards: list[str],
) -> None:
    visitors = Clients(fronts[name][0])
    opened.append(visitors)
    used = set()
    # Each further board halves the chance that one process has all of them.
    for board in boards:
        await hear_each_other(
            [
                await visitors.join(f"P{n}", board=board, local_addr=(ADDRESSES[n], 0))
                for n in range(3)
            ]
        )
        (process,) = (await store.snapshot(UUID(board))).processes
        used.add(process)
    assert len(used) == 2


@EACH
async def test_or_a_visitor_lives_in_one_process(
    name: str,
    cluster: Cluster,
    certificate: Path,
    opened: list[Clients],
    store: RedisStore,
    board: str,
    tmp_path: Path,
) -> None:
    ports = [server.port for server in cluster.servers]
    with run_front(tmp_path, name, ports, certificate, by_visitor=True) as (front, _):
        visitors = Clients(front, board)
        opened.append(visitors)
        people = [
            await visitors.join(f"{turn} of {address}", local_addr=(address, 0))
            for turn in range(2)
            for address in ADDRESSES
        ]
        await hear_each_other(people)
        snapshot = await store.snapshot(UUID(board))
        assert len(snapshot.processes) == 2
        homes = {(member.name.split(" of ")[1], member.process) for member in snapshot.members}
        assert sorted(address for address, _ in homes) == sorted(ADDRESSES), "each in one process"
        await visitors.close()


async def home(store: RedisStore, board: str) -> int:
    """Return the process id of the one process that a board is in."""
    members = (await store.snapshot(UUID(board))).members
    (process,) = {member.process for member in members}
    return int(process.split(":")[1])


async def on_process(pid: int, visitors: Clients, store: RedisStore, boards: list[str]) -> Client:
    """Return somebody on one of the boards that a proxy has in a process."""
    for board in boards:
        person = await visitors.join("Ada", board=board, cookies=guest_cookie())
        if await home(store, board) == pid:
            return person
    raise AssertionError(f"none of {len(boards)} boards is in process {pid}")


@pytest.mark.parametrize("boards", [36], indirect=True)
async def test_people_keep_their_place_when_a_process_ends(
    cluster: Cluster,
    fronts: dict[str, Front],
    opened: list[Clients],
    store: RedisStore,
    boards: list[str],
) -> None:
    ending, other = (server.process.pid for server in cluster.servers)
    people = {}
    # Each proxy has boards of its own, since another may have the same board in the other process.
    for number, (front, _) in enumerate(fronts.values()):
        visitors = Clients(front)
        opened.append(visitors)
        people[visitors] = await on_process(ending, visitors, store, boards[number :: len(fronts)])
    cluster.terminate(0)
    for visitors, ada in people.items():
        assert await ada.closed() == 1012
        again = await visitors.join("Ada", board=ada.board, cookies=ada.cookies)
        assert again.user == ada.user
        assert await home(store, ada.board) == other


@EACH
@pytest.mark.usefixtures("cluster")
async def test_presence_knows_the_visitors_address(
    name: str, cluster: Cluster, fronts: dict[str, Front], opened: list[Clients]
) -> None:
    front, _ = fronts[name]
    visitors = Clients(front, board := str(uuid4()))
    opened.append(visitors)
    stranger = await visitors.connect(local_addr=("127.0.0.2", 0))
    assert await stranger.closed() == 4404
    told = re.compile(f'refusal.*{board}.* address="127.0.0.2"')
    await asyncio.to_thread(eventually, lambda: cluster.matching(told), "it is logged")


@EACH
@pytest.mark.usefixtures("cluster")
def test_pages_and_static_files_come_and_what_is_for_operators_does_not(
    name: str, fronts: dict[str, Front]
) -> None:
    front, http = fronts[name]
    with urlopen(front.page(), timeout=DEADLINE) as answer:
        page = answer.read().decode()
        assert "secure" in answer.headers["Set-Cookie"].lower()
    found = re.search(r'<script type="module" src="([^"]*overlay\.[0-9a-f]{12}\.js)"', page)
    assert found
    with urlopen(front.origin + found[1], timeout=DEADLINE) as answer:
        assert "javascript" in answer.headers["Content-Type"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert re.search(r"max-age=\d{8,}.*immutable", answer.headers["Cache-Control"])
        assert b"presence-overlay" in answer.read()
    with urlopen(f"{front.origin}/static/presence/overlay.js", timeout=DEADLINE) as answer:
        assert "immutable" not in answer.headers["Cache-Control"]
    for path in ("/metrics", "//metrics", "/%6detrics", "/x/../metrics", "/healthz", "/healthz?x"):
        with pytest.raises(HTTPError) as refused:
            urlopen(front.origin + path, timeout=DEADLINE)
        with refused.value as error:
            assert error.code == 404, path
    with closing(HTTPConnection("127.0.0.1", http, timeout=DEADLINE)) as connection:
        connection.request("GET", "/boards/?q=1", headers={"Host": "127.0.0.1"})
        with connection.getresponse() as moved:
            assert moved.status == 308
            place = moved.headers["Location"]
    assert re.fullmatch(r"https://127\.0\.0\.1(:\d+)?/boards/\?q=1", place)


@EACH
def test_old_protocols_are_refused(name: str, certificate: Path, tmp_path: Path) -> None:
    old = ssl.create_default_context(cafile=certificate)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with run_front(tmp_path, name, [free_port(), free_port()], certificate) as (front, _):
        connection = socket.create_connection(("127.0.0.1", front.port), timeout=DEADLINE)
        wrapped = old.wrap_socket(
            connection, server_hostname="127.0.0.1", do_handshake_on_connect=False
        )
        with wrapped, pytest.raises(ssl.SSLError, match="protocol version"):
            wrapped.do_handshake()


def headers_behind(front: Server, path: str, **said: str) -> dict[str, str]:
    """Return the headers with which a request from 127.0.0.2 arrives, named in lower case."""
    connection = HTTPSConnection(
        "127.0.0.1", front.port, timeout=DEADLINE, source_address=("127.0.0.2", 0)
    )
    with closing(connection):
        connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in said.items()})
        lines = connection.getresponse().read().decode().splitlines()
    pairs = (line.split(": ", 1) for line in lines if line)
    return {name.lower(): value for name, value in pairs}


@pytest.mark.parametrize("name", ["nginx.conf", "haproxy.cfg"])
def test_the_proxy_warns_of_nothing(name: str, certificate: Path, tmp_path: Path) -> None:
    with run_front(tmp_path, name, [free_port(), free_port()], certificate) as (front, _):
        assert not re.search(r"\[warn\]|\[WARNING\].*config", front.logged()), front.logged()


def test_the_file_of_caddy_has_its_style() -> None:
    file = ROOT / "deploy/Caddyfile"
    command = [system_program("caddy"), "fmt", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == file.read_text()


@EACH
def test_the_headers_that_reach_the_site(name: str, certificate: Path, tmp_path: Path) -> None:
    def echo(request: BaseHTTPRequestHandler) -> tuple[int, str, str]:
        return 200, "text/plain", str(request.headers)

    with (
        serve_answers(echo) as port,
        run_front(tmp_path, name, [port, port], certificate) as (front, _),
    ):
        for path in ("/boards/", "/ws/presence/00000000-0000-4000-8000-000000000001/"):
            plain = headers_behind(front, path)
            lied = headers_behind(front, path, X_Forwarded_For="6.6.6.6", X_Forwarded_Proto="http")
            upgrade = headers_behind(
                front,
                path,
                Upgrade="websocket",
                Connection="Upgrade",
                Sec_WebSocket_Key="x" * 22 + "==",
                Sec_WebSocket_Version="13",
            )
            for told in (plain, lied, upgrade):
                assert told["x-forwarded-for"] == "127.0.0.2"
                assert told["x-forwarded-proto"] == "https"
                assert told["host"] == f"127.0.0.1:{front.port}"
            assert "upgrade" not in plain
            assert upgrade["upgrade"] == "websocket"
            assert upgrade["connection"].lower() == "upgrade"


WAITS = {
    "nginx.conf": r"proxy_(?:read|send)_timeout (\d+)s;",
    "haproxy.cfg": r"timeout tunnel (\d+)s",
}
"""How long a proxy waits for a silent socket. Caddy waits for ever."""


@pytest.mark.parametrize("name", WAITS)
def test_proxies_wait_longer_than_presence_for_a_silent_socket(name: str) -> None:
    found = re.findall(WAITS[name], (ROOT / "deploy" / name).read_text())
    assert found
    assert all(int(seconds) > SILENCE for seconds in found)
