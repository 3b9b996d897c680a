"""A process, or several, to test in, on a loop that skips the time in which nothing happens."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

import pytest

from presence.store.base import Timing
from tests.server.harness import Process, start_process
from tests.server.world import World
from tests.support.clock import LOOPS, SkippingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, type[SkippingLoop]]:
    return LOOPS


@pytest.fixture(autouse=True)
def trouble_only(caplog: pytest.LogCaptureFixture) -> None:
    """Leave the lines of joins and leaves out of the log, except for tests that ask for them."""
    caplog.set_level(logging.WARNING, "presence.journal")


@pytest.fixture(params=[False, True], ids=["server", "pump"])
def direct(request: pytest.FixtureRequest) -> bool:
    """Whether frames go between sockets and connections through the hub's pump."""
    return bool(request.param)


@pytest.fixture
async def process(direct: bool) -> AsyncIterator[Process]:
    """A process with the times of PROTOCOL.md."""
    process = start_process(Timing(), direct=direct)
    yield process
    await process.close()


@pytest.fixture
async def world(direct: bool) -> AsyncIterator[World]:
    """Processes that share a store and a layer."""
    world = World(direct=direct)
    yield world
    await world.close()


@pytest.fixture
async def loop() -> SkippingLoop:
    """The loop that the test runs on."""
    running = asyncio.get_running_loop()
    assert isinstance(running, SkippingLoop)
    return running
