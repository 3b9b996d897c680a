"""One attack on a running server, seen by witnesses: two groups of ten people who move, on the
attacked board and on another.

The attack and each group are processes of their own, so that none of them waits for another.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from websockets.exceptions import WebSocketException

from benchmarks.client import Client, Moves, Room, hear, run_client, say
from benchmarks.machine import memory, usage
from benchmarks.workload import Workload
from presence.protocol.messages import Welcome
from tests.hostile.raw import Tally
from tests.support.clients import Clients
from tests.support.insides import descriptors, tasks, turn
from tests.support.metrics import scrape
from tests.support.server import ROOT, Server
from tests.support.waiting import DEADLINE

PEOPLE = 10
RATE = 20.0
"""Moves of each witness in a second."""


@dataclass(frozen=True)
class State:
    """What a server's process holds: file descriptors, sockets of presence, boards, and tasks by
    the names of their coroutines."""

    descriptors: int
    sockets: int
    boards: int
    tasks: Counter[str]


def state_of(server: Server) -> State:
    """Ask a server that runs `WATCHED` what it holds."""
    metrics = scrape(server)
    sockets, boards = int(metrics["presence_sockets"]), int(metrics["presence_boards"])
    return State(descriptors(server).total(), sockets, boards, tasks(server))


@dataclass(frozen=True)
class Outcome:
    """What an attack came to.

    `attacked` is what the witnesses on the attacked board saw, `other` those on the other board.
    `growth` is how many resident bytes the server had at most beyond those before. The server used
    `cpu` % of a core, at most `turn` milliseconds in one turn of its event loop; `others` is the %
    of a core that was used by neither the server, the attack nor the witnesses. `waited` are the
    seconds in which the server could have run and had no core. `newcomer` is how somebody came to
    the attacked board meanwhile: the seconds that it took, None where it failed, and whether as a
    spectator.
    """

    seconds: float
    attacked: Moves
    other: Moves
    growth: int
    cpu: float
    turn: float
    others: float
    waited: float
    newcomer: tuple[float | None, bool]
    tally: Tally

    @property
    def lost(self) -> int:
        """Witnesses who lost their socket."""
        return self.attacked.lost + self.other.lost

    @property
    def noise(self) -> float:
        """Milliseconds for which the machine kept the server and the witnesses waiting."""
        return 1000 * self.waited + max(self.attacked.late_p99, self.other.late_p99)

    @property
    def silence(self) -> float:
        """Milliseconds in which some witness heard of nobody, at most. Moves that come after the
        end have no age, so the ages tell little where it is long."""
        return max(self.attacked.silence, self.other.silence)

    @property
    def age_p99(self) -> float:
        """Milliseconds that 99 % of the witnesses' cursors took at most, on the worse board."""
        return max(self.attacked.age_p99, self.other.age_p99)

    def __str__(self) -> str:
        ages = "; ".join(
            f"{board} {seen.age_p50:.1f}/{seen.age_p99:.1f} ms, silence {seen.silence:.0f} ms, "
            f"{seen.bytes / self.seconds:,.0f} B/s"
            for board, seen in (("attacked", self.attacked), ("other", self.other))
        )
        return (
            f"{ages}; lost {self.lost}; +{self.growth / 2**20:.1f} MiB; CPU {self.cpu:.0f} %, "
            f"turn {self.turn:.0f} ms, others {self.others:.0f} %, noise {self.noise:.0f} ms; "
            f"newcomer {self.newcomer}; {self.tally}"
        )


def attempt(
    server: Server, board: str, other: str, seconds: float, attack: str | None = None
) -> Outcome:
    """Attack a board for some seconds while witnesses are on it and on another one. Without an
    attack, see how it is at rest."""
    pid = server.process.pid
    with ExitStack() as stack:
        attacker = (
            stack.enter_context(_attacker(attack, server, board, seconds)) if attack else None
        )
        groups = [stack.enter_context(_witnesses(server, each, seconds)) for each in (board, other)]
        for group in groups:
            joins = group.joins()
            assert joins.joined == PEOPLE, f"the witnesses did not come in: {joins}"
        pids = [attacker.pid] if attacker else []
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew (proc(5))
        resident, waited = memory([pid]), _waited(pid)
        turn(server)  # measured anew from now on
        before, begun = [usage([pid]), usage(pids)], time.monotonic()
        for group in groups:
            group.start(begun)
        if attacker:
            say(attacker, "go\n")
        coming = stack.enter_context(ThreadPoolExecutor()).submit(
            asyncio.run, _come(server, board, seconds / 2)
        )
        seen = [group.moves() for group in groups]
        own, hostile = usage([pid]) - before[0], usage(pids) - before[1]
        took = time.monotonic() - begun
        waited = _waited(pid) - waited
        growth, longest = _peak(pid) - resident, turn(server)
        newcomer = coming.result()
        tally = Tally.read(json.loads(hear(attacker))) if attacker else Tally()
    others = own.machine - own.processes - hostile.processes - sum(each.cpu for each in seen)
    return Outcome(
        seconds,
        *seen,
        growth=growth,
        cpu=100 * own.processes / took,
        turn=longest,
        others=100 * others / took,
        waited=waited,
        newcomer=newcomer,
        tally=tally,
    )


@contextmanager
def _witnesses(server: Server, board: str, seconds: float) -> Iterator[Client]:
    work = Workload(PEOPLE, 1, RATE, warm_up=0.0, seconds=seconds, patience=30.0)
    room = Room(server.port, f"/ws/presence/{board}/", board)
    with run_client("presence", [room], work) as client:
        yield client


async def _come(server: Server, board: str, after: float) -> tuple[float | None, bool]:
    """Come to a board after so many seconds."""
    clients = Clients(server, board)
    await asyncio.sleep(after)
    began = time.monotonic()
    try:
        client = await clients.join("Newcomer", open_timeout=DEADLINE)
        return time.monotonic() - began, client.last(Welcome).spectator
    except (TimeoutError, OSError, WebSocketException, AssertionError):
        return None, False
    finally:
        await clients.close()


@contextmanager
def _attacker(
    name: str, server: Server, board: str, seconds: float
) -> Iterator["subprocess.Popen[str]"]:
    words = [name, str(server.port), board, str(seconds)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.attacks", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        hear(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _waited(pid: int) -> float:
    """Return the seconds in which the main thread of a process waited for a core."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
