"""A session at the start of a visit, and words for what it asks for."""

import json
from collections.abc import Iterable
from pathlib import Path

from presence.protocol.errors import (
    Malformed,
)
from presence.protocol.messages import (
    Dialect,
    Join,
)
from presence.protocol.session import Action, Reply, Session, Shut, Strike

BOARD, USER = 0x1234, 7
START = 1_000.0
COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
JOIN = bytes.fromhex("03 0000 03") + b"Ada"
LEAVE = bytes.fromhex("04 0000")
HEARTBEAT = b"\x08"
MOVE = bytes.fromhex("01 0001 0002")
NONSENSE = b"\xff"
NOTICE_1 = bytes.fromhex("0e 01 0000")
NOTICE_2 = bytes.fromhex("0e 02 1388")
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())


def fresh(dialect: Dialect = COMPACT) -> Session:
    return Session(dialect, START)


def joined(dialect: Dialect = COMPACT, user: int = USER) -> Session:
    session = fresh(dialect)
    assert session.feed(JOIN, START) == Join(0, "Ada")
    session.admitted(BOARD, user)
    return session


def feed(session: Session, frames: Iterable[bytes | None], now: float = START) -> list[Action]:
    return [session.feed(frame, now) for frame in frames]


def alive(session: Session, seconds: Iterable[int]) -> list[Action]:
    """What `check` says each second to a client that does nothing but live."""
    said = []
    for second in seconds:
        assert session.feed(HEARTBEAT, START + second) == Reply(HEARTBEAT)
        said.append(session.check(START + second))
    return said


def reason(action: Action) -> Malformed:
    assert isinstance(action, Strike)
    return action.reason


def error(action: Action) -> type:
    assert isinstance(action, Shut)
    return type(action.error)
