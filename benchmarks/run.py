"""`python -m benchmarks.run`: measure some servers under some workloads, and print a table.

    python -m benchmarks.run --work 5x200@20 --server daphne --server go --repeat 3

A workload is PEOPLExROOMS@RATE+JOINS: people in each room, rooms, moves a second of each person,
and joins a second (as fast as it goes without). Figures are medians of the repeats.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence

from benchmarks.client import CACHE
from benchmarks.machine import allow_files
from benchmarks.measure import measure
from benchmarks.results import Record, keep, medians
from benchmarks.servers import KINDS
from benchmarks.tables import plain
from benchmarks.workload import Workload, parse

Plan = Sequence[tuple[Workload, Sequence[str]]]
"""Workloads, and the servers that each is for."""


def run(plan: Plan, repeat: int, done: Sequence[Record] = ()) -> Iterator[Record]:
    """Measure what is not done yet; the servers of a workload take turns.

    What fails is told and left out, so that a long run is not lost.
    """
    allow_files()
    known = {(record.work, record.server, record.turn) for record in done}
    for work, servers in plan:
        for turn in range(repeat):
            for server in servers:
                if (str(work), server, turn) not in known:
                    print(f"{work} {server} {turn + 1}/{repeat}", file=sys.stderr, flush=True)
                    try:
                        yield Record(str(work), server, turn, measure(KINDS[server], work))
                    except (AssertionError, OSError, RuntimeError) as error:
                        print(f"failed, and left out: {error}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--work", action="append", required=True, metavar="PxR@M+J")
    parser.add_argument("--server", action="append", required=True, choices=KINDS)
    parser.add_argument("--repeat", type=int, default=1, help="times each is measured (1)")
    parser.add_argument("--seconds", type=float, default=10.0, help="that count (10)")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds before (2)")
    parser.add_argument("--window", type=int, default=32, help="joins at a time (32)")
    parser.add_argument("--patience", type=float, default=90.0, help="seconds for all joins (90)")
    asked = parser.parse_args(arguments)
    others = ("seconds", "warm_up", "window", "patience")
    options = {name: getattr(asked, name) for name in others}
    plan = [(parse(text, **options), asked.server) for text in asked.work]
    records = []
    for record in run(plan, asked.repeat):
        keep(CACHE / "runs.jsonl", record)
        records.append(record)
    print(plain(medians(records)))


if __name__ == "__main__":
    main()
