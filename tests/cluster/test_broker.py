"""Messages between processes, over a layer that can hang, fail, lose messages and send garbage."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

import pytest

from presence.cluster.broker import RETRY_AFTER
from presence.cluster.layer import (
    EVERY_PROCESS,
    LAYER_TIMEOUT,
    MESSAGE_TYPE,
    board_group,
    process_group,
)
from presence.cluster.messages import Message, RightsChange
from presence.cluster.requests import Requester
from presence.protocol.messages import UserState
from tests.cluster.conftest import BOARD, OTHER_BOARD, Net, Station
from tests.support.layer import LayerSeam, Sent, fail, hang, mend

GROUP, OTHER_GROUP = board_group(BOARD), board_group(OTHER_BOARD)
AWAY, ACTIVE = UserState.AWAY, UserState.ACTIVE
A, B, C = b"\x00\x01\x00\x01", b"\x00\x02\x00\x02", b"\x00\x03\x00\x03"
TROUBLES = pytest.mark.parametrize("trouble", [fail, hang])


async def settle() -> None:
    await asyncio.sleep(0.001)  # on this loop no time passes


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_the_processes_that_share_a_board_hear_each_other_and_not_themselves(
    net: Net,
) -> None:
    one, other = await net.two()
    third = net.station("third")
    one.broker.publish(BOARD, Message(3, {1: A}, {2: AWAY}))
    await settle()
    assert other.received == [(BOARD, "one", Message(3, {1: A}, {2: AWAY}))]
    assert one.received == third.received == []
    assert len(one.times) == 1


async def test_one_process_is_reached_without_a_board_in_common(net: Net) -> None:
    one, other = await net.two()
    third = net.station("third: höst")
    await settle()
    one.broker.publish_to("third: höst", OTHER_BOARD, Message(introduction=True))
    await settle()
    assert third.received == [(OTHER_BOARD, "one", Message(introduction=True))]
    assert other.received == []


async def test_every_process_hears_whose_rights_changed_but_the_one_that_tells(net: Net) -> None:
    """And all of them ask about everybody once they can hear."""
    everybody, ada = RightsChange(frozenset()), RightsChange(frozenset({"user:1"}), ended=True)
    one, other = await net.two()
    third = net.station("third")
    await settle()
    packed = [ada.packed(), everybody.packed()]
    await Requester(net.layer, timeout=1).send(EVERY_PROCESS, {"from": "one", "rights": packed})
    await settle()
    assert one.changes == [everybody]
    assert other.changes == third.changes == [everybody, ada, everybody]


async def test_a_group_is_joined_before_what_is_published_after_it_is_sent(net: Net) -> None:
    one, other = await net.two()
    net.layer.open.clear()
    other.broker.subscribe(OTHER_BOARD)
    other.broker.publish_to("one", OTHER_BOARD, Message(introduction=True))
    await settle()
    at_arrival: list[int] = []
    one.heard = lambda *message: at_arrival.append(net.layer.sharing(OTHER_BOARD))  # type: ignore[method-assign]
    net.layer.open.set()
    await settle()
    assert at_arrival == [1]


async def test_a_group_is_left_and_joined_again(net: Net) -> None:
    one, other = await net.two()
    for joined in (False, True, False):
        (other.broker.subscribe if joined else other.broker.unsubscribe)(BOARD)
        await settle()
        assert net.layer.sharing(BOARD) == 1 + joined
        one.broker.publish(BOARD, Message(7))
        await settle()
        assert bool(other.received) is joined
        other.received.clear()


@TROUBLES
@pytest.mark.parametrize("leaves", [False, True])
async def test_a_group_whose_joining_failed_is_joined_later_or_left(
    net: Net, trouble: Callable[[LayerSeam], None], leaves: bool
) -> None:
    one, _ = await net.two()
    trouble(net.layer)
    one.broker.subscribe(OTHER_BOARD)
    await settle()
    if leaves:
        one.broker.unsubscribe(OTHER_BOARD)
        # As with a request that timed out and was carried out all the same.
        await net.layer.inner.group_add(OTHER_GROUP, one.broker._channel)
    await asyncio.sleep(5)
    mend(net.layer)
    await asyncio.sleep(5)
    assert net.layer.sharing(OTHER_BOARD) == (not leaves)


async def test_what_waits_for_the_same_group_merges(net: Net) -> None:
    one, other = await net.two()
    one.broker.publish(BOARD, Message(1, {1: A}))
    one.broker.publish(OTHER_BOARD, Message(2))
    one.broker.publish(BOARD, Message(3, {1: B}, {2: AWAY}))
    await settle()
    assert other.messages == [Message(3, {1: B}, {2: AWAY})]
    assert net.layer.messages(OTHER_GROUP) == [Message(2)]


@pytest.mark.parametrize(("trouble", "pace"), [(fail, RETRY_AFTER), (hang, LAYER_TIMEOUT)])
async def test_what_could_not_be_sent_is_retried_at_a_steady_pace_with_what_came_since(
    net: Net, trouble: Callable[[LayerSeam], None], pace: float
) -> None:
    one, other = await net.two()
    trouble(net.layer)
    one.broker.publish(BOARD, Message(5, {1: A, 2: A}))
    await asyncio.sleep(0.1)
    one.broker.publish(BOARD, Message(4, {1: B}, {2: AWAY}))
    for _ in range(100):
        await asyncio.sleep(0.1)
        one.broker.publish(BOARD, Message(0, {4: B}))
    assert len(one.failures) == pytest.approx(10 / pace, abs=2)
    assert {*one.times} == {None}
    one.broker.publish(BOARD, Message(0, {3: C}))
    mend(net.layer)
    await asyncio.sleep(2 * RETRY_AFTER)
    known = Message()
    for message in other.messages:
        known.merge(message)
    assert known == Message(5, {1: B, 3: C, 4: B}, {2: AWAY})
    assert len(other.messages) <= 2


async def test_one_group_that_cannot_be_reached_does_not_hold_up_another(net: Net) -> None:
    one, other = await net.two()
    other.broker.subscribe(OTHER_BOARD)
    inner = net.layer.group_send

    async def picky(group: str, message: Sent) -> None:
        if group == GROUP:
            raise ConnectionError("this shard is away")
        await inner(group, message)

    net.layer.group_send = picky  # type: ignore[method-assign]
    one.broker.publish(BOARD, Message(1))
    await asyncio.sleep(3)
    one.broker.publish(OTHER_BOARD, Message(2))
    await asyncio.sleep(2 * RETRY_AFTER)
    assert other.received == [(OTHER_BOARD, "one", Message(2))]


@pytest.mark.parametrize(("method", "sharing"), [("group_add", 1), ("group_discard", 0)])
async def test_a_group_that_cannot_be_joined_or_left_holds_up_no_other(
    net: Net, method: str, sharing: int
) -> None:
    one, other = await net.two()
    if method == "group_discard":
        one.broker.subscribe(OTHER_BOARD)
        await settle()
    call, away = getattr(net.layer, method), True

    async def picky(group: str, channel: str) -> None:
        if away and group == OTHER_GROUP:
            raise ConnectionError("this shard is away")
        await call(group, channel)

    setattr(net.layer, method, picky)
    (one.broker.subscribe if sharing else one.broker.unsubscribe)(OTHER_BOARD)
    one.broker.publish_to("other", OTHER_BOARD, Message(introduction=True))
    await asyncio.sleep(1)
    one.broker.publish(BOARD, Message(1))
    await asyncio.sleep(1)
    assert other.messages == [Message(1)], "what follows the joining waits for it"
    away = False
    await asyncio.sleep(2)
    assert other.messages == [Message(1), Message(introduction=True)]
    assert net.layer.sharing(OTHER_BOARD) == sharing


@pytest.mark.parametrize(
    "garbage",
    [
        {},
        {"from": "third", "board": "no board"} | Message().packed(),
        {"from": "third", "board": BOARD.hex} | Message().packed() | {"cursors": b"\x01\x02"},
        {"ask": 5},
        {"from": "third", "rights": [["user:1"]]},
    ],
)
async def test_garbage_is_logged_and_what_follows_is_heard(
    net: Net, caplog: pytest.LogCaptureFixture, garbage: Sent
) -> None:
    one, other = await net.two()
    await net.layer.group_send(GROUP, {"type": MESSAGE_TYPE, **garbage})
    await asyncio.sleep(LAYER_TIMEOUT)
    assert [record.levelno for record in caplog.records] == [logging.ERROR], "once, not twice"
    one.broker.publish(BOARD, Message(1))
    await settle()
    assert other.messages == [Message(1)]


async def test_a_listener_that_fails_hears_the_next_message(
    net: Net, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = await net.two()
    for other.fails in (True, False):
        one.broker.publish(BOARD, Message(1 + other.fails))
        await settle()
    assert "could not" in caplog.text
    assert other.messages == [Message(1)]


async def test_a_layer_that_cannot_receive_is_asked_again(net: Net) -> None:
    one, other = await net.two()
    net.layer.deaf = True
    one.broker.publish(BOARD, Message(1))  # the receive under way takes it
    await asyncio.sleep(5)
    assert len(other.failures) == pytest.approx(5 / RETRY_AFTER, abs=1)
    net.layer.deaf = False
    one.broker.publish(BOARD, Message(2))
    await asyncio.sleep(RETRY_AFTER)
    assert other.messages == [Message(1), Message(2)]


async def test_a_question_is_answered_to_the_channel_it_names(net: Net) -> None:
    await net.two()
    channel = await net.layer.new_channel()
    question = {"type": MESSAGE_TYPE, "ask": channel, "about": "life"}
    await net.layer.group_send(process_group("one"), question)
    answer = await net.layer.receive(channel)
    assert answer == {"type": MESSAGE_TYPE, "process": "one", "asked": "life"}


# The end


async def test_what_was_published_is_sent_before_the_end(net: Net) -> None:
    one, other = await net.two()
    for number in range(20):
        one.broker.publish(UUID(int=number), Message(1))
    net.layer.open.clear()
    stopping = asyncio.create_task(one.broker.stop())
    await asyncio.sleep(LAYER_TIMEOUT / 2)
    assert not stopping.done()
    net.layer.open.set()
    begun = now()
    await stopping
    assert now() - begun < 0.1
    await settle()
    assert other.messages == [Message(1)]
    assert len(net.layer.sent) == 20


@TROUBLES
async def test_the_end_comes_in_time_though_the_layer_is_out_of_reach(
    net: Net, trouble: Callable[[LayerSeam], None]
) -> None:
    one, _ = await net.two()
    trouble(net.layer)
    one.broker.publish(BOARD, Message(1))
    begun = now()
    await one.broker.stop()
    assert now() - begun <= LAYER_TIMEOUT


async def test_a_broker_that_never_started_has_nothing_to_wait_for(net: Net) -> None:
    broker = Station(net.layer, "one").broker
    broker.publish(BOARD, Message(1))
    begun = now()
    await broker.stop()
    assert now() == begun


async def test_nothing_runs_after_the_end(net: Net) -> None:
    before = asyncio.all_tasks()
    one, other = await net.two()
    net.layer.open.clear()
    third, tasks = net.station("third"), len(asyncio.all_tasks())
    third.broker.start()
    assert len(asyncio.all_tasks()) == tasks
    await settle()
    for station in (third, one, other, one):
        net.layer.open.set()
        await station.broker.stop()
    assert asyncio.all_tasks() == before


async def test_a_message_of_a_later_release_is_told_and_ignored(
    net: Net, caplog: pytest.LogCaptureFixture
) -> None:
    station = net.station("one", BOARD)
    await settle()
    await net.layer.group_send(GROUP, {"type": MESSAGE_TYPE, "from": "newer", "news": b"?"})
    await net.layer.group_send(
        GROUP, {"type": MESSAGE_TYPE, "from": "newer", "board": BOARD.hex, **Message(7).packed()}
    )
    await settle()
    assert (station.strange, station.messages) == (["newer"], [Message(7)])
    assert caplog.records == []
