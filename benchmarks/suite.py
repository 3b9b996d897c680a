"""`make bench`: measure everything, and write docs/performance.md and its plots.

make bench              # about an hour; with RESUME=1 what an earlier run has is not repeated
make bench QUICK=1      # under three minutes: a few workloads, and docs/ stays as it is
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace

from benchmarks import hop, report
from benchmarks.results import keep, load, medians
from benchmarks.run import Plan, run
from benchmarks.tables import plain
from benchmarks.workload import Workload, parse

SECONDS, WARM_UP = 6.0, 2.0

OURS = ["daphne", "daphne-ordinary"]
PLOTTED = ["daphne", "go", "ws", "socketio"]
MAIN = [*OURS, "go", "go-direct", "ws", "socketio"]
ALL = [
    *MAIN,
    *("daphne-redis", "daphne-ordinary-redis", "uvicorn", "uvicorn-redis"),
    *("y-websocket", "hocuspocus"),
]

FULL = {
    "2x1@20": [*MAIN, "channels-json"],
    "5x1@20": [*PLOTTED, "channels-json"],
    "20x1@20": [*ALL, "channels-json"],
    "50x1@20": PLOTTED,
    "100x1@20": PLOTTED,
    "250x1@20": MAIN,
    "5x20@20": [*PLOTTED, "daphne-redis"],
    "5x50@20": [*PLOTTED, "daphne-redis"],
    "5x100@20": [*PLOTTED, "daphne-redis", "two", "two-nginx"],
    "5x200@20": ALL,
    "5x20@60": MAIN,
    "50x1@30": ALL,
    "100x1@60": MAIN,
    "100x20@10": MAIN,
    "5x800@0.05": [*OURS, "daphne-redis", "uvicorn", "go", "socketio"],
    "5x2000@0.02": [*OURS, "go"],
    "5x400": [*OURS, "daphne-redis", "uvicorn"],
    "5x400+300": OURS,
}
"""Which servers are measured under which workload."""

SIMULATION = "5x4000@0.02"
"""What the model of cost is compared with: 20,000 people, 10,000 in each of two processes."""

QUICK = {
    "2x1@20": ["daphne", "go"],
    "20x1@20": ["daphne", "channels-json"],
    "5x200@20": MAIN,
    "5x20@60": ["daphne", "uvicorn", "daphne-redis", "y-websocket", "hocuspocus"],
    "50x1@30": ["daphne", "go"],
    "5x200+300": ["daphne"],
}


def plan(works: dict[str, list[str]], seconds: float, warm_up: float) -> Plan:
    """Return the workloads with their lengths. Where nobody moves there is nothing to wait for."""
    return [
        (_shortened(parse(text, seconds=seconds, warm_up=warm_up)), servers)
        for text, servers in works.items()
    ]


def _shortened(work: Workload) -> Workload:
    return work if work.rate else replace(work, seconds=1.0, warm_up=0.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.suite",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a few workloads, once each")
    parser.add_argument("--resume", action="store_true", help="do not repeat what is measured")
    parser.add_argument("--repeat", type=int, default=3, help="times each is measured (3)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that count (6)")
    asked = parser.parse_args(arguments)
    if asked.quick:
        print(plain(medians(run(plan(QUICK, 3.0, 1.0), 1))))
        return
    if not asked.resume:
        report.SUITE.unlink(missing_ok=True)
    whole = plan(FULL, asked.seconds, WARM_UP)
    simulation = parse(SIMULATION, seconds=3 * asked.seconds, warm_up=WARM_UP, patience=240.0)
    for record in run([*whole, (simulation, ["two"])], asked.repeat, load(report.SUITE)):
        keep(report.SUITE, record)
    report.HOP.write_text(json.dumps(hop.rows(hop.measure(500))))
    report.main()


if __name__ == "__main__":
    main()
