"""deploy/compose.yaml as `docker compose` reads it."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.server import ROOT

DEPLOY = ROOT / "deploy"
PASSWORD = "letters1and2digits3only"
"""The value of all keys and passwords."""


def read(variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `docker compose config` with these variables in .env."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    program = shutil.which("docker-compose", path=path)
    assert program, "docker-compose is not installed"
    with TemporaryDirectory() as folder:
        (Path(folder) / ".env").write_text(variables)
        file = shutil.copy(DEPLOY / "compose.yaml", folder)
        command = [program, "--file", file, "config", "--format", "json"]
        return subprocess.run(command, capture_output=True, text=True, check=False, env={})


@cache
def services() -> dict[str, Any]:
    """Return the services by their names, with .env.example filled in."""
    done = read((DEPLOY / ".env.example").read_text().replace("=\n", f"={PASSWORD}\n"))
    assert (done.returncode, done.stderr) == (0, "")
    # It writes $ as in a file that it reads again.
    found: dict[str, Any] = json.loads(done.stdout.replace("$$", "$"))["services"]
    return found
