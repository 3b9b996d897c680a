"""Encode what goes into Redis, and decode what comes out.

Strings are escaped as in JSON. They become ASCII without control characters, so that a TAB can
separate fields, and every string comes back unchanged.
"""

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any
from uuid import UUID

from presence.protocol.board_ids import NamedBoard
from presence.protocol.graphemes import fit
from presence.protocol.messages import Color
from presence.store.base import Member
from presence.store.redis.scripts import Argument

SHORT_NAME = 32
"""Bytes of a name that processes of release 0.1.0 can read."""

_SEPARATOR = b"\x7f"  # `escape` writes none, and `unescape` takes it in what 0.1.0 reads as a pool.

MICROSECONDS = 1_000_000
"""The scripts count time in microseconds."""


def escape(text: str) -> bytes:
    """Encode a string."""
    return encode_basestring_ascii(text)[1:-1].encode("ascii")


def unescape(kept: bytes) -> str:
    """Decode a string that `escape` encoded."""
    return str(json.loads(b'"%b"' % kept)) if b"\\" in kept else kept.decode("ascii")


def reference_argument(board: UUID) -> bytes:
    """Encode the reference of a board; b"" if that is its UUID."""
    return escape(board.reference) if isinstance(board, NamedBoard) else b""


def parse_board(board: UUID, reference: bytes) -> UUID:
    """Return a board with the reference that `reference_argument` encoded."""
    return NamedBoard(unescape(reference)) if reference else board


def place_argument(board: UUID, process: str) -> bytes:
    """Encode on which board a session is, as lua/note_persons.lua takes it."""
    return b"\t".join((escape(process), board.hex.encode(), reference_argument(board)))


def parse_place(place: bytes) -> UUID:
    """Decode a board in the answer of lua/whereabouts.lua."""
    board, reference = place.split(b"\t")
    return parse_board(UUID(board.decode()), reference)


def microseconds(seconds: float) -> int:
    """Convert seconds to what the scripts take."""
    return int(seconds * MICROSECONDS)


def color_text(color: Color) -> str:
    """Encode a colour as "rrggbb"."""
    return bytes(color).hex()


def parse_color(kept: bytes) -> Color:
    """Decode a colour that `color_text` encoded."""
    red, green, blue = bytes.fromhex(kept.decode("ascii"))
    return red, green, blue


def parse_processes(flat: Sequence[Any]) -> frozenset[str]:
    """Decode a flat list of processes and their numbers of members; return the processes."""
    return frozenset(map(unescape, flat[::2]))


def parse_pairs(flat: Sequence[bytes] | None) -> dict[bytes, bytes]:
    """Return a flat list of keys and values, or none, as a dictionary."""
    flat = flat or ()
    return dict(zip(flat[::2], flat[1::2], strict=True))


def parse_members(records: Mapping[bytes, bytes]) -> tuple[Member, ...]:
    """Decode records of members by session; return the members in the order they came."""
    placed = []
    for session, record in records.items():
        # A later release may write more fields.
        place, user, color, process, person, pools, short, since = record.split(b"\t")[:8]
        pool, avatar, long, *_ = (*pools.split(_SEPARATOR), b"", b"")
        name = long or short
        strings = (unescape(session), unescape(process), unescape(person), unescape(name))
        numbers = (parse_color(color), int(user), int(since) / MICROSECONDS)
        member = Member(*strings, *numbers, unescape(pool), unescape(avatar))
        placed.append((int(place), member))
    placed.sort(key=lambda pair: pair[0])
    return tuple(member for _, member in placed)


def name_arguments(name: str, pool: str, avatar: str) -> tuple[bytes, bytes]:
    """Encode the name and the pool of a record, which have the picture and a long name between
    them (lua/board.lua)."""
    # A store takes lone surrogates, which are no name.
    short = fit(name.encode(errors="replace").decode(), SHORT_NAME)
    more = (avatar, "" if short == name else name)
    return escape(short), _SEPARATOR.join(map(escape, (pool, *more) if any(more) else (pool,)))


def member_arguments(member: Member, lease_end: Argument) -> tuple[Argument, ...]:
    """Encode a member as the arguments that lua/restore.lua takes."""
    strings = (member.session, member.process, member.person)
    name, pool = name_arguments(member.name, member.pool, member.avatar)
    numbers = (color_text(member.color), member.user, lease_end, microseconds(member.since))
    return (*map(escape, strings), name, *numbers, pool)
