"""Fixtures of the micro-benchmarks: an event loop to call into, and a real Redis."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.fixtures import redis

__all__ = ["redis", "runner"]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop that runs only when a benchmark asks it to."""
    with asyncio.Runner() as runner:
        yield runner
