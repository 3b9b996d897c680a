"""Just enough of RFC 6455 for clients that are cheaper than the server they load.

No masking worth the name (the key is zero, which section 5.3 does not forbid), no fragments, no
extensions: what Daphne sends to such clients needs none of it.
"""

import struct
from base64 import b64encode

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
"""Opcodes (RFC 6455, section 5.2)."""

_FINAL = 0x80
_MASKED = 0x80
_NO_MASK = bytes(4)
_LONG, _LONGER = 126, 127


def handshake(host: str, path: str, subprotocol: str | None, key: bytes) -> bytes:
    """Return the request that opens a WebSocket; `key` is 16 bytes (section 4.1)."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        f"Origin: http://{host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {b64encode(key).decode()}",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []),
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def pack(opcode: int, payload: bytes) -> bytes:
    """Return one frame from a client; `payload` is under 64 KiB."""
    size = len(payload)
    if size < _LONG:
        return bytes((_FINAL | opcode, _MASKED | size)) + _NO_MASK + payload
    head = struct.pack(">BBH", _FINAL | opcode, _MASKED | _LONG, size)
    return head + _NO_MASK + payload


def unpack(buffer: bytearray) -> list[tuple[int, bytes]]:
    """Take the whole frames off the front of `buffer`: (opcode, payload) each."""
    frames, at = [], 0
    while (ends := _payload_ends(buffer, at)) is not None:
        begin, end = ends
        frames.append((buffer[at] & 0x0F, bytes(buffer[begin:end])))
        at = end
    del buffer[:at]
    return frames


def _payload_ends(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Return where the payload of the frame at `at` begins and ends; None while it is not whole."""
    if len(buffer) < at + 2:
        return None
    size, begin = buffer[at + 1], at + 2
    if size >= _LONG:
        width = 2 if size == _LONG else 8
        begin += width
        size = int.from_bytes(buffer[at + 2 : begin], "big")
    return (begin, begin + size) if len(buffer) >= begin + size else None
