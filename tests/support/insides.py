"""What is inside a running server: memory, threads and descriptors by /proc; tasks, objects and
turns of the event loop where its application is `WATCHED`."""

import json
import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.support.server import Server
from tests.support.waiting import DEADLINE

WATCHED = "tests.sites.watched.asgi:application"

NUMBERS = re.compile(r"\d+")


def memory(server: Server) -> float:
    """Return the memory that a process has for itself, in MiB: not the files that it maps."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (kilobytes,) = re.findall(r"^RssAnon:\s*(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


def threads(server: Server) -> int:
    """Return how many threads a process has."""
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def descriptors(server: Server) -> Counter[str]:
    """Return how many open descriptors a process has of each kind: "client" for a connection to
    it, "to <port>" for one of its own, else what it leads to."""
    process = Path(f"/proc/{server.process.pid}")
    connections = {}
    for line in (process / "net" / "tcp").read_text().splitlines()[1:]:
        _, local, remote, *_, inode = line.split()[:10]
        local_port, remote_port = (int(address.split(":")[1], 16) for address in (local, remote))
        kind = "client" if local_port == server.port else f"to {remote_port}"
        connections[f"socket:[{inode}]"] = kind if remote_port else "listening"
    found: Counter[str] = Counter()
    for descriptor in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            link = os.readlink(descriptor)
            found[connections.get(link) or NUMBERS.sub("", link)] += 1
    return found


def tasks(server: Server) -> Counter[str]:
    """Return how many tasks a process's event loop has, by the name of their coroutine."""
    return Counter(_ask(server, "tasks"))


def objects(server: Server, *, collect: bool = False) -> Counter[str]:
    """Return how many objects the garbage collector tracks in a process, by the name of their type.
    What was loaded before the first socket is not among them. With `collect` it collects first."""
    return Counter(_ask(server, "collected" if collect else "objects"))


def turn(server: Server) -> float:
    """Return the most CPU that one turn of a process's event loop took since this was last asked,
    in milliseconds."""
    longest: float = _ask(server, "turn")["longest"]
    return 1000 * longest


def _ask(server: Server, what: str) -> Any:
    with urlopen(f"{server.origin}/insides/{what}", timeout=DEADLINE) as response:
        return json.load(response)
