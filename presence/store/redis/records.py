"""What goes into Redis and what comes out of it: members, tickets and answers as bytes.

Strings are escaped as in JSON: they become ASCII without control characters, so that a TAB can
separate them, and any string comes back as it was.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from presence.protocol.messages import Color
from presence.store.base import Member, Timing
from presence.store.redis.scripts import Argument

MICROSECONDS = 1_000_000


def escape(text: str) -> bytes:
    """Return a string as Redis keeps it."""
    return json.dumps(text)[1:-1].encode("ascii")


def unescape(kept: bytes) -> str:
    """Return the string that `escape` took."""
    return str(json.loads(b'"%b"' % kept)) if b"\\" in kept else kept.decode("ascii")


def microseconds(duration: float) -> int:
    """Return seconds as the scripts take them."""
    return int(duration * MICROSECONDS)


def seconds_of(kept: bytes | int) -> float:
    """Return seconds of what the scripts keep and answer."""
    return int(kept) / MICROSECONDS


def color_text(color: Color) -> str:
    """Return a colour as "rrggbb"."""
    return bytes(color).hex()


def color_of(kept: bytes) -> Color:
    """Return the colour that `color_text` took."""
    red, green, blue = bytes.fromhex(kept.decode("ascii"))
    return red, green, blue


def names(flat: Sequence[Any]) -> frozenset[str]:
    """Return the processes of a list of names and numbers."""
    return frozenset(map(unescape, flat[::2]))


def members(flat: Sequence[bytes]) -> tuple[Member, ...]:
    """Return members, in the order they came, from a list of sessions and records."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    placed = sorted(
        (_placed(session, record) for session, record in pairs), key=lambda pair: pair[0]
    )
    return tuple(member for _, member in placed)


def _placed(session: bytes, record: bytes) -> tuple[int, Member]:
    place, user, color, process, person, name, since = record.split(b"\t")
    strings = (unescape(session), unescape(process), unescape(person), unescape(name))
    return int(place), Member(*strings, color_of(color), int(user), seconds_of(since))


def member_arguments(member: Member, lease_end: Argument) -> Iterator[Argument]:
    """Yield what lua/restore.lua takes for one member."""
    yield from map(escape, (member.session, member.process, member.person, member.name))
    yield from (color_text(member.color), member.user, lease_end, microseconds(member.since))


def timing_arguments(timing: Timing, spare: float) -> tuple[int, ...]:
    """Return the times that lua/clock.lua takes."""
    times = (timing.grace, timing.lease, timing.id_rest, timing.board_rest, spare)
    return tuple(map(microseconds, times))
