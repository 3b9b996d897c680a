"""Going off a board, whatever ends the stay; and coming back within the grace."""

import gc
import weakref

import pytest

from presence.protocol.errors import Close
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Heartbeat,
    Join,
    Leave,
    PresenceUpdate,
    Rate,
    UserLeft,
)
from presence.server.board import Board
from presence.server.hub import SWEEP_EVERY
from tests.server.harness import Process, pass_time, settle
from tests.support.metrics import value


def boards() -> int:
    """Count the boards that are kept in this process."""
    gc.collect()
    return sum(type(thing) is Board for thing in gc.get_objects())


async def test_a_broken_socket_is_off_the_board_after_the_grace(process: Process) -> None:
    ada, bob = await process.two()
    bob.snap()
    await pass_time(4.9)
    assert not ada.all(UserLeft)
    assert (ada.count, await process.people()) == (2, 2)
    await pass_time(SWEEP_EVERY)
    assert ada.heard() == [Rate(0), UserLeft(ada.welcome.board, 1), PresenceUpdate(16028, 1)]
    assert await process.people() == 1


@pytest.mark.parametrize("code", [Close.CLEAN, Close.GOING_AWAY, 1005, None, 3000, 4407, 4999])
async def test_a_clean_close_takes_it_off_at_once(process: Process, code: int | None) -> None:
    ada, bob = await process.two()
    bob.connection.closed(code)
    await settle()
    assert ada.count == 1


@pytest.mark.parametrize(
    "code", [Close.BROKEN, Close.SILENT, 1002, 1011, Close.RESTARTING, 2999, 5000]
)
async def test_any_other_end_begins_a_grace(process: Process, code: int) -> None:
    ada, bob = await process.two()
    bob.connection.closed(code)
    await pass_time(4)
    assert ada.count == 2
    await pass_time(2)
    assert ada.count == 1


async def test_who_comes_back_within_the_grace_goes_on_and_nobody_is_told(
    process: Process,
) -> None:
    ada, bob = await process.joined(), await process.joined("bob", name="Bob")
    before = bob.welcome
    ada.move(1, 2)
    bob.move(3, 4)
    await pass_time(1)
    bob.snap()
    await pass_time(4)
    ada.heard()
    again = await process.joined("bob", name="Bob")
    assert (again.welcome.user, again.welcome.color) == (before.user, before.color)
    assert again.pointers == {0: (1, 2)}
    again.move(5, 6)
    await pass_time(20)
    told = [m for m in ada.heard() if not isinstance(m, Rate)]
    assert told == [CursorBroadcast((Cursor(1, 5, 6),))]
    assert (ada.count, await process.people()) == (2, 2)
    assert value(process.hub.metrics, "resumes_total") == 1
    assert "reap" not in process.seam.calls


async def test_a_socket_still_half_open_is_not_taken_over(process: Process) -> None:
    _, bob = await process.joined(), await process.joined("bob")
    again = await process.joined("bob")
    assert (again.welcome.user, again.count) == (2, 2)
    bob.move(1)
    assert again.pointers[1] == (1, 0)


async def test_breaking_again_begins_a_new_grace(process: Process) -> None:
    ada = await process.joined()
    for _ in range(3):
        bob = await process.joined("bob")
        assert bob.welcome.user == 1
        bob.snap()
        await pass_time(3)
    assert ada.count == 2
    await pass_time(2.1)
    assert ada.count == 1


async def test_the_end_may_be_told_more_than_once(process: Process) -> None:
    ada, bob = await process.two()
    bob.connection.closed(Close.GOING_AWAY)
    bob.connection.closed(Close.BROKEN)
    bob.connection.closed(None)
    await pass_time(10)
    assert ada.heard() == [UserLeft(16028, 1), PresenceUpdate(16028, 1), Rate(0)]
    assert process.hub.metrics.sockets == 1


async def test_nothing_is_heard_or_written_after_the_end(process: Process) -> None:
    ada, bob = await process.two()
    bob.heard()
    bob.snap()
    bob.say(CursorUpdate(1, 1), Heartbeat(), Leave(0), Join(0, "Bob"))
    ada.move(1)
    await pass_time(1)
    assert bob.heard() == []
    assert 1 not in ada.pointers
    assert ada.count == 2
    assert value(process.hub.metrics, "joins_total") == 2
    assert process.seam.calls.count("leave") == 0


async def test_a_socket_that_never_joined_leaves_nothing(process: Process) -> None:
    socket = process.socket()
    socket.say(Heartbeat())
    assert socket.heard() == [Heartbeat()]
    socket.snap()
    await pass_time(10)
    assert process.seam.calls == []
    assert process.hub.metrics.sockets == 0


async def test_nothing_is_kept_of_boards_that_emptied(process: Process) -> None:
    before = boards()
    ada, bob = await process.two()
    assert boards() == before + 1
    ada.hang_up()
    bob.snap()
    await pass_time(4)
    assert boards() == before + 1
    await pass_time(2)
    assert boards() == before
    cy = await process.joined()
    assert (cy.welcome.user, cy.count) == (0, 1)


async def test_a_board_that_empties_while_somebody_comes_is_still_one_board(
    process: Process,
) -> None:
    ada = await process.joined()
    bob, cy = process.socket(), process.socket()
    ada.hang_up()
    bob.ask()
    await bob.until(lambda: bob.count == 1)
    await cy.join()
    cy.move(1)
    await pass_time(1)
    assert bob.count == cy.count == 2
    assert bob.pointers == {cy.welcome.user: (1, 0)}


async def test_nothing_is_kept_of_a_connection_that_ended(process: Process) -> None:
    ada, bob = await process.two()
    bob.hang_up()
    await pass_time(1)
    gone = weakref.ref(bob.connection)
    del bob
    gc.collect()
    assert gone() is None
    ada.hang_up()
    await settle()


async def test_the_hub_goes_to_sleep_with_its_last_socket(process: Process) -> None:
    ada = await process.joined()
    ada.hang_up()
    await pass_time(2)
    renewals = process.seam.calls.count("renew")
    await pass_time(600)
    assert process.seam.calls.count("renew") == renewals
    assert (await process.joined()).count == 1


async def test_a_hub_with_people_renews_its_lease(process: Process) -> None:
    bob = await process.joined()
    for _ in range(12):
        bob.say(Heartbeat())
        await pass_time(50)
    assert process.seam.calls.count("renew") == pytest.approx(150, abs=5)
    assert await process.people() == 1


async def test_a_closed_hub_has_nothing_left_to_do(process: Process) -> None:
    ada, bob = await process.two()
    bob.snap()
    ada.move(1)
    ada.move(2)
    await settle()
    await process.hub.close()
    calls = len(process.seam.calls)
    ada.heard()
    await pass_time(600)
    assert len(process.seam.calls) == calls
    assert ada.heard() == []
