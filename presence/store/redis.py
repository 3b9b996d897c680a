"""The store of many processes: Redis 6.2 or later, or Valkey, alone or as a Cluster.

A board's state is under keys of its own, changed by scripts only (`redis_scripts`). Redis's clock
is the clock. A lease is kept with each board that its process has members on, so that the scripts
on a board need nothing from elsewhere. Every key expires by itself when those who use it are gone.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any
from uuid import UUID

from presence.boards import home_id
from presence.errors import Forbidden, Refused, Removed, TryLater
from presence.identity import colors_for
from presence.roster import Member
from presence.store import redis_scripts as scripts
from presence.store.base import (
    REMEMBERED,
    UNTIL_REOPENED,
    Admission,
    Departure,
    Snapshot,
    Standing,
    Ticket,
    Timing,
)
from presence.store.held import Held
from presence.store.redis_link import AT_ONCE, Client, Link
from presence.store.redis_records import (
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
from presence.store.redis_scripts import Argument, Call, Keys, Script

READS_AT_ONCE = 1_000
"""Boards that are looked at in one trip: all of a page's, and no more of those of a whole site than
our event loop bears. Redis serves others between the scripts of one trip: it reads some 16 KB of a
connection at a time, which are forty of them."""


class RedisStore:
    """The `Store` of many processes; all of them must be given the same `prefix` and `timing`.

    `server` is a URL (redis://, rediss://, unix://) or a client, as `Link` says, which tells of the
    timeouts too. Up to `connections` are opened for each event loop. Keys outlive what they hold by
    `spare` seconds. `ahead` returns the seconds by which Redis's clock is to be read ahead: tests
    let time pass with it.
    """

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
        self.shared = 0
        """How often a board had to share its home id because all 65,535 were taken."""
        self._link = self.link = Link(
            server, timeout=timeout, connect_timeout=connect_timeout, connections=connections
        )
        """The way to Redis, also for what else is kept there (`history_redis`)."""
        self._keys = Keys(prefix)
        self._times = timing_arguments(timing or Timing(), spare)
        self._ahead = ahead
        self._held = Held()
        self._ids: dict[UUID, int] = {}
        self._leases: dict[str, int] = {}
        # Sessions whose join failed, and may have been done all the same.
        self._doubtful: dict[str, UUID] = {}

    async def join(self, board: UUID, ticket: Ticket) -> Admission:
        """See `Store.join`."""
        try:
            admission = await self._join(board, ticket)
        except Refused:
            raise
        except BaseException:
            self._doubtful[ticket.session] = board
            raise
        self._doubtful.pop(ticket.session, None)
        self._held.put(board, ticket.session, ticket.process)
        self._remember([board], [admission.board_id])
        self._off(board, [admission.resumed] if admission.resumed else [])
        return admission

    async def linger(self, board: UUID, session: str) -> None:
        """See `Store.linger`."""
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

    async def shut(self, board: UUID, seconds: float) -> None:
        """See `Store.shut`."""
        duration = microseconds(min(seconds, UNTIL_REOPENED))
        await self._link.run(self._on_board(scripts.SHUT, board, duration))

    async def renew(self, process: str) -> Mapping[UUID, Standing]:
        """See `Store.renew`. One trip for some hundreds of boards."""
        doubtful = tuple(self._doubtful.items())
        asked, until = self._held.of(process), self._held.puts
        lease_end, *told = await self._link.run_all(
            [
                self._call(scripts.LEASE, self._keys.processes, escape(process)),
                *(self._taking_back(board, session) for session, board in doubtful),
                *(self._standing_of(board, process, len(asked[board])) for board in asked),
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
        return {board: _standing(stand) for board, stand in zip(asked, stands, strict=True)}

    async def roster(self, board: UUID) -> tuple[Member, ...]:
        """See `Store.roster`."""
        return (await self.snapshot(board)).members

    async def snapshot(self, board: UUID) -> Snapshot:
        """See `Store.snapshot`."""
        return _snapshot(*await self._link.run_all(self._seeing(board)))

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Store.counts`. One trip, however many they are."""
        told = await self._stands(boards)
        return {board: people for board, (_, people, _, _) in told.items()}

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        """See `Store.boards`. Two trips."""
        counts = await self.counts(await self._listed(among))
        return {board: people for board, people in counts.items() if people}

    async def processes(self) -> Mapping[str, int]:
        """See `Store.processes`."""
        living = await self._link.run(self._call(scripts.LIVING, self._keys.processes))
        counted: Counter[bytes] = Counter()
        for _, _, processes, _ in (await self._stands(await self._listed())).values():
            for process, number in zip(processes[::2], processes[1::2], strict=True):
                counted[process] += number
        return {unescape(process): counted[process] for process in living}

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self._link.ping()

    async def close(self) -> None:
        """Close the connections of the running event loop. The state stays."""
        await self._link.close()

    async def _join(self, board: UUID, ticket: Ticket) -> Admission:
        asks = (ticket.session, ticket.process, ticket.person, ticket.name)
        palette = ",".join(map(color_text, colors_for(ticket.person)))
        call = self._on_board(
            scripts.JOIN, board, *map(escape, asks), await self._lease_end(ticket.process), palette
        )
        told = await self._link.run(call)
        if len(told) == 1:
            raise _REFUSALS[told[0]]
        version, people, processes, user, color, resumed, since, arrived = told
        # After the join, as a board that empties lets its id go before it looks whether somebody
        # came: whichever is first, the id is held.
        (board_id,) = await self._take([board])
        member = Member(*asks, color_of(color), user, seconds_of(since))
        here = names(processes) | {ticket.process}
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
        return _snapshot(seen, ids[0]) if here else await self.snapshot(board)

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
        self._ids.update((board, board_id) for board, board_id in held if board in self._held)

    def _hold(self, board: UUID, members: Iterable[Member]) -> None:
        for member in members:
            self._held.put(board, member.session, member.process)

    def _off(self, board: UUID, sessions: Collection[str], *, until: float = inf) -> None:
        for session in sessions:
            self._doubtful.pop(session, None)
        self._held.drop(board, sessions, until=until)
        if board not in self._held:
            self._ids.pop(board, None)

    async def _lease_end(self, process: str) -> Argument:
        """Return until when a process holds its lease (microseconds of Redis's clock), "" where
        that is not known."""
        if process in self._leases:
            return self._leases[process]
        # Another store renews for it.
        score = await self._link.command("ZSCORE", *self._keys.processes, escape(process))
        return "" if score is None else int(float(score))

    def _seeing(self, board: UUID) -> list[Call]:
        # A board's id stays the same while somebody is there: it may come from another script.
        label = self._call(scripts.LABEL, self._keys.registry, board.hex)
        return [self._on_board(scripts.SNAPSHOT, board), label]

    async def _listed(self, among: Collection[UUID] | None = None) -> list[UUID]:
        calls = [self._call(scripts.LISTED, self._keys.registry, *asked) for asked in _parts(among)]
        listed = await self._link.run_all(calls, at_once=1)
        return [UUID(board.decode()) for part in listed for board in part]

    async def _stands(self, boards: Collection[UUID]) -> dict[UUID, list[Any]]:
        calls = [self._standing_of(board) for board in boards]
        stands = await self._link.run_all(calls, at_once=READS_AT_ONCE)
        return dict(zip(boards, stands, strict=True))

    def _standing_of(self, board: UUID, process: str = "", known: int = 0) -> Call:
        return self._on_board(scripts.STAND, board, escape(process), known)

    def _taking_back(self, board: UUID, session: str) -> Call:
        # What Redis will not do here must not keep the lease from being renewed.
        return replace(self._on_board(scripts.LEAVE, board, escape(session)), optional=True)

    def _on_board(self, script: Script, board: UUID, *arguments: Argument) -> Call:
        return self._call(script, self._keys.board(board), *arguments)

    def _call(self, script: Script, keys: tuple[str, ...], *arguments: Argument) -> Call:
        ahead = microseconds(self._ahead())
        return Call(script, keys, (ahead, *self._times, *arguments))


def _parts(among: Collection[UUID] | None) -> list[list[Argument]]:
    """Return what `scripts.LISTED` is asked: a script is not interrupted by others, so of many
    boards only some at a time."""
    if among is None:
        return [[]]
    boards = [board.hex for board in among]
    starts = range(0, len(boards), READS_AT_ONCE)
    return [[1, *boards[start : start + READS_AT_ONCE]] for start in starts]


_REFUSALS = {b"removed": Removed, b"shut": Forbidden}
"""What lua/join.lua says in place of an admission."""


def _snapshot(told: list[Any], board_id: int) -> Snapshot:
    version, people, processes, flat, removed, shut, at = told
    here = (members(flat), people, version, names(processes), board_id)
    return Snapshot(*here, frozenset(map(unescape, removed)), bool(shut), seconds_of(at))


def _standing(told: list[Any]) -> Standing:
    version, people, processes, _ = told
    return Standing(people, version, names(processes))


def _owners(members: Iterable[Member]) -> set[str]:
    return {member.process for member in members}
