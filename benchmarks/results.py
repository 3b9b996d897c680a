"""Keeps measurements as lines of JSON, and puts their medians together."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.measure import Figures
from benchmarks.workload import Workload, parse

Medians = Mapping[tuple[str, str], Figures]
"""By workload, as text, and server."""


@dataclass(frozen=True)
class Record:
    """One measurement of a server under a workload; `turn` numbers those of the same."""

    work: str
    server: str
    turn: int
    figures: Figures

    @property
    def workload(self) -> Workload:
        """The people, rooms and rates of the workload."""
        return parse(self.work)


def keep(path: Path, record: Record) -> None:
    """Append a measurement to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as out:
        out.write(json.dumps(asdict(record)) + "\n")


def load(path: Path) -> list[Record]:
    """Return the measurements of a file; none where there is no file."""
    if not path.exists():
        return []
    lines = map(json.loads, path.read_text().splitlines())
    return [Record(**{**line, "figures": Figures(**line["figures"])}) for line in lines]


def medians(records: Iterable[Record]) -> Medians:
    """Return the median of each figure over the turns of the same measurement."""
    runs: dict[tuple[str, str], list[dict[str, float]]] = {}
    for record in records:
        runs.setdefault((record.work, record.server), []).append(asdict(record.figures))
    return {
        key: Figures(**{name: median(run[name] for run in same) for name in same[0]})
        for key, same in runs.items()
    }
