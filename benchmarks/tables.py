"""Figures as tables, in plain text and in Markdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.measure import Figures
from benchmarks.results import Medians

LATE_MS = 5.0
"""Where the client sends moves so many milliseconds late, ages tell about the client as well."""

Columns = Mapping[str, Callable[[Figures], str]]

MOVING: Columns = {
    "CPU %": lambda f: number(f.cpu),
    "moves in/s": lambda f: f"{f.moves:,.0f}",
    "cursors out/s": lambda f: f"{f.cursors:,.0f}",
    "share": lambda f: f"{f.share:.0%}",
    "bytes/cursor": lambda f: number(f.sized),
    "age p50 ms": lambda f: number(f.age_p50),
    "p99 ms": lambda f: number(f.age_p99) + ("*" if f.late_p99 > LATE_MS else ""),
    "kB/person": lambda f: number(f.memory / 1000),
    "other load %": lambda f: number(f.other),
}
JOINING: Columns = {
    "joined": lambda f: f"{f.joined:,.0f}",
    "all in after s": lambda f: number(f.join_seconds),
    "joins/s": lambda f: f"{f.join_rate:,.0f}",
    "CPU ms each": lambda f: number(f.join_cpu),
    "join p50 ms": lambda f: number(f.join_p50),
    "join p99 ms": lambda f: number(f.join_p99),
    "memory MB": lambda f: number(f.resident / 1e6),
}
REDIS: Columns = {
    "Redis and nginx CPU %": lambda f: number(f.helpers),
    "commands/s": lambda f: number(f.commands),
    "of them scripts/s": lambda f: number(f.scripts),
    "commands/join": lambda f: number(f.join_commands),
    "of them scripts": lambda f: number(f.join_scripts),
}
CLIENT: Columns = {
    "client %": lambda f: number(f.client),
    "late p99": lambda f: number(f.late_p99),
    "lost": lambda f: f"{f.lost:.0f}",
}


def number(value: float) -> str:
    """Return a figure with about three significant digits; a dash for -1, which stands for none."""
    if value == -1:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{1 if abs(value) >= 10 else 2}f}"


def plain(results: Medians) -> str:
    """Return a table in plain text of everything, a line for each measurement."""
    columns = {**MOVING, **JOINING, **REDIS, **CLIENT}
    rows = [["work", "server", *columns]]
    for (work, server), figures in results.items():
        rows.append([work, server, *(show(figures) for show in columns.values())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Return a table in Markdown whose first columns are `words`, and whose others are figures."""
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
