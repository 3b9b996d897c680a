"""The fixture `presence` for pytest, which finds it by itself where presence is installed."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture
def presence() -> Iterator[Any]:
    """Presence in memory, with nobody on any board: a `presence.testing.Presence`."""
    # pytest imports plugins before Django has its settings.
    with import_module("presence.testing").presence_in_memory() as running:
        yield running
