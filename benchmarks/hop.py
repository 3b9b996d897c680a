"""`python -m benchmarks.hop`: what it adds to a move that who sees it is on another process.

One person moves alone, again and again, each time after a quiet tick, so that no tick holds the
move back. One observer is on the same process, one on another; two real Daphnes, a real Redis.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.clients import Client, cursor
from tests.support.cluster import Cluster, run_cluster
from tests.support.redis import run_redis
from tests.support.server import OPEN_BOARD, prepare, site_environment

QUIET = 0.04
"""Seconds until a move waits for no tick."""

SHARES = (0.5, 0.9, 0.99, 1.0)


async def seen(observer: Client, told: bytes) -> float:
    """Return when a observer was told."""
    await observer.until(lambda: observer.cursors and observer.cursors[-1] == told, "the move")
    return time.perf_counter()


async def hops(cluster: Cluster, moves: int, board: str = OPEN_BOARD) -> list[tuple[float, float]]:
    """Move so often; return the seconds until the near observer and the far one saw it."""
    near, far = cluster.clients(0, board), cluster.clients(1, board)
    mover, observers = await near.join("Mover"), [await near.join("Near"), await far.join("Far")]
    for client in (mover, *observers):
        await client.until(lambda client=client: client.count == 3, "everybody")  # type: ignore[misc]
    took = []
    for number in range(moves):
        await asyncio.sleep(QUIET)
        frame = cursor(number, number)
        told = bytes([2, mover.user]) + frame[1:]
        began = time.perf_counter()
        await mover.send(frame)
        first, second = await asyncio.gather(*(seen(observer, told) for observer in observers))
        took.append((first - began, second - began))
    await asyncio.gather(near.close(), far.close())
    return took


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the values do not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(moves: int) -> list[tuple[float, float]]:
    """Run two processes, and return what `hops` returns."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        environment = site_environment(folder)
        prepare(environment)
        (folder / "daphnes").mkdir()
        with (
            run_redis(folder) as redis,
            run_cluster(folder / "daphnes", environment, redis.url, 2) as cluster,
        ):
            return asyncio.run(hops(cluster, moves))


def rows(took: Sequence[tuple[float, float]]) -> dict[str, list[float]]:
    """Return the shares of what the moves took, in milliseconds: near, far, and the difference."""
    times = {
        "same process": [near for near, _ in took],
        "another process": [far for _, far in took],
        "added, move by move": [far - near for near, far in took],
    }
    return {
        name: [percentile(each, share) * 1000 for share in SHARES] for name, each in times.items()
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hop", description=__doc__)
    parser.add_argument("--moves", type=int, default=500, help="so many (500)")
    took = measure(parser.parse_args().moves)
    print("milliseconds".ljust(22) + "".join(f"{f'p{share * 100:g}':>9}" for share in SHARES))
    for name, figures in rows(took).items():
        print(name.ljust(22) + "".join(f"{figure:9.2f}" for figure in figures))


if __name__ == "__main__":
    main()
