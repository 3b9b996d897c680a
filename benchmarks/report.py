"""`python -m benchmarks.report`: write docs/performance.md and its plots from the suite's figures.

Only what is between the markers is written; the words around it are the document's own.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from matplotlib import rcParams
from matplotlib.figure import Figure

from benchmarks import goals, hop, model
from benchmarks.client import CACHE, ROOT
from benchmarks.machine import describe
from benchmarks.measure import Figures
from benchmarks.results import Medians, load, medians
from benchmarks.servers import KINDS, PEERS
from benchmarks.tables import JOINING, MOVING, REDIS, Columns, markdown, number
from benchmarks.workload import Workload, parse
from tests.support.redis import executable

DOCUMENT = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
SUITE, HOP = CACHE / "suite.jsonl", CACHE / "hop.json"
BEGIN, END = "<!-- made by make bench -->", "<!-- end of what make bench made -->"

SWEPT = ("daphne", "go", "ws", "socketio", "channels-json")
"""Servers in the plots."""

BOARDS, CROWDS = (5, 50, 500), (100_000, 1_000_000)
MOVING_SHARE, MOVING_RATE, STAY = 0.1, 10.0, 600.0
"""For the outlook: a tenth of the people move at a time, 10 times a second, and each stays for so
many seconds."""


def section(results: Medians, text: str, columns: Columns) -> str:
    """Return the heading and the table of one workload."""
    rows = [
        [KINDS[server].title, *(show(figures) for show in columns.values())]
        for (work, server), figures in results.items()
        if work == text
    ]
    return f"#### {heading(parse(text))}\n\n{markdown(['server', *columns], rows)}"


def heading(work: Workload) -> str:
    """Return a workload in words."""
    people = (
        f"{work.people} people" if work.rooms == 1 else f"{work.rooms:,} × {work.people} people"
    )
    moves = f", {work.rate:g} moves a second each" if work.rate else ""
    joins = f", who join at {work.join_rate} a second" if work.join_rate else ""
    return f"{people}{moves}{joins or ('' if work.rate else ', who join as fast as it goes')}"


def figures(results: Medians) -> str:
    """Return everything that stands between the markers of the document."""
    works = list(dict.fromkeys(work for work, _ in results))
    moving = [work for work in works if parse(work).rate]
    crowds = [work for work in works if not parse(work).rate or parse(work).total >= 10_000]
    redis = {key: each for key, each in results.items() if each.commands}
    measured = datetime.fromtimestamp(SUITE.stat().st_mtime, UTC)
    hops = json.loads(HOP.read_text()) if HOP.exists() else {}
    parts = [
        f"Measured on {measured:%Y-%m-%d} with `make bench` on {describe()}. "
        f"{'; '.join(versions())}.",
        "### Goals",
        "What presence on Daphne is meant to reach, some of it as a multiple of a peer's figure:",
        markdown(["workload", "figure", "goal", "measured", "met"], goals.rows(results), words=3),
        "### People who move",
        *(section(results, work, MOVING) for work in moving),
        "![CPU and age by the people in one room](images/performance-room.svg)",
        "![CPU and age by the people in rooms of five](images/performance-rooms.svg)",
        "### People who join",
        *(section(results, work, JOINING) for work in crowds),
        "### Redis and several processes",
        markdown(
            ["workload", "server", *REDIS, "CPU %", "age p50 ms", "p99 ms"],
            [
                [work, KINDS[server].title, *(show(each) for show in REDIS.values())]
                + [MOVING[name](each) for name in ("CPU %", "age p50 ms", "p99 ms")]
                for (work, server), each in redis.items()
            ],
            words=2,
        ),
        "A move, seen in the mover's process and in another:",
        markdown(
            ["milliseconds", *(f"p{share * 100:g}" for share in hop.SHARES)],
            [[name, *map(number, row)] for name, row in hops.items()],
        ),
        *outlook(results),
    ]
    return "\n\n".join(parts)


def outlook(results: Medians) -> list[str]:
    """Return the model of cost, how it fits, and what many people need."""

    def of(server: str, moving: bool = True) -> list[tuple[Workload, Figures]]:
        works = [(parse(work), each) for (work, name), each in results.items() if name == server]
        return [(work, each) for work, each in works if bool(work.rate) is moving]

    try:
        costs = model.fit(of("daphne"), of("daphne", moving=False), of("daphne-redis"))
    except ValueError as error:
        return ["### A model of cost", f"There is none: {error}."]
    mean, most = model.errors(costs, of("daphne"))
    cpu = [f"{1e6 * seconds:.1f} µs" for seconds in costs.cpu]
    return [
        "### A model of cost",
        "Fitted to the figures of presence on Daphne above:",
        markdown(
            ["", "for each"],
            [
                ["CPU", f"{cpu[2]} a move, {cpu[3]} a frame, {cpu[4]} a cursor in it"],
                [
                    "CPU at rest",
                    f"{100 * costs.cpu[0]:.2f} % of a core, and {cpu[1]} a second a person",
                ],
                ["a join", f"{1000 * costs.join_cpu:.2f} ms of CPU"],
                ["window", f"{1e9 * costs.window:.1f} ns for each delivery a second"],
                ["bytes down", f"{costs.sized[0]:.1f} a frame, {costs.sized[1]:.2f} a cursor"],
                [
                    "memory",
                    f"{costs.memory[0] / 1e6:.0f} MB, {costs.memory[1] / 1e3:.1f} kB a person, "
                    f"{costs.memory[2] / 1e3:.1f} kB a room",
                ],
                [
                    "Redis, commands",
                    f"{costs.commands[0]:.1f} a second a process, {costs.commands[1]:.3f} a "
                    f"person, {costs.commands[2]:.2f} a room; {costs.commands[3]:.3f} a move",
                ],
                ["Redis, commands a join", f"{costs.join_commands:.0f}"],
                ["Redis, CPU a command", f"{1e6 * costs.command_cpu:.1f} µs"],
            ],
            words=2,
        ),
        f"The model misses the CPU of these measurements by {mean:.0%} on average, and by "
        f"{most:.0%} at most.",
        check(results, costs),
        f"What many people need, if {MOVING_SHARE:.0%} of them move at a time, {MOVING_RATE:g} "
        f"times a second, and each stays for {STAY / 60:g} minutes; a process is filled to "
        f"{model.Limits.cpu:g} % of a core, {model.Limits.people:,} people, and a window of "
        f"{1000 * model.Limits.window:g} ms:",
        markdown(
            [
                "people",
                "on boards of",
                "people in a process",
                "processes",
                "memory in all, GB",
                "Mbit/s down",
                "joins/s",
                "Redis, commands/s",
                "Redis, % of a core",
            ],
            [needs(costs, crowd, board) for crowd in CROWDS for board in BOARDS],
        ),
    ]


def needs(costs: model.Costs, crowd: int, board: int) -> list[str]:
    """Return the row of so many people on boards of one size."""
    one = costs.fill(board, MOVING_SHARE * MOVING_RATE, STAY, model.Limits())
    processes = -(-crowd // one.total)
    commands = processes * costs.redis(one, one.total / STAY)
    figures = (
        *(crowd, board, one.total, processes, processes * costs.resident(one) / 1e9),
        *(processes * costs.bytes_down(one) * 8 / 1e6, crowd / STAY, commands),
        100 * commands * costs.command_cpu,
    )
    return [f"{figure:,.0f}" if figure == int(figure) else number(figure) for figure in figures]


def check(results: Medians, costs: model.Costs) -> str:
    """Return how close the model comes to the simulation, which it was not fitted to."""
    rows = []
    for (text, server), each in results.items():
        if server == "two" and parse(text).total >= 20_000:
            work = parse(text)
            half = Workload(work.people, work.rooms // 2, work.rate)
            rows = [
                ["CPU of both, %", number(2 * costs.cpu_percent(half)), number(each.cpu)],
                [
                    "memory of both, MB",
                    number(2 * costs.resident(half) / 1e6),
                    number(each.resident / 1e6),
                ],
                [
                    "kB/s down",
                    number(2 * costs.bytes_down(half) / 1e3),
                    number(each.sized * each.cursors / 1e3),
                ],
                ["Redis, commands/s", number(2 * costs.redis(half)), number(each.commands)],
                ["people in", f"{work.total:,}", f"{each.joined:,.0f}"],
            ]
    if not rows:
        return "There was no simulation to compare the model with."
    return (
        "The model was not fitted to 20,000 people in two processes, so they check it:\n\n"
        + markdown(["20,000 people, 10,000 in each of two processes", "model", "measured"], rows)
    )


def plot(results: Medians, path: Path, label: str, chosen: Callable[[Workload], bool]) -> None:
    """Draw CPU and the age of cursors by people."""
    rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "presence"})
    drawing = Figure(figsize=(9, 3.6), layout="constrained")
    panels: list[tuple[str, Callable[[Figures], float]]] = [
        ("CPU, % of one core", lambda f: f.cpu),
        ("age p50 (thin) and p99, ms", lambda f: f.age_p99),
    ]
    for axes, (title, look) in zip(drawing.subplots(1, 2), panels, strict=True):
        for server in SWEPT:
            points = sorted(
                (parse(work).total, each)
                for (work, name), each in results.items()
                if name == server and chosen(parse(work))
            )
            people = [total for total, _ in points]
            (line,) = axes.plot(people, [look(f) for _, f in points], marker="o", ms=3)
            line.set_label(KINDS[server].title)
            if look is panels[1][1]:
                ages = [f.age_p50 for _, f in points]
                axes.plot(people, ages, color=line.get_color(), lw=0.7, ls="--")
        axes.set(xlabel=label, ylabel=title, xscale="log", yscale="log")
        axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    drawing.savefig(path, metadata={"Date": None})


def versions() -> list[str]:
    """Return the versions of what was measured."""
    redis = _said(executable("redis-server"), "--version").split()[2].partition("=")[2]
    names = ("django", "channels", "daphne", "twisted", "autobahn", "uvicorn", "uvloop")
    peers: dict[str, str] = json.loads((PEERS / "package.json").read_text())["dependencies"]
    return [
        presence_version(),
        ", ".join(
            [f"Python {sys.version.split()[0]}", *(f"{name} {version(name)}" for name in names)]
        ),
        f"Redis {redis}",
        f"Go {_said('go', 'env', 'GOVERSION')[2:]}",
        f"Node {_said('node', '--version')[1:]} with "
        + ", ".join(f"{name} {pinned}" for name, pinned in peers.items()),
    ]


def presence_version() -> str:
    """Return which commit was measured."""
    return f"presence at {_said('git', 'describe', '--always', '--dirty')}"


def _said(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return " (none)"
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def main() -> None:
    """Write the document."""
    results = medians(load(SUITE))
    plot(
        results,
        IMAGES / "performance-room.svg",
        "people in one room, 20 moves/s each",
        lambda work: work.rooms == 1 and work.rate == 20,
    )
    plot(
        results,
        IMAGES / "performance-rooms.svg",
        "people in rooms of five, 20 moves/s each",
        lambda work: work.people == 5 and work.rate == 20,
    )
    write_between(BEGIN, END, figures(results))


def write_between(begin: str, end: str, made: str) -> None:
    """Replace what stands between two markers of the document."""
    before, _, rest = DOCUMENT.read_text().partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before}{begin}\n\n{made}\n\n{end}{after}")


if __name__ == "__main__":
    main()
