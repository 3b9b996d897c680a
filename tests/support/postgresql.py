"""A real PostgreSQL of the tests' own, on a free port of this machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import free_port

USER = "presence"


def _program(name: str) -> str:
    """Return a program of PostgreSQL's; Debian keeps them out of the PATH."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    assert found, f"{name} is not installed: apt-get install postgresql"
    return found


def _run(*command: str) -> None:
    # PostgreSQL refuses to run as root; its own account comes with the package.
    user = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(command, user=user, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


@contextmanager
def run_postgresql(folder: Path) -> Iterator[str]:
    """Run a server whose data lies in `folder`, and give the URL of an empty database."""
    data, log, port = folder / "data", folder / "postgresql.log", free_port()
    folder.chmod(0o711)
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, "postgres")
        log.touch()
        shutil.chown(log, "postgres")
    _run(_program("initdb"), "-D", str(data), "-U", USER, "--auth=trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    control = (_program("pg_ctl"), "-D", str(data), "-w")
    # With a log of its own, or the server would keep our pipes open.
    _run(*control, "-l", str(log), "-o", options, "start")
    try:
        yield f"postgres://{USER}@127.0.0.1:{port}/postgres"
    finally:
        _run(*control, "-m", "fast", "stop")
