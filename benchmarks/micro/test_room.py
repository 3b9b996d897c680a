"""One flush of a room in which everybody has moved."""

from itertools import count
from typing import Any

import pytest

from presence.protocol.messages import Dialect
from presence.rooms.room import Room
from presence.store.base import Member


@pytest.mark.parametrize("size", [5, 50, 250])
def test_flush(benchmark: Any, size: int) -> None:
    room, clock = Room(1), count(1_000)
    people = [str(user) for user in range(size)]
    for user, name in enumerate(people):
        room.arrive(Member(name, "process", name, name, (1, 2, 3), user), Dialect.COMPACT)
    room.flush(0.0, 17, shared=False)

    def everybody_moves() -> tuple[tuple[float], dict[str, float]]:
        for name in people:
            room.move(name, b"\x01\x02\x03\x04")
        return (float(next(clock)),), {}

    def flush(now: float) -> list[bytes]:
        _, cursors = room.flush(now, 17, shared=False).frames_for("somebody", Dialect.COMPACT)
        return list(cursors)

    (frame,) = benchmark.pedantic(flush, setup=everybody_moves, rounds=2_000, warmup_rounds=50)
    assert len(frame) == 1 + 5 * size
