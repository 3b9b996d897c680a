"""Compiles and runs the load client, load.c."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.workload import Workload

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "var" / "bench"
"""What is compiled and measured is kept here."""

PORTS_PER_ADDRESS = 10_000
"""Sockets from one address of 127.0.0.0/8: Linux gives out 28,000 ports for each."""


class Room(NamedTuple):
    """Where a room is: the server's port, the path of its socket, and its name."""

    port: int
    path: str
    name: str


@dataclass(frozen=True)
class Joins:
    """How the people of a client came in: `joined` of them, `lost` in vain, all after `seconds`.

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
    `frames` and `bytes`, headers included, came down, and `cursors` of others in them. Their ages
    are in milliseconds, -1 where there were none. `late` is how many milliseconds after their time
    moves were sent, and `cpu` the client's own, in seconds.
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


class Client:
    """A running load client."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def joins(self) -> Joins:
        """Wait until all people are in, and return how that went."""
        return Joins(**self._hear())

    def start(self, at: float) -> None:
        """Tell the monotonic time at which to start to move."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{at!r}\n")
        self._process.stdin.flush()

    def moves(self) -> Moves:
        """Wait for the end of the seconds that count, and return what was seen in them."""
        return Moves(**self._hear())

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load client ended with {self._process.wait()}; see above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def command(program: Path, speech: str, work: Workload, sources: int) -> list[str]:
    """Return how to run the client: SPEECH PEOPLE RATE WARM_UP SECONDS WINDOW JOIN_RATE PATIENCE
    SOURCES.

    `PEOPLE` are in each room, and each moves `RATE` times a second. They join at `JOIN_RATE` a
    second; where that is 0, `WINDOW` at a time. Connections leave from so many `SOURCES`, 127.0.0.1
    and up.
    """
    numbers = (
        *(work.people, work.rate, work.warm_up, work.seconds),
        *(work.window, work.join_rate, work.patience, sources),
    )
    return [str(program), speech, *map(str, numbers)]


@contextmanager
def run_client(speech: str, rooms: Sequence[Room], work: Workload) -> Iterator[Client]:
    """Start a client, which begins to join; it ends with the block."""
    sources = work.people * len(rooms) // PORTS_PER_ADDRESS + 1
    process = subprocess.Popen(
        command(compiled(), speech, work, sources),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.writelines(f"{room.port} {room.path} {room.name}\n" for room in rooms)
        process.stdin.write("\n")
        process.stdin.flush()
        yield Client(process)
    finally:
        process.kill()
        process.communicate()


def compiled() -> Path:
    """Return the client's program, compiled if that has not been done yet."""
    return build("load.c", "cc", "-O2", "-Wall", "-Wextra", "-o")


def build(source: str, compiler: str, *options: str) -> Path:
    """Return the program made of a source file beside this one; the last option names the output.

    Exits with a message where the compiler is missing.
    """
    path = ROOT / "benchmarks" / source
    program = CACHE / f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    if not program.exists():
        if shutil.which(compiler) is None:
            sys.exit(
                f"{source} needs a compiler, {compiler}: apt-get install gcc libc6-dev golang-go"
            )
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, *options, str(program), str(path)], check=True)
    return program
