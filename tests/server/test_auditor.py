"""A process tells whom it serves and what it tells them, whoever asks; and what differs is found
and mended."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from presence.server.audit import Answer, Ghost, Miscount, Missing, Stranded
from presence.server.auditor import AT_ONCE, BACK_WITHIN, LOOK_AGAIN, LOOKS, LOOKS_EVERY
from presence.store.base import JoinRequest
from tests.server.auditors import TIMING, Inquiry, wrong
from tests.server.harness import BOARD, OTHER_BOARD, pass_time, settle

RENEWAL = TIMING.lease / 3 + 1
"""Seconds within which every process renews."""


@pytest.fixture
async def inquiry() -> AsyncIterator[Inquiry]:
    """An inquiry whose processes end with the test."""
    inquiry = Inquiry()
    yield inquiry
    await inquiry.close()


async def test_a_process_tells_whom_it_serves_also_in_their_grace(inquiry: Inquiry) -> None:
    here, there = inquiry.process("here"), inquiry.process("there")
    ada, bob = await here.joined("ada"), await here.joined("bob", board=OTHER_BOARD)
    cal = await there.joined("cal")
    sessions = [socket.connection.session_id for socket in (ada, bob, cal)]
    bob.snap()
    await settle()
    answers = (await inquiry.auditor.look()).answers
    assert answers["here"].sessions == {BOARD: [sessions[0]], OTHER_BOARD: [sessions[1]]}
    assert answers["there"].sessions == {BOARD: [sessions[2]]}
    assert await inquiry.found() == []


async def test_a_process_tells_the_counts_that_its_clients_were_told(inquiry: Inquiry) -> None:
    ada, bob = await inquiry.two()
    evidence = await inquiry.auditor.look()
    assert {name: answer.told for name, answer in evidence.answers.items()} == {
        "here": {BOARD: ada.count},
        "there": {BOARD: bob.count},
    }
    assert evidence.counts == {BOARD: 2}


async def test_a_process_alone_on_its_board_can_be_asked(inquiry: Inquiry) -> None:
    await inquiry.process("alone").joined("ada")
    assert (await inquiry.auditor.look()).answers.keys() == {"alone"}


async def test_nobody_to_ask_is_no_difference(inquiry: Inquiry) -> None:
    assert await inquiry.found() == []


# Sessions


async def test_who_is_just_coming_is_no_ghost(inquiry: Inquiry) -> None:
    here = inquiry.process("here")
    await here.joined("ada")
    here.seam.late.add("join")
    here.seam.open.clear()
    coming = here.socket("bob")
    coming.ask()
    await settle()
    assert len((await inquiry.store.snapshot(BOARD)).members) == 2, (
        "the store has them, the process not yet"
    )
    asyncio.get_running_loop().call_later(LOOK_AGAIN / 2, here.seam.open.set)
    assert await inquiry.found() == []


async def test_a_ghost_is_found_and_taken_off_its_board(inquiry: Inquiry) -> None:
    ada, bob = await inquiry.two()
    await inquiry.store.join(BOARD, JoinRequest("ghost", "there", "casper", "Casper"))
    ghost, *counts = await inquiry.found()
    assert isinstance(ghost, Ghost)
    assert (ghost.board, ghost.member.name, ghost.member.process) == (BOARD, "Casper", "there")
    # Nobody told the processes, which tell their clients what they know.
    assert wrong(counts) == [(BOARD, "here", 2, 3), (BOARD, "there", 2, 3)]
    assert await inquiry.repair() == []
    assert ada.count == bob.count == 2
    assert {member.person for member in (await inquiry.store.snapshot(BOARD)).members} == {
        "ada",
        "bob",
    }


async def test_who_is_missing_is_found_and_put_back(inquiry: Inquiry) -> None:
    ada, bob = await inquiry.two()
    lost = bob.connection.session_id
    await inquiry.store.leave(BOARD, lost)
    missing, *_ = await inquiry.found()
    assert missing == Missing(BOARD, lost, "there")
    assert await inquiry.repair() == []
    assert ada.count == bob.count == 2
    assert lost in {member.session for member in (await inquiry.store.snapshot(BOARD)).members}


async def test_who_is_not_put_back_is_waited_for_in_vain_for_a_while_only(inquiry: Inquiry) -> None:
    _, bob = await inquiry.two()
    lost = bob.connection.session_id
    await inquiry.store.leave(BOARD, lost)
    found, evidence = await inquiry.auditor.audit()
    inquiry.layer.loses = lambda message: "version" in message
    loop = asyncio.get_running_loop()
    began = loop.time()
    await inquiry.auditor.repair(found, evidence)
    assert loop.time() - began == pytest.approx(BACK_WITHIN)
    assert Missing(BOARD, lost, "there") in await inquiry.found()


async def test_who_is_left_of_a_dead_process_is_taken_off(inquiry: Inquiry) -> None:
    ada = await inquiry.process("here").joined("ada")
    await inquiry.store.renew("dead")
    await inquiry.store.join(BOARD, JoinRequest("left", "dead", "casper", "Casper"))
    await pass_time(TIMING.lease + 1)
    assert [type(difference) for difference in await inquiry.found()] == [Stranded]
    assert await inquiry.repair() == []
    await settle()
    assert ada.count == 1


# Counts


async def test_a_wrong_count_that_a_process_believes_is_found_and_mended(inquiry: Inquiry) -> None:
    ada, bob = await inquiry.two()
    inquiry.sights["here"].people = 7
    await inquiry.process("elsewhere").joined("cy")
    inquiry.sights["here"].people = None
    assert (ada.count, bob.count) == (7, 3)
    # It knows the version of the store: no renewal gives it a reason to look.
    await pass_time(3 * RENEWAL)
    assert ada.count == 7
    assert wrong(await inquiry.found()) == [(BOARD, "here", 7, 3)]
    assert await inquiry.repair() == []
    assert (ada.count, bob.count) == (3, 3)


async def test_a_count_that_is_old_because_a_word_was_lost_is_found_and_mended(
    inquiry: Inquiry,
) -> None:
    ada, bob = await inquiry.two()
    inquiry.layer.loses = lambda message: "version" in message
    cy = await inquiry.process("elsewhere").joined("cy")
    assert (ada.count, cy.count) == (2, 3)
    found = wrong(await inquiry.found())
    assert found == [(BOARD, "here", 2, 3), (BOARD, "there", 2, 3)]
    inquiry.layer.loses = lambda message: False
    assert await inquiry.repair() == []
    assert ada.count == bob.count == cy.count == 3


async def test_a_count_that_is_on_its_way_is_no_miscount(inquiry: Inquiry) -> None:
    ada, _ = await inquiry.two()
    inquiry.sights["here"].open.clear()
    await inquiry.process("elsewhere").joined("cy")
    assert ada.count == 2, "its process is still asking the store"
    asyncio.get_running_loop().call_later(LOOK_AGAIN / 2, inquiry.sights["here"].open.set)
    assert await inquiry.found() == []
    assert ada.count == 3


async def test_on_a_board_where_people_come_and_go_no_number_is_wrong_for_long(
    inquiry: Inquiry,
) -> None:
    ada, _ = await inquiry.two()
    elsewhere, store_of_here = inquiry.process("elsewhere"), inquiry.sights["here"].open
    store_of_here.clear()
    cy = await elsewhere.joined("cy")
    assert ada.count == 2, "of 3"
    finding = asyncio.create_task(inquiry.found())
    await pass_time(LOOK_AGAIN / 4)
    store_of_here.set()
    cy.leave()
    await pass_time(LOOK_AGAIN / 4)
    store_of_here.clear()
    await elsewhere.socket("dora").join()
    assert ada.count == 2, "of 3 again"
    assert await finding == []


async def test_a_wrong_count_of_the_store_is_found_and_stays(inquiry: Inquiry) -> None:
    await inquiry.two()
    inquiry.sight.counted = 1
    assert wrong(await inquiry.found()) == [(BOARD, None, 1, 2)]
    assert wrong(await inquiry.repair()) == [(BOARD, None, 1, 2)]


# Many boards


async def test_a_board_that_somebody_is_yet_to_come_to_is_not_looked_at(inquiry: Inquiry) -> None:
    here = inquiry.process("here")
    await here.joined("ada")
    here.seam.open.clear()
    here.socket("bob", board=OTHER_BOARD).ask()
    await settle()
    evidence = await inquiry.auditor.look()
    assert evidence.answers["here"].sessions[OTHER_BOARD] == []
    assert evidence.boards.keys() == {BOARD}


async def test_boards_are_counted_together_and_looked_at_several_at_once(inquiry: Inquiry) -> None:
    here = inquiry.process("here")
    for number in range(3 * AT_ONCE):
        await here.joined("ada", board=UUID(int=number))
    inquiry.sight.seconds = 0.001
    loop = asyncio.get_running_loop()
    began = loop.time()
    evidence = await inquiry.auditor.look()
    assert loop.time() - began == pytest.approx(3 * inquiry.sight.seconds)
    assert len(evidence.boards) == len(evidence.counts) == 3 * AT_ONCE
    assert inquiry.sight.calls.count("counts") == 1


async def test_processes_are_not_told_to_look_at_all_their_boards_in_one_go(
    inquiry: Inquiry,
) -> None:
    await inquiry.two()
    evidence = await inquiry.auditor.look()
    boards = [UUID(int=number) for number in range(2 * LOOKS + 1)]
    answers = {
        name: Answer({board: ["s"] for board in boards}, {}, {}) for name in evidence.answers
    }
    found = [Miscount(board, "here", 9, 1, 1) for board in boards]
    loop = asyncio.get_running_loop()
    told: Counter[tuple[str, float]] = Counter()

    def note(message: dict[str, Any]) -> bool:
        told[message["from"], loop.time() - began] += 1
        return False

    inquiry.line.loses = note
    began = loop.time()
    await inquiry.auditor.repair(found, replace(evidence, answers=answers))
    each = {0.0: LOOKS, LOOKS_EVERY: LOOKS, 2 * LOOKS_EVERY: 1}
    assert [count for _, count in sorted(told.items())] == [2 * n for n in each.values()]
    assert [when for _, when in sorted(told)] == pytest.approx(list(each))
