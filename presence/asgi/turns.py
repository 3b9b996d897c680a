"""Fair turns for the WebSockets of Daphne and uvicorn, and limits for those of presence.

Autobahn parses all that was read at once, up to 64 KiB, and copies the rest for every frame: with
frames of 6 bytes that takes it a second, in which nobody else is served. It answers each ping,
whether or not the answers are read, and takes in fragments without end. Daphne queues every message
for its application. And the bytes that come before a handshake is answered pile up.

So a socket is parsed for a few frames, and goes on after everybody else. Until then it is not read.
For a socket of presence, frames that end no message are counted too. When it is closed for what it
sent, nothing that it sent after that is parsed. And it is closed when too much waits to be written.

uvicorn has the same faults, with 256 KiB at a time. It gets turns, too. What its parsers do with a
frame is theirs: there, only messages are counted.
"""

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Iterable
from typing import Any, Protocol

from presence.protocol.errors import Close
from presence.server.fastio import encode_frames, unread_bytes

logger = logging.getLogger(__name__)

EXTENSION = "presence.socket"
"""Key in a scope's `extensions` of the protocol that has the socket, under Daphne."""

SEND_BUFFER = 131_072
"""Bytes that the kernel buffers for one socket. Left to itself, it takes megabytes for a client
that does not read."""

FRAMES_A_TURN = 16
"""Frames of one socket that are parsed before everybody else has a turn. Parsing takes 20 to 50 µs
a frame. A client sends 60 a second at most while all is well."""

STEPS_A_FRAME = 2
"""Calls of Autobahn's `processData` for one frame, its header and its payload."""

CONTROL = 8
"""Least opcode of a control frame (RFC 6455 section 5.2)."""

PROTOCOL_ERROR, INVALID_PAYLOAD = 1002, 1007
DEAFENING_CODES = frozenset(
    {PROTOCOL_ERROR, INVALID_PAYLOAD, Close.TOO_BIG, Close.MALFORMED, Close.TOO_FAST}
)
"""Close codes after which what the client sent is not parsed. It has a second (Autobahn's
`closeHandshakeTimeout`) to take in why, then the connection is broken."""

PROTOCOL_METHODS = (
    "consumeData", "processData", "onFrameBegin", "onOpen", "sendCloseFrame",
    "STATE_OPEN", "STATE_CONNECTING", "STATE_CLOSED",
)  # fmt: skip
TRANSPORT_METHODS = (
    "getHandle", "pauseProducing", "resumeProducing", "registerProducer", "unregisterProducer",
    "abortConnection",
)  # fmt: skip
"""What the patches and `LimitedSocket` need, of which not all is public."""


class Listener(Protocol):
    """What hears of a socket's frames that are no messages. No method raises. `longest_message` is
    in bytes."""

    longest_message: int

    def count_frame(self) -> None:
        """Take in that a frame came that ends no message: a ping, a pong or a fragment."""

    def too_big(self) -> None:
        """Close: a message is longer than the longest."""


class Backlog:
    """A producer of Twisted, which pauses it when more than 64 KiB wait to be written."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def pauseProducing(self) -> None:  # noqa: N802 (Twisted's name)
        """Break the connection: the client does not read."""
        self._transport.abortConnection()

    def resumeProducing(self) -> None:  # noqa: N802 (Twisted's name)
        """Do nothing: what there is to write does not wait for this."""

    def stopProducing(self) -> None:  # noqa: N802 (Twisted's name)
        """Do nothing: the connection is lost."""


class LimitedSocket:
    """A WebSocket of presence under Daphne, to which its limits apply from now on: see `Listener`
    and `Backlog`."""

    def __init__(self, protocol: Any, listener: Listener) -> None:
        self._protocol = protocol
        protocol.presence_listener = listener
        transport = protocol.transport
        # The former one, of HTTP, lets a WebSocket be read for ever while its answers pile up.
        transport.unregisterProducer()
        transport.registerProducer(Backlog(transport), True)
        # TLS is a transport over another one.
        self._handle: socket.socket = getattr(transport, "transport", transport).getHandle()
        self._handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def write(self, payloads: Iterable[bytes]) -> None:
        """Write binary frames, unless the socket is closed. Autobahn would take as long for each as
        this does for all, and a client of the explicit dialect gets many at a time."""
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.transport.write(encode_frames(payloads))

    @property
    def unread(self) -> int:
        """Bytes that the kernel holds because the client has not taken them."""
        return unread_bytes(self._handle.fileno())


def limited_socket(scope: Any, listener: Listener) -> LimitedSocket | None:
    """Apply the limits to a scope's WebSocket; None where the server is not Daphne, or lacks what
    that needs, or where the connection was lost meanwhile, as behind a middleware that waits."""
    protocol = scope.get("extensions", {}).get(EXTENSION)
    if protocol is None or protocol.state == protocol.STATE_CLOSED:
        return None
    return LimitedSocket(protocol, listener)


def take_turns(protocol_class: Any) -> None:
    """Have the WebSockets of Daphne take turns, and those of presence be limited."""
    protocol_class.presence_listener = protocol_class.presence_line = None
    protocol_class.presence_paused = protocol_class.presence_scheduled = False
    protocol_class.presence_deaf, protocol_class.presence_late_frames = False, 0
    _parse_in_turns(protocol_class)
    _limit_frames(protocol_class)


def _parse_in_turns(protocol_class: Any) -> None:
    consume_handshake, on_open = protocol_class.consumeData, protocol_class.onOpen

    def consume(self: Any) -> None:
        if self.state == self.STATE_CONNECTING:
            if hasattr(self, "handshake_deferred"):
                _pause(self)  # Until it is answered.
            else:
                consume_handshake(self)
            return
        if self.presence_scheduled:
            return
        for _ in range(FRAMES_A_TURN * STEPS_A_FRAME):
            if self.presence_deaf or self.state == self.STATE_CLOSED or not self.processData():
                break
        else:
            _pause(self)
            self.presence_scheduled = True
            asyncio.get_running_loop().call_soon(go_on, self)
            return
        if self.presence_deaf:
            self.data = b""
        else:
            _resume(self)

    def go_on(self: Any) -> None:
        self.presence_scheduled = False
        self.consumeData()

    def opened(self: Any) -> None:
        on_open(self)
        _resume(self)

    protocol_class.consumeData, protocol_class.onOpen = consume, opened


def _limit_frames(protocol_class: Any) -> None:
    on_frame_begin, send_close_frame = protocol_class.onFrameBegin, protocol_class.sendCloseFrame

    def begin_frame(self: Any) -> None:
        if self.presence_listener is not None:
            _judge_frame(self)
        on_frame_begin(self)

    def close(self: Any, *args: Any, **kwargs: Any) -> None:
        send_close_frame(self, *args, **kwargs)
        judged = self.closedByMe and self.localCloseCode in DEAFENING_CODES
        if self.presence_listener is not None and judged:
            _deafen(self)

    protocol_class.onFrameBegin, protocol_class.sendCloseFrame = begin_frame, close


def _judge_frame(protocol: Any) -> None:
    """Count a frame whose header has come, and refuse one that makes its message too long.
    Autobahn's own limit on messages applies to what is sent, too."""
    frame, listener = protocol.current_frame, protocol.presence_listener
    is_control = frame.opcode >= CONTROL
    so_far = protocol.message_data_total_length if protocol.inside_message else 0
    too_big = not is_control and so_far + frame.length > listener.longest_message
    if protocol.state != protocol.STATE_OPEN:
        # The client may have sent some before it heard of the close.
        protocol.presence_late_frames += 1
        if too_big or protocol.presence_late_frames > FRAMES_A_TURN:
            _deafen(protocol)
    elif too_big:
        listener.too_big()
        _deafen(protocol)
    elif is_control or not frame.fin:
        listener.count_frame()


def _deafen(protocol: Any) -> None:
    """Parse and read nothing more."""
    protocol.presence_deaf = True
    _pause(protocol)


def _pause(protocol: Any) -> None:
    # A socket that is read directly is not read by its transport.
    if protocol.presence_line is None and not protocol.presence_paused:
        protocol.presence_paused = True
        protocol.transport.pauseProducing()


def _resume(protocol: Any) -> None:
    if protocol.presence_paused and protocol.presence_line is None:
        protocol.transport.resumeProducing()
    protocol.presence_paused = False


# uvicorn

TURN = 0.000_2
"""Seconds for which uvicorn may parse the bytes of one socket before everybody else has a turn. How
many bytes that is follows from the turn before: tiny frames take a thousand times as long."""

FIRST_PIECE, LEAST_PIECE, MOST_PIECE = 512, 64, 2_048
"""Bytes of a socket's first turn, and of any turn at least and at most: those of a turn are at most
twice those of the turn before."""

DEAF_FOR = 1.0
"""Seconds that a client who goes on to send after a close has to take in why."""

UVICORN = (
    ("uvicorn.protocols.websockets.websockets_sansio_impl", "WebSocketsSansIOProtocol"),
    ("uvicorn.protocols.websockets.wsproto_impl", "WSProtocol"),
)
UVICORN_METHODS = ("data_received", "resume_writing", "receive")
UVICORN_STATE = ("loop", "transport", "close_sent", "read_paused", "writable")
"""What its WebSockets must have, of which not all is public."""


def patch_uvicorn() -> None:
    """Have the WebSockets of uvicorn take turns, where this process has loaded it. It may load its
    WebSockets after the site, but does so before it starts up."""
    server = getattr(sys.modules.get("uvicorn.server"), "Server", None)
    startup = getattr(server, "startup", None)
    if server is None or startup is None:
        return

    async def start(self: Any, *args: Any, **kwargs: Any) -> None:
        for module, name in UVICORN:
            protocol = getattr(sys.modules.get(module), name, None)
            if protocol is None or hasattr(protocol, "presence_rest"):
                continue
            lacking = _lacking(protocol)
            if lacking:
                logger.warning(
                    "uvicorn: sockets get no turns (reason=%s of this version lacks %s)",
                    name,
                    ", ".join(lacking),
                )
            else:
                _parse_in_pieces(protocol)
        await startup(self, *args, **kwargs)

    server.startup = start


def _lacking(protocol_class: Any) -> list[str]:
    """Return what a version of uvicorn lacks. Its sockets would break without it, those of the site
    too."""
    made = protocol_class.__init__.__code__.co_names
    return [
        *(name for name in UVICORN_METHODS if not hasattr(protocol_class, name)),
        *(name for name in UVICORN_STATE if name not in made),
    ]


def _parse_in_pieces(protocol_class: Any) -> None:
    resume_writing, receive = protocol_class.resume_writing, protocol_class.receive

    def data_received(self: Any, data: bytes) -> None:
        self.presence_rest += data
        if not self.presence_scheduled:
            _parse_piece(self)

    def resumed(self: Any) -> None:
        resume_writing(self)
        if not self.presence_scheduled:
            _go_on(self)

    async def received(self: Any) -> Any:
        message = await receive(self)
        if self.presence_rest:
            self.transport.pause_reading()  # uvicorn has just resumed it.
        return message

    protocol_class.presence_rest, protocol_class.presence_piece = b"", FIRST_PIECE
    protocol_class.presence_late = 0
    protocol_class.presence_scheduled = protocol_class.presence_deaf = False
    protocol_class.presence_parse = protocol_class.data_received
    protocol_class.data_received, protocol_class.resume_writing = data_received, resumed
    protocol_class.receive = received


def _parse_piece(protocol: Any) -> None:
    protocol.presence_scheduled = False
    rest, size = protocol.presence_rest, protocol.presence_piece
    piece, protocol.presence_rest = rest[:size], rest[size:]
    protocol.presence_late += len(piece) * protocol.close_sent
    if protocol.presence_late > FIRST_PIECE and not protocol.presence_deaf:
        protocol.presence_deaf = True
        protocol.loop.call_later(DEAF_FOR, protocol.transport.abort)
    elif piece and not protocol.presence_deaf and not protocol.transport.is_closing():
        began = time.perf_counter()
        protocol.presence_parse(piece)
        took = time.perf_counter() - began
        affordable = int(len(piece) * TURN / max(took, 1e-9))
        protocol.presence_piece = min(max(affordable, LEAST_PIECE), 2 * size, MOST_PIECE)
    _go_on(protocol)


def _go_on(protocol: Any) -> None:
    """Read, or parse the rest after everybody else, or wait until the client reads."""
    if protocol.transport.is_closing() or protocol.presence_deaf:
        protocol.presence_rest = b""
    reads = not (protocol.presence_deaf or protocol.presence_rest or protocol.read_paused)
    if protocol.transport.is_closing():
        return
    if reads and protocol.writable.is_set():
        protocol.transport.resume_reading()
        return
    protocol.transport.pause_reading()
    if protocol.presence_rest and protocol.writable.is_set():
        protocol.presence_scheduled = True
        protocol.loop.call_soon(_parse_piece, protocol)
