"""`make load`: thousands of moving people on two Daphnes behind nginx, with a real Redis, and what
they notice when the Daphnes are restarted one after the other.

make load              # 1,000, 2,500 and 5,000 people, in ten minutes, into docs/performance.md
make load QUICK=1      # 500 people, in a minute; only prints
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.client import Client, Joins, Moves, Restarts, run_client
from benchmarks.machine import allow_files, describe, memory, usage
from benchmarks.measure import HEAD_START, count_commands
from benchmarks.report import presence_version, write_between
from benchmarks.servers import KINDS, site
from benchmarks.tables import markdown, number
from benchmarks.workload import Workload, parse
from tests.support.cluster import Cluster, run_cluster
from tests.support.nginx import run_nginx
from tests.support.redis import RedisServer, run_redis
from tests.support.server import Server

BEGIN, END = "<!-- made by make load -->", "<!-- end of what make load made -->"

BACK_WITHIN = 60.0
"""Seconds after which nobody else is waited for."""

FULL, QUICK = ("10x100@1", "10x250@1", "10x500@1"), ("10x50@1",)
"""Boards of ten. A move a second is what people make on average who move 10 times a second for a
tenth of the time, as in the outlook of report.py."""

UP, BEAT = 11, 7 / 15
"""Bytes up of a move, and of heartbeats in a second, with the headers of frames."""

PARTS = ("process 1", "process 2", "nginx", "Redis", "load client", "everything else")


@dataclass(frozen=True)
class Load:
    """One measurement.

    `cpu` is in % of a core, by `PARTS`, and `machine` that of all together during the restarts.
    `resident` is in bytes for each process, `added` for each person. `commands` are those that
    Redis carried out in a second, and `scripts` those that were asked for by EVALSHA.
    """

    work: Workload
    joins: Joins
    moves: Moves
    cpu: Sequence[float]
    resident: Sequence[int]
    added: float
    commands: float
    scripts: float
    restarts: Restarts
    machine: float


def restart_all(cluster: Cluster, client: Client) -> Restarts:
    """Restart one process after the other, as `systemctl restart` and a look at `/healthz` do, and
    wait for everybody. Return what people noticed."""
    for process in range(len(cluster.servers)):
        cluster.restart(process)
    end = time.monotonic() + BACK_WITHIN
    while (noticed := client.restarts()).out and time.monotonic() < end:
        time.sleep(0.05)
    return noticed


@dataclass(frozen=True)
class Reading:
    """What was used by one moment: seconds of CPU of the processes, nginx and Redis, and of all of
    the machine; Redis' commands and scripts."""

    at: float
    used: Sequence[float]
    machine: float
    commands: int
    scripts: int


def read(cluster: Cluster, front: Server, redis: RedisServer) -> Reading:
    """Read the counters."""
    pids = [*processes(cluster), front.process.pid, redis.pid]
    used = [usage([pid]) for pid in pids]
    commands, scripts = count_commands(redis)
    parts = [each.processes for each in used]
    return Reading(time.monotonic(), parts, used[-1].machine, commands, scripts)


def processes(cluster: Cluster) -> list[int]:
    """Return the process ids of the Daphnes."""
    return [server.process.pid for server in cluster.servers]


def measure(work: Workload) -> Load:
    """Start everything, have people join and move, and restart the Daphnes among them."""
    with TemporaryDirectory(prefix="presence-load-") as name:
        folder = Path(name)
        daphnes = folder / "daphnes"
        daphnes.mkdir()
        environment = site(folder, TRUSTED_PROXIES="127.0.0.1")
        with (
            run_redis(folder) as redis,
            run_cluster(daphnes, environment, redis.url, 2) as cluster,
            run_nginx(folder, "nginx.conf", [each.port for each in cluster.servers]) as front,
        ):
            empty = memory(processes(cluster))
            rooms = KINDS["two-nginx"].rooms([front.port], work.rooms)
            with run_client("presence", rooms, work, returns=True) as client:
                joins = client.joins()
                resident = [memory([pid]) for pid in processes(cluster)]
                client.start(time.monotonic() + HEAD_START)
                time.sleep(HEAD_START + work.warm_up)
                before = read(cluster, front, redis)
                moves = client.moves()
                after = read(cluster, front, redis)
                restarts = restart_all(cluster, client)
                last = read(cluster, front, redis)
    seconds = after.at - before.at
    used = [late - early for late, early in zip(after.used, before.used, strict=True)]
    other = after.machine - before.machine - sum(used) - moves.cpu
    return Load(
        work,
        joins,
        moves,
        cpu=[100 * each / seconds for each in (*used, moves.cpu, other)],
        resident=resident,
        added=(sum(resident) - empty) / max(joins.joined, 1),
        commands=(after.commands - before.commands) / seconds,
        scripts=(after.scripts - before.scripts) / seconds,
        restarts=restarts,
        machine=100 * (last.machine - after.machine) / (last.at - after.at),
    )


Cell = Callable[[Load], str]


def seconds_of(cell: Callable[[Restarts], float]) -> Cell:
    """Return how to show a time that people noticed, in seconds."""
    return lambda load: number(cell(load.restarts) / 1000)


def part(index: int) -> Cell:
    """Return how to show the CPU of one of `PARTS`."""
    return lambda load: number(load.cpu[index])


ROWS: Mapping[str, Cell] = {
    "joined": lambda f: f"{f.joins.joined:,}",
    "all in after, s": lambda f: number(f.joins.seconds),
    "moves a second": lambda f: f"{f.moves.moves / f.work.seconds:,.0f}",
    "cursors told a second": lambda f: f"{f.moves.cursors / f.work.seconds:,.0f}",
    "of the moves, arrived": lambda f: (
        f"{f.moves.cursors / (f.moves.moves * (f.work.people - 1)):.1%}"
    ),
    "age p50, ms": lambda f: number(f.moves.age_p50),
    "age p99, ms": lambda f: number(f.moves.age_p99),
    "down to each person, bytes/s": lambda f: number(
        f.moves.bytes / f.work.seconds / f.joins.joined
    ),
    "up from each person, bytes/s": lambda f: number(UP * f.work.rate + BEAT),
    **{f"CPU of {name}, %": part(index) for index, name in enumerate(PARTS)},
    "memory of each process, MB": lambda f: " and ".join(number(m / 1e6) for m in f.resident),
    "memory for each person, kB": lambda f: number(f.added / 1000),
    "Redis, commands/s": lambda f: number(f.commands),
    "Redis, of them scripts/s": lambda f: number(f.scripts),
    "restart: sockets that ended": lambda f: f"{f.restarts.ends:,}",
    "restart: attempts that failed": lambda f: f"{f.restarts.failed:,}",
    "restart: people not back": lambda f: f"{f.restarts.out:,}",
    "back after, p50, s": seconds_of(lambda r: r.away_p50),
    "back after, p99, s": seconds_of(lambda r: r.away_p99),
    "back after, all, s": seconds_of(lambda r: r.away_most),
    "without new cursors, p50, s": seconds_of(lambda r: r.gap_p50),
    "without new cursors, p99, s": seconds_of(lambda r: r.gap_p99),
    "somebody off a roster for, s": seconds_of(lambda r: r.lacking),
    "counts above the truth by": lambda f: f"{f.restarts.above}",
    "entries too many on a roster": lambda f: f"{f.restarts.extra}",
    "CPU of the machine meanwhile, %": lambda f: number(f.machine),
}


def table(loads: Sequence[Load]) -> str:
    """Return all figures in Markdown, a column for each measurement."""
    head = ["", *(f"{load.work.total:,} people" for load in loads)]
    return markdown(head, [[name, *map(show, loads)] for name, show in ROWS.items()])


def main() -> None:
    """Measure, and write the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rolling", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 people; only print")
    parser.add_argument("--work", action="append", metavar="PxR@M", help="others; only print")
    parser.add_argument("--seconds", type=float, default=30.0, help="that count (30)")
    asked = parser.parse_args()
    allow_files()
    loads = []
    for text in asked.work or (QUICK if asked.quick else FULL):
        print(text, file=sys.stderr, flush=True)
        loads.append(measure(parse(text, seconds=5.0 if asked.quick else asked.seconds)))
    made = table(loads)
    print(made)
    if not asked.quick and not asked.work:
        said = (
            f"Measured on {datetime.now(UTC):%Y-%m-%d} with `make load` on {describe()}; "
            f"{presence_version()}."
        )
        write_between(BEGIN, END, f"{said}\n\n{made}")


if __name__ == "__main__":
    main()
