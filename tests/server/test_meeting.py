"""Two people on one board: who hears what, in which order, and when."""

import pytest

from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    PresenceUpdate,
    Rate,
    Roster,
    RosterEntry,
    States,
    UserJoined,
    UserState,
)
from tests.server.harness import Process, pass_time, settle
from tests.support.clock import SkippingLoop

INTERVAL = 0.033


async def test_two_people_hear_of_each_other(process: Process) -> None:
    ada = await process.joined()
    bob = await process.socket().join("Bob")
    await pass_time(1)
    board, first, second = bob.welcome.board, ada.welcome, bob.welcome
    assert (second.user, second.interval) == (1, 33)
    entry = RosterEntry(0, UserState.ACTIVE, first.color, "Ada")
    assert bob.messages == [second, Roster(board, (entry,)), PresenceUpdate(board, 2)]
    assert ada.heard() == [
        UserJoined(board, 1, "Bob", second.color),
        PresenceUpdate(board, 2),
        Rate(33),
    ]


async def test_the_first_move_after_a_quiet_tick_goes_out_at_once(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined()
    ada.heard()
    bob.move(7, 8)
    assert ada.heard() == [CursorBroadcast((Cursor(1, 7, 8),))]
    assert bob.heard() == []


async def test_moves_that_follow_are_one_frame_per_interval(
    process: Process, loop: SkippingLoop
) -> None:
    ada, bob = await process.joined(), await process.joined()
    ada.heard()
    began = loop.time()
    for x in range(10):
        bob.move(x)
    assert ada.heard() == [CursorBroadcast((Cursor(1, 0, 0),))]
    await ada.until(lambda: ada.pointers.get(1) == (9, 0))
    assert loop.time() - began == pytest.approx(INTERVAL)
    assert ada.heard() == [CursorBroadcast((Cursor(1, 9, 0),))]


async def test_cursors_of_one_tick_share_a_frame(process: Process) -> None:
    ada, bob, cy = [await process.joined() for _ in range(3)]
    for socket in (ada, bob, cy):
        socket.heard()
    ada.move(1)
    bob.move(2)
    cy.move(3)
    ada.move(4)
    await pass_time(1)
    tick = CursorBroadcast((Cursor(1, 2, 0), Cursor(2, 3, 0), Cursor(0, 4, 0)))
    assert ada.heard() == [tick]
    assert bob.heard() == [CursorBroadcast((Cursor(0, 1, 0),)), tick]
    assert bob.cursor_frames[-1] is cy.cursor_frames[-1]


async def test_no_socket_gets_more_than_a_frame_per_interval(
    process: Process, loop: SkippingLoop
) -> None:
    ada, bob = await process.joined(), await process.joined()
    ada.heard()
    for x in range(100):
        bob.move(x)
        await pass_time(0.01)
    heard = ada.heard()
    assert 28 <= len(heard) <= 32
    assert ada.pointers[1][0] >= 96
    positions = [message.cursors[0].x for message in heard if isinstance(message, CursorBroadcast)]
    assert positions == sorted(set(positions))


async def test_a_process_that_lags_slows_the_pace_and_recovers(
    process: Process, loop: SkippingLoop
) -> None:
    ada, bob = await process.joined(), await process.joined()
    ada.heard()
    for x in range(20):
        bob.move(x)
        bob.move(x + 1)
        loop.busy(0.5)
        await settle()
    slow = ada.all(Rate)[-1].interval
    assert 33 < slow <= 1000
    await pass_time(60)
    assert ada.all(Rate)[-1].interval == 33


async def test_the_hub_notices_who_is_idle(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined()
    ada.move(1)
    ada.heard()
    await pass_time(28)
    assert ada.heard() == []
    await pass_time(3)
    assert States(((1, UserState.IDLE),)) in ada.heard()
    bob.move(1)
    await pass_time(1)
    assert ada.heard()[-2:] == [
        States(((1, UserState.ACTIVE),)),
        CursorBroadcast((Cursor(1, 1, 0),)),
    ]


async def test_after_leave_the_socket_may_join_again(process: Process) -> None:
    ada, bob = await process.joined(), await process.joined()
    bob.leave()
    await pass_time(1)
    assert ada.count == 1
    heard = len(bob.messages)
    ada.move(5)
    await pass_time(1)
    assert len(bob.messages) == heard
    bob.ask("Bob")
    await pass_time(1)
    assert (bob.welcome.user, bob.count, ada.count) == (2, 2, 2)
    bob.move(9)
    assert ada.pointers[2] == (9, 0)
