"""What a process publishes about itself, and records of how many people there are."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from presence.protocol.messages import Heartbeat
from presence.server.stats import PUBLISH_INTERVAL, ProcessStats, StatsPublisher
from presence.store.history import MINUTES, STATS_TTL
from presence.store.history_memory import MemoryHistory
from tests.server.harness import BOARD, OUT, Process, Socket, pass_time
from tests.server.world import World
from tests.support.metrics import value


@pytest.fixture
async def history() -> MemoryHistory:
    """The history that all processes of a test share; its clock is the loop's."""
    loop = asyncio.get_running_loop()
    return MemoryHistory(lambda: loop.time() + 60 * 10**6)


@pytest.fixture
async def publisher(process: Process, history: MemoryHistory) -> AsyncIterator[StatsPublisher]:
    """The publisher of the process. It publishes after 1 s for the first time."""
    made = StatsPublisher(process.hub, history)
    made.start()
    yield made
    await made.stop()


async def stay(seconds: float, *sockets: Socket) -> None:
    """Let time pass for people who stay, as their browsers say every half minute."""
    for _ in range(int(seconds / 30)):
        for socket in sockets:
            socket.say(Heartbeat())
        await pass_time(30)


async def published(history: MemoryHistory) -> dict[str, ProcessStats]:
    texts = await history.published()
    assert all(len(text) < 300 for text in texts.values())
    return {process: ProcessStats.load(text) for process, text in texts.items()}


def test_stats_of_other_releases_are_read() -> None:
    stats = ProcessStats("host:1:ab", sockets=3, frames_in=1.5, store_ms=0.8)
    assert ProcessStats.load(stats.dump().encode()) == stats
    assert ProcessStats.load(json.dumps({"process": "p", "moods": 3})) == ProcessStats("p")


async def test_rates_are_those_since_the_stats_before(
    process: Process, publisher: StatsPublisher, history: MemoryHistory
) -> None:
    ada, _ = await process.two()
    await pass_time(PUBLISH_INTERVAL)
    metrics = process.hub.metrics
    before = metrics.frames_in, metrics.bytes_in, metrics.frames_out, metrics.bytes_out
    for n in range(50):
        ada.move(n)
        await pass_time(0.02)
    after = metrics.frames_in, metrics.bytes_in, metrics.frames_out, metrics.bytes_out
    await pass_time(PUBLISH_INTERVAL - 1.5)
    stats = (await published(history))["this-process"]
    assert (stats.sockets, stats.boards) == (2, 1)
    rates = stats.frames_in, stats.bytes_in, stats.frames_out, stats.bytes_out
    changes = [(end - begin) / PUBLISH_INTERVAL for begin, end in zip(before, after, strict=True)]
    assert list(rates) == pytest.approx(changes, rel=0.05)
    assert 0 < stats.lease_age < 4.5


async def test_late_ticks_are_averaged(
    process: Process, publisher: StatsPublisher, history: MemoryHistory
) -> None:
    await process.two()
    await pass_time(PUBLISH_INTERVAL)
    process.hub.metrics.tick_lag.observe(0.01)
    process.hub.metrics.tick_lag.observe(0.03)
    await pass_time(PUBLISH_INTERVAL)
    assert (await published(history))["this-process"].tick_lag_ms == 20.0


async def test_a_process_without_people_publishes_until_it_stops(
    publisher: StatsPublisher, history: MemoryHistory
) -> None:
    await pass_time(2)
    assert await published(history) == {"this-process": ProcessStats("this-process")}
    await publisher.stop()
    await pass_time(STATS_TTL + 1)
    assert await published(history) == {}


async def test_a_minute_has_six_samples(
    process: Process, publisher: StatsPublisher, history: MemoryHistory
) -> None:
    people = await process.two()
    samples = process.seam.calls.count("boards")
    await stay(180, *people)
    assert process.seam.calls.count("boards") == samples + 3 * 6
    before, after = (await history.read(BOARD, MINUTES, 3))[:2]
    assert (after.people, after.peak) == (2.0, 2)
    assert before.at == after.at - 60


async def test_a_store_that_hangs_is_asked_once_at_a_time_and_leaves_a_gap(
    process: Process, publisher: StatsPublisher, history: MemoryHistory
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


async def test_a_store_that_fails_is_asked_again_and_logged_once(
    process: Process,
    publisher: StatsPublisher,
    history: MemoryHistory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "presence.server.stats")
    process.seam.failing["ping"] = OUT
    await pass_time(30)
    assert value(process.hub.metrics, "store_failures_total") == 6
    assert await published(history) == {}
    del process.seam.failing["ping"]
    await pass_time(PUBLISH_INTERVAL + 1)
    assert "this-process" in await published(history)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_the_next_process_records_when_one_dies(world: World, history: MemoryHistory) -> None:
    names = ("one", "two", "three")
    people = [await world.joined(name, f"person of {name}") for name in names]
    running = {name: StatsPublisher(world.process(name).hub, history) for name in names}
    for publisher in running.values():
        publisher.start()
    await stay(120, *people)
    (first,) = [name for name in names if running[name].recording]
    assert (await history.read(BOARD, MINUTES, 2))[0].people == 3.0
    await running.pop(first).stop()
    await stay(60, *people)
    (second,) = [name for name, publisher in running.items() if publisher.recording]
    assert second != first
    await stay(120, *people)
    points = await history.read(None, MINUTES, 4)
    assert [point.people for point in points] == [3.0] * 4, "no gap, and nobody twice"
    for publisher in running.values():
        await publisher.stop()
