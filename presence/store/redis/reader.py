"""What can be read of the store of many processes, without changing anything."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypedDict
from uuid import UUID

from presence.store.base import Snapshot, Standing, Timing
from presence.store.redis import scripts
from presence.store.redis.client import Client, Link
from presence.store.redis.records import (
    escape,
    members,
    microseconds,
    names,
    seconds_of,
    timing_arguments,
    unescape,
)
from presence.store.redis.scripts import Argument, Call, Keys, Script
from presence.store.roster import Member

READS_AT_ONCE = 1_000
"""Boards that are looked at in one trip: all of a page's, and no more of those of a whole site than
our event loop bears (some 20 ms), nor than a script may be asked about at once. Redis serves others
between the scripts of one trip: it reads some 16 KB of a connection at a time, which are forty of
them."""


class Options(TypedDict, total=False):
    """What `RedisStore` may be given by name."""

    prefix: str
    timeout: float
    connect_timeout: float
    connections: int
    spare: float
    ahead: Callable[[], float]


class RedisReader:
    """The part of `RedisStore` that reads, and what it is given."""

    def __init__(
        self,
        server: str | Client,
        timing: Timing | None = None,
        *,
        prefix: str = "presence",
        timeout: float = 2.0,
        connect_timeout: float = 1.0,
        connections: int = 16,
        spare: float = 60.0,
        ahead: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._link = self.link = Link(
            server, timeout=timeout, connect_timeout=connect_timeout, connections=connections
        )
        """The way to Redis, also for what else is kept there (`history_redis`)."""
        self._keys = Keys(prefix)
        self._times = timing_arguments(timing or Timing(), spare)
        self._ahead = ahead

    async def roster(self, board: UUID) -> tuple[Member, ...]:
        """See `Store.roster`."""
        return (await self.snapshot(board)).members

    async def snapshot(self, board: UUID) -> Snapshot:
        """See `Store.snapshot`."""
        return snapshot_of(*await self._link.run_all(self._seeing(board)))

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Store.counts`. One trip for each 1,000 boards."""
        return {board: people async for board, (_, people, _, _) in self._stands(boards)}

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        """See `Store.boards`. Two trips; more where there are more than 1,000 boards."""
        stands = self._stands(await self._listed(among))
        return {board: people async for board, (_, people, _, _) in stands if people}

    async def processes(self) -> Mapping[str, int]:
        """See `Store.processes`."""
        living = await self._link.run(self._call(scripts.LIVING, self._keys.processes))
        counted: Counter[bytes] = Counter()
        async for _, (_, _, processes, _) in self._stands(await self._listed()):
            for process, number in zip(processes[::2], processes[1::2], strict=True):
                counted[process] += number
        return {unescape(process): counted[process] for process in living}

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self._link.ping()

    async def close(self) -> None:
        """Close the connections of the running event loop. The state stays."""
        await self._link.close()

    def _seeing(self, board: UUID) -> list[Call]:
        # A board's id stays the same while somebody is there: it may come from another script.
        label = self._call(scripts.LABEL, self._keys.registry, board.hex)
        return [self._on_board(scripts.SNAPSHOT, board), label]

    async def _listed(self, among: Collection[UUID] | None = None) -> Iterator[UUID]:
        found: list[bytes] = []
        for asked in [[]] if among is None else _parts(among):
            said: list[Argument] = [1, *(board.hex for board in asked)] if asked else []
            found += await self._link.run(self._call(scripts.LISTED, self._keys.registry, *said))
        return (UUID(board.decode()) for board in found)

    async def _stands(self, boards: Iterable[UUID]) -> AsyncIterator[tuple[UUID, list[Any]]]:
        for part in _parts(boards):
            calls = [self._standing_of(board) for board in part]
            told = await self._link.run_all(calls, at_once=len(calls))
            for stand in zip(part, told, strict=True):
                yield stand

    def _standing_of(self, board: UUID, process: str = "", known: int = 0) -> Call:
        return self._on_board(scripts.STAND, board, escape(process), known)

    def _on_board(self, script: Script, board: UUID, *arguments: Argument) -> Call:
        return self._call(script, self._keys.board(board), *arguments)

    def _call(self, script: Script, keys: tuple[str, ...], *arguments: Argument) -> Call:
        ahead = microseconds(self._ahead())
        return Call(script, keys, (ahead, *self._times, *arguments))


def snapshot_of(told: list[Any], board_id: int) -> Snapshot:
    version, people, processes, flat, removed, shut, at = told
    here = (members(flat), people, version, names(processes), board_id)
    return Snapshot(*here, frozenset(map(unescape, removed)), bool(shut), seconds_of(at))


def standing_of(told: list[Any]) -> Standing:
    version, people, processes, _ = told
    return Standing(people, version, names(processes))


def _parts(boards: Iterable[UUID]) -> Iterator[list[UUID]]:
    """Return so many of the boards at a time, each when it is its turn."""
    rest = iter(boards)
    while part := [*islice(rest, READS_AT_ONCE)]:
        yield part
