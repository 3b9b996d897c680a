"""A client's end of a socket on which anything may be sent, in any pieces, and read or not."""

import asyncio
import base64
import os
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from presence.protocol.messages import SUBPROTOCOL, Dialect, MessageType

HEADERS = (
    "Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
)

BINARY, CLOSE = 0x82, 0x88


def handshake(port: int, board: str, dialect: Dialect = Dialect.COMPACT, more: str = "") -> bytes:
    """Return a good opening handshake (RFC 6455 section 4.1), with `more` lines of header."""
    key = base64.b64encode(os.urandom(16)).decode()
    offer = f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n" if dialect is Dialect.COMPACT else ""
    lines = HEADERS.format(port=port, key=key) + offer + more
    return f"GET /ws/presence/{board}/ HTTP/1.1\r\n{lines}\r\n".encode()


@dataclass
class Tally:
    """What became of an attack's sockets.

    `answers` are first lines of answers to handshakes, `closes` close codes; "cut" is the end of a
    connection without a close frame, "failed" a connection that did not come about. `notices` are
    codes of NOTICE. `sent` and `received` are in bytes.
    """

    connected: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    joined: int = 0
    sent: int = 0
    received: int = 0

    @classmethod
    def read(cls, told: dict[str, Any]) -> "Tally":
        """Return one that was sent as JSON."""
        return cls(**{k: Counter(v) if isinstance(v, dict) else v for k, v in told.items()})


class Attacker:
    """One connection; `buffer` is the kernel's for what is read.

    `number` chooses the address of this machine from which it comes, and the public one that a
    handshake names as a trusted proxy would: addresses of one machine have no caps.
    Sending and reading raise `OSError` where the connection has ended.
    """

    def __init__(self, port: int, tally: Tally, number: int = 0, buffer: int | None = None) -> None:
        self.port = port
        self.address = f"198.18.{number // 250}.{number % 250 + 1}"
        self.tally = tally
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel chooses the port when it knows the other end, so each address has all ports.
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        if buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._socket.bind((self.address.replace("198.18", "127.66"), 0))
        self._loop = asyncio.get_running_loop()
        self._rest = bytearray()
        self._open = True

    async def connect(self) -> None:
        """Connect; nothing is sent yet."""
        try:
            await self._loop.sock_connect(self._socket, ("127.0.0.1", self.port))
        except OSError:
            self._ended("failed")
            raise
        self.tally.connected += 1

    async def send(self, data: bytes) -> None:
        """Send bytes, as fast as the server takes them."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError:
            self._ended("cut")
            raise
        self.tally.sent += len(data)

    async def upgrade(self, board: str, dialect: Dialect = Dialect.COMPACT, more: str = "") -> str:
        """Open a WebSocket, and return all of the answer's header."""
        forwarded = f"X-Forwarded-For: {self.address}\r\n"
        await self.send(handshake(self.port, board, dialect, forwarded + more))
        while b"\r\n\r\n" not in self._rest:
            await self._receive()
        header, _, self._rest = self._rest.partition(b"\r\n\r\n")
        answer = header.decode("latin-1")
        self.tally.answers[answer.partition("\r\n")[0]] += 1
        if " 101 " not in answer:
            raise ConnectionRefusedError(answer)
        return answer

    async def listen(self) -> None:
        """Read and count what comes until the connection ends."""
        with suppress(OSError):
            while True:
                while len(self._rest) >= 2:
                    start = 4 if self._rest[1] == 126 else 2
                    size = self._rest[1] if start == 2 else int.from_bytes(self._rest[2:4], "big")
                    if len(self._rest) < start + size:
                        break
                    if self._take(self._rest[0], self._rest[start : start + size]):
                        return
                    del self._rest[: start + size]
                await self._receive()
        self._ended("cut")

    def close(self) -> None:
        """Close the connection, if it has not ended."""
        self._socket.close()

    async def _receive(self) -> None:
        data = await self._loop.sock_recv(self._socket, 65_536)
        if not data:
            raise ConnectionResetError
        self.tally.received += len(data)
        self._rest += data

    def _ended(self, how: str) -> None:
        if self._open:
            self._open = False
            self.tally.closes[how] += 1

    def _take(self, first: int, payload: bytes) -> bool:
        """Count a frame; return whether it is the last."""
        if first == CLOSE:
            self._ended(str(int.from_bytes(payload[:2], "big")))
        elif first == BINARY and payload[0] == MessageType.NOTICE:
            self.tally.notices[str(payload[1])] += 1
        elif first == BINARY and payload[0] == MessageType.WELCOME:
            self.tally.joined += 1
        return first == CLOSE
