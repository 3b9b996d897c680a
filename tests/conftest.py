import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from hypothesis import HealthCheck, settings

from presence.server.logs import REPEATS

# Tests judge what the code does, not how busy the machine is.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

REDIS_FIXTURES = {"redis", "redis_process", "fill"}
"""Fixtures that start a real Redis."""


SLOW_FOLDERS = ("system", "deploy", "store")
"""Folders of tests that wait for real servers."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what needs a real Redis: `make check` leaves it out. Put long tests first: where several
    files run at a time, none of the workers is left with one of them at the end."""
    for item in items:
        if REDIS_FIXTURES & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.redis)
        if item.get_closest_marker("alone") and "pytest.mark.alone" not in item.path.read_text():
            raise pytest.UsageError(f"tests/run.sh finds {item.path} by `pytest.mark.alone` only")
    yield
    items.sort(key=lambda item: item.path.parent.name not in SLOW_FOLDERS)


@pytest.fixture(autouse=True)
def every_test_logs_anew() -> None:
    """Have a test's errors logged, although an earlier test had the same ones."""
    REPEATS.clear()


@receiver(connection_created)
def close_with_its_thread(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Close a connection when its thread ends. Django never closes one to a database in memory, of
    which SQLite complains since Python 3.13."""
    weakref.finalize(connection, connection.connection.close)
