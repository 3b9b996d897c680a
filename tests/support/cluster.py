"""Many Daphnes over one database and one Redis."""

import os
import re
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.clients import Clients
from tests.support.server import OPEN_BOARD, SITE, THIS, Release, Server, free_port, serve
from tests.support.waiting import DEADLINE

Running = AbstractContextManager[Server]


class Cluster:
    """Daphnes that share a Redis, each known by its number and on a port that stays its own.

    `releases` is the code that each runs from its next start on.
    """

    def __init__(
        self, folder: Path, environment: dict[str, str], redis_url: str, application: str
    ) -> None:
        self.application = application
        self.environment = {**environment, "REDIS_URL": redis_url}
        self.servers: list[Server] = []
        self.releases: list[Release] = []
        self._folder = folder
        self._running: list[Running] = []
        self._ending: set[int] = set()

    def start(self, releases: Sequence[Release]) -> "Cluster":
        """Start a process of each of these at once, and return when all are up."""
        self.releases = [*releases]
        with ThreadPoolExecutor(len(releases)) as pool:
            starts = [pool.submit(self._serve, free_port(), each) for each in releases]
        # Those that are up have to be stopped, also where another failed.
        for running, server in (start.result() for start in starts if not start.exception()):
            self._running.append(running)
            self.servers.append(server)
        for start in starts:
            start.result()
        return self

    def stop(self) -> None:
        """End every process, and wait until it has ended."""
        for number in range(len(self.servers)):
            self._signal(number, signal.SIGCONT)
            self._signal(number, signal.SIGTERM)
        for running in self._running:
            running.__exit__(None, None, None)

    def clients(self, number: int, board: str = OPEN_BOARD) -> Clients:
        """Return what opens sockets to one process."""
        return Clients(self.servers[number], board)

    def logged(self, *levels: str) -> list[str]:
        """Return the log lines of some levels (WARNING, ERROR) of all processes, also of those
        that have ended."""
        return self.matching(re.compile(rf" (?:{'|'.join(levels)}) "))

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        """Return all log lines in which a pattern is found."""
        lines = [
            line for log in self._folder.glob("*/*.log") for line in log.read_text().splitlines()
        ]
        return [line for line in lines if pattern.search(line)]

    def mend(self) -> None:
        """Have every process run: resume paused ones, replace those that were ended."""
        for number in range(len(self.servers)):
            self.resume(number)
        for number in sorted(self._ending):
            self.restart(number)

    def kill(self, number: int) -> None:
        """End a process as a crash does."""
        self._ending.add(number)
        self._signal(number, signal.SIGKILL)
        self.servers[number].process.wait(DEADLINE)

    def terminate(self, number: int) -> None:
        """Ask a process to end; it may take its time."""
        self._ending.add(number)
        self._signal(number, signal.SIGTERM)

    def pause(self, number: int) -> None:
        """Stop a process: its sockets stay open and nothing is answered, until `resume`."""
        self._signal(number, signal.SIGSTOP)

    def resume(self, number: int) -> None:
        """Let a process go on."""
        self._signal(number, signal.SIGCONT)

    def restart(self, number: int) -> None:
        """End a process if it still runs, and start another in its place."""
        if number in self._ending:
            # A second signal, while it stops, is an error for Twisted.
            self.servers[number].process.wait(15)
        self._running[number].__exit__(None, None, None)
        self._ending.discard(number)
        port, release = self.servers[number].port, self.releases[number]
        self._running[number], self.servers[number] = self._serve(port, release)

    def _serve(self, port: int, release: Release) -> tuple[Running, Server]:
        # Each process has a folder, so that a later one does not overwrite its log.
        folder = self._folder / f"{port}-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        running = serve(folder, self.environment, self.application, port=port, release=release)
        return running, running.__enter__()

    def _signal(self, number: int, which: signal.Signals) -> None:
        process = self.servers[number].process
        if process.poll() is None:
            os.kill(process.pid, which)


@contextmanager
def run_cluster(
    folder: Path,
    environment: dict[str, str],
    redis_url: str,
    size: int | Sequence[Release],
    application: str = SITE,
) -> Iterator[Cluster]:
    """Run `size` processes, or one of each of these releases, until the block ends; they are up
    when the block begins."""
    cluster = Cluster(folder, environment, redis_url, application)
    try:
        yield cluster.start([THIS] * size if isinstance(size, int) else size)
    finally:
        cluster.stop()
