"""Any history of joins, breaks, leaves, reaps, renewals and time, against the model."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from presence.store.base import Member, Timing
from tests.store.cast import FIRST_OF_PAIR, HERE, SECOND_OF_PAIR, THERE, request
from tests.store.model import Model
from tests.store.worlds import OpenWorld

T = TypeVar("T")

# Time passes by tens of seconds, and no end lies within two of any: a real server on a busy machine
# takes some of its own.
STEP = 10
SLOW = Timing(grace=24.0, id_rest=34.0, board_rest=54.0, lease=44.0)

# Two boards that want one id; few persons, so that they meet themselves.
BOARDS = (FIRST_OF_PAIR, SECOND_OF_PAIR)
boards = st.sampled_from(BOARDS)
persons = st.sampled_from(["ada", "bob", "cy"])
processes = st.sampled_from([HERE, THERE])
sessions = st.integers(0, 4)


class StoreMachine(RuleBasedStateMachine):
    """A store and its model, side by side. A subclass says in which world."""

    open_world: OpenWorld

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.exits = AsyncExitStack()
        self.world = self.wait(self.exits.enter_async_context(type(self).open_world()))
        self.store = self.world.make(SLOW)
        self.model = Model(SLOW)
        self.joins = 0
        self.met: dict[UUID, list[Member]] = {board: [] for board in BOARDS}
        for process in (HERE, THERE):
            self.renew(process)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.wait(self.exits.aclose())
        self.loop.close()

    @rule(board=boards, person=persons, process=processes)
    def join(self, board: Any, person: str, process: str) -> None:
        asks = request(f"s{self.joins}", person, process)
        self.joins += 1
        refusal = self.model.refuses(board, asks)
        if refusal is not None:
            with pytest.raises(refusal):
                self.wait(self.store.join(board, asks))
            return
        admission = self.wait(self.store.join(board, asks))
        self.met[board].append(admission.member)
        self.model.joined(board, asks, admission)

    @rule(board=boards, ago=sessions)
    def start_grace(self, board: Any, ago: int) -> None:
        session = f"s{self.joins - ago}"
        self.wait(self.store.start_grace(board, session))
        self.model.lingered(board, session)

    @rule(board=boards, ago=sessions)
    def leave(self, board: Any, ago: int) -> None:
        session = f"s{self.joins - ago}"
        self.model.left(board, session, self.wait(self.store.leave(board, session)))

    @rule(board=boards, person=persons, seconds=st.sampled_from([0, 27, 57]))
    def remove(self, board: Any, person: str, seconds: float) -> None:
        departure = self.wait(self.store.remove(board, person, seconds))
        self.model.removed(board, person, seconds, departure)

    @rule(board=boards, seconds=st.sampled_from([0, 0, 27]))
    def close_board(self, board: Any, seconds: float) -> None:
        self.wait(self.store.close_board(board, seconds))
        self.model.close_board(board, seconds)

    @rule(board=boards)
    def reap(self, board: Any) -> None:
        self.model.reaped(board, self.wait(self.store.reap(board)))

    @rule(process=processes)
    def renew(self, process: str) -> None:
        self.model.renewed(process, self.wait(self.store.renew(process)))

    @rule(board=boards, ago=st.sets(st.integers(1, 6)))
    def restore(self, board: Any, ago: set[int]) -> None:
        members = [self.met[board][-n] for n in ago if n <= len(self.met[board])]
        self.model.restored(board, members, self.wait(self.store.restore(board, members)))

    @rule(steps=st.integers(1, 4))
    def advance(self, steps: int) -> None:
        seconds = steps * STEP
        self.wait(self.world.advance(seconds))
        self.model.now += seconds

    @invariant()
    def rosters_and_counts_agree(self) -> None:
        counts = self.wait(self.store.counts(BOARDS))
        for board in BOARDS:
            assert counts[board] == self.model.people(board)
            self.model.looked(board, self.wait(self.store.snapshot(board)))
        assert set(self.wait(self.store.boards())) == {b for b in BOARDS if counts[b]}
        assert dict(self.wait(self.store.processes())) == self.model.processes()


def test_any_history(open_world: OpenWorld) -> None:
    machine = type("Machine", (StoreMachine,), {"open_world": staticmethod(open_world)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
