"""Fixtures of the attacks: a site as in production, on both paths."""

from collections.abc import Iterator

import pytest

from benchmarks.machine import allow_files
from tests.support.fixtures import *  # noqa: F403
from tests.support.server import Server, serve, with_settings


@pytest.fixture(scope="module")
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Whether this module's servers read and write sockets directly; see `BOTH_PATHS`."""
    return bool(getattr(request, "param", True))


@pytest.fixture(scope="module")
def site(environment: dict[str, str], fast_path: bool) -> dict[str, str]:
    """The environment of a site in production, which takes people off their boards soon."""
    production = {
        "DEBUG": "0",
        "SECRET_KEY": "a-key-for-attacks-only-that-guards-nothing-else",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    own = {"FAST_PATH": fast_path, "GRACE": 0.5, "RELOAD_GRACE": 0.5}
    return with_settings({**environment, **production}, PRESENCE=own)


@pytest.fixture(scope="module")
def server(site: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne, which also tells what it holds."""
    allow_files()
    folder = tmp_path_factory.mktemp("daphne")
    with serve(folder, site, application="tests.hostile.asgi:application") as running:
        yield running
