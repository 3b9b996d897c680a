"""Any sequence of joins, breaks, leaves, reaps, bans, renewals and time, against the model."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.store import memory
from presence.store.base import Member, Timing
from presence.store.redis import store as redis_store
from tests.store.cast import BRIEF_GRACE, FIRST_OF_PAIR, GRACE, HERE, SECOND_OF_PAIR, THERE, request
from tests.store.model import Model
from tests.store.worlds import OpenWorld, World, memory_world

# Time advances in tens of seconds, and every end lies two seconds or more from any such sum.
STEP = 10
SLOW = Timing(grace=24.0, id_rest=34.0, board_rest=54.0, lease=44.0)

# Two boards with the same home id, and few persons, so that they often meet themselves.
BOARDS = (FIRST_OF_PAIR, SECOND_OF_PAIR)
PERSONS = ("ada", "bob", "cy")
POOLS = ("", "here", "there")
POOL_RESTS = 2
OPERATIONS = [*["join"] * 4, *["start_grace", "advance", "renew"] * 2]
OPERATIONS += ["leave", "remove", "close_board", "reap", "restore"]

steps = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS),
        st.sampled_from(BOARDS),
        st.sampled_from(PERSONS),
        st.sampled_from([HERE, THERE]),
        st.integers(0, 63),
    ),
    min_size=20,
    max_size=80,
)


class Comparison:
    """A store and its model, side by side."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.make(SLOW)
        self.model = Model(SLOW, POOL_RESTS)
        self.joins = 0
        self.met: dict[UUID, list[Member]] = {board: [] for board in BOARDS}

    async def join(self, board: UUID, person: str, process: str, name: str, pool: str) -> None:
        asks = replace(request(f"s{self.joins}", person, process, name), pool=pool)
        self.joins += 1
        if refusal := self.model.refusal(board, asks):
            with pytest.raises(refusal):
                await self.store.join(board, asks)
        else:
            admission = await self.store.join(board, asks)
            self.met[board].append(admission.member)
            self.model.joined(board, asks, admission)

    async def do(self, operation: str, board: UUID, person: str, process: str, n: int) -> None:
        """Carry out one step; each operation takes what it needs of the rest."""
        store, model, met = self.store, self.model, self.met[board][-6:]
        session = met[n % len(met)].session if met else "nobody"
        match operation:
            case "join":
                await self.join(board, person, process, "Ada" if n % 4 else "", POOLS[n % 3])
            case "start_grace":
                seconds = (BRIEF_GRACE, GRACE)[n % 2]
                await store.start_grace(board, session, seconds)
                model.grace_started(board, session, seconds)
            case "leave":
                model.left(board, session, await store.leave(board, session))
            case "remove":
                seconds = (0, 27, 57)[n % 3]
                departure = await store.remove(board, person, seconds)
                model.removed(board, person, seconds, departure)
            case "close_board":
                seconds = (0, 27, 57)[n % 3]
                await store.close_board(board, seconds)
                model.closed(board, seconds)
            case "reap":
                model.reaped(board, await store.reap(board))
            case "restore":
                members = [member for place, member in enumerate(met) if n >> place & 1]
                model.restored(board, members, await store.restore(board, members))
            case "renew":
                model.renewed(process, await store.renew(process))
            case "advance":
                self.world.now += STEP * (1 + n % 3)
                model.now += STEP * (1 + n % 3)

    async def check(self) -> None:
        """Compare all that can be read."""
        for board in BOARDS:
            self.model.read(board, await self.store.snapshot(board))
            for process in (HERE, THERE):
                for sessions in range(3):
                    read = await self.store.snapshot(board, process, sessions)
                    self.model.read_for(board, process, sessions, read)
        counts = {board: self.model.people(board) for board in BOARDS}
        assert await self.store.counts(BOARDS) == counts
        assert await self.store.boards() == {board: n for board, n in counts.items() if n}
        assert await self.store.processes() == self.model.processes()
        for person in PERSONS:
            on = (board for board in BOARDS if person in self.model.persons(board))
            assert (await self.store.whereabouts(person)).boards == tuple(on)


def test_any_sequence(open_world: OpenWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (memory, redis_store):
        monkeypatch.setattr(module, "POOL_RESTS", POOL_RESTS)

    # The world in memory is fast. Every run has other examples.
    @settings(max_examples=100 if open_world is memory_world else 15)
    @given(steps)
    def run(steps: list[Any]) -> None:
        asyncio.run(compare(steps))

    async def compare(steps: list[Any]) -> None:
        async with open_world() as world:
            comparison = Comparison(world)
            for process in (HERE, THERE):
                await comparison.do("renew", BOARDS[0], "", process, 0)
            for step in steps:
                await comparison.do(*step)
                await comparison.check()

    run()
