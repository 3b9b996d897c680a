"""Sockets that do not read, or cannot be written to: bounded, and no harm to others."""

import asyncio

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
    Rate,
    Roster,
    Welcome,
)
from presence.server.connection import Connection
from presence.server.outbox import AsgiMessage, Outbox
from tests.server.harness import BOARD, Process, Socket, pass_time, settle


async def slow_one(process: Process) -> tuple[Socket, Socket, Socket]:
    """Return somebody who moves, a good reader, and one who has stopped reading."""
    mover, good, slow = [await process.joined() for _ in range(3)]
    slow.reads = False
    return mover, good, slow


async def moving(mover: Socket, seconds: int) -> None:
    """Move for so many seconds, four times in each."""
    for step in range(4 * seconds):
        mover.move(step + 1)
        await pass_time(0.25)


async def test_whoever_was_sent_cursors_is_probed(process: Process) -> None:
    mover, good, _ = await slow_one(process)
    assert not good.all(Probe)
    await moving(mover, 3)
    assert len(good.all(Probe)) >= 2
    assert not mover.all(Probe)
    probes = good.all(Probe)
    assert [probe.seq for probe in probes] == list(range(1, len(probes) + 1))


async def test_a_laggard_gets_no_cursors_and_the_others_do(process: Process) -> None:
    mover, good, slow = await slow_one(process)
    await moving(mover, 4)
    slow.heard()
    good.heard()
    await moving(mover, 2)
    assert slow.heard() == []
    assert len(good.heard()) == 8
    assert process.hub.metrics.frames_held >= 8
    assert slow.codes == []


async def test_a_laggard_still_hears_who_comes(process: Process) -> None:
    mover, _, slow = await slow_one(process)
    await moving(mover, 4)
    await process.joined()
    assert slow.count == 4


async def test_an_answer_brings_what_is_current(process: Process) -> None:
    mover, good, slow = await slow_one(process)
    good.move(9, 9)
    await moving(mover, 4)
    slow.heard()
    slow.say(slow.all(Probe)[-1])
    assert slow.heard() == [CursorBroadcast((Cursor(0, 16, 0), Cursor(1, 9, 9)))]
    mover.move(77)
    await pass_time(0.1)
    assert slow.pointers[0] == (77, 0)


async def test_an_answer_before_the_welcome_brings_nothing_before_it(process: Process) -> None:
    mover, _, slow = await slow_one(process)
    await moving(mover, 4)
    slow.leave()
    await settle()
    slow.ask()
    await settle()
    slow.heard()
    slow.say(slow.all(Probe)[-1])
    assert slow.heard() == []
    await pass_time(1)
    kinds = [type(message) for message in slow.heard()]
    assert kinds == [Welcome, Roster, CursorBroadcast, PresenceUpdate]


async def test_a_wrong_answer_is_none(process: Process) -> None:
    mover, _, slow = await slow_one(process)
    await moving(mover, 4)
    slow.heard()
    slow.say(Probe((slow.all(Probe)[-1].seq + 1) % 256))
    await moving(mover, 1)
    assert slow.heard() == []


async def test_after_30_seconds_it_is_closed(process: Process) -> None:
    mover, good, slow = await slow_one(process)
    for _ in range(28):
        slow.say(Heartbeat())
        await moving(mover, 1)
    assert slow.codes == []
    await moving(mover, 5)
    assert slow.codes == [Close.SILENT]
    assert (good.codes, good.count, good.pointers[0]) == ([], 2, (20, 0))


class Broken:
    """A server whose `send` fails, or never ends, from the moment it is told to."""

    def __init__(self) -> None:
        self.sent: list[AsgiMessage] = []
        self.fails = False
        self.hangs = False

    async def __call__(self, message: AsgiMessage) -> None:
        if self.fails:
            raise OSError("the transport is closed")
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        self.sent.append(message)


class Way:
    """A transport over an outbox, as a consumer is one."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def write(self, frame: bytes) -> None:
        self.outbox.put({"bytes": frame})

    def close_with(self, code: int) -> None:
        self.outbox.finish({"code": code})


def over_outbox(process: Process, server: Broken, limit: int = 256) -> Connection:
    """Return a connection that writes through an outbox, as a consumer's does, and has joined."""

    def gave_up() -> None:
        connection.closed(Close.BROKEN)

    connection = Connection(
        process.hub,
        BOARD,
        Visitor("broken"),
        Dialect.COMPACT,
        Way(Outbox(server, gave_up, limit)),
    )
    connection.receive(encode(Join(0, ""), Dialect.COMPACT))
    return connection


async def test_a_write_that_fails_in_a_tick_does_not_stop_the_tick(process: Process) -> None:
    mover = await process.joined()
    server = Broken()
    over_outbox(process, server)
    await settle()
    good = await process.joined()
    good.heard()
    server.fails = True
    mover.move(1)
    assert good.heard() == [CursorBroadcast((Cursor(0, 1, 0),))]
    mover.move(2)
    await pass_time(1)
    assert good.heard()[-1] == CursorBroadcast((Cursor(0, 2, 0),))
    assert process.hub.metrics.sockets == 2
    assert good.count == 3
    await pass_time(5)
    assert good.count == 2
    assert [m for m in good.heard() if isinstance(m, Rate)] == []


async def test_of_several_frames_those_after_the_failure_are_not_written(
    process: Process,
) -> None:
    await process.joined()
    server = Broken()
    over_outbox(process, server)
    await pass_time(1)
    server.fails = True
    good = process.socket()
    before = process.hub.metrics.frames_out
    good.ask()
    await good.until(lambda: good.count == 3)
    to_the_first, to_the_broken, to_the_good = 2, 1, len(good.frames)
    told = process.hub.metrics.frames_out - before
    assert told == to_the_first + to_the_broken + to_the_good


async def test_a_write_that_never_ends_does_not_stop_the_tick(process: Process) -> None:
    mover = await process.joined()
    server = Broken()
    over_outbox(process, server, limit=5)
    await settle()
    good = await process.joined()
    server.hangs = True
    await moving(mover, 3)
    assert good.pointers[0] == (12, 0)
    assert process.hub.metrics.sockets == 2
    await pass_time(6)
    assert good.count == 2


async def test_closing_through_an_outbox_is_the_last_word(process: Process) -> None:
    server = Broken()
    connection = over_outbox(process, server)
    await settle()
    for _ in range(11):
        connection.receive(b"")
    assert server.sent[-1] == {"code": Close.MALFORMED}
    assert [message for message in server.sent if "code" in message] == server.sent[-1:]
