"""A process to test in, on a loop that skips the time in which nothing happens."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

import pytest

from presence.server.hub import Hub
from presence.store.base import Timing
from presence.store.memory import MemoryStore
from tests.server.harness import Process, Seam
from tests.server.world import World
from tests.support.clock import LOOPS, SkippingLoop

INTERVAL = 33


def pytest_asyncio_loop_factories() -> Mapping[str, type[SkippingLoop]]:
    return LOOPS


@pytest.fixture(autouse=True)
def trouble_only(caplog: pytest.LogCaptureFixture) -> None:
    """Leave out of what was logged who came and went: the tests of logs ask for it."""
    caplog.set_level(logging.WARNING, "presence.journal")


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    """A process with a hub and a memory store, and the times of PROTOCOL.md."""
    timing = Timing()
    seam = Seam(MemoryStore(asyncio.get_running_loop().time, timing))
    hub = Hub(seam, "this-process", least=INTERVAL, timing=timing)
    yield Process(hub, seam)
    seam.open.set()
    await hub.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Processes that share a store and a layer."""
    world = World()
    yield world
    await world.close()


@pytest.fixture
async def loop() -> SkippingLoop:
    """The loop that the test runs on."""
    running = asyncio.get_running_loop()
    assert isinstance(running, SkippingLoop)
    return running
