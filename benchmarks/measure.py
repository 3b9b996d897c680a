"""One measurement: a server, a load client, and what both used meanwhile."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.client import Joins, Moves, run_client
from benchmarks.machine import Usage, memory, usage
from benchmarks.servers import Kind, Server
from benchmarks.workload import Workload
from tests.support.redis import RedisServer

HEAD_START = 0.3
"""Seconds between the word to start and the start."""


@dataclass(frozen=True)
class Figures:
    """What one measurement came to.

    CPU is in % of one core, times in milliseconds, memory in bytes, and what is counted by time in
    a second. `cpu` is that of the server's own processes, `helpers` that of Redis and nginx,
    `other` that of everything on the machine but these and the client. `share` is how many of the
    positions that should reach others did; `sized` are bytes down, headers included, for each of
    them. `memory` is what each person added to the `resident`. `commands` are those that Redis
    carried out, those within scripts included, and `join_commands` those for each join; `scripts`
    and `join_scripts` those among them that the server asked for by EVALSHA.
    """

    cpu: float
    helpers: float
    other: float
    client: float
    moves: float
    frames: float
    cursors: float
    share: float
    sized: float
    age_p50: float
    age_p99: float
    late_p99: float
    memory: float
    resident: float
    commands: float
    scripts: float
    lost: float
    joined: float
    join_seconds: float
    join_rate: float
    join_cpu: float
    join_p50: float
    join_p99: float
    join_commands: float
    join_scripts: float


@dataclass(frozen=True)
class Reading:
    """What was used by one moment, counted from the start of each process."""

    own: Usage
    helpers: Usage
    commands: int
    scripts: int
    resident: int


def read(server: Server) -> Reading:
    """Read the counters of a server."""
    commands, scripts = count_commands(server.redis) if server.redis else (0, 0)
    own, helpers = usage(server.pids), usage(server.helpers)
    return Reading(own, helpers, commands, scripts, memory(server.pids))


def count_commands(redis: RedisServer) -> tuple[int, int]:
    """Return how many commands Redis has carried out, but for those that ask it about itself; and
    how many of them were EVALSHA."""
    with redis.client() as client:
        stats: dict[str, dict[str, int]] = client.info("commandstats")
    asked = ("cmdstat_info", "cmdstat_ping", "cmdstat_hello", "cmdstat_client")
    calls = {name: each["calls"] for name, each in stats.items() if not name.startswith(asked)}
    return sum(calls.values()), calls.get("cmdstat_evalsha", 0)


def measure(kind: Kind, work: Workload) -> Figures:
    """Run one server under one workload."""
    with TemporaryDirectory(prefix="presence-bench-") as name, kind.run(Path(name)) as server:
        rooms = kind.rooms(server.ports, work.rooms)
        empty = read(server)
        with run_client(kind.speech, rooms, work) as client:
            joins = client.joins()
            full = read(server)
            begin = time.monotonic() + HEAD_START
            client.start(begin)
            _sleep_until(begin + work.warm_up)
            before = read(server)
            _sleep_until(begin + work.warm_up + work.seconds)
            after = read(server)
            moves = client.moves()
    return _figures(work, joins, moves, empty, full, before, after)


def _figures(
    work: Workload,
    joins: Joins,
    moves: Moves,
    empty: Reading,
    full: Reading,
    before: Reading,
    after: Reading,
) -> Figures:
    used, helpers = after.own - before.own, after.helpers - before.helpers
    joined, expected = max(joins.joined, 1), moves.moves * (work.people - 1)
    return Figures(
        cpu=100 * used.processes / work.seconds,
        helpers=100 * helpers.processes / work.seconds,
        other=100 * (used.machine - used.processes - helpers.processes - moves.cpu) / work.seconds,
        client=100 * moves.cpu / work.seconds,
        moves=moves.moves / work.seconds,
        frames=moves.frames / work.seconds,
        cursors=moves.cursors / work.seconds,
        share=moves.cursors / expected if expected else 0.0,
        sized=moves.bytes / moves.cursors if moves.cursors else 0.0,
        age_p50=moves.age_p50,
        age_p99=moves.age_p99,
        late_p99=moves.late_p99,
        memory=(full.resident - empty.resident) / joined,
        resident=full.resident,
        commands=(after.commands - before.commands) / work.seconds,
        scripts=(after.scripts - before.scripts) / work.seconds,
        lost=joins.lost + moves.lost,
        joined=joins.joined,
        join_seconds=joins.seconds,
        join_rate=joins.joined / max(joins.seconds, 0.001),  # told in whole milliseconds
        join_cpu=1000 * (full.own - empty.own).processes / joined,
        join_p50=joins.p50,
        join_p99=joins.p99,
        join_commands=(full.commands - empty.commands) / joined,
        join_scripts=(full.scripts - empty.scripts) / joined,
    )


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
