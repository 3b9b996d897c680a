"""A store that is slow, out of reach or wrong: what clients are told, that nobody else is harmed,
and that leaves and graces are carried out when it is back."""

import asyncio
import logging

import pytest

from presence.protocol.errors import Close, Notice, TryLater
from presence.protocol.messages import (
    Cursor,
    Dialect,
    Heartbeat,
    NoticeMessage,
    PresenceUpdate,
    Rate,
    UserLeft,
)
from presence.server.hub import SWEEP_EVERY, Hub
from presence.store.base import Timing
from presence.store.memory import MemoryStore
from tests.server.harness import (
    BOARD,
    OTHER_BOARD,
    OUT,
    BrokenError,
    Process,
    Seam,
    pass_time,
    settle,
)
from tests.support.metrics import by_label


@pytest.mark.parametrize("method", ["join", "renew"])
async def test_out_of_reach_at_join_is_told_and_closed(process: Process, method: str) -> None:
    process.seam.failing[method] = OUT
    ada = process.socket()
    ada.ask()
    await settle()
    assert ada.messages == [NoticeMessage(Notice.TRY_LATER, 2_000)]
    assert ada.codes == [Close.TRY_LATER]
    assert by_label(process.hub.metrics, "closed_total", "code") == {"1013": 1}
    assert process.hub.metrics.sockets == 0
    assert "leave" not in process.seam.calls


async def test_a_join_that_fails_otherwise_is_told_too_and_logged(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    process.seam.failing["join"] = BrokenError("oh")
    ada = process.socket()
    ada.ask()
    await settle()
    assert ada.messages == [NoticeMessage(Notice.TRY_LATER, TryLater.default_retry)]
    assert ada.codes == [Close.TRY_LATER]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "oh" in caplog.text


async def test_who_left_meanwhile_is_not_closed(process: Process) -> None:
    process.seam.failing["join"] = OUT
    process.seam.open.clear()
    ada = process.socket()
    ada.ask()
    await settle()
    ada.leave()
    process.seam.open.set()
    await settle()
    assert (ada.frames, ada.codes) == ([], [])
    process.seam.failing.clear()
    assert (await ada.join()).count == 1


async def test_those_on_the_board_go_on_while_the_store_is_out_of_reach(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    ada, bob = await process.two()
    for method in ("join", "leave", "start_grace", "reap", "renew"):
        process.seam.failing[method] = OUT
    await pass_time(8)
    bob.move(1)
    assert ada.cursors == [Cursor(1, 1, 0)]
    assert "out of reach" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("method", "end"), [("leave", "leave"), ("leave", "hang_up")])
async def test_a_leave_that_fails_otherwise_is_logged_and_harms_nobody(
    process: Process, caplog: pytest.LogCaptureFixture, method: str, end: str
) -> None:
    ada, bob = await process.two()
    process.seam.failing[method] = BrokenError("oh")
    getattr(bob, end)()
    await pass_time(1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "oh" in caplog.text
    assert UserLeft(16028, 1) in ada.heard()
    cy = await process.joined()
    ada.move(1)
    assert cy.pointers[0] == (1, 0)


async def test_a_store_that_hangs_is_not_asked_ever_more(process: Process) -> None:
    ada = await process.joined()
    tasks = len(asyncio.all_tasks())
    process.seam.open.clear()
    for _ in range(10):
        ada.say(Heartbeat())
        await pass_time(60)
    assert len(asyncio.all_tasks()) <= tasks + 1
    process.seam.open.set()
    await settle()
    assert (await process.joined()).count == 2


async def test_one_board_waits_for_the_store_and_no_other_does(process: Process) -> None:
    ada = await process.joined()
    slow, quick = asyncio.Event(), process.seam.inner.join
    seam = process.seam

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


async def test_what_is_asked_of_one_board_is_done_in_turn(process: Process) -> None:
    ada, bob = await process.two()
    process.seam.open.clear()
    cy = process.socket("bob")
    bob.snap()
    cy.ask()
    ada.say(Heartbeat())
    ada.hang_up()
    await settle()
    process.seam.calls.clear()
    process.seam.open.set()
    await pass_time(1)
    assert process.seam.calls == ["join", "leave"]
    assert (cy.welcome.user, cy.count) == (1, 1)


@pytest.mark.parametrize("end", ["leave", "hang_up"])
async def test_a_leave_is_carried_through_when_the_store_is_back(
    process: Process, end: str
) -> None:
    ada, bob = await process.two()
    process.seam.failing["leave"] = OUT
    getattr(bob, end)()
    await pass_time(30)
    assert await process.people() == 2
    assert 25 <= process.seam.calls.count("leave") <= 35
    process.seam.failing.clear()
    await pass_time(1.5)
    assert ada.count == 1
    assert await process.people() == 1


async def test_a_grace_begins_when_the_store_is_back(process: Process) -> None:
    ada, bob = await process.two()
    process.seam.failing["start_grace"] = OUT
    bob.snap()
    await pass_time(8)
    process.seam.failing.clear()
    await pass_time(4)
    assert ada.count == 2
    await pass_time(3)
    assert ada.count == 1
    assert await process.people() == 1


@pytest.mark.parametrize("method", ["reap", "renew"])
async def test_a_grace_ends_when_the_store_is_back(process: Process, method: str) -> None:
    ada, bob = await process.two()
    await pass_time(4)
    bob.snap()
    await settle()
    process.seam.failing[method] = OUT
    await pass_time(8)
    assert ada.count == 2
    process.seam.failing.clear()
    await pass_time(2)
    assert ada.count == 1


async def test_a_leave_from_an_earlier_stay_does_not_end_the_next(process: Process) -> None:
    ada, bob = await process.two()
    process.seam.failing["leave"] = OUT
    bob.leave()
    await pass_time(1.5)
    bob.ask()
    await pass_time(1.5)
    process.seam.failing.clear()
    await pass_time(5)
    assert await process.people() == 2
    bob.move(4)
    assert ada.pointers[bob.welcome.user] == (4, 0)


@pytest.mark.parametrize("method", ["start_grace", "reap"])
async def test_a_grace_that_fails_otherwise_is_logged_and_leaves_no_ghost(
    process: Process, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    ada, bob = await process.two()
    process.seam.failing[method] = BrokenError("oh")
    bob.snap()
    await pass_time(60)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert ada.heard()[-2:] != []
    assert UserLeft(16028, 1) in ada.messages


async def test_a_grace_that_is_not_quite_over_by_the_stores_clock() -> None:
    store = Seam(MemoryStore(asyncio.get_running_loop().time, Timing(grace=5.25)))
    process = Process(Hub(store, "p", least=33, timing=Timing(grace=5.0)), store)
    ada, bob = await process.two()
    bob.snap()
    await pass_time(5.1)
    assert ada.heard() == [Rate(0)]
    await pass_time(0.2 + SWEEP_EVERY)
    assert ada.heard() == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]
    assert store.calls.count("reap") == 2
    await process.hub.close()


async def test_a_session_taken_over_while_its_socket_is_open_here_hears_no_more(
    process: Process,
) -> None:
    ada = await process.joined()
    old = process.socket("bob", dialect=Dialect.EXPLICIT)
    old.ask("Bob")
    await pass_time(1)
    old.heard()
    # As where the lease of this process was out for a moment.
    member = ((await process.seam.inner.snapshot(BOARD)).members)[1]
    await process.seam.inner.start_grace(BOARD, member.session)
    new = await process.joined("bob")
    assert new.welcome.user == 1
    ada.move(1)
    old.move(2)
    new.move(3)
    await pass_time(1)
    assert (new.pointers[0], ada.pointers[1]) == ((1, 0), (3, 0))
    assert old.heard() == []
    old.hang_up()
    await pass_time(10)
    assert ada.count == 2


async def test_a_hub_renews_while_anybody_is_in_their_grace() -> None:
    timing = Timing(grace=60.0)
    store = Seam(MemoryStore(asyncio.get_running_loop().time, timing))
    process = Process(Hub(store, "p", least=33, timing=timing), store)
    ada = await process.joined("ada")
    ada.snap()
    await pass_time(30)
    assert store.calls.count("renew") > 6
    assert (await process.joined("ada")).welcome.user == 0
    await process.hub.close()


async def test_people_of_a_process_that_stalled_are_not_taken_for_dead(
    process: Process,
) -> None:
    ada, bob = await process.two()
    bob.snap()
    await settle()
    loop = asyncio.get_running_loop()
    loop.busy(40.0)  # type: ignore[attr-defined]
    await pass_time(1)
    assert ada.count == 1
    assert await process.people() == 1
    cy = await process.joined()
    assert cy.count == 2
