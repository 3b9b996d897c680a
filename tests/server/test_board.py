"""One board in one process, or two: joins, moves, the tick, leaves and graces; and the hub, which
sleeps while there is nobody."""

import gc
import weakref
from collections.abc import Callable

import pytest

from presence.protocol.limits import POSITIONS_PER_SECOND
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    Dialect,
    Heartbeat,
    PresenceUpdate,
    Rate,
    Roster,
    RosterEntry,
    States,
    UserJoined,
    UserLeft,
    UserState,
)
from presence.server.hub import SWEEP_EVERY
from presence.store.base import Timing
from tests.server.harness import (
    BOARD,
    OTHER_BOARD,
    Process,
    Socket,
    pass_time,
    settle,
    start_process,
)
from tests.server.world import TIMING, World, comings, quiet, roster
from tests.support.clock import SkippingLoop
from tests.support.metrics import value

EITHER = pytest.mark.parametrize("second", ["one", "two"])
"""The process of the second person; the first is on process one."""


# In the same process or in another


@EITHER
async def test_two_people_are_told_of_each_other(world: World, second: str) -> None:
    ada = await world.joined("one", "ada")
    ada.heard()
    bob = await world.joined(second, "bob")
    board, color = ada.welcome.board, ada.welcome.color
    assert (bob.welcome.board, bob.welcome.user, bob.welcome.interval) == (board, 1, 33)
    others = Roster(board, (RosterEntry(0, UserState.ACTIVE, color, "Ada"),))
    assert bob.heard() == [bob.welcome, others, PresenceUpdate(board, 2)]
    joined = UserJoined(board, 1, "Bob", bob.welcome.color)
    assert ada.heard() == [joined, PresenceUpdate(board, 2), Rate(33)]


@EITHER
async def test_the_first_move_after_a_quiet_interval_is_told_at_once(
    world: World, second: str
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined(second, "bob")
    await quiet(ada, bob)
    bob.move(7, 8)
    await settle()
    assert ada.heard() == [CursorBroadcast((Cursor(1, 7, 8),))]
    assert bob.heard() == []


@EITHER
@pytest.mark.parametrize("end", [Socket.leave, Socket.hang_up])
async def test_a_leave_is_told_at_once(
    world: World, second: str, end: Callable[[Socket], None]
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined(second, "bob")
    await quiet(ada)
    end(bob)
    await settle()
    assert comings(ada) == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]
    assert await world.process("one").people() == 1


@EITHER
async def test_a_broken_socket_is_off_the_board_after_the_grace(world: World, second: str) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined(second, "bob")
    await quiet(ada)
    bob.snap()
    await pass_time(TIMING.grace - 0.1)
    assert comings(ada) == []
    await pass_time(SWEEP_EVERY)
    assert comings(ada) == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]
    assert await world.process("one").people() == 1


@EITHER
async def test_a_page_that_goes_away_is_told_as_away_and_off_the_board_after_its_grace(
    world: World, second: str
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined(second, "bob")
    bob.move(1, 2)
    await quiet(ada)
    bob.go_away()
    await settle()
    assert States(((1, UserState.AWAY),)) in ada.heard()
    await pass_time(TIMING.reload_grace - 0.1)
    assert comings(ada) == []
    assert await world.process("one").people() == 2, "people count during their grace"
    await pass_time(SWEEP_EVERY)
    assert comings(ada) == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]
    assert await world.process("one").people() == 1


@EITHER
@pytest.mark.parametrize("back", ["one", "two"])
async def test_a_page_that_is_loaded_again_goes_on_as_the_same_user(
    world: World, second: str, back: str
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined(second, "bob")
    bob.move(1, 2)
    await quiet(ada)
    before = bob.welcome
    bob.go_away()
    await pass_time(TIMING.reload_grace - 0.5)
    again = await world.joined(back, "bob")
    assert (again.welcome.user, again.welcome.color) == (before.user, before.color)
    await pass_time(10)
    told = [m for m in ada.heard() if not isinstance(m, Rate)]
    assert told == [States(((1, UserState.AWAY),)), States(((1, UserState.ACTIVE),))]
    again.move(3, 4)
    await settle()
    assert ada.heard() == [CursorBroadcast((Cursor(1, 3, 4),))], "where it points now"
    assert (ada.count, await world.process("one").people()) == (2, 2)


async def test_a_page_that_is_loaded_again_under_another_name_has_only_that_told(
    process: Process,
) -> None:
    ada, bob = await process.joined(), await process.joined("bob")
    ada.heard()
    bob.go_away()
    await settle()
    again = await process.socket("bob").join("Robert")
    await pass_time(10)
    renamed = UserJoined(16028, 1, "Robert", bob.welcome.color)
    assert next(m for m in ada.heard() if not isinstance(m, Rate | States)) == renamed
    assert (again.welcome.user, ada.count, roster(ada)) == (1, 2, {1: "Robert"})


async def test_one_of_two_tabs_that_is_loaded_again_leaves_the_other_as_it_is(
    process: Process,
) -> None:
    ada = await process.joined()
    tabs = [await process.joined("bob") for _ in range(2)]
    await quiet(ada)
    tabs[1].go_away()
    await settle()
    assert ada.heard() == [States(((2, UserState.AWAY),))]
    assert (await process.joined("bob")).welcome.user == 2
    assert ada.heard()[0] == States(((2, UserState.ACTIVE),))
    tabs[0].go_away()
    await pass_time(TIMING.reload_grace + SWEEP_EVERY)
    assert UserLeft(16028, 1) in ada.heard()
    assert ada.count == 2


async def test_a_page_of_the_explicit_dialect_that_is_loaded_again_goes_on_unnoticed(
    process: Process,
) -> None:
    ada = await process.joined(dialect=Dialect.EXPLICIT)
    bob = await process.joined("bob", dialect=Dialect.EXPLICIT)
    ada.heard()
    bob.go_away()
    await pass_time(TIMING.reload_grace - 0.5)
    again = await process.joined("bob", dialect=Dialect.EXPLICIT)
    assert again.all(UserJoined)[-1] == bob.all(UserJoined)[-1]
    assert ada.heard() == []
    again.go_away()
    await pass_time(TIMING.reload_grace + SWEEP_EVERY)
    assert ada.heard() == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]


async def test_without_its_grace_a_page_that_goes_away_leaves_at_once(direct: bool) -> None:
    process = start_process(Timing(reload_grace=0.0), direct=direct)
    ada, bob = await process.two()
    bob.go_away()
    await settle()
    assert comings(ada) == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]
    assert "start_grace" not in process.seam.calls
    await process.close()


async def test_a_page_that_goes_away_while_its_process_drains_goes_on_in_another(
    world: World,
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada)
    bob.go_away()
    await settle()
    await world.die("two")
    again = await world.joined("one", "bob")
    assert again.welcome.user == bob.welcome.user
    await pass_time(20)
    assert not [m for m in ada.heard() if isinstance(m, UserLeft | UserJoined)]
    assert ada.count == 2


async def test_a_person_who_comes_back_within_the_grace_goes_on_unnoticed(
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
    again.snap()
    await pass_time(4)
    assert ada.count == 2, "the second grace has its own time"
    await process.joined("bob", name="Bob")
    await pass_time(10)
    told = [m for m in ada.heard() if not isinstance(m, Rate)]
    assert told == [CursorBroadcast((Cursor(1, 5, 6),))]
    assert (ada.count, await process.people()) == (2, 2)
    assert value(process.hub.metrics, "resumes_total") == 2
    assert "reap" not in process.seam.calls


# The tick


async def test_what_comes_in_one_turn_of_the_loop_shares_a_frame(process: Process) -> None:
    ada, bob, cy = [await process.joined() for _ in range(3)]
    await quiet(ada, bob, cy)
    ada.move(1)
    for x in range(10):
        bob.move(x)
    cy.move(3)
    ada.move(4)
    await settle()
    told = CursorBroadcast((Cursor(0, 4, 0), Cursor(1, 9, 0), Cursor(2, 3, 0)))
    for socket in (ada, bob, cy):
        assert socket.heard() == [told]


async def test_a_board_that_cannot_be_flushed_keeps_no_other_from_it(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    ada, _ = await process.two()
    cy, dee = [await process.joined(board=OTHER_BOARD) for _ in range(2)]

    def fail(flush: object) -> None:
        raise ValueError("a fault")

    process.hub.board(BOARD).audience.write = fail  # type: ignore[method-assign]
    ada.move(1)
    cy.move(2)
    await settle()
    assert dee.pointers == {cy.welcome.user: (2, 0)}
    (record,) = caplog.records
    assert record.message == f"board: flush failed (board={BOARD})"


async def test_a_board_that_cannot_be_swept_does_not_end_the_sweep(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    await process.joined()
    await process.joined(board=OTHER_BOARD)

    def fail(now: float) -> None:
        raise ValueError("a fault")

    process.hub.board(BOARD).sweep = fail  # type: ignore[method-assign]
    await pass_time(TIMING.lease + SWEEP_EVERY)
    assert process.hub.lease_age < TIMING.lease, "or all people of this process would be gone"
    assert {record.message for record in caplog.records} == {
        "sweep: failed for a connection or a board"
    }


async def test_a_busy_board_merges_the_moves_of_a_window(process: Process) -> None:
    people = [process.socket() for _ in range(50)]
    for socket in people:
        socket.ask()
    await quiet(*people)
    for x in range(50):
        for socket in people:
            socket.move(x)
        await pass_time(0.01)
    ada, bob, *_ = people
    ada.heard()
    bob.move(1)
    await settle()
    assert ada.heard() == [CursorBroadcast((Cursor(1, 1, 0),))], "the first is not delayed"
    bob.move(2)
    await settle()
    bob.move(3)
    await settle()
    assert ada.heard() == []
    await pass_time(0.01)
    assert ada.heard() == [CursorBroadcast((Cursor(1, 3, 0),))]


async def test_moves_that_their_quota_holds_back_are_told_though_nothing_more_happens(
    process: Process,
) -> None:
    ada, *tabs = [await process.joined(person) for person in ("ada", *["bob"] * 5)]
    for x in range(2):
        for tab in tabs:
            tab.move(x)
    await pass_time(1)
    assert ada.pointers == {tab.welcome.user: (1, 0) for tab in tabs}


async def test_a_person_over_their_quota_delays_nobody_else(process: Process) -> None:
    ada, bob, cy = [await process.joined() for _ in range(3)]
    await quiet(ada, bob, cy)
    for x in range(POSITIONS_PER_SECOND + 1):
        ada.move(x)
        await settle()
    assert cy.pointers == {0: (POSITIONS_PER_SECOND - 1, 0)}
    bob.move(7)
    await settle()
    assert cy.pointers[1] == (7, 0)
    bob.leave()
    await settle()
    assert cy.count == 2
    await pass_time(1)
    assert cy.pointers == {0: (POSITIONS_PER_SECOND, 0)}
    ticks = process.hub.metrics.ticks
    await pass_time(1)
    assert process.hub.metrics.ticks == ticks


async def test_a_process_that_lags_slows_the_pace_and_recovers(
    process: Process, loop: SkippingLoop
) -> None:
    ada, bob = await process.two()
    for x in range(20):
        bob.move(x)
        loop.busy(0.7)
        await settle()
    slow = ada.all(Rate)[-1].interval
    assert 33 < slow <= 1000
    await pass_time(25)
    bob.move(0)
    await settle()
    assert ada.all(Rate)[-1].interval == 33


async def test_the_sweep_tells_of_idle_people(process: Process) -> None:
    ada, bob = await process.two()
    ada.move(1)
    await pass_time(28)
    assert ada.heard() == []
    await pass_time(3)
    assert States(((1, UserState.IDLE),)) in ada.heard()
    bob.move(1)
    await pass_time(1)
    active = States(((1, UserState.ACTIVE),))
    assert ada.heard()[-2:] == [active, CursorBroadcast((Cursor(1, 1, 0),))]


# Boards and the hub come and go


async def test_nothing_is_kept_of_a_connection_and_a_board_that_ended(process: Process) -> None:
    ada, bob = await process.two()
    kept = [weakref.ref(process.hub.board(BOARD)), weakref.ref(bob.connection)]
    ada.hang_up()
    bob.snap()
    del bob
    await pass_time(4)
    gc.collect()
    assert [ref() is None for ref in kept] == [False, True]
    await pass_time(3)
    gc.collect()
    assert [ref() is None for ref in kept] == [True, True]
    cy = await process.joined()
    assert (cy.welcome.user, cy.count) == (0, 1)


async def test_a_board_that_empties_while_somebody_joins_is_still_one_board(
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


async def test_the_hub_renews_its_lease_while_anybody_is_here(process: Process) -> None:
    bob = await process.joined()
    for _ in range(12):
        bob.say(Heartbeat())
        await pass_time(50)
    assert process.seam.calls.count("renew") == pytest.approx(150, abs=5)
    assert await process.people() == 1
    bob.hang_up()
    await pass_time(2)
    renewals = process.seam.calls.count("renew")
    await pass_time(600)
    assert process.seam.calls.count("renew") == renewals
    assert (await process.joined()).count == 1


async def test_messages_of_a_later_release_are_logged_once(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a newer one", "another"):
        process.hub.not_understood(name)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "(process=a newer one)" in record.getMessage()
