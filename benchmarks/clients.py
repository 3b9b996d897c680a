"""One process full of people who move: `board.py` starts a few of these against one server.

It reads a `Load` from standard input as a line of JSON, opens its sockets, says "ready", reads the
time at which to start, and when all is over prints what it saw, a `Measurement`, as a line of JSON.

A position carries the time at which it left: the 32 bits of x and y are microseconds of the
machine's monotonic clock, which all processes share.
"""

import asyncio
import json
import os
import struct
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from benchmarks.load import GRAIN_US, WARM_UP, Load, Measurement
from benchmarks.wire import BINARY, CLOSE, PING, PONG, TEXT, handshake, pack, unpack
from presence.protocol.codec import encode
from presence.protocol.messages import SUBPROTOCOL, Dialect, Join, MessageType

COMPARED = 8
"""Of this many frames with positions, the times of one are looked at; all are counted."""

PATIENCE = 30.0
"""Seconds that one socket may take to open and join."""

_CLOCK = 0xFFFF_FFFF
_GREATEST = 0xFFFF


def microseconds() -> int:
    """Return the time as a position carries it."""
    return time.monotonic_ns() // 1000 & _CLOCK


class Client(asyncio.Protocol):
    """One person's socket. `ready` comes true when they are on the board."""

    opcode = BINARY

    def __init__(
        self, load: Load, measurement: Measurement, lost: Callable[[Exception | None], None]
    ) -> None:
        self.load = load
        self.measurement = measurement
        self._lost = lost
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        host = f"127.0.0.1:{self.load.port}"
        transport.write(handshake(host, self.load.path, self.subprotocol(), os.urandom(16)))

    def data_received(self, data: bytes) -> None:
        """Take in what arrived."""
        now = microseconds()
        self._buffer += data
        if self._open or self._opened():
            for opcode, payload in unpack(self._buffer):
                self._received(opcode, payload, now)

    def connection_lost(self, error: Exception | None) -> None:
        """Say so."""
        self._lost(error)

    def move(self) -> None:
        """Tell a new position, which is the time."""
        self.send(self.position(microseconds()))
        self.measurement.moves += 1

    def send(self, payload: bytes) -> None:
        """Send one message."""
        self.transport.write(pack(self.opcode, payload))
        self.measurement.frames_up += 1
        self.measurement.bytes_up += len(payload)

    def subprotocol(self) -> str | None:
        """Return what the handshake offers."""
        raise NotImplementedError

    def joined(self) -> None:
        """The socket is open."""
        raise NotImplementedError

    def position(self, stamp: int) -> bytes:
        """Return the message that tells a position."""
        raise NotImplementedError

    def heard(self, payload: bytes, now: int) -> None:
        """Take in a message."""
        raise NotImplementedError

    def compare(self, payload: bytes, now: int) -> None:
        """Note how old the others' positions in a message are."""
        raise NotImplementedError

    def _opened(self) -> bool:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode(errors="replace"))
        self._buffer = rest
        self._open = True
        self.joined()
        return True

    def _received(self, opcode: int, payload: bytes, now: int) -> None:
        if opcode == self.opcode:
            self.measurement.frames_down += 1
            self.measurement.bytes_down += len(payload)
            self.heard(payload, now)
        elif opcode == PING:
            self.transport.write(pack(PONG, payload))
        elif opcode == CLOSE:
            raise ConnectionError(f"the server closed with {int.from_bytes(payload[:2], 'big')}")

    def _note(self, positions: int, payload: bytes, now: int) -> None:
        self.measurement.ticks += 1
        self.measurement.positions += positions
        if self.measurement.ticks % COMPARED == 0:
            self.compare(payload, now)

    def _delay(self, stamp: int, now: int) -> None:
        self.measurement.delays[(now - stamp & _CLOCK) // GRAIN_US] += 1


class PresenceClient(Client):
    """Speaks `presence.v1`. It does not obey RATE, so that the load is what was asked for."""

    user = -1

    def subprotocol(self) -> str:
        """Return the compact dialect's."""
        return SUBPROTOCOL

    def joined(self) -> None:
        """Join under no name."""
        self.send(encode(Join(0, ""), Dialect.COMPACT))

    def position(self, stamp: int) -> bytes:
        """Return a CURSOR_UPDATE."""
        return struct.pack(">BI", MessageType.CURSOR_UPDATE, stamp)

    def heard(self, payload: bytes, now: int) -> None:
        """Take in what this client needs to know, and answer probes as a browser would."""
        kind = payload[0]
        if kind == MessageType.CURSOR_BROADCAST:
            self._note(len(payload) // 5, payload, now)
        elif kind == MessageType.PROBE:
            self.send(payload)
        elif kind == MessageType.WELCOME:
            self.user = payload[3]
            self.ready.set_result(None)

    def compare(self, payload: bytes, now: int) -> None:
        """Note how old each of the others' positions is."""
        for user, stamp in struct.iter_unpack(">BI", payload[1:]):
            if user != self.user:
                self._delay(stamp, now)


class JsonClient(Client):
    """Speaks JSON as a tutorial's page does, in fractions of five places."""

    opcode = TEXT

    def subprotocol(self) -> None:
        """Offer nothing."""

    def joined(self) -> None:
        """There is no joining: whoever is connected is in the group."""
        self.name = f"Person {os.urandom(2).hex()}"
        self.ready.set_result(None)

    def position(self, stamp: int) -> bytes:
        """Return a position as a tutorial would tell it."""
        x, y = (round(n / _GREATEST, 5) for n in divmod(stamp, _GREATEST + 1))
        return json.dumps({"type": "cursor", "name": self.name, "x": x, "y": y}).encode()

    def heard(self, payload: bytes, now: int) -> None:
        """Take in one position."""
        self._note(1, payload, now)

    def compare(self, payload: bytes, now: int) -> None:
        """Note how old the position is, if it is another's."""
        message: dict[str, Any] = json.loads(payload)
        if message["name"] != self.name:
            x, y = (round(message[axis] * _GREATEST) for axis in "xy")
            self._delay(x << 16 | y, now)


SPEECHES: dict[str, type[Client]] = {"presence": PresenceClient, "json": JsonClient}


class Crowd:
    """The people of one process."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.measurement = Measurement()
        self.trouble: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.clients: list[Client] = []

    async def connect(self) -> None:
        """Open the sockets one after the other, and return when the last is on the board."""
        loop = asyncio.get_running_loop()
        make = partial(SPEECHES[self.load.speech], self.load, self.measurement, self._lost)
        for _ in range(self.load.people):
            _, client = await loop.create_connection(make, "127.0.0.1", self.load.port)
            self.clients.append(client)
            await self._until(client.ready, PATIENCE)

    async def move(self, start: float) -> str:
        """Move from `start` on, and return the measurement of the seconds that count, as JSON."""
        moving = asyncio.create_task(self._keep_moving(start))
        await self._until(moving, start + WARM_UP - time.monotonic())
        self.measurement.clear()
        await self._until(moving, start + WARM_UP + self.load.seconds - time.monotonic())
        seen = json.dumps(vars(self.measurement))
        moving.cancel()
        return seen

    def leave(self) -> None:
        """Drop every socket; that they are lost is no trouble any more."""
        self.trouble.cancel()
        for client in self.clients:
            client.transport.abort()

    async def _keep_moving(self, start: float) -> None:
        """Move each client at the load's rate, all evenly spread over time, until cancelled."""
        spacing = 1 / (self.load.rate * len(self.clients))
        for turn in count():
            due = start + turn * spacing
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            self.measurement.late[round(max(0.0, time.monotonic() - due) * 1e6) // GRAIN_US] += 1
            self.clients[turn % len(self.clients)].move()

    async def _until(self, event: asyncio.Future[None], seconds: float) -> None:
        """Wait for an event, but not longer than `seconds`; raises what goes wrong meanwhile."""
        await asyncio.wait(
            {event, self.trouble}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for outcome in (self.trouble, event):
            if outcome.done():
                outcome.result()

    def _lost(self, error: Exception | None) -> None:
        if not self.trouble.done():
            self.trouble.set_exception(error or ConnectionError("the server closed a socket"))


async def run(load: Load) -> str:
    """Do what `load` says, from the time on standard input; return the measurement as JSON."""
    crowd = Crowd(load)
    await crowd.connect()
    print("ready", flush=True)
    seen = await crowd.move(float(await asyncio.to_thread(sys.stdin.readline)))
    crowd.leave()
    return seen


if __name__ == "__main__":
    print(asyncio.run(run(Load(**json.loads(sys.stdin.readline())))))
