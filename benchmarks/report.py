"""Turns what was measured into tables."""

from collections.abc import Callable, Mapping

from benchmarks.measure import Figures
from benchmarks.servers import KINDS
from benchmarks.workload import Workload

Results = Mapping[tuple[Workload, str], Figures]

LATE_MS = 5.0
"""Where the client sends moves so many milliseconds late, ages tell about the client as well."""

COLUMNS: dict[str, Callable[[Figures], str]] = {
    "CPU %": lambda f: number(f.cpu),
    "Redis %": lambda f: number(f.redis),
    "moves/s": lambda f: f"{f.moves:,.0f}",
    "cursors/s": lambda f: f"{f.cursors:,.0f}",
    "share": lambda f: f"{f.share:.1%}",
    "B/cursor": lambda f: number(f.sized),
    "p50 ms": lambda f: number(f.age_p50),
    "p99 ms": lambda f: number(f.age_p99),
    "kB/conn": lambda f: number(f.memory / 1000),
    "joins/s": lambda f: f"{f.join_rate:,.0f}",
    "join ms CPU": lambda f: number(f.join_cpu),
    "join p50": lambda f: number(f.join_p50),
    "join p99": lambda f: number(f.join_p99),
    "client %": lambda f: number(f.client),
    "late p99": lambda f: number(f.late_p99),
    "other %": lambda f: number(f.other),
    "lost": lambda f: f"{f.lost:.0f}",
}


def number(value: float) -> str:
    """Return a figure with two or three significant digits."""
    return (
        f"{value:,.0f}"
        if abs(value) >= 100
        else f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
    )


def table(results: Results) -> str:
    """Return a table in plain text, a line for each server under each workload."""
    rows = [["work", "server", *COLUMNS]]
    for (work, server), figures in results.items():
        rows.append([str(work), KINDS[server].title, *(show(figures) for show in COLUMNS.values())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
