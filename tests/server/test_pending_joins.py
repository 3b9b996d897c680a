"""What comes, and who goes, while the store has not yet decided about a JOIN."""

import pytest

from presence.protocol.messages import (
    Cursor,
    CursorUpdate,
    Heartbeat,
    PresenceUpdate,
    Roster,
    UserJoined,
    Welcome,
)
from tests.server.harness import Process, pass_time, settle


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


async def test_what_came_in_an_earlier_stay_does_not_count_in_the_next(process: Process) -> None:
    ada = await process.joined()
    bob = process.socket()
    bob.ask()
    bob.move(1)
    bob.leave()
    bob.ask()
    await pass_time(1)
    assert (ada.count, ada.cursors) == (2, [])


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
