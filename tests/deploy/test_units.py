"""The units in deploy/systemd/, as systemd reads them."""

import re
import subprocess
from pathlib import Path

import pytest

from presence.asgi.daphne import SHUTDOWN_TIMEOUT
from tests.support.nginx import replaced
from tests.support.server import ROOT

FOLDER = ROOT / "deploy/systemd"
UNIT = (FOLDER / "presence@.service").read_text()


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """The files, with programs that are on every machine."""
    programs = {"/srv/mysite/.venv/bin/daphne": "/bin/true", "/usr/bin/curl": "/bin/true"}
    for file in FOLDER.iterdir():
        text = file.read_text()
        (tmp_path / file.name).write_text(
            replaced(text, programs) if file.suffix == ".service" else text
        )
    return [str(file) for file in tmp_path.iterdir()]


def test_systemd_finds_nothing_wrong(units: list[str]) -> None:
    assert len(units) == 2
    done = analyze("verify", "--man=no", *units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_process_can_do_little_but_serve() -> None:
    # Of 10.0, which is a service without any restriction. It is run by nobody but its user, and it
    # reaches the network.
    done = analyze(
        "security", "--offline=true", "--threshold=20", str(FOLDER / "presence@.service")
    )
    assert done.returncode == 0, done.stdout


def test_a_process_has_time_to_drain() -> None:
    found = re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert found
    assert int(found[1]) >= 2 * SHUTDOWN_TIMEOUT


def test_a_process_is_asked_at_the_address_where_it_listens() -> None:
    commands = re.findall(r"^ExecStart(?:Post)?=.*[ /](\$\{ADDRESS\})[ :]", UNIT, re.MULTILINE)
    assert len(commands) == 2
    assert "\nEnvironment=ADDRESS=127.0.0.1\n" in UNIT
