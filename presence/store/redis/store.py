"""The store of many processes: Redis 6.2 or later, or Valkey, alone or as a Cluster.

Only scripts change a board's state, which is under keys of its own. Time is read from Redis's
clock. Each board has a copy of the leases of the processes with members on it, so that its scripts
need no other keys. Every key expires once the processes that use it are gone.
"""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from presence.protocol.board_ids import home_id
from presence.protocol.colors import own_place, place_of
from presence.protocol.errors import Forbidden, Removed, TryLater
from presence.store.base import (
    MAX_CLOSED,
    MAX_SEEN,
    POOL_HOLDS,
    POOL_LEAVES,
    POOL_RESTS,
    REMOVED_SESSION_TTL,
    SEEN_FOR,
    Admission,
    BoardSummary,
    Departure,
    JoinRequest,
    Member,
    PersonSummary,
    Snapshot,
    Timing,
    WornColors,
)
from presence.store.redis import scripts
from presence.store.redis.client import ScriptClient, Server
from presence.store.redis.records import (
    MICROSECONDS,
    escape,
    member_arguments,
    microseconds,
    name_arguments,
    parse_board,
    parse_color,
    parse_members,
    parse_pairs,
    parse_place,
    parse_processes,
    place_argument,
    reference_argument,
    unescape,
)
from presence.store.redis.scripts import Argument, Call, Keys, Script

logger = logging.getLogger(__name__)

T = TypeVar("T")

BOARDS_PER_READ = 1_000
"""Boards to read in one trip: enough for any page of the admin, and about 20 ms of work for our
event loop. Redis serves other clients in between: it takes about 40 of the calls at a time."""

BOARDS_PER_SCRIPT = 250
"""Boards whose ids one script takes, and sessions that one notes: Redis serves nobody else while it
runs."""

MEMBERS_PER_SCRIPT = 200
"""Members that one script puts back."""

OLDER_PROCESSES = (
    "processes of an earlier release use this Redis: they and these do not see each other's people"
)

NOTE_EVERY = 10
"""Renewals in which each session is noted once more with its person (lua/persons.lua)."""


@dataclass(eq=False, frozen=True, slots=True)
class LocalSession:
    """A session that this store put on a board, its process, and its person. Compared by identity:
    if the session is put on the board again, that is another object."""

    process: str
    person: str


@dataclass(frozen=True, slots=True)
class Note:
    """What lua/note_persons.lua notes of a session."""

    person: str
    session: str
    what: str
    detail: Argument = ""


@dataclass(slots=True)
class LocalBoard:
    """A board with local sessions, and the id that it had when last asked, 0 if unknown."""

    board_id: int = 0
    sessions: dict[str, LocalSession] = field(default_factory=dict)

    def of_process(self, process: str) -> dict[str, LocalSession]:
        """Return the sessions of a process."""
        return {name: kept for name, kept in self.sessions.items() if kept.process == process}


class RedisStore:
    """The `Store` of many processes, which must all use the same `prefix` and `timing`. `server`
    and `options` are as in `ScriptClient`."""

    def __init__(
        self,
        server: Server,
        timing: Timing | None = None,
        *,
        prefix: str = "presence",
        **options: Any,
    ) -> None:
        self.keys = Keys(prefix)
        self.client = ScriptClient(server, timing or Timing(), **options)
        self._local: dict[UUID, LocalBoard] = {}
        # Ends of the leases that this store renews, in microseconds of Redis's clock.
        self._lease_ends: dict[str, int] = {}
        # Sessions whose join failed, although Redis may have carried it out, and their boards.
        self._doubtful: dict[str, UUID] = {}
        self._renewals: Counter[str] = Counter()
        self._worn = WornColors()
        # Numbers of the rosters that were last read for a process, and the members who held a user
        # id in them.
        self._rosters: dict[UUID, tuple[bytes, tuple[Member, ...]]] = {}
        self.other_processes = self.older_processes = 0
        """How many processes of an earlier release, whose boards have other keys, held a lease at
        the last renewal."""

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        asks = (request.session, request.process, request.person, request.name)
        name, pool = name_arguments(request.name, request.pool, request.avatar)
        pools = (pool, POOL_RESTS, POOL_HOLDS, POOL_LEAVES)
        had = place_of(self._worn.get(board, request.person))
        colors = (own_place(request.person) + 1, had + 1)  # Lua counts from 1.
        try:
            lease_end, reference = await self._lease_end(request.process), reference_argument(board)
            words = (*map(escape, asks[:3]), name, lease_end, *colors, reference, *pools)
            reply = await self.client.run(
                scripts.JOIN, self.keys.board(board), *words, bytes(request.known)
            )
            # Only a board with somebody on it takes an id. `_clear_up` looks for newcomers after it
            # released the id, so whichever comes first, the board has an id in the end.
            board_id = await self._take_in(board, request, reply) if len(reply) > 1 else 0
        except BaseException:
            self._doubtful[request.session] = board
            raise
        if reply == [b"removed"]:
            raise Removed(request.person)
        if reply == [b"closed"]:
            raise Forbidden("the board is closed to newcomers")
        version, people, processes, user, color, resumed, since, arrived = reply
        self._doubtful.pop(request.session, None)
        self._note(board, [request]).board_id = board_id
        old = unescape(resumed) or None
        if old:
            self._forget(board, [old])
        numbers = (parse_color(color), user, int(since) / MICROSECONDS)
        member = Member(*asks, *numbers, request.pool, request.avatar)
        self._worn.note(board, member)
        return Admission(
            member,
            board_id,
            people,
            version,
            parse_processes(processes) | {request.process},
            old,
            bool(arrived),
        )

    async def start_grace(self, board: UUID, session: str, seconds: float) -> None:
        duration = microseconds(seconds)
        words = (escape(session), duration)
        calls = [Call(scripts.START_GRACE, self.keys.board(board), words)]
        if (local := self._local_session(board, session)) is not None:
            calls += self._note_calls([Note(local.person, session, "grace", duration)])
        await self.client.run_all(calls)

    async def leave(self, board: UUID, session: str) -> Departure:
        if (local := self._local_session(board, session)) is None:
            (departure,) = await self._depart([board], "left", scripts.LEAVE, escape(session))
        else:
            # The person is known, so that one trip does.
            call = Call(scripts.LEAVE, self.keys.board(board), (escape(session),))
            notes = self._note_calls([Note(local.person, session, "left")])
            reply, *_ = await self.client.run_all([call, *notes])
            departure = self._take_departure(board, reply)
            await self._clear_up([board] if departure.emptied else [])
        self._forget(board, [session])
        return departure

    async def reap(self, board: UUID) -> Departure:
        (departure,) = await self._depart([board], "lost", scripts.REAP)
        return departure

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        return (await self.remove_from([board], person, seconds))[board]

    async def remove_from(
        self, boards: Collection[UUID], person: str, seconds: float
    ) -> Mapping[UUID, Departure]:
        durations = map(microseconds, (seconds, max(seconds, REMOVED_SESSION_TTL)))
        departures = await self._depart(
            [*boards], "left", scripts.REMOVE, escape(person), *durations
        )
        return dict(zip(boards, departures, strict=True))

    async def close_board(self, board: UUID, seconds: float) -> None:
        duration = microseconds(min(seconds, MAX_CLOSED))
        await self.client.run(scripts.CLOSE_BOARD, self.keys.board(board), duration)

    async def restore(
        self, board: UUID, members: Sequence[Member], process: str = "", sessions: int = 0
    ) -> Snapshot:
        restored = 0
        if members:
            # Noted before the call: if it fails, the next `renew` returns the board again.
            self._note(board, members)
            ends = {
                process: await self._lease_end(process)
                for process in {member.process for member in members}
            }
            if len(members) > MEMBERS_PER_SCRIPT:
                # No clash of a later part may take a user id that is to be kept.
                members = sorted(members, key=lambda member: member.spectator)
            for part in _batches(members, MEMBERS_PER_SCRIPT):
                words: list[Argument] = [microseconds(REMOVED_SESSION_TTL)]
                words.append(reference_argument(board))
                for member in part:
                    words += member_arguments(member, ends[member.process])
                restored = await self.client.run(scripts.RESTORE, self.keys.board(board), *words)
        snapshot = await self.snapshot(board, process, sessions)
        if restored:
            notes = [
                replace(_note_here(board, m.session, m.process, m.person), what="back")
                for m in members
                if m.session not in snapshot.removed
            ]
            (board_id,) = await self._take_ids([board], self._note_calls(notes))
            snapshot = replace(snapshot, board_id=board_id)
            # Again: a `renew` that found the board without them has forgotten them since.
            self._note(board, members)
        self._forget(board, snapshot.removed)
        return snapshot

    async def renew(self, process: str) -> Mapping[UUID, BoardSummary]:
        """See `Store.renew`. Takes one trip for some hundreds of boards."""
        doubtful = list(self._doubtful.items())
        asked = {
            board: sessions
            for board, local in self._local.items()
            if (sessions := local.of_process(process))
        }
        leases = (self.keys.processes, self.keys.older_processes)
        (lease_end, holders, older), *replies = await self.client.run_all(
            [
                Call(scripts.RENEW_LEASE, leases, (escape(process),)),
                # Optional: a session that cannot leave must not keep the lease from being renewed.
                *(
                    Call(scripts.LEAVE, self.keys.board(board), (escape(session),), optional=True)
                    for session, board in doubtful
                ),
                *(
                    self._summary_call(board, process, len(sessions))
                    for board, sessions in asked.items()
                ),
            ]
        )
        self._lease_ends[process] = lease_end
        self.other_processes = holders - 1
        self._note_older(older)
        noted = self._due_notes(process)
        await self._take_ids([*asked], self._note_calls([note for _, note in noted]))
        await self._settle(doubtful, replies[: len(doubtful)])
        summaries: dict[UUID, BoardSummary] = {}
        gone = []
        for (board, sessions), reply in zip(asked.items(), replies[len(doubtful) :], strict=True):
            version, people, processes, own, _, overdue = reply
            summaries[board] = BoardSummary(
                people, version, parse_processes(processes), bool(overdue)
            )
            if own is not None:
                # The other sessions were resumed or reaped by other processes, or are lost.
                lost = sessions.keys() - set(map(unescape, own))
                now = self._local[board].sessions if board in self._local else {}
                self._forget(board, [s for s in lost if now.get(s) is sessions[s]])
                gone += [Note(sessions[s].person, s, "lost") for s in lost if s not in now]
        # Some may have left while they were noted, too.
        gone += [
            replace(note, what="lost")
            for board, note in noted
            if self._local_session(board, note.session) is None
        ]
        if gone:
            with suppress(TryLater):
                await self.client.run_all(self._note_calls(gone))
        return summaries

    async def retire(self, process: str) -> None:
        # Each board has a copy of the lease.
        await self.client.command("ZREM", self.keys.processes, escape(process))

    async def snapshot(self, board: UUID, process: str = "", sessions: int = 0) -> Snapshot:
        known, holders = self._rosters.get(board, (b"", ()))
        last, found = b"", dict[bytes, bytes]()
        while True:
            words = (escape(process), sessions, known, last)
            # Two scripts, as the id has another slot. It does not change while the board has
            # members.
            reply, board_id = await self.client.run_all(
                [
                    Call(scripts.SNAPSHOT, self.keys.board(board), words),
                    Call(scripts.BOARD_ID, self.keys.registry, (board.hex,)),
                ]
            )
            version, people, processes, removed, closed, at, known, roster, page, last, hides = (
                reply
            )
            if roster is not None:
                holders = parse_members(parse_pairs(roster))
            found |= parse_pairs(page)
            if not last:
                break
        members = parse_members(found)
        if process:
            if board in self._local:
                self._rosters[board] = (known, holders)
            sessions_of_holders = {member.session for member in holders}
            others = [m for m in members if m.session not in sessions_of_holders]
            members = (*holders, *others)
        return Snapshot(
            members,
            people,
            version,
            parse_processes(processes),
            board_id,
            frozenset(map(unescape, removed)),
            bool(closed),
            at / MICROSECONDS,
            agrees=page is None,
            hides=bool(hides),
        )

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """See `Store.counts`. Takes one trip for each 1,000 boards."""
        return {board: reply[1] async for board, reply in self._summaries(boards)}

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        """See `Store.boards`. Takes two trips, and two more for each further 1,000 boards."""
        summaries = self._summaries(await self._boards_with_ids(among))
        return {
            parse_board(board, reference): people
            async for board, (_, people, _, _, reference, _) in summaries
            if people
        }

    async def whereabouts(self, person: str) -> PersonSummary:
        name = escape(person).decode()
        keys = (*self.keys.person(name), self.keys.processes)
        at, seen, found = await self.client.run(scripts.WHEREABOUTS, keys, name)
        boards = {parse_place(place) for place in found}
        now = at / MICROSECONDS
        last = now if boards else min(float(seen or 0) / MICROSECONDS, now)
        return PersonSummary(
            tuple(sorted(boards, key=str)), last if last > now - SEEN_FOR else None, now
        )

    async def processes(self) -> Mapping[str, int]:
        living = await self.client.run(scripts.PROCESSES, (self.keys.processes,))
        counted: Counter[bytes] = Counter()
        async for _, reply in self._summaries(await self._boards_with_ids(None)):
            processes = reply[2]
            for process, number in zip(processes[::2], processes[1::2], strict=True):
                counted[process] += number
        return {unescape(process): counted[process] for process in living}

    async def ping(self) -> None:
        await self.client.ping()

    async def check(self) -> None:
        # What is sent outside of scripts, and then what the scripts themselves run.
        await self.client.ping()
        await self.client.time()
        await self.client.command("ZSCORE", self.keys.processes, "")
        await self.client.command("SCRIPT LOAD", scripts.CHECK.text)
        await self.client.run(scripts.CHECK, self.keys.check)
        older = await self.client.run(scripts.PROCESSES, (self.keys.older_processes,))
        self._note_older(len(older))

    def _note_older(self, number: int) -> None:
        if number and not self.older_processes:
            logger.warning("processes: %s", OLDER_PROCESSES)
        self.older_processes = number

    async def close(self) -> None:
        """Close the connections of the running event loop. The shared state stays."""
        await self.client.close()

    async def _depart(
        self, boards: Sequence[UUID], what: str, script: Script, *arguments: Argument
    ) -> list[Departure]:
        """Run a script that takes members off boards, and note `what` happened to them."""
        calls = [Call(script, self.keys.board(board), arguments) for board in boards]
        replies = await self.client.run_all(calls)
        departures = [*map(self._take_departure, boards, replies)]
        emptied = [b for b, departure in zip(boards, departures, strict=True) if departure.emptied]
        await self._clear_up(emptied, _note_gone(departures, what))
        return departures

    def _take_departure(self, board: UUID, reply: Sequence[Any]) -> Departure:
        """Take in the answer of a script that takes members off a board."""
        version, people, emptied, flat, left, more = reply
        gone = parse_members(parse_pairs(flat))
        self._forget(board, [member.session for member in gone])
        persons = frozenset(map(unescape, left))
        return Departure(gone, people, version, persons, bool(emptied), bool(more))

    async def _settle(self, doubtful: Sequence[tuple[str, UUID]], replies: Sequence[Any]) -> None:
        """Take in that sessions whose join failed are off their boards now."""
        emptied: list[UUID] = []
        notes: list[Note] = []
        for (session, board), reply in zip(doubtful, replies, strict=True):
            if isinstance(reply, Exception):
                continue  # The next renewal tries again.
            if self._doubtful.get(session) == board:
                self._forget(board, [session])
            departure = self._take_departure(board, reply)
            notes += _note_gone([departure], "lost")
            if departure.emptied:
                emptied.append(board)
        await self._clear_up(emptied, notes)

    async def _clear_up(self, emptied: Sequence[UUID], notes: Sequence[Note] = ()) -> None:
        """Release the ids of emptied boards, and note who left. If that fails, ids and notes
        expire later."""
        release = [Call(scripts.RELEASE_ID, self.keys.registry, (board.hex,)) for board in emptied]
        with suppress(TryLater):
            await self.client.run_all([*self._note_calls(notes), *release])
            if emptied:
                # Somebody may have joined before that.
                counts = await self.counts(emptied)
                await self._take_ids([board for board in emptied if counts[board]])

    async def _take_in(self, board: UUID, request: JoinRequest, reply: Sequence[Any]) -> int:
        """Return the id of a board, and note that a session is on it, which may have replaced
        another."""
        _, people, _, _, _, resumed, _, arrived = reply
        notes = [_note_here(board, request.session, request.process, request.person)]
        if resumed:
            notes.append(Note(request.person, unescape(resumed), "lost"))
        known = self._local[board].board_id if board in self._local else 0
        if known and (people > 1 or not arrived):
            # Somebody was there, so the board has kept its id.
            await self.client.run_all(self._note_calls(notes))
            return known
        (board_id,) = await self._take_ids([board], self._note_calls(notes))
        return board_id

    def _due_notes(self, process: str) -> list[tuple[UUID, Note]]:
        """Return what is due to be noted once more with this renewal: a part of the sessions of a
        process, and their boards."""
        self._renewals[process] += 1
        turn = self._renewals[process] % NOTE_EVERY
        return [
            (board, _note_here(board, session, process, kept.person))
            for board, local in self._local.items()
            for session, kept in local.sessions.items()
            if kept.process == process and hash(session) % NOTE_EVERY == turn
        ]

    def _note_calls(self, notes: Sequence[Note]) -> list[Call]:
        """Return the calls that note what happened to sessions. Nobody is refused where one fails:
        it is made up for within `NOTE_EVERY` renewals."""
        calls = []
        for part in _batches(notes, BOARDS_PER_SCRIPT):
            keys: list[str] = []
            words: list[Argument] = [microseconds(SEEN_FOR), MAX_SEEN]
            for note in part:
                person = escape(note.person)
                keys += self.keys.person(person.decode())
                words += (person, escape(note.session), note.what, note.detail)
            calls.append(Call(scripts.NOTE_PERSONS, tuple(keys), tuple(words), optional=True))
        return calls

    async def _take_ids(self, boards: Sequence[UUID], more: Sequence[Call] = ()) -> list[int]:
        """Return the board ids of boards, which they hold from now on. Makes `more` calls in the
        same trip."""
        calls = []
        for start in range(0, len(boards), BOARDS_PER_SCRIPT):
            words: list[Argument] = []
            for board in boards[start : start + BOARDS_PER_SCRIPT]:
                # If the registry was lost, the board gets back the id that its clients know.
                known = self._local[board].board_id if board in self._local else 0
                words += (board.hex, home_id(board), known)
            calls.append(Call(scripts.TAKE_IDS, self.keys.registry, tuple(words)))
        replies = (await self.client.run_all([*calls, *more]))[: len(calls)]
        board_ids = [board_id for reply in replies for board_id in reply]
        for board, board_id in zip(boards, board_ids, strict=True):
            if board in self._local:
                self._local[board].board_id = board_id
        return board_ids

    async def _lease_end(self, process: str) -> Argument:
        """Return the end of a process's lease, in microseconds of Redis's clock, "" if unknown."""
        if process in self._lease_ends:
            return self._lease_ends[process]
        # Another store renews it.
        score = await self.client.command("ZSCORE", self.keys.processes, escape(process))
        return "" if score is None else int(float(score))

    async def _boards_with_ids(self, among: Iterable[UUID] | None) -> list[UUID]:
        """Return the boards that hold an id, all or `among` some. No other board has members."""
        if among is None:
            found = await self.client.run(scripts.BOARDS, self.keys.registry)
        else:
            found = []
            for part in _batches(among, BOARDS_PER_READ):
                words = [board.hex for board in part]
                found += await self.client.run(scripts.BOARDS, self.keys.registry, *words)
        return [UUID(board.decode()) for board in found]

    async def _summaries(self, boards: Iterable[UUID]) -> AsyncIterator[tuple[UUID, list[Any]]]:
        """Yield boards and the answers of lua/summary.lua."""
        for part in _batches(boards, BOARDS_PER_READ):
            calls = [self._summary_call(board) for board in part]
            replies = await self.client.run_all(calls, BOARDS_PER_READ)
            for board, reply in zip(part, replies, strict=True):
                yield board, reply

    def _summary_call(self, board: UUID, process: str = "", known: int = 0) -> Call:
        return Call(scripts.SUMMARY, self.keys.board(board), (escape(process), known))

    def _note(self, board: UUID, members: Iterable[JoinRequest | Member]) -> LocalBoard:
        """Note sessions that this store put on a board."""
        local = self._local.setdefault(board, LocalBoard())
        for member in members:
            local.sessions[member.session] = LocalSession(member.process, member.person)
        return local

    def _local_session(self, board: UUID, session: str) -> LocalSession | None:
        return self._local[board].sessions.get(session) if board in self._local else None

    def _forget(self, board: UUID, sessions: Iterable[str]) -> None:
        """Forget sessions that are off a board; unknown ones change nothing."""
        local = self._local.get(board, LocalBoard())
        for session in sessions:
            self._doubtful.pop(session, None)
            local.sessions.pop(session, None)
        if not local.sessions:
            self._local.pop(board, None)
            self._rosters.pop(board, None)


def _note_here(board: UUID, session: str, process: str, person: str) -> Note:
    return Note(person, session, "here", place_argument(board, process))


def _note_gone(departures: Iterable[Departure], what: str) -> list[Note]:
    gone = [member for departure in departures for member in departure.members]
    return [Note(member.person, member.session, what) for member in gone]


def _batches(given: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to `size`, taking each from `given` when it is asked for."""
    rest = iter(given)
    while batch := [*islice(rest, size)]:
        yield batch
