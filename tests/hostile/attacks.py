"""The attacks, each a coroutine of its own, in a process of their own::

    python -m tests.hostile.attacks ATTACK PORT BOARD SECONDS

prints a line when it is ready, begins when it reads one, and prints its tally as JSON at its end.
"""

import asyncio
import json
import os
import sys
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from random import Random

from presence.protocol.codec import encode
from presence.protocol.messages import CursorUpdate, Dialect, Join, SetState, UserState
from tests.hostile.raw import BINARY, Attacker, Tally, handshake
from tests.server.wire import client_frame

PING, CONTINUED, BEGINNING, MIDDLE, COMPRESSED = 0x89, 0x80, 0x02, 0x00, 0xC2
CHUNK = 65_536
"""Bytes that a flood hands to the kernel at once."""

HEARTBEAT, LEAVE, UNKNOWN = b"\x08", b"\x04\x00\x00", b"\xff"
MOVE = encode(CursorUpdate(1, 2), Dialect.COMPACT)
JOIN = client_frame(encode(Join(0, "Mallory"), Dialect.COMPACT))

Attack = Callable[["Arena"], Awaitable[None]]
ATTACKS: dict[str, Attack] = {}
"""All attacks by their names."""


class Arena:
    """Where an attack takes place, and until when."""

    def __init__(self, port: int, board: str, seconds: float) -> None:
        self.port = port
        self.board = board
        self.seconds = seconds
        self.tally = Tally()
        self.random = Random(20261129)

    async def swarm(
        self,
        connections: int,
        attack: Callable[[Attacker], Awaitable[None]],
        *,
        sources: int = 1,
        buffer: int | None = None,
        pace: float = 0.0,
    ) -> None:
        """Run an attack with so many connections at the same time until the time is over.

        They come from so many addresses in turn. Another connection takes the place of each that
        has ended, after about `pace` seconds.
        """

        async def one(number: int) -> None:
            for turn in count():
                source = (number + turn * connections) % sources
                attacker = Attacker(self.port, self.tally, source, buffer)
                try:
                    with suppress(OSError):
                        await attacker.connect()
                        await attack(attacker)
                finally:
                    attacker.close()
                await asyncio.sleep(pace * self.random.uniform(0.5, 1.5))

        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await asyncio.gather(*map(one, range(connections)))

    async def joined(self, attacker: Attacker, dialect: Dialect = Dialect.COMPACT) -> None:
        """Open a WebSocket and join."""
        await attacker.upgrade(self.board, dialect)
        await attacker.send(JOIN)

    async def stay_unread(self, attacker: Attacker, dialect: Dialect) -> None:
        """Join, and read nothing from then on."""
        await self.joined(attacker, dialect)
        while True:
            await asyncio.sleep(15)
            await attacker.send(client_frame(HEARTBEAT))

    async def flood(self, attacker: Attacker, piece: bytes, first: bytes = b"") -> None:
        """Join, and send the same bytes again and again while what comes is read."""
        await self.joined(attacker)
        listening = asyncio.create_task(attacker.listen())
        try:
            await attacker.send(first)
            chunk = piece * max(CHUNK // len(piece), 1)
            while not listening.done():
                await attacker.send(chunk)
        finally:
            listening.cancel()


def attack(name: str) -> Callable[[Attack], Attack]:
    """Enter a coroutine as an attack."""

    def enter(function: Attack) -> Attack:
        ATTACKS[name] = function
        return function

    return enter


# Floods past the limits: 20 sockets from as many addresses

FLOODS: dict[str, tuple[bytes, bytes]] = {
    "cursors": (client_frame(MOVE), b""),
    "heartbeats": (client_frame(HEARTBEAT), b""),
    "malformed": (client_frame(UNKNOWN), b""),
    "texts": (client_frame(b"x", 0x81), b""),
    "states": (client_frame(encode(SetState(UserState.AWAY), Dialect.COMPACT)), b""),
    "empty-messages": (client_frame(b""), b""),
    "empty-pings": (client_frame(b"", PING), b""),
    "long-pings": (client_frame(b"x" * 125, PING), b""),
    "pongs": (client_frame(b"", 0x8A), b""),
    "empty-fragments": (client_frame(b"", MIDDLE), client_frame(b"", BEGINNING)),
    "two-byte-fragments": (client_frame(b"xx", MIDDLE), client_frame(b"xx", BEGINNING)),
    "two-fragment-moves": (
        client_frame(MOVE[:2], BEGINNING) + client_frame(MOVE[2:], CONTINUED),
        b"",
    ),
    "endless-fragments": (client_frame(b"x" * 1_000, MIDDLE), client_frame(b"xx", BEGINNING)),
    "too-long": (client_frame(b"x" * 1_025), b""),
    "mebibyte": (client_frame(b"x" * 2**20), b""),
    "endless-frame": (b"x" * CHUNK, bytes((BINARY, 0xFF)) + (2**62).to_bytes(8, "big") + b"mask"),
}
"""What each of them repeats, and what it says once before it."""

for _name, _pieces in FLOODS.items():

    @attack(_name)
    async def flood(arena: Arena, pieces: tuple[bytes, bytes] = _pieces) -> None:
        await arena.swarm(20, lambda attacker: arena.flood(attacker, *pieces), sources=20)


@attack("floods")
async def floods(arena: Arena) -> None:
    """All kinds at once, each from several sockets."""
    kinds = [*FLOODS.values()]
    numbers = count()

    async def one(attacker: Attacker) -> None:
        await arena.flood(attacker, *kinds[next(numbers) % len(kinds)])

    await arena.swarm(20, one, sources=20)


@attack("unread-pings")
async def unread_pings(arena: Arena) -> None:
    """Pings from sockets that never read the pongs."""
    pings = client_frame(b"x" * 125, PING) * 500

    async def one(attacker: Attacker) -> None:
        await arena.joined(attacker)
        while True:
            await attacker.send(pings)

    await arena.swarm(5, one, sources=5, buffer=4_096)


# Frames of any kind


@attack("fuzz")
async def fuzz(arena: Arena) -> None:
    """200 sockets that send frames at random."""
    random = arena.random

    def piece() -> bytes:
        payload = random.randbytes(
            random.choice([0, 1, 2, 3, 4, 5, 7, 20, 125, 126, 1_024, 70_000])
        )
        if random.random() < 0.5:
            # Likely ones: what they say has a meaning, and they may come in parts.
            payload = bytes([random.randrange(16)]) + payload[: random.randrange(40)]
            return client_frame(
                payload, random.choice([BINARY] * 8 + [BEGINNING, MIDDLE, CONTINUED])
            )
        frame = client_frame(payload, random.randrange(256))
        return frame if random.random() < 0.8 else frame[: random.randrange(1, len(frame))]

    async def one(attacker: Attacker) -> None:
        await arena.joined(attacker, random.choice([*Dialect]))
        listening = asyncio.create_task(attacker.listen())
        try:
            while not listening.done():
                await attacker.send(b"".join(piece() for _ in range(random.randrange(1, 20))))
                await asyncio.sleep(random.uniform(0, 0.1))
        finally:
            listening.cancel()

    await arena.swarm(200, one, sources=200, pace=1.0)


@attack("bombs")
async def bombs(arena: Arena) -> None:
    """Compressed frames that unpack to 64 MiB, with and without an offer of compression."""
    packer = zlib.compressobj(9, wbits=-15)
    bomb = client_frame(packer.compress(bytes(2**26)) + packer.flush(zlib.Z_SYNC_FLUSH), COMPRESSED)
    offers = ["", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"]

    async def one(attacker: Attacker) -> None:
        answer = await attacker.upgrade(arena.board, more=arena.random.choice(offers))
        assert "permessage-deflate" not in answer.lower()
        listening = asyncio.create_task(attacker.listen())
        await attacker.send(JOIN + bomb)
        await listening

    await arena.swarm(20, one, sources=20, pace=0.1)


# Connections


@attack("never-read")
async def never_read(arena: Arena) -> None:
    """500 sockets of both dialects that join and never read."""
    await arena.swarm(
        500,
        lambda attacker: arena.stay_unread(attacker, [*Dialect][arena.tally.connected % 2]),
        sources=250,
        buffer=4_096,
        pace=0.5,
    )


@attack("explicit-never-read")
async def explicit_never_read(arena: Arena) -> None:
    """300 sockets of the explicit dialect, which has no PROBE, that join and never read."""
    await arena.swarm(
        300,
        lambda attacker: arena.stay_unread(attacker, Dialect.EXPLICIT),
        sources=150,
        buffer=4_096,
        pace=0.5,
    )


@attack("slow-headers")
async def slow_headers(arena: Arena) -> None:
    """500 connections that say nothing, or a handshake or a request whose header or body has no
    end, byte by byte."""
    post = (
        f"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1:{arena.port}\r\nContent-Length: 1000000\r\n\r\n"
    )
    beginnings = [
        b"",
        handshake(arena.port, arena.board)[:-2] + b"X: ",
        b"GET / HTTP/1.1\r\nX: ",
        post.encode(),
    ]

    async def one(attacker: Attacker) -> None:
        beginning = beginnings[arena.tally.connected % len(beginnings)]
        listening = asyncio.create_task(attacker.listen())
        try:
            await attacker.send(beginning)
            while not listening.done():
                await asyncio.wait([listening], timeout=1)
                if beginning:
                    await attacker.send(b"x")
        finally:
            listening.cancel()

    await arena.swarm(500, one, sources=500, pace=0.5)


@attack("come-and-go")
async def come_and_go(arena: Arena) -> None:
    """2,000 connects and disconnects a second: some say nothing, some begin a handshake."""
    whole = handshake(arena.port, arena.board)
    loop = asyncio.get_running_loop()

    async def one(number: int) -> None:
        attacker = Attacker(arena.port, arena.tally, number % 1_000)
        with suppress(OSError):
            await attacker.connect()
            await attacker.send([b"", whole[:40], whole][number % 3])
        attacker.close()

    end, number, running = loop.time() + arena.seconds, 0, set()
    while (now := loop.time()) < end:
        while number < (now - end + arena.seconds) * 2_000:
            task = asyncio.create_task(one(number))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
        await asyncio.sleep(0.01)
    for task in [*running]:
        task.cancel()


@attack("crowd")
async def crowd(arena: Arena) -> None:
    """5,000 sockets from one address that join one board and stay."""

    async def one(attacker: Attacker) -> None:
        await arena.joined(attacker)
        await attacker.listen()

    await arena.swarm(5_000, one, pace=5.0)


@attack("joins")
async def joins(arena: Arena) -> None:
    """Connect, join, and do it again, as fast as it goes, from one address."""
    await arena.swarm(20, arena.joined)


@attack("joins-from-everywhere")
async def joins_from_everywhere(arena: Arena) -> None:
    """The same from a thousand addresses."""
    await arena.swarm(20, arena.joined, sources=1_000)


@attack("churn")
async def churn(arena: Arena) -> None:
    """100 sockets that join and leave at the pace that is allowed."""

    async def one(attacker: Attacker) -> None:
        await asyncio.sleep(arena.random.uniform(0, 1))
        await arena.joined(attacker)
        listening = asyncio.create_task(attacker.listen())
        try:
            while not listening.done():
                await asyncio.sleep(0.55)
                await attacker.send(client_frame(LEAVE))
                await asyncio.sleep(0.55)
                await attacker.send(JOIN)
        finally:
            listening.cancel()

    await arena.swarm(100, one, pace=1.0)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _main(name: str, port: str, board: str, seconds: str) -> None:
    arena = Arena(int(port), board, float(seconds))
    say("ready")
    sys.stdin.readline()
    await ATTACKS[name](arena)
    say(json.dumps(vars(arena.tally)))


if __name__ == "__main__":
    os.nice(10)  # Attackers elsewhere would leave this machine's processors to the server.
    asyncio.run(_main(*sys.argv[1:]))
