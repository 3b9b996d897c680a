"""`python -m benchmarks.board`: one busy board under a real Daphne, and what it costs.

Each variant runs in turn: a server of its own, and client processes that move as many people as
asked for. README.md says what the figures mean.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from benchmarks.load import WARM_UP, Load, Measurement
from benchmarks.report import Outcome, Trial, doubts, figures, merge, ratios
from benchmarks.usage import peak_memory, usage_between
from tests.support.server import ROOT, Server, prepare, serve, site_environment

VARIANTS = {
    "ours": ("presence", "presence_site.asgi:application"),
    "channels-loop": ("presence", "benchmarks.plain:loop"),
    "channels-json": ("json", "benchmarks.plain:tutorial"),
}
"""What the clients speak, and the application that answers."""

PROCESSES = 2
"""Processes of clients: enough to load one server, and few enough to leave it a core of two."""

MOST_PEOPLE = 255
MOST_RATE = 57
"""User ids on one board, and positions a second that one person is granted (PROTOCOL.md)."""

HEAD_START = 0.5
"""Seconds between the word to start and the start."""

Client = subprocess.Popen[str]


def plan(options: argparse.Namespace) -> list[Trial]:
    """Return the trials of one call, those with the same people together."""
    loads = {"ours": options.people, "channels-loop": options.people}
    small = {"ours": options.json_people, "channels-json": options.json_people}
    pairs = [pair for load in (loads, small) for pair in load.items()]
    return [Trial(name, people, options.rate, options.seconds) for name, people in pairs]


def measure(trial: Trial, environment: dict[str, str], folder: Path) -> Outcome:
    """Run one trial."""
    speech, application = VARIANTS[trial.variant]
    with serve(folder, environment, application) as server:
        with crowd(server, speech, trial) as clients:
            start = time.monotonic() + HEAD_START
            for client in clients:
                say(client, repr(start))
            used = usage_between(server.process.pid, start + WARM_UP, trial.seconds)
            measurement = merge([read_measurement(client) for client in clients])
        return Outcome(trial, measurement, used, peak_memory(server.process.pid))


@contextmanager
def crowd(server: Server, speech: str, trial: Trial) -> Iterator[list[Client]]:
    """Start the client processes; all of their people are on the board when the block begins."""
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.clients"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    path = urlsplit(server.socket_url()).path
    try:
        for client, people in zip(clients, share(trial.people, PROCESSES), strict=True):
            load = Load(server.port, path, speech, people, trial.rate, trial.seconds)
            say(client, json.dumps(asdict(load)))
        for client in clients:
            hear(client)
        yield clients
    finally:
        for client in clients:
            client.kill()
            client.communicate()


def share(people: int, processes: int) -> list[int]:
    """Return how many people each process has."""
    return [people // processes + (n < people % processes) for n in range(processes)]


def say(client: Client, line: str) -> None:
    """Write a line to a client process."""
    assert client.stdin is not None
    client.stdin.write(line + "\n")
    client.stdin.flush()


def hear(client: Client) -> str:
    """Return the next line of a client process; `RuntimeError` where it ended instead."""
    assert client.stdout is not None
    line = client.stdout.readline()
    if not line:
        raise RuntimeError(f"a client process ended with {client.wait()}; see above")
    return line


def read_measurement(client: Client) -> Measurement:
    """Return what a client process saw."""
    seen = json.loads(hear(client))
    for name in ("delays", "late"):
        seen[name] = Counter({int(value): times for value, times in seen[name].items()})
    return Measurement(**seen)


def between(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` to `most` for an option."""

    def number(text: str) -> int:
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least} to {most}")
        return int(text)

    return number


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board", description=__doc__)
    people = between(PROCESSES, MOST_PEOPLE)
    parser.add_argument("--people", type=people, default=100, help="on the board (100)")
    parser.add_argument(
        "--json-people", type=people, default=30, help="where channels-json takes part (30)"
    )
    parser.add_argument(
        "--rate", type=between(1, MOST_RATE), default=30, help="moves a second of each (30)"
    )
    parser.add_argument("--seconds", type=between(1, 60), default=10, help="that count (10)")
    return parser.parse_args(arguments)


def run(trials: Sequence[Trial]) -> Iterator[Outcome]:
    """Run the trials one after the other, on a database of their own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        environment = site_environment(folder, REDIS_URL="")
        prepare(environment)
        for trial in trials:
            print(f"{trial.variant}, {trial.people} people ...", file=sys.stderr, flush=True)
            yield measure(trial, environment, folder)


def main() -> None:
    """Run every variant, and print figures and ratios."""
    options = read_options()
    load = os.getloadavg()[0]
    outcomes = list(run(plan(options)))
    print(
        f"One board, {options.rate} moves a second each, {options.seconds} s; {os.cpu_count()} "
        f"cores, load {load:.1f} before the start\n\n{figures(outcomes)}\n"
    )
    for _, group in groupby(outcomes, lambda outcome: outcome.trial.people):
        base, *others = group
        print(f"{ratios(base, others)}\n")
    for doubt in doubts(outcomes):
        print(doubt)


if __name__ == "__main__":
    main()
