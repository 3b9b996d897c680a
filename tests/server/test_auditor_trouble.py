"""Who asks gets an answer or a refusal in a known time, whatever is out of reach or garbled."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from presence.cluster.requests import CLOSE_WITHIN, LAYER_WITHIN
from presence.protocol.errors import TryLater
from presence.server.audit import Ghost, Silent
from presence.server.auditor import (
    LOOK_AGAIN,
    LOOK_WITHIN,
    REPAIR_WITHIN,
    longest,
)
from presence.store.base import JoinRequest
from tests.server.auditors import TIMING, WITHIN, Inquiry
from tests.server.harness import BOARD, pass_time, settle

USES = 11
"""How often the layer is used to find a ghost and mend it: two looks, a repair, one more look. For
a look a channel is opened and two processes are asked; for the repair both are told to look."""


@pytest.fixture
async def inquiry() -> AsyncIterator[Inquiry]:
    """An inquiry whose processes end with the test."""
    inquiry = Inquiry()
    yield inquiry
    await inquiry.close()


async def ghost(inquiry: Inquiry) -> None:
    """Have something to find and to mend."""
    await inquiry.two()
    await inquiry.store.join(BOARD, JoinRequest("ghost", "there", "casper", "Casper"))


def seconds() -> float:
    return asyncio.get_running_loop().time()


# The layer


async def test_a_layer_that_is_away_keeps_nobody_from_joining(inquiry: Inquiry) -> None:
    inquiry.layer.away = True
    ada = await inquiry.process("here").joined("ada")
    assert ada.count == 1
    inquiry.layer.away = False
    await pass_time(TIMING.lease / 3 + 1)
    assert await inquiry.found() == [], "it can be asked as soon as it has renewed"


async def test_a_layer_that_is_away_is_told(inquiry: Inquiry) -> None:
    await inquiry.two()
    inquiry.line.away = True
    with pytest.raises(TryLater, match=r"^the channel layer: the layer is away$"):
        await inquiry.found()


async def test_what_is_wrong_with_a_layer_is_told_by_its_name_where_it_says_nothing(
    inquiry: Inquiry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> str:
        raise ConnectionError

    monkeypatch.setattr(inquiry.line, "new_channel", fail)
    with pytest.raises(TryLater, match=r"^the channel layer: ConnectionError$"):
        await inquiry.found()


async def test_so_often_a_layer_is_used(inquiry: Inquiry) -> None:
    await ghost(inquiry)
    assert await inquiry.repair() == []
    assert inquiry.line.uses == USES


@pytest.mark.parametrize("use", range(USES))
async def test_wherever_a_layer_stops_answering_it_is_told_in_time(
    inquiry: Inquiry, use: int
) -> None:
    await ghost(inquiry)
    others = asyncio.all_tasks()
    inquiry.line.hangs_at = use
    began = seconds()
    with pytest.raises(TryLater, match=r"^the channel layer: not within 2 s$"):
        await inquiry.repair()
    assert seconds() - began <= LOOK_AGAIN + LAYER_WITHIN + CLOSE_WITHIN
    await settle()
    assert asyncio.all_tasks() <= others, "nothing is left that would wait"


async def test_a_question_that_is_lost_is_asked_again(inquiry: Inquiry) -> None:
    await inquiry.two()
    questions: list[dict[str, Any]] = []

    def lose_first(message: dict[str, Any]) -> bool:
        if "ask" in message:
            questions.append(message)
        return len(questions) == 1

    inquiry.line.loses = lose_first
    assert await inquiry.found() == []
    assert len(questions) == 3, "one of the two processes was asked twice"


async def test_what_is_garbled_on_its_way_is_asked_for_again(inquiry: Inquiry) -> None:
    await inquiry.two()
    inquiry.line.garbled = 1
    assert await inquiry.found() == []


async def test_a_layer_that_only_speaks_makes_nobody_silent(inquiry: Inquiry) -> None:
    await inquiry.two()
    inquiry.line.deaf = True
    began = seconds()
    with pytest.raises(TryLater, match=r"^the channel layer: what is said is not heard$"):
        await inquiry.found()
    assert seconds() - began == pytest.approx(WITHIN + LAYER_WITHIN)


# Processes


async def test_a_process_that_hears_nothing_is_named_in_time(inquiry: Inquiry) -> None:
    await inquiry.two()
    # One who holds a lease and is not there.
    await inquiry.store.renew("gone")
    began = seconds()
    assert await inquiry.found() == [Silent("gone")]
    assert seconds() - began == pytest.approx(WITHIN)


async def test_to_be_silent_does_not_keep_the_others_from_being_mended(inquiry: Inquiry) -> None:
    await ghost(inquiry)
    await inquiry.store.renew("gone")
    assert await inquiry.repair() == [Silent("gone")]


async def test_who_did_not_answer_may_serve_somebody_and_is_told_to_look(inquiry: Inquiry) -> None:
    ada, bob = await inquiry.two()
    await inquiry.store.join(BOARD, JoinRequest("ghost", "there", "casper", "Casper"))
    found, evidence = await inquiry.auditor.audit()
    await inquiry.store.join(BOARD, JoinRequest("another", "there", "dora", "Dora"))
    await inquiry.auditor.repair(found, replace(evidence, answers={}))
    await pass_time(1)
    assert ada.count == bob.count == 2
    assert (await inquiry.store.counts([BOARD]))[BOARD] == 2, "they have seen the other one, too"


async def test_a_process_of_before_counts_were_told_is_understood(inquiry: Inquiry) -> None:
    await inquiry.two()
    await inquiry.stranger("older", {"sessions": {BOARD.hex: ["its own"]}})
    await inquiry.auditor.repair(*await inquiry.auditor.audit())
    assert await inquiry.found() == []
    assert (await inquiry.auditor.look()).answers["older"].told == {}


async def test_a_process_that_says_more_is_understood(inquiry: Inquiry) -> None:
    newer = {"sessions": {BOARD.hex: ["its own"]}, "told": {BOARD.hex: 1}, "weather": "fine"}
    await inquiry.stranger("newer", newer)
    assert await inquiry.found() == []


async def test_a_process_that_talks_nonsense_is_silent(inquiry: Inquiry) -> None:
    await inquiry.stranger("odd", {"sessions": "all of them"})
    assert await inquiry.found() == [Silent("odd")]


async def test_who_answers_and_was_not_asked_is_not_heard(inquiry: Inquiry) -> None:
    await inquiry.stranger("odd", {"process": "somebody else", "sessions": {}})
    assert await inquiry.found() == [Silent("odd")]


# The store


@pytest.mark.parametrize("ask", ["processes", "boards", "counts", "snapshot"])
async def test_a_store_that_never_answers_is_told_in_time(inquiry: Inquiry, ask: str) -> None:
    await ghost(inquiry)
    inquiry.sight.hangs = ask
    began = seconds()
    with pytest.raises(TryLater, match=r"^a look at all boards: not within 33 s$"):
        await inquiry.found()
    assert seconds() - began == pytest.approx(LOOK_WITHIN + WITHIN)


async def test_a_repair_that_never_ends_is_given_up(inquiry: Inquiry) -> None:
    await ghost(inquiry)
    found, evidence = await inquiry.auditor.audit()
    inquiry.sight.hangs = "leave"
    began = seconds()
    with pytest.raises(TryLater, match=r"^the repair: not within 60 s$"):
        await inquiry.auditor.repair(found, evidence)
    assert seconds() - began == pytest.approx(REPAIR_WITHIN)


@pytest.mark.parametrize("ask", ["processes", "boards", "counts", "snapshot"])
async def test_a_store_that_is_away_is_told(inquiry: Inquiry, ask: str) -> None:
    await ghost(inquiry)
    inquiry.sight.failing[ask] = TryLater("Redis: gone")
    with pytest.raises(TryLater, match=r"^Redis: gone$"):
        await inquiry.found()


async def test_a_store_that_goes_away_while_it_is_mended_is_told(inquiry: Inquiry) -> None:
    await ghost(inquiry)
    found, evidence = await inquiry.auditor.audit()
    assert any(isinstance(difference, Ghost) for difference in found)
    inquiry.sight.failing["leave"] = TryLater("Redis: gone")
    with pytest.raises(TryLater, match=r"^Redis: gone$"):
        await inquiry.auditor.repair(found, evidence)


async def test_a_board_that_cannot_be_read_is_named(inquiry: Inquiry) -> None:
    await inquiry.two()
    inquiry.sight.failing["snapshot"] = ValueError("no member")
    with pytest.raises(TryLater, match=rf"^board {BOARD}: no member$"):
        await inquiry.found()


# The whole


def test_how_long_it_takes_at_most_is_known() -> None:
    """The numbers of docs/commands.md."""
    assert longest(3.0, 3.0, repair=False) == 68
    assert longest(3.0, 3.0, repair=True) == 267
