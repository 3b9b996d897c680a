"""Fixtures of the attacks: a site as in production, on both paths."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from benchmarks.machine import allow_files
from tests.support.fixtures import *  # noqa: F403
from tests.support.insides import WATCHED
from tests.support.server import Server, serve, with_settings
from tests.system.paths import PATHS

STORAGES = {
    "default": "django.core.files.storage.FileSystemStorage",
    "staticfiles": "django.contrib.staticfiles.storage.StaticFilesStorage",
}


@pytest.fixture(scope="module", params=PATHS)
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Whether the server reads and writes sockets directly."""
    return bool(request.param)


def production(environment: dict[str, str], **own: Any) -> dict[str, str]:
    """Return the environment of a site in production, with settings of `PRESENCE`."""
    known = {"DEBUG": "0", "SECRET_KEY": settings.SECRET_KEY, "ALLOWED_HOSTS": "127.0.0.1"}
    # People leave their boards soon. Attackers tell which address they have, as only a proxy may.
    own = {"GRACE": 0.5, "RELOAD_GRACE": 0.5, "TRUSTED_PROXIES": ["127.0.0.0/8"], **own}
    # No static files were collected.
    storages = {name: {"BACKEND": backend} for name, backend in STORAGES.items()}
    return with_settings({**environment, **known}, PRESENCE=own, STORAGES=storages)


@pytest.fixture(scope="module")
def site(environment: dict[str, str], fast_path: bool) -> dict[str, str]:
    """The environment of this module's servers."""
    return production(environment, FAST_PATH=fast_path)


@pytest.fixture(scope="module")
def server(site: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site under one Daphne for all attacks on a path, which also tells what it holds."""
    allow_files()
    folder = tmp_path_factory.mktemp("daphne")
    with serve(folder, site, application=WATCHED) as running:
        yield running
