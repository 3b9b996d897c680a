"""The example site under a real server, in a process of its own, with a database of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from presence.protocol.messages import MAX_NAME_BYTES
from tests.support.waiting import DEADLINE, eventually

ROOT = Path(__file__).resolve().parents[2]
OPEN_BOARD = "00000000-0000-4000-8000-000000000001"
SITE = "presence_site.asgi:application"
MEMBERS_BOARD = "00000000-0000-4000-8000-000000000002"

PREPARE = """
from django.core.management import call_command
from presence_site.models import Board
call_command("migrate", verbosity=0)
call_command("demo_data")
Board.objects.bulk_create(Board(id=id, title="Test", open_to_guests=True) for id in {boards})
"""


SERVERS = {
    "daphne": "daphne --bind 127.0.0.1 --port {port}",
    "uvicorn": "uvicorn --host 127.0.0.1 --port {port}",
    "hypercorn": "hypercorn --bind 127.0.0.1:{port}",
    "granian": "granian --interface asgi --host 127.0.0.1 --port {port}",
    "gunicorn": "gunicorn --bind 127.0.0.1:{port} --worker-class uvicorn_worker.UvicornWorker",
}
"""The command line of each server, without the application."""


@dataclass(frozen=True)
class Release:
    """The code that a server runs, in a folder: it knows names of so many bytes. `environment` is
    what its servers have besides their site's."""

    root: Path = ROOT
    name_bytes: int = MAX_NAME_BYTES
    environment: Mapping[str, str] = field(default_factory=dict)


THIS = Release()


@dataclass(frozen=True)
class Server:
    """A running site: `process` is the server's, `log` the file it writes to."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    environment: dict[str, str]
    release: Release = THIS
    scheme: str = "http"

    @property
    def origin(self) -> str:
        """Where pages are: http://127.0.0.1:<port>, or https."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def socket_url(self, board: str = OPEN_BOARD) -> str:
        """The WebSocket of a board."""
        return f"{self.origin.replace('http', 'ws')}/ws/presence/{board}/"

    def page(self, board: str = OPEN_BOARD) -> str:
        """The page of a board."""
        return f"{self.origin}/boards/{board}/"

    def panel(self, board: str) -> str:
        """The admin's page of a board."""
        return f"{self.origin}/admin/presence_site/board/{board}/change/"

    def logged(self) -> str:
        """Return all that the server wrote to its log."""
        return self.log.read_text()

    def manage(self, *arguments: str) -> str:
        """Run a management command on this site's database, and return what it printed."""
        return manage(self.environment, *arguments)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Run a management command, and return what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def site_environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a site whose database lies in `folder`."""
    own = {
        "DEBUG": "1",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        # The tests' own settings know nothing of DATABASE_URL.
        "DJANGO_SETTINGS_MODULE": "presence_site.settings",
        "REDIS_URL": "",
    }
    return {**os.environ, **own, **more}


def with_settings(environment: dict[str, str], **settings: Any) -> dict[str, str]:
    """Return the environment of the same site with other settings, as tests/support/site.py
    takes them."""
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.support.site",
        "SITE_SETTINGS": json.dumps(settings),
    }
    return {**environment, **own}


def prepare(environment: dict[str, str], boards: Sequence[str] = ()) -> None:
    """Make the database, the demo data, and boards that are open to guests."""
    manage(environment, "shell", "--no-imports", "-c", PREPARE.format(boards=boards))


@contextmanager
def serve(
    folder: Path,
    environment: dict[str, str],
    application: str = SITE,
    port: int = 0,
    healthy: bool = True,
    options: Sequence[str] = (),
    name: str = "daphne",
    release: Release = THIS,
) -> Iterator[Server]:
    """Run a server until the block ends; it is up when the block begins. Port 0: any that is free.

    With `healthy` false it is up when it answers at all. `options` are more of the server's. `name`
    is one of `SERVERS`, or the command line of another.
    """
    port = port or free_port()
    log = folder / f"{name.split()[0]}-{port}.log"
    command = [sys.executable, "-m", *SERVERS.get(name, name).format(port=port).split()]
    url = f"http://127.0.0.1:{port}/healthz"
    with run_program(
        [*command, *options, application],
        log,
        lambda: answers(url, healthy=healthy),
        cwd=release.root,
        env={**environment, **release.environment},
    ) as process:
        yield Server(port, process, log, environment, release)


@contextmanager
def serve_site(folder: Path, site: str, application: str = SITE) -> Iterator[Server]:
    """Run a site of tests/sites, with a database of its own in `folder`, until the block ends."""
    environment = site_environment(folder, DJANGO_SETTINGS_MODULE=f"tests.sites.{site}.settings")
    prepare(environment)
    with serve(folder, environment, application) as running:
        yield running


@contextmanager
def run_program(
    command: Sequence[str], log: Path, is_up: Callable[[], bool], **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program until the block ends; it is up when the block begins. `log` gets what it
    writes, and may be its own log, too. `options` are those of `Popen`."""
    log.write_bytes(b"")
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **options)

    def is_up_or_ended() -> bool:
        assert process.poll() is None, f"{command[0]} ended: {log.read_text()}"
        return is_up()

    try:
        eventually(is_up_or_ended, lambda: f"{command}: {log.read_text()}", 2 * DEADLINE)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE)


def answers(url: str, *, healthy: bool = True) -> bool:
    """Return whether a server answers with 200, or with `healthy` false at all."""
    try:
        with urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except HTTPError as error:
        error.close()
        return not healthy
    except OSError:
        # It does not listen yet, or listens before it answers.
        return False
