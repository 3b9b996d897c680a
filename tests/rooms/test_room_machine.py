"""A room under any sequence of events, against clients that only read the wire (PROTOCOL.md).

Each session of this process is a client that decodes its frames and keeps what they tell. After
each tick every client agrees with the truth, and so does what other processes are told.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import count
from math import ceil

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from presence.protocol.codec import decode_server
from presence.protocol.messages import (
    NO_USER,
    Anchors,
    CursorBroadcast,
    Dialect,
    UserLeft,
    UserState,
)
from presence.rooms.frames import Flush
from presence.rooms.pacing import BRIEF_BURST, COUNT_EVERY, JOINS_WITHIN, Announcements
from presence.rooms.room import Room
from presence.store.base import Member
from tests.support.view import BoardView

LEAST = 33
ENOUGH_TICKS = 50
"""Ticks in which the quota of one person lets the last positions of all tabs through."""

FEW = 4
"""Sessions that act, of those who are there, so that much happens to each."""

ACTIVE = UserState.ACTIVE
DATA = st.data()
STATES = st.sampled_from(UserState)
POSITIONS = st.binary(min_size=4, max_size=4) | st.binary(min_size=12, max_size=12)
"""Without and with an anchor."""

DIALECTS = st.sampled_from([*Dialect, None])
"""None: another process serves the session."""


@dataclass
class Truth:
    """What is true of one session."""

    member: Member
    remote: bool
    state: UserState = ACTIVE
    position: bytes | None = None


class RoomMachine(RuleBasedStateMachine):
    """Random events; `tick` compares every client, and the other processes, with the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(77)
        self.now = 0.0
        self.serials = count()
        self.here: dict[str, Truth] = {}
        self.clients: dict[str, BoardView] = {}
        self.welcomed: set[str] = set()
        self.freed: set[int] = set()
        """User ids that lost their holder since the last flush."""
        self.waits = 0.0
        """Seconds that something waits which the last flush did not tell."""
        self.published: dict[int, Truth] = {}
        """What the other processes know of the users here."""

    # What can happen

    @initialize(burst=st.sampled_from([-1_000, 0, BRIEF_BURST]))
    def allow(self, burst: int) -> None:
        self.room.announcements = Announcements(burst)

    @rule(dialect=DIALECTS, person=st.integers(0, 9), spectator=st.booleans())
    def arrive(self, dialect: Dialect | None, person: int, spectator: bool) -> None:
        self._arrive(dialect, f"person {person}", NO_USER if spectator else self._free_user())

    @rule(dialect=DIALECTS)
    def arrive_nameless(self, dialect: Dialect | None) -> None:
        """The board has become one that shows counts only, for those who come from now on."""
        self._arrive(dialect, f"hidden {next(self.serials)}", NO_USER, name="")
        self.freed |= {truth.member.user for truth in self.here.values()}

    @precondition(lambda self: self._counts_only)
    @rule()
    def nameless_depart(self) -> None:
        for session in sorted(self.here):
            if not self.here[session].member.name:
                self._depart(session)

    @precondition(lambda self: len(self.here) < 40)
    @rule(dialect=DIALECTS, size=st.integers(9, 14))
    def crowd_arrives(self, dialect: Dialect | None, size: int) -> None:
        for _ in range(size):
            self._arrive(dialect, f"crowd {next(self.serials)}", self._free_user())

    @precondition(lambda self: self.here)
    @rule(data=DATA)
    def depart(self, data: st.DataObject) -> None:
        self._depart(self._some(data, self.here))

    @precondition(lambda self: len(self.here) > 9)
    @rule()
    def crowd_departs(self) -> None:
        for session in sorted(self.here)[1:]:
            self._depart(session)

    @precondition(lambda self: self.clients)
    @rule(data=DATA)
    def start_grace(self, data: st.DataObject) -> None:
        session = self._some(data, self.clients)
        self.room.start_grace(session)
        self._close(session)

    @precondition(lambda self: self.here)
    @rule(data=DATA, dialect=DIALECTS, renamed=st.booleans())
    def resume(self, data: st.DataObject, dialect: Dialect | None, renamed: bool) -> None:
        old = self._some(data, self.here)
        truth = self.here.pop(old)
        self._close(old)
        member = self._member(truth.member.person, truth.member.user)
        name = member.name if renamed and truth.member.name else truth.member.name
        member = replace(member, name=name, color=truth.member.color)
        self.room.resume(member, dialect, old)
        self._open(replace(truth, member=member, remote=dialect is None), dialect)
        after = self.here[member.session]
        if truth.state is not ACTIVE:
            # It depends on what has been told.
            after.position = self.room.seats.by_session[member.session].position
            assert after.position in (None, truth.position)
        after.state = ACTIVE

    @precondition(lambda self: self.clients)
    @rule(data=DATA, position=POSITIONS)
    def move(self, data: st.DataObject, position: bytes) -> None:
        session = self._some(data, self.clients)
        self.room.move(session, position)
        self.here[session].position, self.here[session].state = position, ACTIVE

    @precondition(lambda self: self.clients)
    @rule(data=DATA, state=STATES)
    def set_state(self, data: st.DataObject, state: UserState) -> None:
        session = self._some(data, self.clients)
        self.room.set_state(session, state)
        self.here[session].state = state

    @precondition(lambda self: self._remote_users())
    @rule(data=DATA, position=st.none() | POSITIONS, state=st.none() | STATES)
    def update_remote(
        self, data: st.DataObject, position: bytes | None, state: UserState | None
    ) -> None:
        """Somebody whom another process serves moves, or changes the state, or both."""
        user = data.draw(st.sampled_from(sorted(self._remote_users())[:FEW]))
        truth = self._remote_users()[user]
        truth.position = position or truth.position
        told = position or (truth.position if state is ACTIVE else None)
        cursors, states = {user: told} if told else {}, {} if state is None else {user: state}
        truth.state = states.get(user, truth.state)
        self.room.update_remote("process", cursors, states)

    @rule(position=POSITIONS, state=STATES, user=st.integers(0, 254), process=st.booleans())
    def hear_of_a_stranger(
        self, position: bytes, state: UserState, user: int, process: bool
    ) -> None:
        """A process tells of a user that it does not serve, or no longer."""
        name = "process" if process else "another process"
        known = user in self._remote_users() and process
        assert self.room.seats.unknown(name, [user]) == (set() if known else {user})
        if not known:
            self.room.update_remote(name, {user: position}, {user: state})

    @precondition(lambda self: any(truth.member.name for truth in self.here.values()))
    @rule(data=DATA)
    def lose_the_user_id(self, data: st.DataObject) -> None:
        """A session gets another user id, and somebody on another process has the former one."""
        session = self._some(data, [s for s, truth in self.here.items() if truth.member.name])
        truth, client = self.here[session], self.clients.get(session)
        user, former = self._free_user(), truth.member.user
        if truth.member.spectator:
            # Nothing that a spectator does is told.
            truth.state, truth.position = ACTIVE, None
        else:
            self._arrive(None, "somebody", former)
            self.freed.add(former)
        truth.member = replace(truth.member, user=user)
        self.published[user] = Truth(truth.member, remote=truth.remote)
        self.room.reseat(truth.member)
        if client is not None and client.dialect is Dialect.COMPACT:
            self.welcomed.discard(session)

    @rule()
    def tell_everything(self) -> None:
        self.room.tell_everything()

    @precondition(lambda self: self.welcomed)
    @rule(data=DATA)
    def catch_up(self, data: st.DataObject) -> None:
        client = self.clients[self._some(data, self.welcomed)]
        client.hear(self.room.catch_up(client.dialect))

    @rule(pause=st.sampled_from([0.001, 0.033, 1.0]))
    def tick(self, pause: float) -> None:
        """One tick, then as many as the quotas need to let the last positions through."""
        pending = self.room.pending
        told = self._flush(pause)
        compact = any(client.dialect is Dialect.COMPACT for client in self.clients.values())
        if compact and not self.waits and (pause == 1.0 or not pending):
            assert pending == told
        if not self.waits:
            self._compare(cursors=False)
        for tick in range(ENOUGH_TICKS):
            if tick == ceil(COUNT_EVERY):
                assert {client.people for client in self.clients.values()} <= {self._people()}
            if tick == ceil(JOINS_WITHIN):
                self._compare(cursors=False)
            if self.room.pending:
                assert self._flush(1.0) or self.waits or not compact
        assert not self.room.pending
        self._compare(cursors=True)

    @invariant()
    def the_room_holds_its_members(self) -> None:
        room = self.room
        remote = {session for session, truth in self.here.items() if truth.remote}
        assert room.seats.by_session.keys() == self.here.keys()
        assert room.seats.remote_members().keys() == remote
        assert room.seats.local_members().keys() == self.here.keys() - remote
        assert room.serving == (self.here.keys() != remote)
        assert {session for session in self.here if room.welcomed(session)} >= self.welcomed
        assert not any(map(room.welcomed, [*self.clients.keys() - self.welcomed, "nobody"]))

    # How it happens

    def _some(self, data: st.DataObject, sessions: Collection[str]) -> str:
        return data.draw(st.sampled_from(sorted(sessions)[:FEW]))

    def _member(self, person: str, user: int, name: str | None = None) -> Member:
        serial = next(self.serials)
        color = (serial // 256, serial % 256, 0)
        name = f"name {serial}" if name is None else name
        return Member(f"session {serial}", "process", person, name, color, user)

    def _arrive(
        self, dialect: Dialect | None, person: str, user: int, name: str | None = None
    ) -> None:
        member = self._member(person, user, name)
        self.room.arrive(member, dialect)
        self._open(Truth(member, remote=dialect is None), dialect)

    def _open(self, truth: Truth, dialect: Dialect | None) -> None:
        session = truth.member.session
        self.here[session] = truth
        self.published[truth.member.user] = replace(truth)
        if dialect is not None:
            self.clients[session] = BoardView(dialect)
        self.room.people = self._people()

    def _close(self, session: str) -> None:
        self.clients.pop(session, None)
        self.welcomed.discard(session)

    def _depart(self, session: str) -> None:
        self.room.depart(session)
        self.freed.add(self.here.pop(session).member.user)
        self._close(session)
        self.room.people = self._people()

    @property
    def _counts_only(self) -> bool:
        return not all(truth.member.name for truth in self.here.values())

    @property
    def _connected(self) -> int:
        return len(self.clients) + sum(truth.remote for truth in self.here.values())

    def _people(self) -> int:
        return len({truth.member.person for truth in self.here.values()})

    def _free_user(self) -> int:
        held = {truth.member.user for truth in self.here.values()}
        return next((user for user in range(NO_USER) if user not in held), NO_USER)

    def _remote_users(self) -> dict[int, Truth]:
        remote = [truth for truth in self.here.values() if truth.remote]
        return {truth.member.user: truth for truth in remote if not truth.member.spectator}

    def _flush(self, pause: float) -> bool:
        """Let one flush happen and write its frames as a board does; return if there were any."""
        self.now += pause
        flush = self.room.flush(self.now, LEAST if self._connected > 1 else 0, shared=True)
        assert flush.welcomes.keys() == self.clients.keys() - self.welcomed
        assert not flush.held_back or flush.wait
        self.waits = flush.wait
        dialects = {client.dialect for client in self.clients.values()}
        assert {*flush.common, *flush.cursors} <= dialects
        for dialect, frames in flush.common.items():
            messages = [decode_server(frame, dialect) for frame in frames]
            assert {m.user for m in messages if isinstance(m, UserLeft)} <= self.freed
        for session, client in self.clients.items():
            self._write(session, client, flush)
        self.welcomed, self.freed = set(self.clients), set()
        self._publish(flush)
        return any([*flush.common.values(), *flush.cursors.values(), *flush.welcomes.values()])

    def _write(self, session: str, client: BoardView, flush: Flush) -> None:
        if session in flush.welcomes:
            client.hear(flush.welcomes[session])
            return
        common, cursors = flush.frames_for(session, client.dialect)
        client.hear(common)
        hidden = {user for user, state in client.states.items() if state is not ACTIVE}
        own = self.here[session].member.user
        for frame in cursors:
            message = decode_server(frame, client.dialect)
            client.take(message)
            if isinstance(message, Anchors):
                continue
            assert isinstance(message, CursorBroadcast)
            assert [c.user for c in message.cursors] != [own]
            assert not hidden & {c.user for c in message.cursors if c.user != client.own}

    def _publish(self, flush: Flush) -> None:
        local = {t.member.user for t in self.here.values() if not t.remote}
        assert {*flush.moved, *flush.states} <= local, "what a process does is its own to publish"
        for user, position in flush.moved.items():
            self.published[user].position = position
        for user, state in flush.states.items():
            self.published[user].state = state

    # What must be true

    def _compare(self, *, cursors: bool) -> None:
        users = {t.member.user: t for t in self.here.values() if not t.member.spectator}
        shown = {} if self._counts_only else users
        for session, client in self.clients.items():
            own = self.here[session].member.user
            others = {user: truth for user, truth in shown.items() if user != own}
            known = {user: known for user, known in client.users.items() if user != own}
            assert known == {u: (t.member.name, t.member.color) for u, t in others.items()}
            assert client.people == self._people()
            if client.dialect is Dialect.COMPACT:
                states = {user: state for user, state in client.states.items() if user != own}
                assert states == {user: truth.state for user, truth in others.items()}
                assert client.own == own
                if own != NO_USER and not self._counts_only:
                    assert client.interval == (LEAST if self._connected > 1 else 0)
            if cursors:
                self._compare_cursors(client, others)
        local = {user: truth for user, truth in users.items() if not truth.remote}
        positions = {u: t.position for u, t in local.items() if t.position is not None}
        states = {user: truth.state for user, truth in local.items()}
        assert self.room.seats.activity_by_user() == (positions, states)
        if cursors and not self._counts_only:
            assert {user: self.published[user].state for user in local} == states
            active = {u for u, t in local.items() if t.state is ACTIVE and t.position is not None}
            published = {user: self.published[user].position for user in active}
            assert published == {user: local[user].position for user in active}

    def _compare_cursors(self, client: BoardView, others: dict[int, Truth]) -> None:
        active = {user: truth for user, truth in others.items() if truth.state is ACTIVE}
        size = 4 if client.dialect is Dialect.EXPLICIT else None
        shown = {user: truth.position[:size] for user, truth in active.items() if truth.position}
        assert {user: client.cursors.get(user) for user in shown} == shown
        if client.dialect is Dialect.EXPLICIT:
            return  # It was not told that a cursor is hidden whose user is back since.
        never_moved = {user for user, truth in others.items() if truth.position is None}
        assert not never_moved & client.cursors.keys()


TestRoomMachine = RoomMachine.TestCase
TestRoomMachine.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
