"""Several processes that serve one site without Redis are noticed."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.server import ROOT, Server, serve
from tests.support.waiting import DEADLINE, eventually

ONE_MORE = "2 processes serve this site on this machine"


def checked(environment: dict[str, str]) -> str:
    """Return what `manage.py check` says."""
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def told(servers: Sequence[Server]) -> list[str]:
    """Ask each of them how it is, and return what all say of processes."""
    answers = [urlopen(f"{server.origin}/healthz", timeout=DEADLINE) for server in servers]
    for answer in answers:
        with answer:
            assert answer.read() == b"ok"
    return [answer.headers["Presence-Processes"] for answer in answers]


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("daphne", [], 2),
        pytest.param("uvicorn", ["--workers", "2"], 1, marks=pytest.mark.long),
        pytest.param("gunicorn", ["--workers", "2"], 1, marks=pytest.mark.long),
    ],
)
def test_they_are_noticed(
    environment: dict[str, str], tmp_path: Path, name: str, options: list[str], count: int
) -> None:
    with ExitStack() as running:
        servers = [
            running.enter_context(serve(tmp_path, environment, options=options, name=name))
            for _ in range(count)
        ]
        # Any worker may answer; each is counted from its first answer.
        eventually(lambda: all(ONE_MORE in said for said in told(servers)), "what /healthz says")
        assert "presence.W016" in checked(environment)
        logged = "".join(server.logged() for server in servers)
        assert logged.count(f"processes: {ONE_MORE}") == 1
    assert "presence.W016" not in checked(environment)
