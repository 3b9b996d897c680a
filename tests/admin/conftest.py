"""What the tests of the admin share."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any

import pytest
from django.contrib import admin

from presence import runtime
from presence.admin.topics import outages
from presence_site.models import Board
from tests.support.admin import Serving, serving
from tests.support.clock import SkippingLoop


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, type[asyncio.AbstractEventLoop]]:
    skips = item.path.name == "test_poller.py"
    return {"loop": SkippingLoop if skips else asyncio.SelectorEventLoop}


@pytest.fixture(autouse=True)
def nothing_failed() -> None:
    """Forget what earlier tests had logged."""
    outages._last_failures.clear()


@pytest.fixture
def process() -> Iterator[Serving]:
    """A process that serves boards, with a store in memory."""
    with serving() as running:
        yield running


@pytest.fixture
def board_admin(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replaces methods of the site's `ModelAdmin` of boards."""
    kind = type(admin.site.get_model_admin(Board))

    def replace(**methods: Any) -> None:
        for name, method in methods.items():
            monkeypatch.setattr(kind, name, method)

    return replace


@pytest.fixture
def serves_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has this process serve boards, on the loop of the test."""
    event = Event()
    event.set()
    monkeypatch.setattr(runtime, "serving", event)
