"""Board ids: what stands for a board's UUID in frames (PROTOCOL.md, Identifiers)."""

from collections.abc import Container
from hashlib import blake2b
from itertools import chain
from uuid import UUID

MAX_BOARD_ID = 65_535


def home_id(board: UUID) -> int:
    """Return the board id, 1..65535, that a board has unless another active board holds it."""
    digest = blake2b(board.bytes, digest_size=2).digest()
    return int.from_bytes(digest, "big") or 1


def next_id(home: int, taken: Container[int]) -> int:
    """Return the first id from ``home`` on that is not taken; 1 follows 65535. Boards share
    ``home`` where every id is taken: it is only a label on the wire."""
    candidates = chain(range(home, MAX_BOARD_ID + 1), range(1, home))
    return next((candidate for candidate in candidates if candidate not in taken), home)
