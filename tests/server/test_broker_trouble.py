"""Between processes: a layer that hangs, fails, loses and talks nonsense, and the end."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

import pytest

from presence.cluster.broker import BEAT_EVERY
from presence.cluster.layer import HEARD_WITHIN, TYPE
from presence.cluster.messages import Post, pack
from presence.protocol.board_ids import group_name
from presence.protocol.errors import TryLater
from presence.protocol.messages import UserState
from tests.server.harness import BOARD, OTHER_BOARD, pass_time, settle
from tests.server.net import Net, fail, hang, lose, mend
from tests.server.world import LayerSeam, Message
from tests.support.clock import SkippingLoop

GROUP = group_name(BOARD)
AWAY, ACTIVE = UserState.AWAY, UserState.ACTIVE
A, B, C = b"\x00\x01\x00\x01", b"\x00\x02\x00\x02", b"\x00\x03\x00\x03"


TROUBLES = pytest.mark.parametrize("trouble", [fail, hang, lose])


@pytest.mark.parametrize("trouble", [fail, hang])
async def test_what_could_not_be_sent_is_sent_again_with_what_came_since(
    net: Net, trouble: Callable[[LayerSeam], None]
) -> None:
    one, other = await net.two()
    trouble(net.layer)
    one.relay.post(BOARD, Post(look=True, cursors={1: A, 2: A}))
    await pass_time(0.1)
    one.relay.post(BOARD, Post(cursors={1: B}, states={2: AWAY}))
    await pass_time(10)
    one.relay.post(BOARD, Post(cursors={3: C}))
    mend(net.layer)
    await other.until(lambda: other.posts and 3 in other.posts[-1].cursors)
    known = Post()
    for post in other.posts:
        known.merge(post)
    assert known == Post(look=True, cursors={1: B, 3: C}, states={2: AWAY})
    assert len(other.posts) <= 2


async def test_a_layer_that_fails_is_not_asked_ever_more(net: Net) -> None:
    one, _ = await net.two()
    tried = 0
    net.layer.away = True
    inner = net.layer.group_send

    async def counted(group: str, message: Message) -> None:
        nonlocal tried
        tried += "echo" not in message
        await inner(group, message)

    net.layer.group_send = counted  # type: ignore[method-assign]
    for x in range(100):
        one.relay.post(BOARD, Post(cursors={x: A}))
        await pass_time(0.1)
    assert 15 <= tried <= 25


async def test_one_board_that_cannot_be_sent_does_not_hold_up_another(net: Net) -> None:
    one, other = await net.two()
    await one.relay.open(OTHER_BOARD)
    await other.relay.open(OTHER_BOARD)
    inner = net.layer.group_send

    async def picky(group: str, message: Message) -> None:
        if group == GROUP:
            raise ConnectionError("this shard is away")
        await inner(group, message)

    net.layer.group_send = picky  # type: ignore[method-assign]
    one.relay.post(BOARD, Post(look=True))
    await pass_time(3)
    one.relay.post(OTHER_BOARD, Post(look=True))
    await other.until(lambda: other.heard == [(OTHER_BOARD, "one", Post(look=True))])


async def test_a_gap_is_told_once_when_it_is_over(net: Net) -> None:
    one, other = await net.two()
    await pass_time(30)
    assert (one.gaps, other.gaps) == ([], [])
    net.layer.loses = lambda message: message.get("echo") is not None
    await pass_time(30)
    assert (one.gaps, other.gaps) == ([], [])
    mend(net.layer)
    await pass_time(30)
    assert (one.gaps, other.gaps) == ([None], [None])


async def test_a_single_lost_message_is_a_gap(net: Net) -> None:
    one = net.station("one")
    await one.relay.open(BOARD)
    lost: list[Message] = []

    def first(message: Message) -> bool:
        lost.append(message)
        return len(lost) == 1

    net.layer.loses = first
    await one.until(lambda: one.gaps)
    await pass_time(30)
    assert one.gaps == [None]


@TROUBLES
async def test_every_gap_of_over_three_seconds_is_told(
    net: Net, trouble: Callable[[LayerSeam], None]
) -> None:
    one, _ = await net.two()
    for number in range(1, 4):
        trouble(net.layer)
        await pass_time(HEARD_WITHIN + BEAT_EVERY)
        mend(net.layer)
        await one.until(lambda number=number: one.gaps == [None] * number)
        await pass_time(10)
        assert one.gaps == [None] * number


async def test_a_gap_that_only_an_opening_board_noticed_is_told(net: Net) -> None:
    one, _ = await net.two()
    other_board = group_name(OTHER_BOARD)
    inner = net.layer.group_send

    async def deaf_to_one(group: str, message: Message) -> None:
        if group != other_board:
            await inner(group, message)

    net.layer.group_send = deaf_to_one  # type: ignore[method-assign]
    with pytest.raises(TryLater):
        await one.relay.open(OTHER_BOARD)
    await one.until(lambda: one.gaps == [None])


GARBAGE: list[Message] = [
    {},
    {"from": "third"},
    {"from": "third", "board": "no board"} | pack(Post()),
    {"from": "third", "board": BOARD.hex} | pack(Post()) | {"cursors": b"\x01\x02"},
    {"from": "third", "board": BOARD.hex} | pack(Post()) | {"states": b"\x01\x09"},
    {"from": "third", "board": 17} | pack(Post()),
    {"ask": 5},
    {"echo": ["no token"]},
]


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_garbage_is_logged_and_ends_nothing(
    net: Net, caplog: pytest.LogCaptureFixture, garbage: Message
) -> None:
    one, other = await net.two()
    await net.layer.group_send(GROUP, {"type": TYPE, **garbage})
    await pass_time(HEARD_WITHIN)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    one.relay.post(BOARD, Post(look=True))
    await settle()
    assert other.posts == [Post(look=True)]


async def test_an_echo_that_nobody_waits_for_is_nothing(
    net: Net, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = await net.two()
    await net.layer.group_send(GROUP, {"type": TYPE, "echo": "of another process"})
    await settle()
    assert (one.heard, caplog.records) == ([], [])


async def test_who_cannot_take_a_message_in_takes_the_next(
    net: Net, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = await net.two()
    other.fails = True
    one.relay.post(BOARD, Post(look=True))
    await settle()
    assert "could not" in caplog.text
    other.fails = False
    one.relay.post(BOARD, Post(hello=True))
    await settle()
    assert other.posts == [Post(hello=True)]


async def test_a_layer_that_cannot_receive_is_asked_again(net: Net) -> None:
    one, other = await net.two()
    net.layer.deaf = True
    one.relay.post(BOARD, Post(look=True))  # the last that was being waited for
    await pass_time(5)
    net.layer.deaf = False
    await other.until(lambda: other.gaps == [None])
    one.relay.post(BOARD, Post(hello=True))
    await other.until(lambda: Post(hello=True) in other.posts)


# The end


async def test_what_was_said_is_sent_before_the_end(net: Net) -> None:
    one, other = await net.two()
    for number in range(20):
        one.relay.post(UUID(int=number), Post(look=True))
    one.relay.post(BOARD, Post(look=True))
    await one.relay.stop()
    await settle()
    assert other.posts == [Post(look=True)]
    assert len([to for to, said in net.layer.sent if "echo" not in said]) == 21


async def test_what_is_being_sent_is_sent_before_the_end(net: Net) -> None:
    one, other = await net.two()
    net.layer.open.clear()
    one.relay.post(BOARD, Post(look=True))
    await settle()
    stopping = asyncio.create_task(one.relay.stop())
    await pass_time(HEARD_WITHIN / 2)
    assert not stopping.done()
    net.layer.open.set()
    await stopping
    await settle()
    assert other.posts == [Post(look=True)]


@pytest.mark.parametrize("trouble", [fail, hang])
async def test_the_end_comes_in_time_though_the_layer_is_out_of_reach(
    net: Net, loop: SkippingLoop, trouble: Callable[[LayerSeam], None]
) -> None:
    one, _ = await net.two()
    trouble(net.layer)
    one.relay.post(BOARD, Post(look=True))
    begun = loop.time()
    await one.relay.stop()
    assert loop.time() - begun <= HEARD_WITHIN


async def test_one_that_never_started_has_nothing_to_wait_for(net: Net, loop: SkippingLoop) -> None:
    one = net.station("one")
    one.relay.post(BOARD, Post(look=True))
    begun = loop.time()
    await one.relay.stop()
    assert loop.time() == begun


async def test_nothing_runs_after_the_end(net: Net) -> None:
    before = asyncio.all_tasks()
    one, other = await net.two()
    third = net.station("third")
    net.layer.open.clear()
    third.relay.start()
    await settle()
    await third.relay.stop()
    net.layer.open.set()
    await one.relay.stop()
    await other.relay.stop()
    await one.relay.stop()
    assert asyncio.all_tasks() == before
