"""The store's Lua scripts on a real Redis, with the round trip."""

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from presence.store.base import JoinRequest, Timing
from presence.store.redis.store import RedisStore
from tests.support.redis import RedisServer

BOARD = UUID(int=1)


class Calls:
    """A store, and a way to call it from a benchmark."""

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.store = RedisStore(url, Timing(), prefix="micro")
        self._numbers = count()

    def fill(self, people: int) -> None:
        """Put people on the board."""
        for _ in range(people):
            self.join()

    def join(self) -> str:
        """Put one more person on the board."""
        session = f"session {next(self._numbers)}"
        request = JoinRequest(session, "process", f"person of {session}", "Ada")
        self.runner.run(self.store.join(BOARD, request))
        return session


@pytest.fixture
def calls(redis: RedisServer, runner: asyncio.Runner) -> Iterator[Calls]:
    """A store on an empty Redis whose process has a lease."""
    with redis.client() as client:
        client.flushall()
    calls = Calls(redis.url, runner)
    runner.run(calls.store.renew("process"))
    yield calls
    runner.run(calls.store.close())


@pytest.mark.parametrize("people", [5, 50, 250])
def test_join_and_leave(benchmark: Any, calls: Calls, people: int) -> None:
    calls.fill(people)

    def come_and_go() -> None:
        calls.runner.run(calls.store.leave(BOARD, calls.join()))

    benchmark.pedantic(come_and_go, rounds=300, warmup_rounds=20)


@pytest.mark.parametrize("people", [5, 50, 250])
def test_snapshot(benchmark: Any, calls: Calls, people: int) -> None:
    calls.fill(people)
    snapshot = benchmark(lambda: calls.runner.run(calls.store.snapshot(BOARD)))
    assert snapshot.people == people


@pytest.mark.parametrize("people", [5, 50, 250])
def test_renew(benchmark: Any, calls: Calls, people: int) -> None:
    calls.fill(people)
    summaries = benchmark(lambda: calls.runner.run(calls.store.renew("process")))
    assert summaries[BOARD].people == people
