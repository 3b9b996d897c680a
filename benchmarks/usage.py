"""What a process uses of the machine, as Linux tells it (proc(5))."""

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU, user and system, of all threads; and seconds that the main thread could have
    run, but had to wait for a core."""

    cpu: float
    waited: float

    def __sub__(self, earlier: "Usage") -> "Usage":
        return Usage(self.cpu - earlier.cpu, self.waited - earlier.waited)


def usage(pid: int) -> Usage:
    """Return what a process has used so far. Daphne runs no processes beside its own."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(after_name[11]) + int(after_name[12])
    _, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), int(waited) / 1e9)


def usage_between(pid: int, begin: float, seconds: float) -> Usage:
    """Return what a process uses in `seconds` from `begin`, a monotonic time, on."""
    time.sleep(max(0.0, begin - time.monotonic()))
    before = usage(pid)
    time.sleep(max(0.0, begin + seconds - time.monotonic()))
    return usage(pid) - before


def peak_memory(pid: int) -> int:
    """Return the most bytes a process ever had resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
