"""One connection: what it answers, counts and writes, what comes while its JOIN is under way, and
how it ends."""

import json
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from presence.protocol.codec import encode
from presence.protocol.errors import Close, Forbidden, Malformed, Notice
from presence.protocol.identity import Visitor, anonymous_name
from presence.protocol.messages import (
    Cursor,
    CursorUpdate,
    Dialect,
    Heartbeat,
    Join,
    Leave,
    NoticeMessage,
    PresenceUpdate,
    Probe,
    Roster,
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
    Welcome,
)
from presence.protocol.session import UNREAD_LIMIT
from presence.server import hub
from presence.server.connection import Connection, is_broken
from presence.store.base import Timing
from tests.server.harness import BOARD, OUT, Process, Socket, pass_time, settle
from tests.server.world import RENEWAL, World
from tests.support.metrics import by_label, value

ENDS = json.loads((Path(__file__).parents[1] / "vectors" / "leaving.json").read_text())["ends"]
GOES = methodcaller("closed", Close.GOING_AWAY)
BREAKS = methodcaller("closed", Close.BROKEN)
LEAVES = methodcaller("receive", encode(Leave(0), Dialect.COMPACT))


@pytest.mark.parametrize(
    ("account", "asked", "shown", "name_set"),
    [
        (None, "Bob", "Bob", False),
        (None, "  Bob \u202e ", "Bob", True),
        (None, "Аdа", anonymous_name("bob"), True),
        (None, "\u200b", anonymous_name("bob"), True),
        ("Grace Hopper", "Ada", "Grace Hopper", True),
        ("Grace Hopper", "Grace Hopper", "Grace Hopper", False),
        (None, "क" * 32, "क" * 32, False),
    ],
)
async def test_the_name_is_the_accounts_or_the_one_asked_for_or_an_anonymous_one(
    process: Process, account: str | None, asked: str, shown: str, name_set: bool
) -> None:
    ada = await process.joined()
    bob = await process.socket("bob", name=account).join(asked)
    await pass_time(1)
    assert bob.welcome.name_set is name_set
    assert [message.name for message in ada.all(UserJoined)] == [shown]


async def test_a_malformed_frame_is_counted_and_the_tenth_closes(process: Process) -> None:
    ada, bob = await process.two()
    wrong_board = encode(CursorUpdate(1, 1, bob.welcome.board + 1), Dialect.COMPACT)
    for frame in (b"\xff", None, b"", wrong_board, *[b"\xff"] * 5):
        bob.connection.receive(frame)
    await settle()
    assert bob.heard() == [NoticeMessage(Notice.MALFORMED, 0)]
    assert by_label(process.hub.metrics, "malformed_total", "reason") == {
        Malformed.UNKNOWN_TYPE: 6,
        Malformed.WRONG_BOARD: 1,
        Malformed.TEXT: 1,
        Malformed.EMPTY: 1,
    }
    await pass_time(1)
    assert (ada.heard(), bob.codes) == ([], [])
    bob.connection.receive(b"\xff")
    bob.connection.closed(Close.MALFORMED)
    await settle()
    assert (ada.count, bob.codes) == (1, [Close.MALFORMED])
    assert by_label(process.hub.metrics, "closed_total", "code") == {"4400": 1}
    assert process.seam.calls.count("leave") == 1


async def test_pings_and_fragments_count_towards_the_rate(process: Process) -> None:
    ada, bob = await process.two()
    for _ in range(120):
        bob.connection.count_frame()
        bob.connection.receive(b"\x08")
    assert bob.codes == []
    bob.connection.count_frame()
    bob.connection.count_frame()
    bob.connection.closed(Close.TOO_FAST)
    await settle()
    assert (ada.count, bob.codes) == (1, [Close.TOO_FAST])
    assert by_label(process.hub.metrics, "closed_total", "code") == {"4429": 1}


async def test_frames_and_bytes_are_counted(process: Process) -> None:
    ada = process.socket()
    ada.say(Join(0, "Ada"))
    ada.connection.receive(None)
    await pass_time(1)
    metrics = process.hub.metrics
    assert (metrics.frames_in, metrics.bytes_in) == (2, 7)
    assert metrics.frames_out == len(ada.frames)
    assert metrics.bytes_out == sum(map(len, ada.frames))
    assert metrics.sockets == 1
    ticks = metrics.ticks
    assert ticks >= 1
    await pass_time(20)
    assert metrics.ticks == ticks
    frames = UNREAD_LIMIT // len(ada.frames[-1]) + 1
    ada.connection.write([ada.frames[-1]] * frames)
    await pass_time(1.1)
    assert len(ada.all(Probe)) == 1, "not only cursors call for one"


# While the JOIN is under way


@pytest.mark.parametrize(
    ("end", "late"),
    [
        *[(end, None) for end in (GOES, BREAKS, LEAVES)],
        *[(LEAVES, late) for late in ([], ["join"])],
    ],
)
async def test_a_stay_that_ends_before_the_join_is_through_is_not_told(
    process: Process, end: Callable[[Connection], None], late: list[str] | None
) -> None:
    ada, bob = await process.joined(), process.socket()
    with process.seam.hold(*late or []):
        bob.connection.receive(encode(Join(0, "Bob"), Dialect.COMPACT))
        if late is not None:
            await settle()
        end(bob.connection)
        await settle()
    await pass_time(10)
    assert bob.heard() == ada.heard() == []
    assert process.seam.calls.count("join") == 1 + (late is not None)
    assert "reap" not in process.seam.calls
    assert await process.people() == 1


@pytest.mark.parametrize("end", [Socket.snap, Socket.go_away])
async def test_a_socket_that_ends_while_the_store_decides_begins_a_grace(
    process: Process, end: Callable[[Socket], None]
) -> None:
    ada = await process.joined()
    with process.seam.hold():
        bob = process.socket("bob")
        bob.ask("Bob")
        await settle()
        end(bob)
        await settle()
    await pass_time(1)
    assert [type(m) for m in ada.heard()][:2] == [UserJoined, PresenceUpdate]
    assert ada.view.states[1] is (UserState.AWAY if end is Socket.go_away else UserState.ACTIVE)
    again = await process.joined("bob")
    assert again.welcome.user == 1
    again.hang_up()
    await settle()
    assert (ada.count, await process.people()) == (1, 1)


async def test_the_second_of_two_joins_counts(process: Process) -> None:
    ada = await process.joined()
    with process.seam.hold():
        bob = process.socket()
        bob.ask("First")
        await settle()
        bob.leave()
        bob.move(9)  # out of order
        bob.ask("Second")
        bob.move(1, 2)
        await settle()
    await pass_time(1)
    assert len(bob.all(Welcome)) == 1
    assert [m.name for m in ada.heard() if isinstance(m, UserJoined)] == ["Second"]
    assert ada.pointers == {bob.welcome.user: (1, 2)}
    assert await process.people() == 2


async def test_the_latest_move_and_state_count_after_the_join(process: Process) -> None:
    ada = await process.joined()
    with process.seam.hold():
        bob = process.socket()
        bob.ask("Bob")
        bob.say(CursorUpdate(1, 1), SetState(UserState.AWAY), Heartbeat(), CursorUpdate(2, 2))
        await pass_time(2)
        assert bob.heard() == [Heartbeat()]
    await pass_time(1)
    assert [type(m) for m in bob.heard()] == [Welcome, Roster, PresenceUpdate]
    assert ada.cursors == [Cursor(1, 2, 2)]
    assert ada.all(States)[-1] == States(((1, UserState.ACTIVE),))


# Until it is known who the client is


def undecided(process: Process) -> Socket:
    return Socket(process.hub, BOARD, None, Dialect.COMPACT)


async def test_a_join_and_the_latest_move_and_state_wait_until_the_visitor_is_let_in(
    process: Process,
) -> None:
    ada, bob = await process.joined(), undecided(process)
    bob.ask("Bob")
    bob.say(CursorUpdate(1, 1), SetState(UserState.AWAY), Heartbeat(), CursorUpdate(2, 2))
    await pass_time(2)
    assert (bob.heard(), process.seam.calls.count("join")) == ([Heartbeat()], 1)
    bob.connection.let_in(Visitor("bob", "Robert"))
    await pass_time(1)
    assert [type(m) for m in bob.heard()] == [Welcome, Roster, PresenceUpdate]
    assert [m.name for m in ada.all(UserJoined)] == ["Robert"]
    assert ada.cursors == [Cursor(1, 2, 2)]
    assert ada.all(States)[-1] == States(((1, UserState.ACTIVE),))


async def test_a_visitor_who_has_not_joined_is_let_in_and_joins_later(process: Process) -> None:
    bob = undecided(process)
    bob.ask("First")
    bob.move(9)
    bob.leave()
    bob.move(9)  # out of order
    bob.connection.let_in(Visitor("bob", None))
    await pass_time(1)
    assert "join" not in process.seam.calls
    bob.ask("Second")
    await pass_time(1)
    assert [type(m) for m in bob.heard()][-3:] == [Welcome, Roster, PresenceUpdate]
    assert await process.people() == 1


@pytest.mark.parametrize("end", [GOES, BREAKS, methodcaller("restart")])
async def test_a_visitor_who_is_gone_is_not_let_in(
    process: Process, end: Callable[[Connection], None]
) -> None:
    bob = undecided(process)
    bob.ask("Bob")
    end(bob.connection)
    heard = bob.heard()
    bob.connection.let_in(Visitor("bob", None))
    bob.connection.refuse(Forbidden())
    await pass_time(1)
    assert bob.heard() == []
    assert [type(m) for m in heard] == [NoticeMessage] * len(bob.codes)
    assert (process.seam.calls, process.hub.metrics.sockets) == ([], 0)


async def test_a_refused_visitor_is_told_and_not_heard(process: Process) -> None:
    bob = undecided(process)
    bob.ask("Bob")
    bob.connection.refuse(Forbidden())
    bob.say(Heartbeat())
    await pass_time(1)
    assert bob.heard() == [NoticeMessage(Notice.FORBIDDEN, 0)]
    assert bob.codes == [Close.FORBIDDEN]
    assert (process.seam.calls, process.hub.metrics.sockets) == ([], 0)


async def test_the_limits_hold_before_the_visitor_is_let_in(process: Process) -> None:
    bob = undecided(process)
    for _ in range(10):
        bob.connection.receive(b"\xff")
    bob.connection.let_in(Visitor("bob", None))
    await settle()
    assert bob.codes == [Close.MALFORMED]
    assert process.hub.metrics.sockets == 0


# The end


@pytest.mark.parametrize(
    ("broken", "codes"),
    [
        (False, [Close.CLEAN, Close.GOING_AWAY, 1005, None, 3000, 4407, 4999]),
        (True, [Close.BROKEN, Close.SILENT, 1002, 1011, Close.RESTARTING, 2999, 5000]),
    ],
)
def test_a_close_code_tells_whether_the_socket_broke(broken: bool, codes: list[int | None]) -> None:
    assert {is_broken(code) for code in codes} == {broken}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end["name"])
async def test_a_session_ends_as_the_vectors_say(process: Process, end: dict[str, Any]) -> None:
    _, bob = await process.two()
    graces: list[float] = []
    start = process.seam.inner.start_grace

    async def note(board: UUID, session: str, seconds: float) -> None:
        graces.append(seconds)
        await start(board, session, seconds)

    process.seam.start_grace = note  # type: ignore[method-assign]
    for frame in end["frames"]:
        bob.connection.receive(bytes.fromhex(frame))
    bob.connection.closed(end["code"])
    await settle()
    times = {"leave": [], "reload": [Timing().reload_grace], "broken": [Timing().grace]}
    assert graces == times[end["then"]]
    assert process.seam.calls.count("leave") == (end["then"] == "leave")


async def test_after_the_end_nothing_is_heard_written_or_done_again(process: Process) -> None:
    ada, bob = await process.two()
    bob.snap()
    await settle()
    bob.hang_up()
    bob.connection.closed(None)
    bob.connection.restart()
    bob.say(CursorUpdate(1, 1), Heartbeat(), Leave(0), Join(0, "Bob"))
    ada.move(1)
    await pass_time(1)
    assert (bob.heard(), bob.codes, ada.count) == ([], [], 2)
    assert ada.pointers == {}
    assert value(process.hub.metrics, "joins_total") == 2
    await pass_time(10)
    assert [message for message in ada.heard() if isinstance(message, UserLeft)] == [
        UserLeft(ada.welcome.board, 1)
    ]
    assert process.hub.metrics.sockets == 1


async def test_a_socket_that_never_joined_leaves_nothing(process: Process) -> None:
    socket = process.socket()
    socket.say(Heartbeat())
    await settle()
    assert socket.heard() == [Heartbeat()]
    socket.connection.drain()
    socket.snap()
    await pass_time(10)
    assert process.seam.calls == []
    assert process.hub.metrics.sockets == 0


async def test_a_process_that_ends_gives_its_lease_up(process: Process) -> None:
    for person in await process.two():
        person.connection.drain()
        person.connection.restart()
    assert await process.seam.inner.processes()
    await process.hub.say_good_bye()
    assert not await process.seam.inner.processes()
    await pass_time(3)
    assert not await process.seam.inner.processes(), "it is not renewed"
    assert await process.people() == 2, "they may come back"


async def test_one_socket_that_connects_anew_ends_no_other(process: Process) -> None:
    ada, bob = await process.two()
    ada.connection.restart()
    await settle()
    assert ada.all(NoticeMessage) == [NoticeMessage(Notice.RESTARTING, 1500)]
    assert (process.hub.restarting, bob.codes) == (None, [])


@pytest.mark.parametrize(
    ("others", "idle", "listening", "turns"),
    [
        (1, 0, False, 0.1),
        (1, 5, False, 0.1),
        (1, 25, False, 0.0),
        (1, 0, True, 0.0),
        (0, 0, False, 0.0),
    ],
)
async def test_sockets_end_in_turns_where_another_process_takes_them_in(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    others: int,
    idle: float,
    listening: bool,
    turns: float,
) -> None:
    monkeypatch.setattr(hub, "OTHERS_FOR", 12.0)
    for who in "abcdefghij":
        await world.joined("one", who)
    for name in ["two"] * others:
        await world.joined(name, "kay")
        await pass_time(RENEWAL)
        await world.die(name)
    await pass_time(idle)
    process = world.process("one").hub
    await process.drain(listening=listening)
    assert process.restarting
    assert (process.restarting.retry, process.turns) == (200 if turns else 1500, turns)


@pytest.mark.parametrize("failure", [OUT, ValueError("a fault"), None])
async def test_a_shutdown_begins_whatever_its_store_does(
    world: World, failure: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    await world.joined("one", "ada")
    await world.joined("two", "bob")
    await pass_time(RENEWAL)
    process = world.process("one")
    with process.seam.fail(failure, "renew") if failure else world.cut_off("one"):
        await process.hub.drain(listening=False)
    assert process.hub.turns > 0, "another process was there"
    assert ("not renewed" in caplog.text) is isinstance(failure, ValueError)


async def test_a_process_that_ends_without_its_store_ends_all_the_same(process: Process) -> None:
    ada = await process.joined()
    await process.hub.drain()
    ada.connection.restart()
    with process.seam.fail(OUT, "retire"):
        await process.hub.say_good_bye()
    assert ada.codes == [Close.RESTARTING]


@pytest.mark.parametrize("drained", [False, True])
async def test_a_restart_begins_a_grace_and_closes(process: Process, drained: bool) -> None:
    ada, bob = await process.two()
    if drained:
        bob.connection.drain()
        await settle()
        ada.move(1)
        bob.move(2)
        await pass_time(1)
        assert (bob.heard(), bob.codes, ada.pointers) == ([], [], {})
    bob.connection.restart()
    await settle()
    assert bob.heard() == [NoticeMessage(Notice.RESTARTING, int(process.hub.grace * 300))]
    assert bob.codes == [Close.RESTARTING]
    await pass_time(3)
    assert ada.count == 2
    assert (await process.joined("bob")).welcome.user == 1
