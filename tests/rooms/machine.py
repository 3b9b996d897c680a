"""A board under any sequence of events, against clients that only read the wire (PROTOCOL.md).

Every session is a client that decodes its frames in its dialect and keeps what it was told. After
each tick all clients must agree with what is really so, and none may have been told of a user it
does not know.
"""

from dataclasses import dataclass, replace
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from presence.protocol.codec import pack_position
from presence.protocol.messages import NO_USER, Dialect, UserState
from presence.rooms.frames import Flush
from presence.rooms.room import Room
from presence.store.base import Member
from tests.support.view import BoardView

BOARD = 77
LEAST = 33
ENOUGH_TICKS = 50
"""To let the last positions of all the tabs of one person through."""


@dataclass
class Truth:
    """What is really so of one session; `elsewhere`, where another process serves it."""

    member: Member
    state: UserState = UserState.ACTIVE
    position: bytes | None = None
    elsewhere: bool = False


class RoomMachine(RuleBasedStateMachine):
    """Random events; `tick` compares every client with the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(BOARD, LEAST)
        self.now = 0.0
        self.serials = count()
        self.here: dict[str, Truth] = {}
        self.clients: dict[str, BoardView] = {}
        self.welcomed: set[str] = set()

    # What can happen

    @rule(dialect=st.sampled_from(Dialect), person=st.integers(0, 9), spectator=st.booleans())
    def arrive(self, dialect: Dialect, person: int, spectator: bool) -> None:
        self._arrive(dialect, f"person {person}", NO_USER if spectator else self._free_user())

    @precondition(lambda self: len(self.here) < 40)
    @rule(dialect=st.sampled_from(Dialect), size=st.integers(9, 14))
    def crowd_arrives(self, dialect: Dialect, size: int) -> None:
        for _ in range(size):
            self._arrive(dialect, f"crowd {next(self.serials)}", self._free_user())

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def depart(self, data: st.DataObject) -> None:
        self._depart(data.draw(st.sampled_from(sorted(self.here))))

    @precondition(lambda self: len(self.here) > 9)
    @rule()
    def crowd_departs(self) -> None:
        for session in sorted(self.here)[1:]:
            self._depart(session)

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def start_grace(self, data: st.DataObject) -> None:
        self._start_grace(data.draw(st.sampled_from(sorted(self.here))))

    @precondition(lambda self: self.here)
    @rule(
        data=st.data(),
        dialect=st.sampled_from(Dialect),
        broke=st.booleans(),
        renamed=st.booleans(),
    )
    def resume(self, data: st.DataObject, dialect: Dialect, broke: bool, renamed: bool) -> None:
        old = data.draw(st.sampled_from(sorted(self.here)))
        if broke:
            self._start_grace(old)
        truth = self.here.pop(old)
        self.clients.pop(old, None)
        self.welcomed.discard(old)
        member = self._member(truth.member.person, truth.member.user)
        name = member.name if renamed else truth.member.name
        member = replace(member, name=name, color=truth.member.color)
        self.room.resume(member, dialect, old)
        self.here[member.session] = Truth(member, UserState.ACTIVE, truth.position)
        self.clients[member.session] = BoardView(dialect)

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), x=st.integers(0, 65_535), y=st.integers(0, 65_535))
    def move(self, data: st.DataObject, x: int, y: int) -> None:
        session = data.draw(st.sampled_from(sorted(self.clients)))
        position = pack_position(x, y)
        self.room.move(session, position)
        self.here[session].position = position
        self.here[session].state = UserState.ACTIVE

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), state=st.sampled_from(UserState))
    def set_state(self, data: st.DataObject, state: UserState) -> None:
        session = data.draw(st.sampled_from(sorted(self.clients)))
        self.room.set_state(session, state)
        self.here[session].state = state

    @precondition(lambda self: self.welcomed)
    @rule(data=st.data())
    def catch_up(self, data: st.DataObject) -> None:
        client = self.clients[data.draw(st.sampled_from(sorted(self.welcomed)))]
        client.hear(self.room.catch_up(client.dialect))

    @rule(pause=st.sampled_from([0.001, 0.033, 1.0]))
    def tick(self, pause: float) -> None:
        """One tick, then as many as the limits need to let the last positions through."""
        pending = self.room.pending
        said = self._flush(pause)
        if self._anyone_compact() and (pause == 1.0 or not pending):
            assert pending == said
        self._compare(cursors=False)
        for _ in range(ENOUGH_TICKS):
            if self.room.pending:
                assert self._flush(1.0) or not self._anyone_compact()
        assert not self.room.pending
        self._compare(cursors=True)

    @invariant()
    def the_room_holds_who_is_here(self) -> None:
        assert len(self.room.seats.by_session) == len(self.here)
        assert all(session in self.room for session in self.here)

    # How it happens

    def _member(self, person: str, user: int) -> Member:
        serial = next(self.serials)
        color = (serial // 256, serial % 256, 0)
        return Member(f"session {serial}", "process", person, f"name {serial}", color, user)

    def _arrive(self, dialect: Dialect, person: str, user: int) -> None:
        member = self._member(person, user)
        self.room.arrive(member, dialect)
        self.here[member.session] = Truth(member)
        self.clients[member.session] = BoardView(dialect)
        self._count()

    def _depart(self, session: str) -> None:
        self.room.depart(session)
        del self.here[session]
        self.clients.pop(session, None)
        self.welcomed.discard(session)
        self._count()

    def _start_grace(self, session: str) -> None:
        self.room.start_grace(session)
        self.clients.pop(session, None)
        self.welcomed.discard(session)

    def _count(self) -> None:
        self.room.people = self._people()

    def _people(self) -> int:
        return len({truth.member.person for truth in self.here.values()})

    def _free_user(self) -> int:
        held = {truth.member.user for truth in self.here.values()}
        return next((user for user in range(NO_USER) if user not in held), NO_USER)

    def _awake(self) -> int:
        return len(self.clients)

    def _anyone_compact(self) -> bool:
        return any(client.dialect is Dialect.COMPACT for client in self.clients.values())

    def _flush(self, pause: float) -> bool:
        """Let one tick happen and write its frames, as a server does; tell if there were any."""
        self.now += pause
        flush = self.room.flush(self.now)
        assert set(flush.welcomes) == self.clients.keys() - self.welcomed
        for session, client in self.clients.items():
            self._write(session, client, flush)
        self.welcomed = set(self.clients)
        own = {t.member.user for t in self.here.values() if not t.elsewhere}
        assert {*flush.moved, *flush.states} <= own, "told of others' people to the others"
        frames = [*flush.common.values(), *flush.cursors.values(), *flush.welcomes.values()]
        return any(frames)

    def _write(self, session: str, client: BoardView, flush: Flush) -> None:
        if session in flush.welcomes:
            client.hear(flush.welcomes[session])
            return
        client.hear(flush.common[client.dialect])
        if session != flush.mover:
            client.hear(flush.cursors[client.dialect])

    # What must be so

    def _compare(self, *, cursors: bool) -> None:
        users = {t.member.user: t for t in self.here.values() if not t.member.spectator}
        interval = LEAST if self._awake() > 1 else 0
        for session, client in self.clients.items():
            own = self.here[session].member.user
            others = {user: truth for user, truth in users.items() if user != own}
            heard = {user: known for user, known in client.users.items() if user != own}
            assert heard == {u: (t.member.name, t.member.color) for u, t in others.items()}
            assert client.people == self._people()
            if client.dialect is Dialect.COMPACT:
                self._compare_compact(client, others, own, interval)
            if cursors:
                self._compare_cursors(client, others)

    def _compare_compact(
        self, client: BoardView, others: dict[int, Truth], own: int, interval: int
    ) -> None:
        heard = {user: state for user, state in client.states.items() if user != own}
        assert heard == {user: truth.state for user, truth in others.items()}
        assert client.own == own
        if own != NO_USER:
            assert client.interval == interval

    def _compare_cursors(self, client: BoardView, others: dict[int, Truth]) -> None:
        active = {u: t for u, t in others.items() if t.state is UserState.ACTIVE}
        shown = {user: truth.position for user, truth in active.items() if truth.position}
        assert {user: client.cursors.get(user) for user in shown} == shown
        pointless = {user for user, truth in others.items() if truth.position is None}
        assert not pointless & client.cursors.keys()
