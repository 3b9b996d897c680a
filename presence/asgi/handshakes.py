"""Connections to Daphne before their request is there: how long they may take, how many there may
be, and that their handshakes leave time for open sockets.

Twisted closes a connection that says nothing for a minute. One that says a byte now and then stays
for ever, and costs a file descriptor. Twisted also accepts and answers whatever has come before it
looks at anything else, so thousands who come at once hold up every cursor.
"""

import asyncio
import sys
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha1
from itertools import islice
from operator import itemgetter
from time import perf_counter
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ImproperlyConfigured

from presence.conf import Settings, get_settings
from presence.server.caps import RESERVE, descriptors_left
from presence.server.logs import LogLimit, bounded_logger

logger = bounded_logger(__name__)

BODY_RATE = 500
"""Bytes a second that the body of a request keeps up, once `HANDSHAKE_WITHIN` is over: a page may
take uploads of any size."""

SWEEP_EVERY = 1.0
"""Seconds between two looks for late requests."""

IDLE = 60.0
"""Seconds until Twisted closes a connection that waits for another request."""

ACCEPTS = 32
"""Connections that are accepted in one turn of the event loop, at 50 µs each."""

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Appended to a handshake's key before it is hashed for the answer (RFC 6455 section 1.3)."""

KEY_LENGTH = 24
"""Characters of a handshake's key: 16 bytes in base64."""

TURN = 0.005
"""Seconds of each turn of the event loop for carrying out handshakes."""


CHANNEL_METHODS = (
    "connectionMade", "allHeadersReceived", "allContentReceived", "requestDone", "connectionLost",
)  # fmt: skip
"""Methods of Twisted's `HTTPChannel` that are patched. They are not public."""


class Requests:
    """The connections whose request is not complete. `cut` counts those that were closed: "late"
    ones, and "crowded" for the oldest where there were too many."""

    def __init__(self) -> None:
        self.cut = {"late": 0, "crowded": 0}
        self._headers: dict[Any, float] = {}
        self._bodies: dict[Any, float] = {}
        self._log_limit = LogLimit()
        self._sweeping = False

    def await_header(self, channel: Any, idle: float = 0.0) -> None:
        """Wait for a request, for so many seconds more than the deadline for its header."""
        loop = asyncio.get_running_loop()
        most, waiting = _settings().MAX_HANDSHAKES, len(self._headers) + len(self._bodies)
        crowded = waiting and (0 < most <= waiting or descriptors_left() < RESERVE)
        if crowded and (oldest := self._oldest(loop.time())) is not None:
            # Not the newest: a handshake that is whole is here for milliseconds only.
            self._close(oldest, "crowded")
        self._headers[channel] = loop.time() + idle
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(SWEEP_EVERY, self._sweep, loop)

    def await_body(self, channel: Any) -> None:
        """Wait for the body of a request whose header is there."""
        self._bodies[channel] = self._headers.pop(channel, asyncio.get_running_loop().time())

    def forget(self, channel: Any) -> None:
        """Stop waiting: the request is there, or the connection has ended."""
        self._headers.pop(channel, None)
        self._bodies.pop(channel, None)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the late ones."""
        within, now = _settings().HANDSHAKE_WITHIN, loop.time()
        if within:
            late = [channel for channel, begun in self._headers.items() if now - begun >= within]
            late += [
                channel
                for channel, begun in self._bodies.items()
                if now - begun >= within + _received(channel) / BODY_RATE
            ]
            for channel in late:
                self._close(channel, "late")
        self._sweeping = bool(self._headers or self._bodies)
        if self._sweeping:
            loop.call_later(SWEEP_EVERY, self._sweep, loop)

    def _oldest(self, now: float) -> Any:
        """Return the connection that waits longest, None where there is none. A body that comes at
        its pace does not wait."""
        slow = (
            (begun, channel)
            for channel, begun in self._bodies.items()
            if _received(channel) < BODY_RATE * (now - begun)
        )
        waiting = [*islice(((begun, c) for c, begun in self._headers.items()), 1), *islice(slow, 1)]
        return min(waiting, key=itemgetter(0), default=(0.0, None))[1]

    def _close(self, channel: Any, reason: str) -> None:
        self.forget(channel)
        if getattr(channel.transport, "negotiatedProtocol", None) == b"h2":
            return  # Another channel has taken over, and has deadlines of its own.
        self.cut[reason] += 1
        if times := self._log_limit.times(reason, asyncio.get_running_loop().time()):
            logger.warning(
                "daphne: closed connections whose request did not come (reason=%s, closed=%d)",
                reason,
                times,
            )
        channel.transport.abortConnection()


class Doorkeeper:
    """Refuses handshakes for which there is no place, before there is a WebSocket."""

    refuse: Callable[[Mapping[str, Any]], bytes | None] = staticmethod(lambda scope: None)
    """Returns what to answer to the handshake of a scope, before its connection is closed; None to
    let it go on. `presence.routing` sets it."""


doorkeeper = Doorkeeper()


def refusal(
    given: Iterable[tuple[bytes, bytes]], subprotocol: str | None, frames: bytes
) -> bytes | None:
    """Return an answer that opens a WebSocket, with all its frames (RFC 6455 section 4.2.2); None
    where the headers are not those of a valid handshake."""
    headers = dict(given)
    key = headers.get(b"sec-websocket-key", b"")
    if headers.get(b"sec-websocket-version") != b"13" or len(key) != KEY_LENGTH:
        return None
    accept = b64encode(sha1(key + GUID, usedforsecurity=False).digest())
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: WebSocket",
        b"Connection: Upgrade",
        *([b"Sec-WebSocket-Protocol: " + subprotocol.encode()] if subprotocol else []),
        b"Sec-WebSocket-Accept: " + accept,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + frames


def _scope(request: Any) -> dict[str, Any]:
    """Return what of the scope of a handshake is known before there is a WebSocket."""
    headers = [
        (name.lower(), value)
        for name, values in request.requestHeaders.getAllRawHeaders()
        for value in values
    ]
    offered = b",".join(value for name, value in headers if name == b"sec-websocket-protocol")
    host = getattr(request.client, "host", None)
    return {
        "type": "websocket",
        "path": unquote(request.path.decode("latin-1")),
        "root_path": request.server.root_path,
        "client": host and [host, request.client.port],
        "headers": headers,
        "subprotocols": [each.strip() for each in offered.decode("latin-1").split(",") if each],
    }


requests = Requests()
"""Those of this process."""


class HandshakeQueue:
    """Carries out handshakes in the order they came, some in each turn of the event loop.

    `refuse` returns the answer to one that is not carried out, else None. `clock` returns seconds.
    """

    def __init__(
        self,
        process: Callable[[Any], object],
        refuse: Callable[[Any], bytes | None],
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._process = process
        self._refuse = refuse
        self._clock = clock
        self._waiting: deque[Any] = deque()

    def take(self, request: Any) -> None:
        """Carry out a handshake when it is its turn."""
        # What comes before that belongs to the WebSocket, not to HTTP.
        request.channel._networkProducer.pauseProducing()
        self._waiting.append(request)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        end = self._clock() + TURN
        while self._waiting and self._clock() < end:
            request = self._waiting.popleft()
            if request.channel is None:  # it has gone
                continue
            answer = self._refuse(request)
            if answer is None:
                self._process(request)
            else:
                request.channel.write(answer)
                request.channel.loseConnection()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._run)


def patch_handshakes(server: Any) -> None:
    """Patch Daphne's server, and Twisted's HTTP below it. `server` is `daphne.server`."""
    channel = sys.modules["twisted.web.http"].HTTPChannel
    lacking = [name for name in CHANNEL_METHODS if not hasattr(channel, name)]
    if lacking:
        logger.warning(
            "daphne: requests have no deadline (reason=this version of Twisted lacks %s)",
            ", ".join(lacking),
        )
    else:
        _wait_for_requests(channel)
    _take_turns(sys.modules["daphne.http_protocol"].WebRequest)
    _accept_few(server.Server)


def _settings() -> Settings:
    """Return the settings; the defaults while `PRESENCE` is wrong, since pages are served then."""
    try:
        return get_settings()
    except ImproperlyConfigured:
        return Settings()


def _received(channel: Any) -> int:
    """Return how many bytes of the body of its request a channel has."""
    content = channel.requests[-1].content if channel.requests else None
    return content.tell() if content is not None and not content.closed else 0


def _wait_for_requests(channel_class: Any) -> None:
    made, lost = channel_class.connectionMade, channel_class.connectionLost
    header, whole = channel_class.allHeadersReceived, channel_class.allContentReceived
    done = channel_class.requestDone

    def connection_made(self: Any) -> None:
        requests.await_header(self)
        made(self)

    def all_headers_received(self: Any) -> None:
        requests.await_body(self)
        header(self)

    def all_content_received(self: Any) -> None:
        requests.forget(self)
        whole(self)

    def request_done(self: Any, request: Any) -> None:
        if self.persistent:
            requests.await_header(self, IDLE)
        done(self, request)

    def connection_lost(self: Any, reason: Any) -> None:
        requests.forget(self)
        lost(self, reason)

    channel_class.connectionMade, channel_class.connectionLost = connection_made, connection_lost
    channel_class.allHeadersReceived = all_headers_received
    channel_class.allContentReceived = all_content_received
    channel_class.requestDone = request_done


def _refusal(request: Any) -> bytes | None:
    """Return the answer to a handshake that is refused. Where that cannot be known, such as while
    `PRESENCE` is wrong, the handshake goes on: it may be for a WebSocket of the site's own."""
    try:
        return doorkeeper.refuse(_scope(request))
    except Exception:
        logger.exception("daphne: not known whether there is place for a handshake")
        return None


def _take_turns(request_class: Any) -> None:
    process = request_class.process
    queue = HandshakeQueue(process, _refusal)

    def process_in_turn(self: Any) -> Any:
        upgrade = self.requestHeaders.getRawHeaders(b"Upgrade", [b""])[0]
        return queue.take(self) if upgrade.lower() == b"websocket" else process(self)

    request_class.process = process_in_turn


def _accept_few(server_class: Any) -> None:
    listen_success = server_class.listen_success

    def succeed(self: Any, port: Any) -> None:
        listen_success(self, port)
        accept = port.doRead

        def accept_few() -> None:
            # Twisted accepts more with each turn that had as many.
            port.numberAccepts = min(port.numberAccepts, ACCEPTS)
            accept()

        port.doRead = accept_few

    server_class.listen_success = succeed
