"""Tasks that go on whoever waits for them."""

import asyncio
import logging

import pytest

from presence.protocol.errors import TryLater
from presence.server.tasks import Tasks
from tests.server.harness import pass_time


async def test_who_stops_waiting_ends_none_of_them() -> None:
    tasks, done = Tasks(), asyncio.Event()

    async def work() -> None:
        await pass_time(5)
        done.set()

    tasks.spawn(work())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await tasks.settle()
    await tasks.settle()
    assert done.is_set()


async def test_with_nothing_under_way_there_is_nothing_to_wait_for() -> None:
    await Tasks().settle()


@pytest.mark.parametrize(
    ("error", "level"), [(TryLater(), logging.WARNING), (RuntimeError("oh"), logging.ERROR)]
)
async def test_what_one_raises_is_logged(
    error: Exception, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = Tasks()

    async def work() -> None:
        raise error

    tasks.spawn(work())
    await tasks.settle()
    await pass_time(0)
    assert [record.levelno for record in caplog.records] == [level]
