"""The random events of `machine`: of one process, and with people whom other processes serve."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from presence.protocol.codec import pack_position
from presence.protocol.messages import NO_USER, Dialect, UserState
from tests.rooms.machine import RoomMachine, Truth

POSITIONS = st.builds(pack_position, st.integers(0, 65_535), st.integers(0, 65_535))


class SharedRoomMachine(RoomMachine):
    """As when other processes serve some of the people, and tell what those do."""

    @rule(person=st.integers(0, 9), spectator=st.booleans())
    def arrive_elsewhere(self, person: int, spectator: bool) -> None:
        member = self._member(f"person {person}", NO_USER if spectator else self._free_user())
        self.room.arrive(member, None)
        self.here[member.session] = Truth(member, elsewhere=True)
        self._count()

    @precondition(lambda self: self.here)
    @rule(data=st.data(), renamed=st.booleans())
    def resume_elsewhere(self, data: st.DataObject, renamed: bool) -> None:
        old = data.draw(st.sampled_from(sorted(self.here)))
        truth = self._take_off(old)
        member = self._member(truth.member.person, truth.member.user)
        name = member.name if renamed else truth.member.name
        member = replace(member, name=name, color=truth.member.color)
        self.room.resume(member, None, old)
        self.here[member.session] = Truth(member, position=truth.position, elsewhere=True)

    @precondition(lambda self: self._elsewhere())
    @rule(data=st.data(), moves=st.booleans(), state=st.sampled_from(UserState))
    def hear(self, data: st.DataObject, moves: bool, state: UserState) -> None:
        """One of them does something, and says so as `flush` and `doings` do."""
        truth = data.draw(st.sampled_from(self._elsewhere()))
        user = truth.member.user
        truth.state = state
        truth.position = data.draw(POSITIONS) if moves else truth.position
        told = state is UserState.ACTIVE or moves
        position = {user: truth.position} if told and truth.position else {}
        self._hear(position, {user: state})

    @precondition(lambda self: self._elsewhere())
    @rule(data=st.data(), position=POSITIONS)
    def hear_a_move(self, data: st.DataObject, position: bytes) -> None:
        truth = data.draw(st.sampled_from(self._elsewhere()))
        truth.position = position
        self._hear({truth.member.user: position}, {})

    @rule(position=POSITIONS, state=st.sampled_from(UserState), user=st.integers(0, 254))
    def hear_of_a_stranger(self, position: bytes, state: UserState, user: int) -> None:
        """Of one who has left, or who is this process's own."""
        if user not in {truth.member.user for truth in self._elsewhere()}:
            self._hear({user: position}, {user: state})

    @rule()
    def tell_everything(self) -> None:
        self.room.tell_everything()

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def lose_the_user_id(self, data: st.DataObject) -> None:
        """A session gets another user id; its own is somebody's who is elsewhere."""
        session = data.draw(st.sampled_from(sorted(self.here)))
        truth, client = self.here[session], self.clients.get(session)
        user = self._free_user()
        if truth.member.spectator:
            # Whatever it said, nobody heard.
            truth.state, truth.position = UserState.ACTIVE, None
        else:
            self._arrive_elsewhere_as(truth.member.user)
        truth.member = replace(truth.member, user=user)
        self.room.reseat(truth.member)
        if client is not None and client.dialect is Dialect.COMPACT:
            self.welcomed.discard(session)
        self._count()

    def _arrive_elsewhere_as(self, user: int) -> None:
        member = self._member("somebody", user)
        self.room.arrive(member, None)
        self.here[member.session] = Truth(member, elsewhere=True)

    def _hear(self, cursors: dict[int, bytes], states: dict[int, UserState]) -> None:
        self.room.update_remote("process", cursors, states)

    def _elsewhere(self) -> list[Truth]:
        found = [truth for truth in self.here.values() if truth.elsewhere]
        return [truth for truth in found if not truth.member.spectator]

    def _take_off(self, session: str) -> Truth:
        self.clients.pop(session, None)
        self.welcomed.discard(session)
        return self.here.pop(session)

    def _start_grace(self, session: str) -> None:
        if not self.here[session].elsewhere:
            super()._start_grace(session)

    def _awake(self) -> int:
        return len(self.clients) + sum(truth.elsewhere for truth in self.here.values())

    def _compare_doings(self) -> None:
        own = [t for t in self.here.values() if not t.elsewhere and not t.member.spectator]
        positions, states = self.room.seats.activity_by_user()
        assert positions == {t.member.user: t.position for t in own if t.position is not None}
        assert states == {t.member.user: t.state for t in own}

    def _compare(self, *, cursors: bool) -> None:
        super()._compare(cursors=cursors)
        self._compare_doings()
        ours = {session for session, truth in self.here.items() if not truth.elsewhere}
        assert self.room.seats.local_members().keys() == ours
        assert self.room.seats.remote_members().keys() == self.here.keys() - ours
        assert self.room.serving == bool(ours)


TestRoomMachine = RoomMachine.TestCase
TestRoomMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

TestSharedRoomMachine = SharedRoomMachine.TestCase
TestSharedRoomMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
