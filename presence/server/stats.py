"""How one process does: figures that it works out every few seconds and the others can read."""

import json
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts since a process started; `late` is by how many seconds `timed` ticks were late
    together."""

    frames_in: int = 0
    frames_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    late: float = 0.0
    timed: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What is so of a process now. Frames and bytes are per second, over the time since the figures
    before; `tick_lag_ms` is by how much ticks were late on average meanwhile, `store_ms` what a
    round trip to the store took, `lease_age` is in seconds."""

    process: str
    sockets: int = 0
    boards: int = 0
    frames_in: float = 0.0
    frames_out: float = 0.0
    bytes_in: float = 0.0
    bytes_out: float = 0.0
    tick_lag_ms: float = 0.0
    store_ms: float = 0.0
    lease_age: float = 0.0


RATES = ("frames_in", "frames_out", "bytes_in", "bytes_out")


def rates(before: Counts, after: Counts, seconds: float) -> dict[str, float]:
    """Return those figures that come of two counts, so many seconds apart."""
    found = {name: _share(getattr(after, name) - getattr(before, name), seconds) for name in RATES}
    late, timed = after.late - before.late, after.timed - before.timed
    return {**found, "tick_lag_ms": _share(late * 1000, timed)}


def _share(amount: float, of: float) -> float:
    return round(amount / of, 3) if of > 0 else 0.0


def dump(figures: Figures) -> str:
    """Return figures as a text that `load` takes."""
    return json.dumps(asdict(figures), separators=(",", ":"))


def load(text: str | bytes) -> Figures:
    """Return the figures that another process dumped, be it of an older or newer version."""
    known = {field.name for field in fields(Figures)}
    return Figures(**{name: value for name, value in json.loads(text).items() if name in known})
