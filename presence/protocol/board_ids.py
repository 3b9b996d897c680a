"""What stands for a board: a UUID inside presence, a reference in URLs and logs, and a board id in
frames (PROTOCOL.md, Identifiers)."""

from collections.abc import Container
from hashlib import blake2b
from itertools import chain
from uuid import UUID, uuid5

MAX_BOARD_ID = 65_535

NAMESPACE = UUID("58c047d7-4c5c-4a33-8f97-86f3743b09ed")
"""Namespace of the UUIDs of named boards. All processes of a site must agree on it."""


def home_id(board: UUID) -> int:
    """Return the board id, 1..65535, that a board has unless another active board holds it."""
    digest = blake2b(board.bytes, digest_size=2).digest()
    return int.from_bytes(digest, "big") or 1


def next_id(home: int, taken: Container[int]) -> int:
    """Return the first id from ``home`` on that is not taken; 1 follows 65535. Boards share
    ``home`` where every id is taken: it is only a label on the wire."""
    candidates = chain(range(home, MAX_BOARD_ID + 1), range(1, home))
    return next((candidate for candidate in candidates if candidate not in taken), home)


class NamedBoard(UUID):
    """A board that is known by a text: a named room, or an object without a UUID as its key.

    It equals the UUID version 5 of the text, its *reference* (RFC 9562, section 5.5). `str` of any
    board is its reference, so logs, lists and the admin name the object.
    """

    __slots__ = ("reference",)
    reference: str

    def __init__(self, reference: str) -> None:
        super().__init__(int=uuid5(NAMESPACE, reference).int)
        # A UUID is immutable.
        object.__setattr__(self, "reference", reference)

    def __str__(self) -> str:
        return self.reference

    def __reduce__(self) -> tuple[type["NamedBoard"], tuple[str]]:
        """Support `copy` and `pickle`."""
        return NamedBoard, (self.reference,)
