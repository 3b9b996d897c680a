"""Several sessions on one socket: PROTOCOL.md, "Several sessions on one socket"."""

from collections.abc import Callable
from random import Random

import pytest

from presence.protocol.errors import Close, Notice
from presence.protocol.identity import Visitor
from presence.protocol.messages import (
    ALL_SESSIONS,
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    Gone,
    Heartbeat,
    Join,
    Leave,
    NoticeMessage,
    Probe,
    ServerMessage,
    SessionMessage,
    SetState,
    States,
    UserState,
    Welcome,
)
from presence.protocol.session import UNREAD_LIMIT
from presence.server.caps import Cap, Caps
from presence.server.connection import Connection
from tests.server.harness import BOARD, OUT, Process, Socket, pass_time, settle
from tests.support.view import BoardView


class Tabs:
    """A socket of bob's with several sessions. `ended` says, by session, how many messages had come
    when its tab left: it hears nothing more."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self._ended: dict[int, int] = {}

    async def join(self, session: int) -> None:
        """Have a session join; it speaks from now on."""
        self.socket.say(SessionMessage(session), Join(0, "Bob"))
        await pass_time(1)

    def end(self, session: int, goodbye: Leave | Gone) -> None:
        """Have a session end."""
        self.socket.say(SessionMessage(session), goodbye)
        self._ended[session] = len(self.socket.messages)

    @property
    def heard(self) -> dict[int, list[ServerMessage]]:
        """What each session hears, as PROTOCOL.md says whose a frame is."""
        heard: dict[int, list[ServerMessage]] = {}
        addressed = ALL_SESSIONS
        for number, message in enumerate(self.socket.messages):
            for session in [each for each, end in self._ended.items() if end == number]:
                heard.pop(session, None)
            if isinstance(message, SessionMessage):
                addressed = message.session
            elif addressed == ALL_SESSIONS and not isinstance(message, Welcome):
                for session in heard:
                    heard[session].append(message)
            else:
                heard.setdefault(addressed % ALL_SESSIONS, []).append(message)
        return heard

    @property
    def views(self) -> dict[int, BoardView]:
        """What each session knows of the board."""
        views: dict[int, BoardView] = {}
        for session, messages in self.heard.items():
            views[session] = view = BoardView(Dialect.COMPACT)
            for message in messages:
                if not isinstance(message, Probe | Heartbeat | NoticeMessage):
                    view.take(message)
        return views

    @property
    def users(self) -> list[int | None]:
        """The user ids of the sessions."""
        return [view.own for _, view in sorted(self.views.items())]


async def share(process: Process, sessions: int = 2) -> tuple[Socket, Tabs]:
    """Return a socket with sessions 0, 1, ... on the board, the last of which speaks."""
    socket = await process.joined("bob")
    tabs = Tabs(socket)
    for session in range(1, sessions):
        await tabs.join(session)
    return socket, tabs


async def test_each_session_is_a_user_and_all_are_one_person(process: Process) -> None:
    ada, (_, tabs) = await process.joined(), await share(process, 3)
    views = tabs.views
    assert tabs.users == [1, 2, 3]
    assert {*ada.view.users} == {1, 2, 3}
    assert [view.people for view in (ada.view, *views.values())] == [2] * 4
    assert [{*view.users} - {view.own} for view in views.values()] == [
        *({0, 2, 3}, {0, 1, 3}, {0, 1, 2})
    ]
    assert (process.hub.metrics.sockets, await process.people()) == (2, 2)


async def test_what_a_session_does_is_told_to_all_others_and_once_to_a_socket(
    process: Process,
) -> None:
    ada, (bob, _) = await process.joined(), await share(process, 3)
    bob.heard()
    bob.say(SessionMessage(1), CursorUpdate(1, 2))
    await pass_time(1)
    assert ada.pointers == {2: (1, 2)}
    assert bob.heard() == [CursorBroadcast((Cursor(2, 1, 2),))], "the other tabs show it"
    ada.move(3, 4)
    await pass_time(1)
    assert bob.heard() == [CursorBroadcast((Cursor(0, 3, 4),))]
    bob.say(SessionMessage(2), SetState(UserState.AWAY))
    await pass_time(1)
    assert bob.heard() == [States(((3, UserState.AWAY),))]
    assert ada.view.states == {1: UserState.ACTIVE, 2: UserState.ACTIVE, 3: UserState.AWAY}


async def test_sessions_that_join_at_once_are_each_welcomed(process: Process) -> None:
    bob = process.socket("bob")
    tabs = Tabs(bob)
    bob.ask()
    for session in (1, 2):
        bob.say(SessionMessage(session), Join(0, "Bob"))
    await pass_time(1)
    assert tabs.users == [0, 1, 2]
    assert bob.all(SessionMessage)[-1] == SessionMessage(ALL_SESSIONS)


@pytest.mark.parametrize("first", [0, 1, 2])
async def test_sessions_leave_one_by_one_and_the_socket_stays(process: Process, first: int) -> None:
    ada, (bob, tabs) = await process.joined(), await share(process, 3)
    order = [first, (first + 1) % 3, (first + 2) % 3]
    for left, session in enumerate(order):
        tabs.end(session, Leave(0))
        await pass_time(1)
        assert {*ada.view.users} == {1 + each for each in order[left + 1 :]}
        assert ada.count == (1 if left == 2 else 2)
        rest = order[left + 1 :]
        ada.move(left, left)
        await pass_time(1)
        for each in rest:
            assert tabs.views[each].cursors[0][:4] == left.to_bytes(2, "big") * 2
    assert bob.codes == []
    await tabs.join(first)
    assert (ada.count, len(ada.view.users)) == (2, 1), "its number is free again"


async def test_a_page_that_went_away_has_the_short_grace_and_comes_back_as_the_same_user(
    process: Process,
) -> None:
    ada, (bob, tabs) = await process.joined(), await share(process)
    tabs.end(1, Gone(0))
    await pass_time(1)
    assert ada.view.states == {1: UserState.ACTIVE, 2: UserState.AWAY}
    await tabs.join(5)
    assert tabs.views[5].own == 2
    assert {*ada.view.states.values()} == {UserState.ACTIVE}
    assert "leave" not in process.seam.calls
    tabs.end(5, Gone(0))
    await pass_time(4)
    assert ({*ada.view.users}, ada.count) == ({1}, 2)
    bob.move(7)  # nobody's
    await settle()
    assert ada.pointers == {}


@pytest.mark.parametrize(
    ("end", "seconds"), [(Socket.snap, 2.0), (Socket.go_away, 0.3)], ids=["broken", "gone"]
)
async def test_all_sessions_of_a_socket_that_ends_have_a_grace_and_come_back(
    process: Process, end: Callable[[Socket], None], seconds: float
) -> None:
    ada, (bob, _) = await process.joined(), await share(process, 3)
    end(bob)
    await pass_time(seconds)
    assert (ada.count, len(ada.view.users)) == (2, 3)
    _, again = await share(process, 3)
    assert again.users == [1, 2, 3]
    assert (ada.count, {*ada.view.users}) == (2, {1, 2, 3})
    assert process.hub.metrics.sockets == 2


async def test_a_removed_person_loses_all_sessions(process: Process) -> None:
    ada, (bob, _) = await process.joined(), await share(process, 3)
    sessions = [*bob.connection.sessions]
    await process.seam.inner.remove(BOARD, "bob", 60.0)
    process.hub.board(BOARD).refresh_soon()
    await pass_time(2)
    assert (bob.codes, bob.heard()[-1]) == ([Close.REMOVED], NoticeMessage(Notice.REMOVED, 0))
    assert (ada.count, len(ada.view.users), len(sessions)) == (1, 0, 3)
    assert process.hub.metrics.sockets == 1


async def test_a_join_that_fails_takes_nobody_else_off(process: Process) -> None:
    ada, (bob, tabs) = await process.joined(), await share(process)
    with process.seam.fail(OUT, "join"):
        await tabs.join(2)
    assert bob.codes == []
    assert tabs.heard[2] == [NoticeMessage(Notice.TRY_LATER, OUT.retry)]
    assert not any(isinstance(message, NoticeMessage) for message in tabs.heard[1])
    bob.say(Join(0, "Bob"))
    await pass_time(1)
    assert ({*ada.view.users}, ada.count) == ({1, 2, 3}, 2)


async def test_a_join_that_fails_where_nobody_else_is_closes_the_socket(process: Process) -> None:
    bob = process.socket("bob")
    with process.seam.fail(OUT, "join"):
        bob.say(SessionMessage(0), Join(0, "Bob"), SessionMessage(1), Join(0, "Bob"))
        await pass_time(1)
    assert bob.codes == [Close.TRY_LATER]


@pytest.mark.parametrize("cap", [Cap.PERSON, Cap.BOARD, Cap.ADDRESS])
async def test_the_sessions_of_a_socket_are_counted(process: Process, cap: Cap) -> None:
    caps = Caps({cap: 3}, process.hub.now)
    ticket = caps.enter("192.0.2.1", BOARD)
    bob = Socket(process.hub, BOARD, None, Dialect.COMPACT)
    bob.connection = Connection(process.hub, BOARD, None, Dialect.COMPACT, bob, ticket=ticket)
    ticket.let_in("bob")
    bob.connection.let_in(Visitor("bob", None))
    tabs = Tabs(bob)
    for session in range(4):
        await tabs.join(session)
    (notice,) = tabs.heard[3]
    assert isinstance(notice, NoticeMessage)
    assert (notice.code, bob.codes) == (Notice.TRY_LATER, [])
    tabs.end(1, Leave(0))
    await tabs.join(4)
    assert (len(bob.all(Welcome)), bob.codes) == (4, [])
    bob.hang_up()
    ticket.close()
    for _ in range(3):
        caps.enter("192.0.2.1", BOARD).let_in("bob")


async def test_a_session_over_the_cap_leaves_those_that_still_join(process: Process) -> None:
    caps = Caps({Cap.PERSON: 2}, process.hub.now)
    ticket = caps.enter("", BOARD)
    bob = Socket(process.hub, BOARD, None, Dialect.COMPACT)
    bob.connection = Connection(process.hub, BOARD, None, Dialect.COMPACT, bob, ticket=ticket)
    ticket.let_in("bob")
    for session in range(3):
        bob.say(SessionMessage(session), Join(0, "Bob"))
    bob.connection.let_in(Visitor("bob", None))
    await pass_time(1)
    assert (Tabs(bob).users, bob.codes) == ([0, 1, None], [])
    assert [message.code for message in bob.all(NoticeMessage)] == [Notice.TRY_LATER]


async def test_a_slow_reader_gets_the_cursors_of_all_sessions_once(process: Process) -> None:
    ada, (bob, _) = await process.joined(), await share(process)
    bob.reads = False
    bob.connection.write([b"\x08"] * UNREAD_LIMIT)
    await pass_time(4)
    assert bob.connection.held
    ada.move(1, 1)
    await pass_time(1)
    bob.heard()
    (probe,) = bob.all(Probe)
    bob.say(probe)
    await pass_time(1)
    assert bob.heard() == [CursorBroadcast((Cursor(0, 1, 1),))]


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_sessions_do_all_know_the_same_people(process: Process, seed: int) -> None:
    random = Random(seed)
    ada, (bob, tabs) = await process.joined(), await share(process)
    here = {0, 1}
    for _ in range(60):
        session = random.randrange(4)
        if session not in here:
            bob.say(SessionMessage(session), Join(0, "Bob"))
            here.add(session)
        elif random.random() < 0.3:
            tabs.end(session, random.choice([Leave(0), Gone(0)]))
            here.remove(session)
        else:
            bob.say(SessionMessage(session), CursorUpdate(random.randrange(9), 1))
            ada.move(random.randrange(9))
        await pass_time(random.choice([0.0, 0.01, 1.0]))
    await pass_time(10)
    everybody = {ada.view.own, *ada.view.users}
    assert {session: view.own for session, view in tabs.views.items()}.keys() == here
    assert [{view.own, *view.users} for view in tabs.views.values()] == [everybody] * len(here)
    assert {*tabs.users} == {*ada.view.users}
    assert ada.count == 1 + bool(here)
    assert bob.codes == []
