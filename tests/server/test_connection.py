"""One connection: what a client may say, what it is answered, and what happens while its JOIN is
under way."""

import pytest

from presence.protocol.errors import Close, Malformed, Notice, Restarting
from presence.protocol.identity import anonymous_name, color_for
from presence.protocol.messages import (
    Cursor,
    CursorUpdate,
    Heartbeat,
    Join,
    NoticeMessage,
    PresenceUpdate,
    Roster,
    SetState,
    States,
    UserJoined,
    UserState,
    Welcome,
)
from tests.server.harness import Process, Socket, pass_time, settle
from tests.support.metrics import by_label, value

BAD = b"\xff"


MALFORMED = NoticeMessage(Notice.MALFORMED, 0)


async def names_seen(process: Process, watcher: Socket) -> list[str]:
    """Return the names of those a watcher has heard come."""
    await pass_time(1)
    return [message.name for message in watcher.all(UserJoined)]


@pytest.mark.parametrize(
    ("account", "asked", "shown", "name_set"),
    [
        (None, "Ada", "Ada", False),
        (None, "  Ada \u202e ", "Ada", True),
        (None, "", anonymous_name("bob"), True),
        (None, "\u200b", anonymous_name("bob"), True),
        ("Grace Hopper", "Ada", "Grace Hopper", True),
        ("Grace Hopper", "Grace Hopper", "Grace Hopper", False),
        ("Grace Hopper", "", "Grace Hopper", True),
        (None, "<script>alert(1)</script>", "<script>alert(1)</script>", False),
    ],
)
async def test_names(
    process: Process, account: str | None, asked: str, shown: str, name_set: bool
) -> None:
    ada = await process.joined()
    bob = await process.socket("bob", name=account).join(asked)
    assert bob.welcome.name_set is name_set
    assert await names_seen(process, ada) == [shown]


async def test_a_person_keeps_their_colour(process: Process) -> None:
    first = await process.joined("bob")
    assert first.welcome.color == color_for("bob", ())
    assert (await process.joined("bob")).welcome.color == first.welcome.color


async def test_a_malformed_frame_changes_nothing_but_a_counter(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined()
    ada.heard()
    bob.connection.receive(BAD)
    bob.connection.receive(None)
    bob.connection.receive(b"")
    assert bob.heard() == [MALFORMED]
    await pass_time(1)
    assert ada.heard() == []
    assert by_label(process.hub.metrics, "malformed_total", "reason") == {
        Malformed.UNKNOWN_TYPE: 1,
        Malformed.TEXT: 1,
        Malformed.EMPTY: 1,
    }
    assert bob.codes == []


async def test_the_tenth_malformed_frame_is_the_end(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined()
    for _ in range(9):
        bob.connection.receive(BAD)
    assert bob.codes == []
    bob.connection.receive(BAD)
    assert bob.codes == [Close.MALFORMED]
    await settle()
    assert ada.count == 1
    assert by_label(process.hub.metrics, "closed_total", "code") == {"4400": 1}
    bob.connection.closed(Close.MALFORMED)
    await settle()
    assert process.seam.calls.count("leave") == 1


async def test_silence_is_the_end(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined()
    for _ in range(8):
        ada.say(Heartbeat())
        await pass_time(11)
    assert bob.codes == []
    await pass_time(3)
    assert (ada.codes, bob.codes) == ([], [Close.SILENT])
    assert ada.count == 1


async def test_a_server_that_restarts_begins_a_grace(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined("bob")
    bob.connection.refuse(Restarting(retry=3_000))
    assert bob.messages[-1] == NoticeMessage(Notice.RESTARTING, 3_000)
    assert bob.codes == [Close.RESTARTING]
    await pass_time(4)
    assert ada.count == 2
    assert (await process.joined("bob")).welcome.user == 1


async def test_a_spectator_sees_and_is_not_seen(process: Process) -> None:
    sockets = [await process.socket().join() for _ in range(256)]
    await pass_time(1)
    ada, watcher = sockets[0], sockets[-1]
    assert (watcher.welcome.spectator, watcher.welcome.user) == (True, 255)
    ada.heard()
    watcher.say(CursorUpdate(1, 1), SetState(UserState.AWAY))
    ada.move(5)
    await pass_time(1)
    assert watcher.pointers == {0: (5, 0)}
    assert ada.heard() == []
    assert by_label(process.hub.metrics, "malformed_total", "reason") == {}


async def test_of_a_move_and_a_state_the_later_counts(process: Process) -> None:
    ada = await process.joined()
    bob = process.socket()
    bob.ask()
    bob.say(CursorUpdate(1, 1), SetState(UserState.AWAY), CursorUpdate(2, 2))
    await pass_time(1)
    assert ada.cursors == [Cursor(1, 2, 2)]
    assert ada.all(States)[-1] == States(((1, UserState.ACTIVE),))


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
    assert (value(metrics, "joins_total"), value(metrics, "resumes_total")) == (1, 0)
    ticks = metrics.ticks
    assert ticks >= 1
    await pass_time(20)
    assert metrics.ticks == ticks


@pytest.mark.parametrize("end", ["hang_up", "snap", "leave"])
async def test_join_and_gone_before_the_store_was_asked(process: Process, end: str) -> None:
    ada = await process.joined()
    bob = process.socket()
    bob.ask()
    getattr(bob, end)()
    await pass_time(10)
    assert bob.heard() == []
    assert ada.heard() == []
    assert process.seam.calls.count("join") == 1
    assert "reap" not in process.seam.calls
    assert await process.people() == 1


@pytest.mark.parametrize("end", ["hang_up", "leave"])
@pytest.mark.parametrize("late", [False, True])
async def test_leaving_while_the_store_decides(process: Process, end: str, late: bool) -> None:
    ada = await process.joined()
    process.seam.late |= {"join"} if late else set()
    process.seam.open.clear()
    bob = process.socket()
    bob.ask()
    await settle()
    getattr(bob, end)()
    await settle()
    process.seam.open.set()
    await pass_time(1)
    assert bob.heard() == []
    assert ada.heard() == []
    assert await process.people() == 1


async def test_breaking_while_the_store_decides_begins_a_grace(process: Process) -> None:
    ada = await process.joined()
    process.seam.open.clear()
    bob = process.socket("bob")
    bob.ask("Bob")
    await settle()
    bob.snap()
    await settle()
    process.seam.open.set()
    await pass_time(1)
    assert [type(message) for message in ada.heard()] == [UserJoined, PresenceUpdate]
    again = await process.joined("bob")
    assert again.welcome.user == 1
    again.hang_up()
    await settle()
    assert (ada.count, await process.people()) == (1, 1)


async def test_leaving_and_joining_again_while_the_store_decides(process: Process) -> None:
    ada = await process.joined()
    process.seam.open.clear()
    bob = process.socket()
    bob.ask("First")
    await settle()
    bob.leave()
    bob.move(9)  # out of order, and so not heard
    bob.ask("Second")
    bob.move(1, 2)
    await settle()
    process.seam.open.set()
    await pass_time(1)
    assert len(bob.all(Welcome)) == 1
    assert [m.name for m in ada.heard() if isinstance(m, UserJoined)] == ["Second"]
    assert ada.pointers == {bob.welcome.user: (1, 2)}
    assert await process.people() == 2


async def test_what_comes_while_the_store_decides_counts_after_it(process: Process) -> None:
    ada = await process.joined()
    process.seam.open.clear()
    bob = process.socket()
    bob.ask("Bob")
    bob.say(CursorUpdate(1, 1), Heartbeat())
    await pass_time(2)
    bob.say(CursorUpdate(2, 2), Heartbeat(), CursorUpdate(3, 3))
    assert bob.heard() == [Heartbeat(), Heartbeat()]
    process.seam.open.set()
    await pass_time(1)
    assert [type(m) for m in bob.heard()] == [Welcome, Roster, PresenceUpdate]
    assert ada.cursors == [Cursor(1, 3, 3)]
