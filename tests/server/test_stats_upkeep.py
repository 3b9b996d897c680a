"""What a process tells and records while it runs."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from presence.protocol.messages import Heartbeat
from presence.server.stats import EVERY, ProcessStats, Upkeep, load
from presence.store.history import MINUTES, STATS_TTL
from presence.store.history_memory import MemoryHistory
from tests.server.harness import BOARD, OUT, Process, Socket, pass_time, settle
from tests.server.world import World
from tests.support.metrics import value


@pytest.fixture
async def history() -> MemoryHistory:
    """The history that all processes of a test share; its clock is the loop's."""
    loop = asyncio.get_running_loop()
    return MemoryHistory(lambda: loop.time() + 60 * 10**6)


@pytest.fixture
async def upkeep(process: Process, history: MemoryHistory) -> AsyncIterator[Upkeep]:
    made = Upkeep(process.hub, history)
    made.start()
    yield made
    await made.stop()


async def stay(seconds: float, *sockets: Socket) -> None:
    """Let time pass for people who stay, as their browsers say every half minute."""
    for _ in range(int(seconds / 30)):
        for socket in sockets:
            socket.say(Heartbeat())
        await pass_time(30)


async def told(history: MemoryHistory) -> dict[str, ProcessStats]:
    return {process: load(text) for process, text in (await history.published()).items()}


async def test_figures_are_those_of_now(
    process: Process, upkeep: Upkeep, history: MemoryHistory
) -> None:
    ada, _ = await process.two()
    await pass_time(EVERY)
    before = process.hub.metrics.frames_in
    for n in range(50):
        ada.move(n)
        await pass_time(EVERY / 50)
    figures = (await told(history))["this-process"]
    assert (figures.sockets, figures.boards) == (2, 1)
    moved = process.hub.metrics.frames_in - before
    assert figures.frames_in == pytest.approx(moved / EVERY, rel=0.3)
    assert figures.bytes_in > figures.frames_in
    assert figures.frames_out > 0
    assert 0 < figures.lease_age < 4.5


async def test_one_that_has_nobody_tells_so(upkeep: Upkeep, history: MemoryHistory) -> None:
    await pass_time(2)
    assert await told(history) == {"this-process": ProcessStats("this-process")}


async def test_who_stops_is_told_no_more(upkeep: Upkeep, history: MemoryHistory) -> None:
    await pass_time(2)
    await upkeep.stop()
    await pass_time(STATS_TTL + 1)
    assert await told(history) == {}


async def test_a_minute_is_looked_at_six_times(
    process: Process, upkeep: Upkeep, history: MemoryHistory
) -> None:
    await stay(180, *await process.two())
    before, after = (await history.read(BOARD, MINUTES, 3))[:2]
    assert (after.people, after.peak) == (2.0, 2)
    assert before.at == after.at - 60
    buckets = history._buckets[None][MINUTES].values()
    assert max(bucket.samples for bucket in buckets) == 6


async def test_a_store_that_hangs_is_asked_once_at_a_time_and_leaves_a_gap(
    process: Process, upkeep: Upkeep, history: MemoryHistory
) -> None:
    people = await process.two()
    await stay(60, *people)
    process.seam.open.clear()
    asked = process.seam.calls.count("ping")
    await stay(210, *people)
    assert process.seam.calls.count("ping") == asked + 1
    process.seam.open.set()
    await stay(60, *people)
    seen = [point.people for point in await history.read(None, MINUTES, 6)]
    assert None in seen
    assert set(seen) == {None, 2.0}, "people who were not counted are a gap"
    assert seen[-1] == 2.0


async def test_a_store_that_fails_is_asked_again(
    process: Process, upkeep: Upkeep, history: MemoryHistory
) -> None:
    process.seam.failing["ping"] = OUT
    await pass_time(30)
    assert (value(process.hub.metrics, "store_failures_total") or 0) >= 5
    assert await told(history) == {}
    del process.seam.failing["ping"]
    await pass_time(EVERY + 1)
    assert "this-process" in await told(history)


async def test_the_next_process_records_when_one_dies(world: World, history: MemoryHistory) -> None:
    names = ("one", "two", "three")
    people = [await world.joined(name, f"person of {name}") for name in names]
    running = {name: Upkeep(world.process(name).hub, history) for name in names}
    for upkeep in running.values():
        upkeep.start()
    await stay(120, *people)
    (first,) = [name for name in names if running[name].recorder.recording]
    assert (await history.read(BOARD, MINUTES, 2))[0].people == 3.0
    await running.pop(first).stop()
    await stay(60, *people)
    (second,) = [name for name, upkeep in running.items() if upkeep.recorder.recording]
    assert second != first
    await stay(120, *people)
    told = await history.read(None, MINUTES, 4)
    assert [point.people for point in told] == [3.0] * 4, "no gap, and nobody twice"
    for upkeep in running.values():
        await upkeep.stop()


async def test_figures_are_small(process: Process, upkeep: Upkeep, history: MemoryHistory) -> None:
    await process.joined()
    await pass_time(10)
    await settle()
    (text,) = (await history.published()).values()
    assert len(text) < 300
    assert json.loads(text)["process"] == "this-process"
