"""The store of many processes: Redis 6.2 or later, or Valkey, alone or as a Cluster.

A board's state is under keys of its own, changed by scripts only (`redis_scripts`). Redis's clock
is the clock. A lease is kept with each board that its process has members on, so that the scripts
on a board need nothing from elsewhere. Every key expires by itself when those who use it are gone.

What can be read of the store of many processes, without changing anything.

Which sessions a store put on which boards, for stores whose state is elsewhere.
"""

from collections import Counter
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from math import inf
from typing import Any, TypedDict, Unpack
from uuid import UUID

from presence.protocol.board_ids import home_id
from presence.protocol.errors import Forbidden, Refused, Removed, TryLater
from presence.protocol.identity import colors_for
from presence.store.base import (
    REMEMBERED,
    UNTIL_REOPENED,
    Admission,
    BoardSummary,
    Departure,
    JoinRequest,
    Member,
    Snapshot,
    Timing,
)
from presence.store.redis import scripts
from presence.store.redis.client import AT_ONCE, Client, Link
from presence.store.redis.records import (
    color_of,
    color_text,
    escape,
    member_arguments,
    members,
    microseconds,
    names,
    seconds_of,
    timing_arguments,
    unescape,
)
from presence.store.redis.scripts import Argument, Call, Keys, Script


class LocalSessions:
    """Sessions by board, with the process of each."""

    def __init__(self) -> None:
        self.puts = 0
        """How often `put` was called."""
        # The process of each, and which `put` it was.
        self._sessions: dict[UUID, dict[str, tuple[str, int]]] = {}

    def __contains__(self, board: object) -> bool:
        return board in self._sessions

    def put(self, board: UUID, session: str, process: str) -> None:
        """Note a session that is on a board."""
        self.puts += 1
        self._sessions.setdefault(board, {})[session] = process, self.puts

    def drop(self, board: UUID, sessions: Collection[str], *, until: float = inf) -> None:
        """Forget sessions that are off a board, but for those put after `puts` was `until`;
        unknown ones change nothing."""
        here = self._sessions.get(board, {})
        for session in sessions:
            if session in here and here[session][1] <= until:
                del here[session]
        if not here:
            self._sessions.pop(board, None)

    def of(self, process: str) -> dict[UUID, list[str]]:
        """Return the boards that a process has sessions on, with those sessions."""
        found = {
            board: [session for session, (owner, _) in here.items() if owner == process]
            for board, here in self._sessions.items()
        }
        return {board: sessions for board, sessions in found.items() if sessions}


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
            calls = [self._summary_of(board) for board in part]
            told = await self._link.run_all(calls, at_once=len(calls))
            for stand in zip(part, told, strict=True):
                yield stand

    def _summary_of(self, board: UUID, process: str = "", known: int = 0) -> Call:
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


def summary_of(told: list[Any]) -> BoardSummary:
    version, people, processes, _ = told
    return BoardSummary(people, version, names(processes))


def _parts(boards: Iterable[UUID]) -> Iterator[list[UUID]]:
    """Return so many of the boards at a time, each when it is its turn."""
    rest = iter(boards)
    while part := [*islice(rest, READS_AT_ONCE)]:
        yield part


class RedisStore(RedisReader):
    """The `Store` of many processes; all of them must be given the same `prefix` and `timing`.

    `server` is a URL (redis://, rediss://, unix://) or a client, as `Link` says, which tells of the
    timeouts too. Up to `connections` are opened for each event loop. Keys outlive what they hold by
    `spare` seconds. `ahead` returns the seconds by which Redis's clock is to be read ahead: tests
    let time pass with it.
    """

    def __init__(
        self, server: str | Client, timing: Timing | None = None, **options: Unpack[Options]
    ) -> None:
        super().__init__(server, timing, **options)
        self.shared = 0
        """How often a board had to share its home id because all 65,535 were taken."""
        self._local = LocalSessions()
        self._ids: dict[UUID, int] = {}
        self._leases: dict[str, int] = {}
        # Sessions whose join failed, and may have been done all the same.
        self._doubtful: dict[str, UUID] = {}

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        """See `Store.join`."""
        try:
            admission = await self._join(board, request)
        except Refused:
            raise
        except BaseException:
            self._doubtful[request.session] = board
            raise
        self._doubtful.pop(request.session, None)
        self._local.put(board, request.session, request.process)
        self._remember([board], [admission.board_id])
        self._off(board, [admission.resumed] if admission.resumed else [])
        return admission

    async def start_grace(self, board: UUID, session: str) -> None:
        """See `Store.start_grace`."""
        await self._link.run(self._on_board(scripts.LINGER, board, escape(session)))

    async def leave(self, board: UUID, session: str) -> Departure:
        """See `Store.leave`."""
        departure = await self._depart(board, scripts.LEAVE, escape(session))
        self._off(board, [session])
        return departure

    async def reap(self, board: UUID) -> Departure:
        """See `Store.reap`."""
        return await self._depart(board, scripts.REAP)

    async def restore(self, board: UUID, members: Sequence[Member]) -> Snapshot:
        """See `Store.restore`."""
        # Noted first: where this fails, the next `renew` names the board again.
        self._hold(board, members)
        snapshot = await (self._restored(board, members) if members else self.snapshot(board))
        self._off(board, snapshot.removed)
        return snapshot

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        """See `Store.remove`."""
        times = map(microseconds, (seconds, max(seconds, REMEMBERED)))
        return await self._depart(board, scripts.REMOVE, escape(person), *times)

    async def close_board(self, board: UUID, seconds: float) -> None:
        """See `Store.closed`."""
        duration = microseconds(min(seconds, UNTIL_REOPENED))
        await self._link.run(self._on_board(scripts.SHUT, board, duration))

    async def renew(self, process: str) -> Mapping[UUID, BoardSummary]:
        """See `Store.renew`. One trip for some hundreds of boards."""
        doubtful = tuple(self._doubtful.items())
        asked, until = self._local.of(process), self._local.puts
        lease_end, *told = await self._link.run_all(
            [
                self._call(scripts.LEASE, self._keys.processes, escape(process)),
                *(self._taking_back(board, session) for session, board in doubtful),
                *(self._summary_of(board, process, len(asked[board])) for board in asked),
            ]
        )
        self._leases[process] = lease_end
        self._remember(asked, await self._take([*asked]))
        await self._taken_back(doubtful, told)
        stands = told[len(doubtful) :]
        for (board, sessions), (*_, own) in zip(asked.items(), stands, strict=True):
            if own is not None:
                # Others went on for them or reaped them, or they are lost.
                self._off(board, set(sessions).difference(map(unescape, own)), until=until)
        return {board: summary_of(stand) for board, stand in zip(asked, stands, strict=True)}

    async def _join(self, board: UUID, request: JoinRequest) -> Admission:
        asks = (request.session, request.process, request.person, request.name)
        palette = ",".join(map(color_text, colors_for(request.person)))
        call = self._on_board(
            scripts.JOIN, board, *map(escape, asks), await self._lease_end(request.process), palette
        )
        told = await self._link.run(call)
        if len(told) == 1:
            raise _REFUSALS[told[0]]
        version, people, processes, user, color, resumed, since, arrived = told
        # After the join, as a board that empties lets its id go before it looks whether somebody
        # came: whichever is first, the id is held.
        (board_id,) = await self._take([board])
        member = Member(*asks, color_of(color), user, seconds_of(since))
        here = names(processes) | {request.process}
        old = unescape(resumed) or None
        return Admission(member, board_id, people, version, here, old, bool(arrived))

    async def _restored(self, board: UUID, members: Sequence[Member]) -> Snapshot:
        ends = {process: await self._lease_end(process) for process in _owners(members)}
        told = [part for m in members for part in member_arguments(m, ends[m.process])]
        restoring = self._on_board(scripts.RESTORE, board, microseconds(REMEMBERED), *told)
        here, seen = await self._link.run_all([restoring, self._on_board(scripts.SNAPSHOT, board)])
        # Where all of them had been removed, nobody needs an id.
        ids = await self._take([board] if here else [])
        self._remember([board] if here else [], ids)
        # Again: a renewal under way may have found the board before they were back on it.
        self._hold(board, members)
        return snapshot_of(seen, ids[0]) if here else await self.snapshot(board)

    async def _depart(self, board: UUID, script: Script, *arguments: Argument) -> Departure:
        told = await self._link.run(self._on_board(script, board, *arguments))
        version, people, emptied, flat, left = told
        gone = members(flat)
        self._off(board, [member.session for member in gone])
        if emptied:
            # Whatever becomes of the id, those who are gone must be told.
            await self._let_go([board])
        return Departure(gone, people, version, frozenset(map(unescape, left)), bool(emptied))

    async def _taken_back(self, doubtful: Sequence[tuple[str, UUID]], told: list[Any]) -> None:
        emptied = []
        for (session, board), departure in zip(doubtful, told, strict=False):
            if isinstance(departure, Exception):
                continue  # The next renewal tries again.
            if self._doubtful.get(session) == board:
                self._off(board, [session])
            if departure[2]:
                emptied.append(board)
        if emptied:
            await self._let_go(emptied)

    async def _let_go(self, boards: Sequence[UUID]) -> None:
        """Let the ids of emptied boards go. Where that fails they are let go in the end."""
        calls = [self._call(scripts.LET_GO, self._keys.registry, board.hex) for board in boards]
        with suppress(TryLater):
            await self._link.run_all(calls)
            # Somebody may have come before that.
            again = [board for board, people in (await self.counts(boards)).items() if people]
            await self._take(again)

    async def _take(self, boards: Sequence[UUID]) -> list[int]:
        parts = [boards[n : n + AT_ONCE] for n in range(0, len(boards), AT_ONCE)]
        told = await self._link.run_all([self._taking(part) for part in parts])
        return [board_id for ids in told for board_id in self._taken(ids)]

    def _taking(self, boards: Iterable[UUID]) -> Call:
        # Where the registry was lost, boards that are in use keep the ids that their clients know.
        wants = [part for b in boards for part in (b.hex, home_id(b), self._ids.get(b, 0))]
        return self._call(scripts.TAKE, self._keys.registry, *wants)

    def _taken(self, told: list[int]) -> list[int]:
        shared, *ids = told
        self.shared += shared
        return ids

    def _remember(self, boards: Iterable[UUID], ids: Iterable[int]) -> None:
        held = zip(boards, ids, strict=True)
        self._ids.update((board, board_id) for board, board_id in held if board in self._local)

    def _hold(self, board: UUID, members: Iterable[Member]) -> None:
        for member in members:
            self._local.put(board, member.session, member.process)

    def _off(self, board: UUID, sessions: Collection[str], *, until: float = inf) -> None:
        for session in sessions:
            self._doubtful.pop(session, None)
        self._local.drop(board, sessions, until=until)
        if board not in self._local:
            self._ids.pop(board, None)

    async def _lease_end(self, process: str) -> Argument:
        """Return until when a process holds its lease (microseconds of Redis's clock), "" where
        that is not known."""
        if process in self._leases:
            return self._leases[process]
        # Another store renews for it.
        score = await self._link.command("ZSCORE", *self._keys.processes, escape(process))
        return "" if score is None else int(float(score))

    def _taking_back(self, board: UUID, session: str) -> Call:
        # What Redis will not do here must not keep the lease from being renewed.
        return replace(self._on_board(scripts.LEAVE, board, escape(session)), optional=True)


_REFUSALS = {b"removed": Removed, b"shut": Forbidden}
"""What lua/join.lua says in place of an admission."""


def _owners(members: Iterable[Member]) -> set[str]:
    return {member.process for member in members}
