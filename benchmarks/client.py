"""Compiles and runs the load client, load.c."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.workload import Workload

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "var" / "bench"
"""What is compiled and measured is kept here."""

PORTS_PER_ADDRESS = 10_000
"""Sockets from one address of 127.0.0.0/8: Linux gives out 28,000 ports for each."""

MOST_SOCKETS = 12_000
"""Sockets of one client, which may have 20,000 files open on many machines."""


class Room(NamedTuple):
    """Where a room is: the server's port, the path of its socket, and its name."""

    port: int
    path: str
    name: str


@dataclass(frozen=True)
class Joins:
    """How the people of a client came in: `joined` are there, `lost` are not, after `seconds`.

    Half of the joins took `p50` milliseconds at most, from the time at which they were due.
    """

    joined: int
    lost: int
    seconds: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Moves:
    """What a client saw in the seconds that count.

    `moves` were sent, and `blocked` were not, because the kernel did not take the one before.
    `bytes`, headers included, came down, `cursors` of others, and `frames` with cursors. Their ages
    are in milliseconds, -1 where there were none. `late` is how many milliseconds after their time
    moves were sent, and `cpu` the client's own, in seconds. `silence` is the longest time, in
    milliseconds, in which somebody heard of no move of others.
    """

    moves: int
    blocked: int
    frames: int
    bytes: int
    cursors: int
    lost: int
    cpu: float
    age_p50: float
    age_p99: float
    late_p50: float
    late_p99: float
    silence: float


@dataclass(frozen=True)
class Restarts:
    """What the people of a client noticed of restarts, since the seconds that count.

    `ends` sockets of people on a board ended, and `failed` attempts to come back came to nothing;
    `out` people are not back now. A count was by `above` too high, at most, `extra` entries were
    too many on a roster, and somebody was missing on one for `lacking`. All times are in
    milliseconds: `away` is from the end of a socket until its person is back, `gap` the longest
    time of each person without a new position of another.
    """

    ends: int
    failed: int
    out: int
    above: int
    extra: int
    lacking: float
    away_p50: float
    away_p99: float
    away_most: float
    gap_p50: float
    gap_p99: float
    gap_most: float


Process = subprocess.Popen[str]
ADDED = (
    *("joined", "lost", "moves", "blocked", "frames", "bytes", "cursors", "cpu"),
    *("ends", "failed", "out"),
)
"""What several clients have together. Of all other figures the greatest is taken."""


class Client:
    """Running load clients, which are one client to whoever uses them."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes

    def joins(self) -> Joins:
        """Wait until all people are in, and return how that went."""
        return Joins(**self._hear())

    def start(self, at: float) -> None:
        """Tell the monotonic time at which to start to move."""
        for process in self._processes:
            say(process, f"{at!r}\n")

    def moves(self) -> Moves:
        """Wait for the end of the seconds that count, and return what was seen in them."""
        return Moves(**self._hear())

    def restarts(self) -> Restarts:
        """Return what people who return have noticed of restarts until now."""
        for process in self._processes:
            say(process, "\n")
        return Restarts(**self._hear())

    def _hear(self) -> dict[str, Any]:
        answers = [json.loads(hear(process)) for process in self._processes]
        return {
            name: (sum if name in ADDED else max)(answer[name] for answer in answers)
            for name in answers[0]
        }


def say(process: Process, text: str) -> None:
    """Write to a client's standard input."""
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()


def hear(process: Process) -> str:
    """Return the next line of a client; `RuntimeError` where it ended instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the load client ended with {process.wait()}; see above")
    return line


def command(program: Path, speech: str, work: Workload, sources: int, returns: bool) -> list[str]:
    """Return how to run the client: SPEECH PEOPLE RATE WARM_UP SECONDS WINDOW JOIN_RATE PATIENCE
    SOURCES RETURNS.

    `PEOPLE` are in each room, and each moves `RATE` times a second. They join at `JOIN_RATE` a
    second; where that is 0, `WINDOW` at a time. Connections leave from so many `SOURCES`, 127.0.0.1
    and up. With `returns`, who loses a socket comes back as a browser does, and people move on
    after the seconds that count.
    """
    numbers = (
        *(work.people, work.rate, work.warm_up, work.seconds),
        *(work.window, work.join_rate, work.patience, sources, int(returns)),
    )
    return [str(program), speech, *map(str, numbers)]


@contextmanager
def run_client(
    speech: str, rooms: Sequence[Room], work: Workload, returns: bool = False
) -> Iterator[Client]:
    """Start a client, which begins to join; it ends with the block. See `command`."""
    count = -(-work.people * len(rooms) // MOST_SOCKETS)
    sources = work.people * len(rooms) // count // PORTS_PER_ADDRESS + 1
    with ExitStack() as stack:
        processes = [
            stack.enter_context(_run(command(compiled(), speech, work, sources, returns)))
            for _ in range(count)
        ]
        for number, process in enumerate(processes):
            lines = (f"{room.port} {room.path} {room.name}\n" for room in rooms[number::count])
            say(process, "".join(lines) + "\n")
        yield Client(processes)


@contextmanager
def _run(words: list[str]) -> Iterator[Process]:
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def compiled() -> Path:
    """Return the client's program, compiled if that has not been done yet.

    Exits with a message where there is no compiler, as nothing can be measured then.
    """
    if shutil.which("cc") is None:
        sys.exit("The load client needs a C compiler: apt-get install gcc libc6-dev")
    return build("load.c", "cc", "-O2", "-Wall", "-Wextra", "-o")


def build(source: str, compiler: str, *options: str) -> Path:
    """Return the program made of a source file beside this one; the last option names the output.

    Raises `RuntimeError` where the compiler is missing.
    """
    path = ROOT / "benchmarks" / source
    program = CACHE / f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    if not program.exists():
        if shutil.which(compiler) is None:
            raise RuntimeError(f"{source} needs {compiler}, which is not installed")
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, *options, str(program), str(path)], check=True)
    return program
