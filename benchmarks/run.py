"""`python -m benchmarks.run`: measure servers under workloads, and print a table.

    python -m benchmarks.run --work 5x200@20 --server daphne --server go --repeat 3

A workload is PEOPLExROOMS@RATE+JOINS: people in each room, rooms, moves a second of each person,
and joins a second (as fast as it goes without). Figures are medians of the repeats.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.client import CACHE
from benchmarks.machine import describe
from benchmarks.measure import Figures, measure, medians
from benchmarks.report import table
from benchmarks.servers import KINDS
from benchmarks.workload import Workload, parse


def run(
    works: Sequence[Workload], servers: Sequence[str], repeat: int
) -> dict[tuple[Workload, str], list[Figures]]:
    """Measure each server under each workload, `repeat` times; the servers take turns."""
    results: dict[tuple[Workload, str], list[Figures]] = {}
    for work in works:
        for turn in range(repeat):
            for server in servers:
                print(f"{work} {server} {turn + 1}/{repeat}", file=sys.stderr, flush=True)
                figures = measure(KINDS[server], work)
                results.setdefault((work, server), []).append(figures)
                keep(work, server, figures)
    return results


def keep(work: Workload, server: str, figures: Figures) -> None:
    """Append a measurement to var/bench/measurements.jsonl."""
    CACHE.mkdir(parents=True, exist_ok=True)
    line = {"at": time.time(), "machine": describe(), "server": server, "work": str(work)}
    with (CACHE / "measurements.jsonl").open("a") as out:
        out.write(json.dumps({**line, **asdict(figures)}) + "\n")


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
    works = [
        parse(
            text,
            seconds=asked.seconds,
            warm_up=asked.warm_up,
            window=asked.window,
            patience=asked.patience,
        )
        for text in asked.work
    ]
    results = run(works, asked.server, asked.repeat)
    print(table({key: medians(runs) for key, runs in results.items()}))


if __name__ == "__main__":
    main()
