"""Fixtures of the attacks: a site as in production, on both paths."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from benchmarks.machine import allow_files
from tests.support.fixtures import *  # noqa: F403
from tests.support.server import Server, serve, with_settings

EMBEDDING = "https://www.example.com"
"""The origin of another site, which shows boards with tokens."""


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "ordinary path"])
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Whether the server reads and writes sockets directly."""
    return bool(request.param)


@pytest.fixture(scope="module")
def site(environment: dict[str, str], fast_path: bool) -> dict[str, str]:
    """The environment of a site in production, which takes people off their boards soon."""
    production = {"DEBUG": "0", "SECRET_KEY": settings.SECRET_KEY, "ALLOWED_HOSTS": "127.0.0.1"}
    own = {"FAST_PATH": fast_path, "GRACE": 0.5, "RELOAD_GRACE": 0.5}
    # Attackers tell which address they have, as only a proxy may.
    own |= {"TRUSTED_PROXIES": ["127.0.0.0/8"], "EMBED_ORIGINS": [EMBEDDING]}
    return with_settings({**environment, **production}, PRESENCE=own)


@pytest.fixture(scope="module")
def server(site: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne for all attacks on a path, which also tells what it holds."""
    allow_files()
    folder = tmp_path_factory.mktemp("daphne")
    with serve(folder, site, application="tests.hostile.asgi:application") as running:
        yield running
