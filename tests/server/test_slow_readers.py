"""Sockets that do not read, or cannot be written to: bounded, and no harm to others."""

import asyncio
from collections.abc import Collection

import pytest

from presence.protocol.codec import encode
from presence.protocol.errors import Close
from presence.protocol.identity import Visitor
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    Dialect,
    Heartbeat,
    Join,
    PresenceUpdate,
    Probe,
    Roster,
    SetState,
    UserState,
    Welcome,
)
from presence.protocol.session import HEARTBEAT, UNREAD_LIMIT
from presence.rooms.frames import Flush
from presence.server.connection import Connection
from presence.server.outbox import AsgiMessage, Outbox
from tests.server.harness import BOARD, Process, Socket, pass_time, settle


async def moving(mover: Socket, seconds: int) -> None:
    """Move for so many seconds, four times in each."""
    for step in range(4 * seconds):
        mover.move(step + 1)
        await pass_time(0.25)


def fill(*sockets: Socket) -> None:
    """Write as much as calls for a probe."""
    for socket in sockets:
        socket.connection.write([HEARTBEAT] * (UNREAD_LIMIT // len(HEARTBEAT)))


async def slow_reader(process: Process) -> tuple[Socket, Socket, Socket]:
    """Return somebody who moves, a good reader, and one who has not read for 4 seconds."""
    mover, good, slow = [await process.joined() for _ in range(3)]
    slow.reads = False
    assert not mover.all(Probe) + good.all(Probe) + slow.all(Probe)
    fill(mover, good, slow)
    good.move(9, 9)
    await moving(mover, 4)
    for socket in (mover, good, slow):
        socket.heard()
    return mover, good, slow


async def test_a_slow_reader_gets_no_cursors_until_it_answers(process: Process) -> None:
    mover, good, slow = await slow_reader(process)
    held, probe = process.hub.metrics.frames_held, slow.all(Probe)[-1]
    await moving(mover, 2)
    slow.say(Probe((probe.seq + 1) % 256))
    await settle()
    assert slow.heard() == []
    assert len(good.heard()) == process.hub.metrics.frames_held - held == 8
    await process.joined()
    assert slow.count == 4, "joins are told all the same"
    slow.heard()
    slow.say(probe)
    await settle()
    assert slow.heard() == [CursorBroadcast((Cursor(0, 8, 0), Cursor(1, 9, 9)))]
    mover.move(77)
    await pass_time(0.1)
    assert slow.pointers[0] == (77, 0)
    assert slow.codes == []
    assert [message.seq for message in good.all(Probe)] == [1]
    fill(good)
    await pass_time(1)
    assert [message.seq for message in good.all(Probe)] == [1, 2]


@pytest.mark.parametrize("dialect", Dialect)
async def test_who_was_held_knows_what_the_others_know(process: Process, dialect: Dialect) -> None:
    mover, good = await process.joined(), await process.joined(dialect=dialect)
    slow = await process.joined(dialect=dialect)
    slow.reads, slow.clogged = False, True
    fill(slow)
    await moving(mover, 4)
    newcomer, passer_by = await process.joined("cy", name="Cy"), await process.joined()
    newcomer.move(5, 5)
    passer_by.move(6, 6)
    mover.say(SetState(UserState.OFF_BOARD))
    await pass_time(1)
    passer_by.leave()
    newcomer.snap()
    await process.joined("cy", name="Cynthia")
    await moving(good, 2)
    assert slow.pointers != good.pointers
    slow.clogged = False
    for probe in slow.all(Probe):
        slow.say(probe)
    await pass_time(2)
    assert slow.view.users == good.view.users
    assert (slow.count, slow.view.states) == (good.count, good.view.states)
    hidden = {mover.welcome.user} if dialect is Dialect.COMPACT else set()
    own = 1
    for user in good.pointers.keys() - hidden:
        assert slow.pointers[user] == good.pointers[user]
    assert slow.pointers[own] == (8, 0)


async def test_an_answer_brings_nothing_before_the_next_welcome(process: Process) -> None:
    _, _, slow = await slow_reader(process)
    slow.leave()
    await settle()
    slow.ask()
    while slow.connection.session_id not in process.hub.board(BOARD).room:  # noqa: ASYNC110
        await asyncio.sleep(0)
    slow.connection.receive(encode(slow.all(Probe)[-1], Dialect.COMPACT))
    assert slow.heard() == []
    await pass_time(1)
    kinds = [type(message) for message in slow.heard()]
    assert kinds == [Welcome, Roster, CursorBroadcast, PresenceUpdate]


async def test_30_seconds_without_an_answer_close(process: Process) -> None:
    mover, good, slow = await slow_reader(process)
    for _ in range(24):
        slow.say(Heartbeat())
        await moving(mover, 1)
    assert slow.codes == []
    await moving(mover, 5)
    assert slow.codes == [Close.SILENT]
    assert (good.codes, good.count, good.pointers[0]) == ([], 2, (20, 0))


async def test_what_others_are_sent_directly_calls_for_no_probe(process: Process) -> None:
    through_pump, visitor = await process.joined(), Visitor("through the server")
    through_server = await Socket(process.hub, BOARD, visitor, Dialect.COMPACT).join()
    await pass_time(1)
    flush = Flush(common={Dialect.COMPACT: [HEARTBEAT] * (UNREAD_LIMIT * 3 // 4)})
    for probes in (0, 1):
        process.hub.board(BOARD).audience.write(flush)
        await pass_time(2)
        for socket in (through_pump, through_server):
            assert len(socket.all(Probe)) == probes


async def test_the_explicit_dialect_gets_no_cursors_while_much_waits(process: Process) -> None:
    mover, slow = await process.joined(), await process.joined(dialect=Dialect.EXPLICIT)
    slow.clogged = True
    await moving(mover, 4)
    slow.heard()
    held = process.hub.metrics.frames_held
    await moving(mover, 2)
    assert slow.heard() == []
    assert process.hub.metrics.frames_held - held == 8
    newcomer = await process.joined()
    newcomer.move(5, 5)
    await process.joined()
    assert slow.count == 4, "joins are told all the same"
    slow.heard()
    slow.clogged = False
    await pass_time(2)
    assert slow.pointers == {0: (8, 0), 2: (5, 5)}
    mover.move(77)
    await pass_time(0.1)
    assert slow.pointers[0] == (77, 0)
    assert slow.codes == []


async def test_the_explicit_dialect_is_closed_when_nothing_is_read(process: Process) -> None:
    mover, slow = await process.joined(), await process.joined(dialect=Dialect.EXPLICIT)
    slow.clogged = True
    for _ in range(29):
        slow.say(Heartbeat())
        await moving(mover, 1)
    assert slow.codes == []
    await moving(mover, 3)
    assert slow.codes == [Close.SILENT]
    assert (mover.codes, mover.count) == ([], 1)


class Server:
    """A server whose `send` fails, or never ends, from the moment it is told to; and a connection
    that writes to it through an outbox, as a consumer's does, and has joined."""

    def __init__(self, process: Process) -> None:
        self.sent: list[AsgiMessage] = []
        self.failures = 0
        self.fails = self.hangs = False
        self.line = None
        self.clogged = False
        self.outbox = Outbox(self.send, lambda: self.connection.closed(Close.BROKEN), limit=5)
        visitor = Visitor("broken")
        self.connection = Connection(process.hub, BOARD, visitor, Dialect.COMPACT, self)
        self.connection.receive(encode(Join(0, ""), Dialect.COMPACT))

    async def send(self, message: AsgiMessage) -> None:
        if self.fails:
            self.failures += 1
            raise OSError("the transport is closed")
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        self.sent.append(message)

    def write(self, frames: Collection[bytes]) -> None:
        for frame in frames:
            self.outbox.put({"bytes": frame})

    def close_with(self, code: int) -> None:
        self.outbox.finish({"code": code})


async def broken(process: Process) -> tuple[Socket, Server, Socket]:
    """Return somebody who moves, a server that will break, and a good reader."""
    mover, server = await process.joined(), Server(process)
    await settle()
    return mover, server, await process.joined()


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_a_write_that_fails_or_never_ends_does_not_stop_the_tick(
    process: Process, trouble: str
) -> None:
    mover, server, good = await broken(process)
    setattr(server, trouble, True)
    await moving(mover, 3)
    assert [cursor.x for cursor in good.cursors] == [*range(1, 13)]
    assert (process.hub.metrics.sockets, good.count) == (2, 3)
    await pass_time(6)
    assert good.count == 2


async def test_the_frames_after_a_failure_are_not_written(process: Process) -> None:
    _, server, good = await broken(process)
    server.fails = True
    await process.socket().join()
    assert (server.failures, good.count) == (1, 4)


async def test_the_close_is_the_last_message(process: Process) -> None:
    _, server, _ = await broken(process)
    for _ in range(11):
        server.connection.receive(b"")
    await pass_time(1)
    assert server.sent[-1] == {"code": Close.MALFORMED}
    assert [message for message in server.sent if "code" in message] == server.sent[-1:]
