"""Which path serves a socket, and that clients which do what they should not find no difference."""

import asyncio
import base64
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from presence.protocol.messages import CursorBroadcast, Dialect
from tests.server.wire import client_frame, server_frame
from tests.support.certificates import self_signed
from tests.support.clients import Client, Clients, cursor, joining
from tests.support.metrics import scrape
from tests.support.server import Server, free_port, serve
from tests.support.waiting import DEADLINE, eventually
from tests.system.paths import BOTH_PATHS

pytestmark = BOTH_PATHS

PING, PONG, CLOSE, TEXT, CONTINUED = 0x89, 0x8A, 0x88, 0x81, 0x80
BEGINNING, MIDDLE = 0x02, 0x00

HANDSHAKE = (
    "GET /ws/presence/{board}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    "Origin: {origin}\r\n{protocol}\r\n"
)


class RawClient:
    """A client that sends bytes as it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def until(self, data: bytes) -> bytes:
        """Read until some bytes have come; return everything that came with them."""
        async with asyncio.timeout(DEADLINE):
            return await self._reader.readuntil(data)

    async def rest(self) -> bytes:
        """Read until the server ends the connection; a reset is an end, too."""
        got = bytearray()
        async with asyncio.timeout(DEADLINE):
            try:
                while data := await self._reader.read(65_536):
                    got += data
            except ConnectionResetError:
                pass
        return bytes(got)

    async def close(self) -> None:
        self._writer.close()


@dataclass
class Raw:
    """Opens raw clients on one board."""

    server: Server
    board: str
    opened: list[RawClient]

    def handshake(self, dialect: Dialect = Dialect.COMPACT) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        protocol = "Sec-WebSocket-Protocol: presence.v1\r\n" if dialect is Dialect.COMPACT else ""
        port, origin = self.server.port, self.server.origin
        return HANDSHAKE.format(
            board=self.board, port=port, key=key, origin=origin, protocol=protocol
        ).encode()

    def connected(self, buffer: int | None = None) -> socket.socket:
        """Return a connection on which nothing was sent yet."""
        client = socket.socket()
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.connect(("127.0.0.1", self.server.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        return client

    async def connect(self) -> RawClient:
        """Open a WebSocket."""
        client = RawClient(*await asyncio.open_connection(sock=self.connected(), limit=2**20))
        self.opened.append(client)
        await client.send(self.handshake())
        answer = await client.until(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101")
        return client

    async def join(self, name: str = "Raw") -> RawClient:
        """Open a WebSocket and join; a count has come then."""
        client = await self.connect()
        await client.send(client_frame(joining(name)))
        await client.until(b"\x82\x04\x07")
        return client

    async def mute(self, dialect: Dialect) -> socket.socket:
        """Open a WebSocket that is never read from now on."""
        loop, client = asyncio.get_running_loop(), self.connected(4_096)
        await loop.sock_sendall(client, self.handshake(dialect))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += await loop.sock_recv(client, 4_096)
        return client


@pytest.fixture
async def raw(server: Server, board: str) -> AsyncIterator[Raw]:
    raw = Raw(server, board, [])
    yield raw
    for client in raw.opened:
        await client.close()


# Which path


def health(server: Server) -> str:
    with urlopen(f"{server.origin}/healthz", timeout=DEADLINE) as answer:
        return str(answer.headers["Presence-Fast-Path"])


async def test_metrics_and_healthz_say_which_path_serves(clients: Clients, fast_path: bool) -> None:
    server = clients.server
    people = [await clients.join(f"P{n}") for n in range(3)]
    old = await clients.join("Old", dialect=Dialect.EXPLICIT)
    figures = await asyncio.to_thread(scrape, server)
    direct, sockets = figures["presence_direct_sockets"], figures["presence_sockets"]
    assert (direct, sockets) == (4 * fast_path, 4)
    off = "off; PRESENCE['FAST_PATH'] is False"
    assert await asyncio.to_thread(health, server) == ("on" if fast_path else off)
    assert ("served through the server" in server.logged()) is not fast_path
    await people[0].close()
    await people[1].snap()
    await old.close()
    await asyncio.to_thread(
        eventually,
        lambda: scrape(server)["presence_direct_sockets"] == fast_path,
        "the gauge follows",
    )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(site: dict[str, str], certificate: Path, tmp_path: Path) -> Iterator[Server]:
    """The site over TLS; it answers `/metrics` without, on another port."""
    port = free_port()
    endpoint = f"ssl:{port}:interface=127.0.0.1:privateKey={certificate}:certKey={certificate}"
    with serve(tmp_path, site, options=["-e", endpoint]) as running:
        yield replace(running, port=port, scheme="https")
        assert running.process.poll() is None


async def test_tls_has_the_ordinary_path(
    secure: Server, certificate: Path, board: str, fast_path: bool
) -> None:
    context = ssl.create_default_context(cafile=certificate)
    clients = Clients(secure, board)
    ada, bob = [await clients.join(name, ssl=context) for name in ("Ada", "Bob")]
    await ada.send(cursor(1, 2))
    await bob.until(lambda: bob.positions(ada.user) == [(1, 2)], "Ada's cursor")
    await clients.close()
    assert (fast_path is True) == ("(reason=the endpoint uses TLS)" in secure.logged())


# Clients that do what they may, and what they should not


async def watching(clients: Clients) -> Client:
    """Return somebody who sees what the raw client does."""
    return await clients.join("Watcher")


async def pointed(watcher: Client, x: int, y: int) -> None:
    """Wait until somebody else has pointed there, last of all."""

    def there() -> bool:
        told = [cursor for message in watcher.all(CursorBroadcast) for cursor in message.cursors]
        return [(cursor.x, cursor.y) for cursor in told][-1:] == [(x, y)]

    await watcher.until(there, f"the pointer at {x}, {y}")


async def test_fragments_count_as_one_message_and_pings_may_come_between(
    clients: Clients, raw: Raw
) -> None:
    watcher = await watching(clients)
    before = malformed(watcher.server)
    client = await raw.join()
    move = cursor(1, 2)
    await client.send(client_frame(move[:2], BEGINNING))
    await watcher.settle()
    await client.send(client_frame(b"are you there", PING))
    pong = server_frame(b"are you there").replace(b"\x82", bytes([PONG]), 1)
    await client.until(pong)
    await client.send(client_frame(move[2:4], MIDDLE) + client_frame(move[4:], CONTINUED))
    await client.send(client_frame(cursor(3, 4)))
    await pointed(watcher, 3, 4)
    (user,) = watcher.others
    assert watcher.positions(user) in ([(1, 2), (3, 4)], [(3, 4)])
    await client.send(client_frame(move[:2], BEGINNING) + client_frame(move[2:], CONTINUED))
    await pointed(watcher, 1, 2)
    assert malformed(watcher.server) == before


def malformed(server: Server) -> float:
    """Return how many malformed frames a server has counted."""
    with urlopen(f"{server.origin}/metrics", timeout=DEADLINE) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = [sample for family in families for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == "presence_malformed_total")


async def test_a_frame_may_come_byte_by_byte(clients: Clients, raw: Raw) -> None:
    watcher = await watching(clients)
    client = await raw.join()
    for byte in client_frame(cursor(5, 6)):
        await client.send(bytes([byte]))
        await watcher.settle()
    await pointed(watcher, 5, 6)
    await client.send(client_frame(cursor(7, 8)))
    await pointed(watcher, 7, 8)


async def test_frames_keep_their_order_whatever_pieces_they_come_in(
    clients: Clients, raw: Raw
) -> None:
    """A JOIN in pieces, and moves right behind it, would be out of order the other way round."""
    watcher = await watching(clients)
    before = malformed(watcher.server)
    for cut in range(1, 12, 3):
        name = f"Cut {cut}"
        join = client_frame(joining(name))
        moves = b"".join(client_frame(cursor(cut, y)) for y in range(30))
        client = await raw.connect()
        await client.send(join[:cut])
        await watcher.settle()
        await client.send(join[cut:] + moves[: -cut - 1])
        await watcher.settle()
        await client.send(moves[-cut - 1 :])
        await pointed(watcher, cut, 29)
        await client.send(client_frame((1000).to_bytes(2, "big"), CLOSE))
        await client.rest()
        await watcher.until(lambda: watcher.count == 1, f"{name} gone")
    assert malformed(watcher.server) == before


async def test_a_close_frame_is_answered(clients: Clients, raw: Raw) -> None:
    watcher = await watching(clients)
    client = await raw.join()
    await watcher.until(lambda: watcher.count == 2, "the raw client")
    await client.send(client_frame(cursor(1, 2)) + client_frame(struct.pack(">H", 1000), CLOSE))
    assert (await client.rest()).endswith(b"\x88\x02\x03\xe8")
    await watcher.until(lambda: watcher.count == 1, "the raw client off the board")


async def test_a_socket_that_breaks_in_a_frame_is_kept_for_the_grace(
    clients: Clients, raw: Raw
) -> None:
    watcher = await watching(clients)
    client = await raw.join()
    await watcher.until(lambda: watcher.count == 2, "the raw client")
    await client.send(client_frame(cursor(1, 2))[:4])
    await client.close()
    await watcher.settle()
    assert watcher.count == 2
    await watcher.until(lambda: watcher.count == 1, "the raw client gone after the grace")


WRONG = {
    "unmasked": server_frame(cursor(1, 2)),
    "extended": client_frame(cursor(1, 2), 0xC2),
    "unknown": client_frame(cursor(1, 2), 0x83),
    "continued": client_frame(cursor(1, 2), CONTINUED),
    "long ping": client_frame(b"x" * 126, PING),
    "no UTF-8": client_frame(b"\xff", TEXT),
    "endless": bytes.fromhex("82ff" + "ff" * 8 + "00" * 4),
}


async def test_a_frame_that_is_wrong_ends_the_connection(clients: Clients, raw: Raw) -> None:
    watcher = await watching(clients)
    for number, (name, wrong) in enumerate(WRONG.items()):
        client = await raw.join(name)
        await client.send(client_frame(cursor(9, number)) + wrong)
        await client.rest()
        await pointed(watcher, 9, number)
    await watcher.until(lambda: watcher.count == 1, "all of them gone after the grace")


async def test_texts_are_malformed(clients: Clients, raw: Raw) -> None:
    client = await raw.join()
    await client.send(client_frame(b"hello", TEXT) * 10)
    await client.until(b"\x88\x02" + (4400).to_bytes(2, "big"))


async def test_a_flood_of_small_frames_closes_and_delays_nobody(clients: Clients, raw: Raw) -> None:
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    client = await raw.join()
    await client.send(client_frame(cursor(1, 1)) * 20_000)
    await ada.send(cursor(2, 2))
    await bob.until(lambda: bob.positions(ada.user) == [(2, 2)], "Ada's cursor")
    assert b"\x88\x02" + (4429).to_bytes(2, "big") in await client.rest()


async def test_who_never_reads_gets_no_cursors_and_delays_nobody(
    clients: Clients, raw: Raw
) -> None:
    good = await clients.join("Good")
    mute = await raw.mute(Dialect.COMPACT)
    mute.send(client_frame(joining("Mute")))
    await good.until(lambda: good.count == 2, "the mute")
    movers = [await clients.join(f"M{n}") for n in range(30)]
    last = movers[-1].user
    before = (await asyncio.to_thread(scrape, clients.server))["presence_frames_held_total"]
    numbers, held = count(1), before
    while held == before:
        for number in islice(numbers, 30):
            for mover in movers:
                await mover.send(cursor(number, 1))
            await good.until(
                lambda n=number: good.positions(last)[-1:] == [(n, 1)],  # type: ignore[misc]
                "the last move",
            )
        held = (await asyncio.to_thread(scrape, clients.server))["presence_frames_held_total"]
    mute.close()


@pytest.mark.parametrize("dialect", Dialect)
async def test_who_never_reads_answers_is_disconnected(
    clients: Clients, raw: Raw, fast_path: bool, dialect: Dialect
) -> None:
    """Daphne itself keeps whatever it has to write."""
    if fast_path:
        mute = await raw.mute(dialect)
        pings = client_frame(b"x" * 125, PING) * 100_000
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            await asyncio.get_running_loop().sock_sendall(mute, pings)
        mute.close()
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    await ada.send(cursor(2, 2))
    await bob.until(lambda: bob.positions(ada.user) == [(2, 2)], "Ada's cursor")
    assert "Traceback" not in clients.server.logged()
