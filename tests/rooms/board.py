"""A room with a clock of its own, and words for what it says."""

from presence.protocol.codec import decode_server
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    Dialect,
    ServerMessage,
    UserState,
)
from presence.rooms.frames import Flush
from presence.rooms.room import Room
from presence.store.base import Member

BOARD = 0x1234
LEAST = 33
COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
COLOR = (10, 20, 30)
ACTIVE, OFF_BOARD, AWAY, IDLE = UserState


def read(frames: list[bytes], dialect: Dialect = COMPACT) -> list[ServerMessage]:
    return [decode_server(frame, dialect) for frame in frames]


def at(user: int, x: int, y: int) -> list[ServerMessage]:
    return [CursorBroadcast((Cursor(user, x, y),))]


def member(session: str, user: int, person: str | None = None, name: str = "") -> Member:
    return Member(session, "process", person or session, name or session, COLOR, user)


class Board:
    """A room, and a clock that leaves every limit time to recover between two ticks."""

    def __init__(self) -> None:
        self.room = Room(BOARD, LEAST)
        self.now = 1_000.0

    def arrive(
        self, session: str, user: int, dialect: Dialect = COMPACT, *, person: str | None = None
    ) -> None:
        self.room.arrive(member(session, user, person), dialect)

    def seat(self, *sessions: str, dialect: Dialect = COMPACT) -> "Board":
        """Seat sessions under user ids 0, 1, 2 ... and let everything be told."""
        for user, session in enumerate(sessions):
            self.arrive(session, user, dialect)
        self.room.people = len(sessions)
        self.tick()
        return self

    def tick(self, lag: float = 0.0) -> Flush:
        self.now += 1.0
        return self.room.flush(self.now, lag)

    def told(self, lag: float = 0.0) -> list[ServerMessage]:
        """What those who were here before hear of one tick, in compact."""
        flush = self.tick(lag)
        return read(flush.common[COMPACT] + flush.cursors[COMPACT])


def silent(flush: Flush) -> bool:
    return not (any(flush.common.values()) or any(flush.cursors.values()) or flush.welcomes)


def shared(*elsewhere: str) -> Board:
    """A board with Ada under user id 0, and others elsewhere under 1, 2 ...; everything is told."""
    board = Board().seat("ada")
    for user, session in enumerate(elsewhere, start=1):
        board.room.arrive(member(session, user), None)
    board.room.people = 1 + len(elsewhere)
    board.tick()
    return board


def heard(
    board: Board,
    cursors: dict[int, bytes] | None = None,
    states: dict[int, UserState] | None = None,
) -> list[object]:
    """What the people of this process are told of what another one says."""
    board.room.update_remote("process", cursors or {}, states or {})
    flush = board.tick()
    assert flush.welcomes == {}
    return [*read(flush.common[COMPACT] + flush.cursors[COMPACT])]
