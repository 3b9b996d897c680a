"""`manage.py presence_audit` as its user runs it, and a Redis that stops in the midst of it."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

from redis import Redis

from tests.support.redis import RedisServer
from tests.support.server import ROOT

ENDS_WITHIN = 30.0
"""Seconds within which the command is over, or hangs."""


def audit(environment: Mapping[str, str], *options: str) -> tuple[int, list[str]]:
    """Run the command, and return its exit status and the lines it printed, those about errors
    last."""
    command = [sys.executable, "manage.py", "presence_audit", *options]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, (done.stdout + done.stderr).splitlines()


@contextmanager
def struck(redis: RedisServer, strike: Callable[[], None], word: str) -> Iterator[None]:
    """Do something as soon as a server is sent a command that holds a word."""
    with Redis(port=redis.port, socket_timeout=ENDS_WITHIN) as client, client.monitor() as monitor:

        def watch() -> None:
            while word not in monitor.next_command()["command"]:
                pass
            strike()

        thread = Thread(target=watch)
        thread.start()
        yield
        thread.join(ENDS_WITHIN)
        assert not thread.is_alive(), f"{word} was not sent"
