"""`python -m benchmarks.crowd`: how thousands of people get in on one board, and what those who
move on another one of the same process notice of it. Real Daphnes, a real Redis."""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.client import Joins, Moves, Room, run_client
from benchmarks.machine import allow_files
from benchmarks.measure import HEAD_START, read
from benchmarks.servers import KINDS
from benchmarks.workload import Workload

WITNESSES = 10
"""People who move on the other board, 20 times a second each."""


@dataclass(frozen=True)
class Crowd:
    """How the people of each process came in, what the witnesses saw meanwhile, and what a join
    cost the processes and Redis, in milliseconds of CPU and in commands."""

    joins: Joins
    witnesses: Moves
    cpu: float
    commands: float


def measure(people: int, processes: int, window: int, seconds: float) -> Crowd:
    """Have people join one board, evenly over the processes, `window` at a time at each. The
    witnesses watch for some seconds."""
    kind = KINDS["two" if processes == 2 else "daphne-redis"]
    watching = Workload(WITNESSES, 1, rate=20.0, warm_up=0.5, seconds=seconds)
    coming = Workload(people // processes, processes, window=window, patience=300.0)
    with TemporaryDirectory(prefix="presence-crowd-") as name, kind.run(Path(name)) as server:
        one, other = kind.rooms(server.ports[:1], 2)
        boards = [Room(port, one.path, one.name) for port in server.ports[:processes]]
        with run_client(kind.speech, [other], watching) as witnesses:
            assert witnesses.joins().lost == 0
            before = read(server)
            witnesses.start(time.monotonic() + HEAD_START)
            with run_client(kind.speech, boards, coming) as crowd:
                joins = crowd.joins()
                after = read(server)
                moves = witnesses.moves()
    used, commands = (after.own - before.own).processes, after.commands - before.commands
    return Crowd(joins, moves, 1000 * used / joins.joined, commands / joins.joined)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--people", type=int, default=5_000, help="in all (5000)")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1, help="Daphnes (1)")
    parser.add_argument("--window", type=int, default=32, help="joins at a time at each (32)")
    parser.add_argument("--seconds", type=float, default=30.0, help="that the witnesses count (30)")
    asked = parser.parse_args()
    allow_files()
    crowd = measure(asked.people, asked.processes, asked.window, asked.seconds)
    joins, seen = crowd.joins, crowd.witnesses
    print(f"{joins.joined} in after {joins.seconds:.1f} s, {joins.lost} lost")
    print(f"a join: {joins.p50:.0f} ms at p50, {joins.p99:.0f} at p99; {crowd.cpu:.2f} ms of CPU")
    print(f"Redis: {crowd.commands:.1f} commands for each join")
    print(f"cursors of the others: {seen.age_p50:.0f} ms at p50, {seen.age_p99:.0f} at p99")


if __name__ == "__main__":
    main()
