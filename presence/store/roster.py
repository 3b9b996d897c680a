"""Who is on a board: one `Member` per socket, several of which may be one person."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from presence.protocol.messages import NO_USER, Color


@dataclass(frozen=True, slots=True)
class Member:
    """One session on one board.

    `session` and `process` are unique strings; `person` is the same for every socket of one person
    (PROTOCOL.md, "Who counts as one person"); `user` is 0..254, or 255 for a spectator.
    """

    session: str
    process: str
    person: str
    name: str
    color: Color
    user: int
    since: float = field(default=0.0, compare=False)
    """When it came, in seconds of the store's clock; who goes on for a session came when it did."""

    @property
    def spectator(self) -> bool:
        """True where the board was full: sees everything, is counted, has no user id."""
        return self.user == NO_USER


def people(members: Iterable[Member]) -> int:
    """Return how many people the members are: tabs of one person count once."""
    return len({member.person for member in members})
