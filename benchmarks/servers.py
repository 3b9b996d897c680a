"""The servers that are measured, and how each is started."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from benchmarks.client import ROOT, Room, build
from tests.support.nginx import run_nginx
from tests.support.redis import RedisServer, run_redis
from tests.support.server import free_port, manage, site_environment
from tests.support.waiting import eventually

BOARDS = 5000
"""Boards in the database: as many as the most rooms of a workload."""

PEERS = ROOT / "benchmarks" / "peers"

PREPARE = f"""
from uuid import UUID
from django.core.management import call_command
from presence_site.models import Board
call_command("migrate", verbosity=0)
Board.objects.bulk_create(
    Board(id=UUID(int=n), title="Test", open_to_guests=True) for n in range(1, {BOARDS} + 1)
)
"""


@dataclass(frozen=True)
class Server:
    """A running server, at each of its `ports`: its own processes, and those that help it, which
    are Redis and nginx."""

    ports: Sequence[int]
    pids: Sequence[int]
    helpers: Sequence[int]
    redis: RedisServer | None


@dataclass(frozen=True)
class Kind:
    """A server under test. `speech` is what its clients speak (load.c), `path` where a room is.

    `command` takes a port. `django` says that it is this site, `fast` is its FAST_PATH. It runs in
    so many `processes`, each with its share of the rooms; with `nginx` before them, which then
    finds a board's process by the board's URL.
    """

    title: str
    speech: str
    path: str
    command: Callable[[int], list[str]]
    django: bool = False
    fast: bool = True
    redis: bool = False
    processes: int = 1
    nginx: bool = False

    def rooms(self, ports: Sequence[int], count: int) -> list[Room]:
        """Return so many rooms, spread over the ports."""
        names = [str(UUID(int=n)) for n in range(1, count + 1)]
        return [
            Room(ports[n % len(ports)], self.path.format(name), name)
            for n, name in enumerate(names)
        ]

    @contextmanager
    def run(self, folder: Path) -> Iterator[Server]:
        """Run it until the block ends; it listens when the block begins."""
        with ExitStack() as stack:
            environment, helpers, redis = dict(os.environ), [], None
            if self.django:
                environment = site(folder, BENCH_FAST_PATH=str(int(self.fast)))
            if self.redis:
                redis = stack.enter_context(run_redis(folder))
                environment["REDIS_URL"] = redis.url
                helpers.append(redis.pid)
            started = [
                stack.enter_context(start(self.command, environment, folder))
                for _ in range(self.processes)
            ]
            ports, pids = [port for port, _ in started], [pid for _, pid in started]
            if self.nginx:
                front = stack.enter_context(run_nginx(folder, "nginx.conf", ports))
                helpers.append(front.process.pid)
                ports = [front.port]
            yield Server(ports, pids, helpers, redis)


@contextmanager
def start(
    command: Callable[[int], list[str]], environment: Mapping[str, str], folder: Path
) -> Iterator[tuple[int, int]]:
    """Run a server until the block ends: (port, process id). It listens when the block begins."""
    port = free_port()
    log = folder / f"server-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command(port),
            cwd=ROOT,
            env={**environment, "PORT": str(port), "HOST": "127.0.0.1"},
            stdout=out,
            stderr=out,
        )

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(listens, log.read_text, 30)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def site(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of the example site as it is measured, with its database."""
    production = {
        "DEBUG": "0",
        "SECRET_KEY": "a-key-for-measurements-only-that-guards-nothing",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATABASE_URL": f"sqlite:///{database()}",
        "BENCH_FAST_PATH": "1",
    }
    return site_environment(folder, **(production | more))


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="presence-bench-")


@cache
def database() -> Path:
    """Return the database of this run, which has the boards."""
    path = Path(_folder().name) / "db.sqlite3"
    manage(
        site_environment(path.parent, DATABASE_URL=f"sqlite:///{path}"),
        *("shell", "--no-imports", "-c", PREPARE),
    )
    return path


def daphne(application: str, port: int) -> list[str]:
    """Return how to run an application on Daphne, as the README says."""
    return [*_python("daphne"), "--bind", "127.0.0.1", "--port", str(port), application]


def uvicorn(application: str, port: int) -> list[str]:
    """Return how to run an application on uvicorn, with uvloop and httptools as it advises."""
    return [*_python("uvicorn"), "--host", "127.0.0.1", "--port", str(port), application]


def go(port: int, *words: str) -> list[str]:
    """Return how to run our own relay in Go."""
    return [str(build("peers/relay.go", "go", "build", "-o")), str(port), *words]


def node(script: str, port: int) -> list[str]:
    """Return how to run a peer on Node, whose packages are installed if they are not yet."""
    if not (PEERS / "node_modules").exists():
        install = ("npm", "ci", "--no-audit", "--no-fund", "--silent")
        subprocess.run([*install, "--prefix", str(PEERS)], check=True)
    return ["node", str(PEERS / script), str(port)]


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


_SITE = "presence_site.asgi:application"
_BOARD = "/ws/presence/{}/"
_ours = partial(Kind, speech="presence", path=_BOARD, django=True)

KINDS: dict[str, Kind] = {
    "daphne": _ours("presence, Daphne", command=partial(daphne, _SITE)),
    "daphne-ordinary": _ours(
        "presence, Daphne, FAST_PATH off", command=partial(daphne, _SITE), fast=False
    ),
    "daphne-redis": _ours("presence, Daphne, Redis", command=partial(daphne, _SITE), redis=True),
    "daphne-ordinary-redis": _ours(
        "presence, Daphne, FAST_PATH off, Redis",
        command=partial(daphne, _SITE),
        fast=False,
        redis=True,
    ),
    "uvicorn": _ours("presence, uvicorn", command=partial(uvicorn, _SITE)),
    "uvicorn-redis": _ours("presence, uvicorn, Redis", command=partial(uvicorn, _SITE), redis=True),
    "two": _ours(
        "presence, 2 Daphnes, Redis", command=partial(daphne, _SITE), redis=True, processes=2
    ),
    "two-nginx": _ours(
        "presence, 2 Daphnes, Redis, nginx",
        command=partial(daphne, _SITE),
        redis=True,
        processes=2,
        nginx=True,
    ),
    "go": Kind("Go relay", "raw", "/{}", go),
    "go-direct": Kind("Go relay, direct", "raw", "/{}", lambda port: go(port, "direct")),
    "ws": Kind("Node ws", "raw", "/{}", partial(node, "ws.js")),
    "socketio": Kind(
        "Socket.IO",
        "socketio",
        "/socket.io/?EIO=4&transport=websocket&room={}",
        partial(node, "socketio.js"),
    ),
    "y-websocket": Kind(
        "y-websocket",
        "y",
        "/{}",
        partial(node, "node_modules/@y/websocket-server/src/server.js"),
    ),
    "hocuspocus": Kind("Hocuspocus", "hocuspocus", "/", partial(node, "hocuspocus.js")),
    "channels-json": Kind(
        "Channels + JSON",
        "json",
        _BOARD,
        partial(daphne, "benchmarks.plain:application"),
        django=True,
    ),
}
"""By the names that `--server` takes."""
