"""`manage.py presence_audit` as an operator runs it, and a moment in the midst of it."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

from redis import Redis

from tests.support.redis import RedisServer
from tests.support.server import ROOT

TIMEOUT = 30.0
"""Seconds after which the command hangs."""


def audit(environment: Mapping[str, str], *options: str) -> tuple[int, list[str]]:
    """Run the command, and return its exit status and its lines, those of standard error last."""
    done = subprocess.run(
        [sys.executable, "manage.py", "presence_audit", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, (done.stdout + done.stderr).splitlines()


@contextmanager
def struck(redis: RedisServer, strike: Callable[[], None], word: str) -> Iterator[None]:
    """Call `strike` as soon as a server receives a command that contains a word."""
    with Redis(port=redis.port, socket_timeout=TIMEOUT) as client, client.monitor() as monitor:

        def watch() -> None:
            while word not in monitor.next_command()["command"]:
                pass
            strike()

        thread = Thread(target=watch)
        thread.start()
        yield
        thread.join(TIMEOUT)
        assert not thread.is_alive(), f"{word} was not sent"
