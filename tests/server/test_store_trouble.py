"""A store that is slow, out of reach or wrong: what clients are told, that nobody else is harmed,
and that leaves and graces are carried out when it is back."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from presence.protocol.errors import Close, Notice, TryLater
from presence.protocol.messages import (
    Dialect,
    Heartbeat,
    NoticeMessage,
    PresenceUpdate,
    Rate,
    UserLeft,
)
from presence.server.board import ADMIT_WITHIN
from presence.server.hub import SWEEP_EVERY
from presence.store.base import Departure, Timing
from presence.store.memory import MemoryStore
from tests.server.harness import (
    BOARD,
    OTHER_BOARD,
    OUT,
    BrokenError,
    Process,
    Socket,
    pass_time,
    settle,
)
from tests.support.clock import SkippingLoop
from tests.support.metrics import by_label

End = Callable[[Socket], None]


# A JOIN


@pytest.mark.parametrize("error", [OUT, BrokenError("oh")])
@pytest.mark.parametrize("method", ["join", "renew"])
async def test_a_join_that_fails_is_told_and_closed(
    process: Process, caplog: pytest.LogCaptureFixture, method: str, error: Exception
) -> None:
    process.seam.failing[method] = error
    ada = process.socket()
    ada.ask()
    await settle()
    retry = OUT.retry if error is OUT else TryLater.default_retry
    assert ada.messages == [NoticeMessage(Notice.TRY_LATER, retry)]
    assert ada.codes == [Close.TRY_LATER]
    assert by_label(process.hub.metrics, "closed_total", "code") == {"1013": 1}
    assert process.hub.metrics.sockets == 0
    assert "leave" not in process.seam.calls
    assert ("oh" in caplog.text) == (error is not OUT)


@pytest.mark.parametrize("method", ["join", "renew"])
async def test_a_stay_that_ended_is_not_closed_for_a_join_that_fails(
    process: Process, method: str
) -> None:
    if method == "join":
        await process.joined()  # the lease is fresh
    with process.seam.fail(OUT, method):
        with process.seam.hold():
            bob = process.socket()
            bob.ask()
            await settle()
            assert process.seam.calls[-1] == method
            bob.leave()
            await settle()
        await settle()
    assert (bob.frames, bob.codes) == ([], [])
    await pass_time(2)
    assert (await bob.join()).count == 1 + (method == "join")


async def test_a_join_that_takes_too_long_is_refused_and_not_carried_out(
    process: Process, loop: SkippingLoop
) -> None:
    ada = await process.joined()
    await pass_time(4)
    with process.seam.hold():
        await pass_time(1.5)  # a renewal hangs
        bob, asked = process.socket("bob"), loop.time()
        bob.ask("Bob")
        await bob.until(lambda: bob.codes)
        assert loop.time() - asked == pytest.approx(ADMIT_WITHIN)
        await settle()
        assert bob.messages == [NoticeMessage(Notice.TRY_LATER, TryLater.default_retry)]
        process.seam.calls.clear()
    await pass_time(5)
    assert "join" not in process.seam.calls
    assert ada.heard() == []


async def test_a_store_that_is_out_of_reach_is_asked_only_to_renew(process: Process) -> None:
    ada, bob = await process.two()
    with process.seam.fail(OUT, "renew"):
        await pass_time(6)
        process.seam.calls.clear()
        cy = process.socket("cy")
        cy.ask("Cy")
        await settle()
        assert cy.codes == [Close.TRY_LATER]
        ada.snap()
        bob.leave()
        await pass_time(3)
        assert {*process.seam.calls} == {"renew"}
    await pass_time(2)
    assert await process.people() == 1, "in its grace"
    await pass_time(Timing().grace)
    assert await process.people() == 0


# The queue of a board


async def test_one_board_waits_for_the_store_and_no_other_does(process: Process) -> None:
    ada = await process.joined()
    slow, quick, seam = asyncio.Event(), process.seam.inner.join, process.seam

    async def join(board, request):  # type: ignore[no-untyped-def]
        if board == OTHER_BOARD:
            await slow.wait()
        return await quick(board, request)

    seam.join = join  # type: ignore[method-assign]
    bob = process.socket(board=OTHER_BOARD)
    bob.ask()
    await settle()
    cy = await process.joined()
    assert (ada.count, cy.count, bob.count) == (2, 2, None)
    slow.set()
    await bob.until(lambda: bob.count == 1)


async def test_the_operations_of_a_board_run_in_order(process: Process) -> None:
    ada, bob = await process.two()
    with process.seam.hold():
        cy = process.socket("bob")
        bob.snap()
        cy.ask()
        ada.hang_up()
        await settle()
        process.seam.calls.clear()
    await pass_time(1)
    assert process.seam.calls == ["join", "leave"]
    assert (cy.welcome.user, cy.count) == (1, 1)


# Leaves and graces


@pytest.mark.parametrize("end", [Socket.leave, Socket.hang_up])
async def test_a_leave_is_carried_out_when_the_store_is_back(process: Process, end: End) -> None:
    ada, bob = await process.two()
    with process.seam.fail(OUT, "leave"):
        end(bob)
        ada.move(1)
        await pass_time(30)
        assert (bob.heard(), await process.people()) == ([], 2)
        assert process.seam.calls.count("leave") == pytest.approx(30 / SWEEP_EVERY, abs=2)
    await pass_time(1.5)
    assert ada.count == await process.people() == 1


async def test_a_fault_is_logged_once_whatever_the_number_of_sessions(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    people = [await process.joined(f"person {n}") for n in range(30)]
    caplog.set_level(logging.INFO)
    caplog.clear()
    with process.seam.fail(OUT, "leave"):
        for person in people[:10]:
            person.leave()
        await pass_time(30)
    with process.seam.fail(BrokenError("oh"), "leave"):
        for person in people[10:]:
            person.leave()
        await settle()
    told = [record for record in caplog.records if record.name != "presence.journal"]
    assert [record.levelno for record in told] == [logging.WARNING, logging.ERROR]


async def test_a_leave_that_is_late_does_not_end_the_next_stay(process: Process) -> None:
    ada, bob = await process.two()
    with process.seam.fail(OUT, "leave"):
        bob.leave()
        await pass_time(1.5)
        bob.ask()
        await pass_time(1.5)
    await pass_time(5)
    assert await process.people() == 2
    bob.move(4)
    await settle()
    assert ada.pointers[bob.welcome.user] == (4, 0)


async def test_a_grace_begins_when_the_store_is_back(process: Process) -> None:
    ada, bob = await process.two()
    with process.seam.fail(OUT, "start_grace"):
        bob.snap()
        await pass_time(8)
    await pass_time(4)
    assert ada.count == 2
    await pass_time(3.5)
    assert ada.count == await process.people() == 1


@pytest.mark.parametrize("method", ["reap", "renew"])
async def test_a_grace_ends_when_the_store_is_back(process: Process, method: str) -> None:
    ada, bob = await process.two()
    await pass_time(4)
    bob.snap()
    await settle()
    with process.seam.fail(OUT, method):
        await pass_time(8)
        assert ada.count == 2
    await pass_time(2)
    assert ada.count == 1


@pytest.mark.parametrize(
    ("method", "end"),
    [
        ("leave", Socket.hang_up),
        ("start_grace", Socket.snap),
        ("start_grace", Socket.go_away),
        ("reap", Socket.snap),
    ],
)
async def test_an_end_that_meets_a_fault_is_logged_and_leaves_no_ghost(
    process: Process, caplog: pytest.LogCaptureFixture, method: str, end: End
) -> None:
    ada, bob = await process.two()
    process.seam.failing[method] = BrokenError("oh")
    end(bob)
    await pass_time(60)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "oh" in caplog.text
    assert UserLeft(16028, 1) in ada.heard()


async def test_a_grace_that_is_not_over_by_the_stores_clock_is_waited_for(
    process: Process,
) -> None:
    ada, bob = await process.two()
    start = process.seam.inner.start_grace

    async def late(board: UUID, session: str, seconds: float) -> None:
        await start(board, session, seconds + 0.25)

    process.seam.start_grace = late  # type: ignore[method-assign]
    await pass_time(SWEEP_EVERY * 0.9)
    bob.snap()  # shortly before a sweep, so that one comes between the two ends
    await pass_time(5.2)
    assert ada.heard() == [Rate(0)]
    await pass_time(SWEEP_EVERY)
    assert ada.heard() == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]
    assert process.seam.calls.count("reap") == 2


async def test_a_grace_that_the_store_forgot_ends_all_the_same(process: Process) -> None:
    ada, bob = await process.two()

    async def lost(*_: object) -> None:
        """Answered, and then lost by a failover."""

    process.seam.start_grace = lost  # type: ignore[method-assign]
    bob.snap()
    await pass_time(Timing().grace + 2.5)
    assert ada.count == await process.people() == 1
    process.seam.calls.clear()
    await pass_time(10)
    assert {*process.seam.calls} == {"renew"}


# What only a store in trouble does


async def test_the_client_of_a_session_taken_over_with_its_socket_open_connects_anew(
    process: Process,
) -> None:
    ada = await process.joined()
    old = await process.joined("bob", dialect=Dialect.EXPLICIT)
    # As where the lease of this process was out for a moment.
    await process.seam.inner.start_grace(BOARD, old.connection.session_id, Timing().grace)
    new = await process.joined("bob")
    assert new.welcome.user == 1
    ada.move(1)
    old.move(2)
    new.move(3)
    await pass_time(1)
    assert (new.pointers[0], ada.pointers[1]) == ((1, 0), (3, 0))
    assert (old.heard(), old.codes) == ([], [Close.RESTARTING])
    await pass_time(10)
    assert ada.count == 2


async def test_a_session_reaped_while_its_socket_is_open_is_put_back(process: Process) -> None:
    ada, bob = await process.two()
    session, reap = ada.connection.session_id, process.seam.inner.reap

    async def reap_ada(_: object) -> Departure:
        return replace(await process.seam.inner.leave(BOARD, session), more=False)

    process.seam.reap = reap_ada  # type: ignore[method-assign]
    bob.snap()
    await pass_time(Timing().grace + 1)
    process.seam.reap = reap  # type: ignore[method-assign]
    await pass_time(5)
    assert (ada.count, ada.codes, await process.people()) == (1, [], 1)
    assert (await process.joined("cy")).count == 2


async def test_a_process_alone_puts_back_those_whom_the_store_lost(
    process: Process, loop: SkippingLoop, caplog: pytest.LogCaptureFixture
) -> None:
    ada, bob = await process.two()
    process.seam.inner = MemoryStore(loop.time, Timing())
    await pass_time(10)
    assert (ada.count, bob.count, await process.people()) == (2, 2, 2)
    assert "lost sessions, putting them back" in caplog.text


async def test_people_of_a_process_that_stalled_are_not_taken_for_dead(
    process: Process, loop: SkippingLoop
) -> None:
    ada, bob = await process.two()
    bob.snap()
    await settle()
    loop.busy(40.0)
    await pass_time(1)
    assert ada.count == await process.people() == 1
    assert (await process.joined()).count == 2


@pytest.mark.parametrize("error", [None, BrokenError("oh")])
async def test_a_lease_that_is_not_renewed_is_tried_again_one_at_a_time(
    process: Process, caplog: pytest.LogCaptureFixture, error: Exception | None
) -> None:
    ada = await process.joined()
    tasks, calls = len(asyncio.all_tasks()), len(process.seam.calls)
    with process.seam.fail(error, "renew") if error else process.seam.hold():
        for _ in range(3):
            ada.say(Heartbeat())
            await pass_time(30)
        assert len(asyncio.all_tasks()) <= tasks + 1
        assert len(process.seam.calls) - calls == pytest.approx(90 if error else 1, abs=6)
    assert ("lease: not renewed" in caplog.text) == bool(error)
    await pass_time(2)
    assert (await process.joined()).count == 2
