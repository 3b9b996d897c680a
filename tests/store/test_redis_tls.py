"""TLS with a CA of the site's own: one server, a server behind Sentinel, and a Cluster."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from presence.cluster.hosts import layer_hosts
from presence.cluster.requests import check_layer
from presence.store.base import Timing
from presence.store.redis.store import RedisStore
from tests.store.test_redis_offline import refused
from tests.support.certificates import self_signed
from tests.support.redis import SERVICE, SentinelServer, run_cluster, run_redis
from tests.support.server import free_port

pytestmark = pytest.mark.redis


class Fronts:
    """Ports that take TLS for servers that know none, and pass on what comes without it: so
    Sentinels can watch the port that clients use."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, port: int, behind: int) -> None:
        """Listen on a port, for a server on another."""
        listener = socket.create_server(("127.0.0.1", port))
        listener.setblocking(False)
        self._run(self._accept(listener, behind))

    async def close(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.get_running_loop().create_task(work))

    async def _accept(self, listener: socket.socket, behind: int) -> None:
        with listener:
            while True:
                accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
                self._run(self._serve(accepted, behind))

    async def _serve(self, accepted: socket.socket, behind: int) -> None:
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(accepted, readable.set)
        await readable.wait()
        loop.remove_reader(accepted)
        handshake = accepted.recv(1, socket.MSG_PEEK) == b"\x16"
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        secure = self._context if handshake else None
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted, ssl=secure)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        answers, asks = await asyncio.open_connection("127.0.0.1", behind)
        try:
            await asyncio.wait(
                [loop.create_task(_pass_on(*way)) for way in ((reader, asks), (answers, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for each in (writer, asks):
                each.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@pytest.fixture
async def fronts(tmp_path: Path) -> AsyncIterator[Fronts]:
    """Fronts with a certificate that only server.pem vouches for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed(tmp_path))
    opened = Fronts(context)
    yield opened
    await opened.close()


@contextmanager
def one_server(folder: Path, fronts: Fronts) -> Iterator[str]:
    """Run a server; yield its URL."""
    port = free_port()
    with run_redis(folder) as server:
        fronts.add(port, server.port)
        yield f"rediss://127.0.0.1:{port}/0?"


@contextmanager
def cluster(folder: Path, fronts: Fronts) -> Iterator[str]:
    """Run a Cluster of one node, which tells clients the port for TLS."""
    port = free_port()
    with run_cluster(folder, 1, "--cluster-announce-port", str(port)) as (node,):
        fronts.add(port, node.port)
        yield f"rediss+cluster://127.0.0.1:{port}?"


@contextmanager
def sentinel(folder: Path, fronts: Fronts) -> Iterator[str]:
    """Run a master and a Sentinel that watches the port for TLS."""
    port, asked = free_port(), free_port()
    with run_redis(folder) as master:
        fronts.add(port, master.port)
        watching = SentinelServer(folder)
        try:
            watching.watch(port, quorum=1)
            fronts.add(asked, watching.port)
            yield f"rediss+sentinel://127.0.0.1:{asked}/{SERVICE}?"
        finally:
            watching.stop()


@pytest.mark.parametrize("run", [one_server, cluster, sentinel])
async def test_store_and_layer_trust_the_ca_that_is_named(
    run: Callable[[Path, Fronts], AbstractContextManager[str]], tmp_path: Path, fronts: Fronts
) -> None:
    with run(tmp_path, fronts) as url:
        trusting = f"{url}ssl_ca_certs={tmp_path / 'server.pem'}"
        # A busy machine may take longer for the handshakes than a store waits by default.
        store = RedisStore(trusting, Timing(), timeout=15.0, connect_timeout=10.0)
        stranger = RedisStore(url, Timing())
        layer = RedisPubSubChannelLayer(hosts=layer_hosts(trusting))
        await store.check()
        await check_layer(layer)
        await refused(stranger.check())
        await layer.flush()
        for each in (store, stranger):
            await each.close()
