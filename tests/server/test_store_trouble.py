"""A store that is slow, out of reach, or wrong: what clients are told, and that nobody else is
harmed."""

import asyncio
import logging

import pytest

from presence.protocol.errors import Close, Notice, TryLater
from presence.protocol.messages import (
    Cursor,
    Dialect,
    Heartbeat,
    NoticeMessage,
    UserLeft,
)
from tests.server.harness import OTHER_BOARD, OUT, BrokenError, Process, pass_time, settle
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


async def test_the_explicit_dialect_is_closed_without_a_notice(process: Process) -> None:
    process.seam.failing["join"] = OUT
    ada = process.socket(dialect=Dialect.EXPLICIT)
    ada.ask()
    await settle()
    assert (ada.messages, ada.codes) == ([], [Close.TRY_LATER])


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


async def test_who_left_meanwhile_is_told_nothing_though_the_store_takes_its_time(
    process: Process,
) -> None:
    ada = await process.joined()
    process.seam.open.clear()
    bob = process.socket()
    bob.ask()
    await settle()
    bob.leave()
    process.seam.let_one_through()
    await settle()
    ada.move(1)
    await pass_time(1)
    assert process.seam.calls[-2:] == ["join", "leave"]
    assert bob.heard() == []
    process.seam.open.set()
    await pass_time(1)
    assert (bob.heard(), ada.count, await process.people()) == ([], 1, 1)


async def test_who_leaves_hears_no_more_though_the_store_takes_its_time(process: Process) -> None:
    ada, bob = await process.two()
    bob.heard()
    process.seam.open.clear()
    bob.leave()
    ada.move(1)
    await pass_time(1)
    assert bob.heard() == []
    process.seam.open.set()
    await pass_time(1)
    assert bob.heard() == []
    assert ada.count == 1


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
