"""What processes and the whole machine use, as Linux tells it (proc(5))."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4)
"""Fields of the line `cpu` in /proc/stat in which nothing runs: idle and iowait."""


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU, user and system, since the start: of some processes, and of the machine."""

    processes: float
    machine: float

    def __sub__(self, earlier: "Usage") -> "Usage":
        return Usage(self.processes - earlier.processes, self.machine - earlier.machine)


def usage(pids: Sequence[int]) -> Usage:
    """Return what some processes, and all of the machine, have used so far."""
    ticks = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    busy = sum(n for field, n in enumerate(ticks) if field not in _IDLE)
    return Usage(sum(map(_cpu, pids)), busy / _TICK)


def memory(pids: Sequence[int]) -> int:
    """Return the resident bytes of some processes."""
    return sum(_resident(pid) for pid in pids)


def describe() -> str:
    """Return the machine's processor, cores, memory and kernel in a line."""
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {gigabytes:.0f} GiB, Linux {os.uname().release}"


def _cpu(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICK


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
