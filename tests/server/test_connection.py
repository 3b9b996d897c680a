"""One connection: what a client may say, what it is answered, and how it is counted."""

import pytest

from presence.protocol.errors import Close, Malformed, Notice, Restarting, TooFast
from presence.protocol.identity import anonymous_name, color_for
from presence.protocol.messages import (
    Cursor,
    CursorUpdate,
    Dialect,
    Heartbeat,
    Join,
    NoticeMessage,
    PresenceUpdate,
    SetState,
    States,
    UserJoined,
    UserState,
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


async def test_heartbeats_are_answered_before_and_after_join(process: Process) -> None:
    ada = process.socket()
    ada.say(Heartbeat())
    await ada.join()
    ada.say(Heartbeat())
    assert (ada.messages[0], ada.messages[-1]) == (Heartbeat(), Heartbeat())


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


async def test_the_explicit_dialect_is_struck_without_a_word(process: Process) -> None:
    old = process.socket(dialect=Dialect.EXPLICIT)
    for _ in range(10):
        old.connection.receive(BAD)
    assert (old.frames, old.codes) == ([], [Close.MALFORMED])


async def test_too_many_frames_are_the_end(process: Process) -> None:
    ada = process.socket()
    ada.say(*[Heartbeat()] * 240)
    assert ada.codes == []
    ada.say(Heartbeat(), Heartbeat())
    assert ada.codes == [Close.TOO_FAST]
    assert ada.messages[-1] == NoticeMessage(Notice.TOO_FAST, TooFast.default_retry)


async def test_a_message_too_big_is_the_end(process: Process) -> None:
    ada = process.socket()
    ada.connection.receive(bytes(1025))
    assert ada.codes == [Close.TOO_BIG]
    assert process.hub.metrics.bytes_in == 1025


async def test_silence_is_the_end(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined()
    for _ in range(8):
        ada.say(Heartbeat())
        await pass_time(11)
    assert bob.codes == []
    await pass_time(3)
    assert (ada.codes, bob.codes) == ([], [Close.SILENT])
    assert ada.count == 1


async def test_the_hub_sweeps_by_any_clock(process: Process) -> None:
    ada = await process.joined()
    now = process.hub.now()
    ada.connection.sweep(now + 88)
    assert ada.codes == []
    ada.connection.sweep(now + 90)
    assert ada.codes == [Close.SILENT]


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


async def test_early_moves_of_a_spectator_are_not_shown(process: Process) -> None:
    sockets = [await process.socket().join() for _ in range(255)]
    await pass_time(1)
    sockets[0].heard()
    watcher = process.socket()
    watcher.ask()
    watcher.move(1)
    await watcher.until(lambda: watcher.count == 256)
    await pass_time(1)
    assert sockets[0].heard() == [PresenceUpdate(16028, 256)]


async def test_early_states_count_after_the_join(process: Process) -> None:
    ada = await process.joined()
    bob = process.socket()
    bob.ask()
    bob.say(SetState(UserState.OFF_BOARD), SetState(UserState.AWAY))
    await pass_time(1)
    assert [m for m in ada.messages if isinstance(m, States)] == [States(((1, UserState.AWAY),))]


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
