"""One measurement: a server, a load client, and what both used meanwhile."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.client import Client, Joins, Moves, run_client
from benchmarks.machine import Usage, memory, usage
from benchmarks.servers import Kind, Server
from benchmarks.workload import Workload

HEAD_START = 0.3
"""Seconds between the word to start and the start."""


@dataclass(frozen=True)
class Figures:
    """What one measurement came to.

    CPU is in % of one core, times in milliseconds, memory in bytes, and what is counted by time in
    a second. `cpu` is that of the server's own processes, `redis` that of its Redis, `other` that
    of everything on the machine but these and the client. `share` is how many of the positions
    that should reach others did; `sized` are bytes down, headers included, for each of them.
    `memory` is what each person added to the `resident`.
    """

    cpu: float
    redis: float
    moves: float
    cursors: float
    share: float
    sized: float
    age_p50: float
    age_p99: float
    memory: float
    resident: float
    other: float
    client: float
    late_p99: float
    frames: float
    lost: float
    joined: float
    join_rate: float
    join_cpu: float
    join_p50: float
    join_p99: float


def measure(kind: Kind, work: Workload) -> Figures:
    """Run one server under one workload."""
    with TemporaryDirectory(prefix="presence-bench-") as name, kind.run(Path(name)) as server:
        rooms = kind.rooms([server.port], work.rooms)
        before = usage(server.pids)
        empty = memory(server.pids)
        with run_client(kind.speech, rooms, work) as client:
            joins = client.joins()
            joining = usage(server.pids) - before
            full = memory(server.pids)
            moves, used, redis = _count(server, client, work) if work.rate else _NOTHING
    return _figures(work, joins, joining, full - empty, full, moves, used, redis)


_NOTHING = (Moves(0, 0, 0, 0, 0, 0, 0.0, -1.0, -1.0, -1.0, -1.0), Usage(0.0, 0.0), 0.0)


def _count(server: Server, client: Client, work: Workload) -> tuple[Moves, Usage, float]:
    redis = [server.redis] if server.redis else []
    begin = time.monotonic() + HEAD_START
    client.start(begin)
    _sleep_until(begin + work.warm_up)
    before, before_redis = usage(server.pids), usage(redis)
    _sleep_until(begin + work.warm_up + work.seconds)
    used, used_redis = usage(server.pids) - before, usage(redis) - before_redis
    return client.moves(), used, used_redis.processes


def _figures(
    work: Workload,
    joins: Joins,
    joining: Usage,
    grown: int,
    full: int,
    moves: Moves,
    used: Usage,
    redis: float,
) -> Figures:
    expected = moves.moves * (work.people - 1)
    known = used.processes + redis + moves.cpu
    return Figures(
        cpu=100 * used.processes / work.seconds,
        redis=100 * redis / work.seconds,
        moves=moves.moves / work.seconds,
        cursors=moves.cursors / work.seconds,
        share=moves.cursors / expected if expected else 0.0,
        sized=moves.bytes / moves.cursors if moves.cursors else 0.0,
        age_p50=moves.age_p50,
        age_p99=moves.age_p99,
        memory=grown / work.total,
        resident=full,
        other=100 * (used.machine - known) / work.seconds,
        client=100 * moves.cpu / work.seconds,
        late_p99=moves.late_p99,
        frames=moves.frames / work.seconds,
        lost=joins.lost + moves.lost,
        joined=joins.joined,
        join_rate=joins.joined / joins.seconds,
        join_cpu=1000 * joining.processes / max(joins.joined, 1),
        join_p50=joins.p50,
        join_p99=joins.p99,
    )


def medians(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    each = [asdict(run) for run in runs]
    return Figures(**{name: median(figures[name] for figures in each) for name in each[0]})


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
