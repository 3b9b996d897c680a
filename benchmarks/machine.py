"""What processes and the whole machine use, as Linux tells it (proc(5))."""

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 15)
"""Fields of /proc/<pid>/stat after the name: user and system time, and those of ended children."""


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU, user and system, since the start: of some processes, and of the machine."""

    processes: float
    machine: float

    def __sub__(self, earlier: "Usage") -> "Usage":
        return Usage(self.processes - earlier.processes, self.machine - earlier.machine)


def usage(pids: Sequence[int]) -> Usage:
    """Return what some processes with their children, and all of the machine, have used so far."""
    # The sum over all processes, since /proc/stat looks at ticks only at who runs.
    machine = sum(map(_cpu, (int(each.name) for each in Path("/proc").glob("[0-9]*"))))
    return Usage(sum(map(_cpu, _with_children(pids))), machine)


def thread_time(pid: int) -> float:
    """Return the seconds of CPU that the running threads of a process have used; 0 if it ended.

    To the nanosecond, where the times of `usage` are in ticks of 10 ms.
    """
    return sum(int(text.split()[0]) for text in _of_threads(pid, "schedstat")) / 1e9


def wakes(pid: int) -> int:
    """Return how often the running threads of a process have gone to sleep; 0 if it ended."""
    return sum(
        int(line.split()[1])
        for text in _of_threads(pid, "status")
        for line in text.splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


def _of_threads(pid: int, name: str) -> Iterator[str]:
    """Read a file of each running thread of a process."""
    for path in Path(f"/proc/{pid}/task").glob(f"*/{name}"):
        with suppress(FileNotFoundError, ProcessLookupError):
            yield path.read_text()


def descendants(pid: int) -> list[int]:
    """Return the running processes that a process started, and those that these started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found[1:]


def command(pid: int) -> list[str]:
    """Return a process's command line; empty if it ended. Chromium's have spaces for zeros."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
    return []


def memory(pids: Sequence[int]) -> int:
    """Return the resident bytes of some processes."""
    return sum(_resident(pid) for pid in pids)


def allow_files() -> None:
    """Let this process, and those it starts, open as many files as it may; many have 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def describe() -> str:
    """Return the machine's processor, cores, memory and kernel in a line."""
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {gigabytes:.0f} GiB, Linux {os.uname().release}"


def _with_children(pids: Sequence[int]) -> list[int]:
    children = (Path(f"/proc/{pid}/task/{pid}/children").read_text().split() for pid in pids)
    return [*pids, *(int(child) for each in children for child in each)]


def _cpu(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # it ended, and its parent has its times
        return 0.0
    return sum(map(int, after_name[_TIMES])) / _TICK


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
