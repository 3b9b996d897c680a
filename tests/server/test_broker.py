"""What processes say to each other, over a layer of Channels that can hang, fail and lose."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from presence.cluster.broker import BEAT_EVERY
from presence.cluster.layer import HEARD_WITHIN, process_group
from presence.cluster.messages import Post
from presence.protocol.board_ids import group_name
from presence.protocol.errors import TryLater
from presence.protocol.messages import UserState
from tests.server.harness import BOARD, OTHER_BOARD, pass_time, settle
from tests.server.net import Net, fail, hang, lose, mend
from tests.server.world import LayerSeam
from tests.support.clock import SkippingLoop

GROUP = group_name(BOARD)
AWAY, ACTIVE = UserState.AWAY, UserState.ACTIVE
A, B, C = b"\x00\x01\x00\x01", b"\x00\x02\x00\x02", b"\x00\x03\x00\x03"


# Saying and hearing


async def test_what_one_says_the_other_hears_and_not_itself(net: Net) -> None:
    one, other = await net.two()
    post = Post(look=True, hello=True, cursors={1: A}, states={2: AWAY})
    one.relay.post(BOARD, post)
    await settle()
    assert other.heard == [(BOARD, "one", post)]
    assert one.heard == []


async def test_boards_are_kept_apart(net: Net) -> None:
    one, other = await net.two()
    await one.relay.open(OTHER_BOARD)
    one.relay.post(OTHER_BOARD, Post(look=True))
    one.relay.post(BOARD, Post(cursors={1: A}))
    await settle()
    assert other.heard == [(BOARD, "one", Post(cursors={1: A}))]


async def test_one_process_is_told_without_the_others(net: Net) -> None:
    one, other = await net.two()
    third = net.station("third")
    await third.relay.open(BOARD)
    one.relay.tell("other", BOARD, Post(hello=True))
    await settle()
    assert other.posts == [Post(hello=True, told=True)]
    assert third.posts == []


async def test_a_process_can_be_told_before_it_shares_a_board(net: Net) -> None:
    one, early = net.station("one"), net.station("early")
    early.relay.start()
    early.relay.start()
    await settle()
    await one.relay.open(BOARD)
    one.relay.tell("early", BOARD, Post(hello=True))
    await early.until(lambda: early.posts == [Post(hello=True, told=True)])
    assert net.layer.members(process_group("early")) == 1


async def test_a_hundred_movers_of_one_tick_are_one_message(net: Net) -> None:
    one, other = await net.two()
    one.relay.post(BOARD, Post(cursors=dict.fromkeys(range(100), A)))
    await settle()
    assert len(net.layer.posts(GROUP)) == 1
    assert other.posts == [Post(cursors=dict.fromkeys(range(100), A))]


async def test_what_is_not_sent_yet_merges(net: Net) -> None:
    one, other = await net.two()
    net.layer.open.clear()
    one.relay.post(BOARD, Post(cursors={1: A}))
    await settle()
    for post in (Post(cursors={1: B, 2: B}), Post(look=True), Post(cursors={1: C})):
        one.relay.post(BOARD, post)
    one.relay.post(BOARD, Post(states={2: AWAY}))
    net.layer.open.set()
    await settle()
    assert other.posts == [
        Post(cursors={1: A}),
        Post(look=True, cursors={1: C}, states={2: AWAY}),
    ]


async def test_the_order_is_kept_however_slow_the_layer_is(net: Net) -> None:
    one, other = await net.two()
    for x in range(200):
        if x % 7 == 0:
            net.layer.open.clear()
        one.relay.post(BOARD, Post(cursors={1: x.to_bytes(4)}))
        if x % 5 == 0:
            net.layer.open.set()
        await settle()
    net.layer.open.set()
    await settle()
    heard = [int.from_bytes(post.cursors[1]) for post in other.posts]
    assert heard == sorted(set(heard))
    assert heard[-1] == 199
    assert len(heard) > 100


# Joining and leaving groups


async def test_a_boards_group_is_joined_only_while_it_is_open(net: Net) -> None:
    one, other = await net.two()
    assert one.relay.open_boards == {BOARD}
    assert net.layer.sharing() == 2
    await one.relay.open(BOARD)
    await one.relay.close(BOARD)
    await one.relay.close(BOARD)
    assert one.relay.open_boards == frozenset()
    assert net.layer.sharing() == 1
    other.relay.post(BOARD, Post(look=True))
    await settle()
    assert one.heard == []
    await one.relay.open(BOARD)
    other.relay.post(BOARD, Post(hello=True))
    await settle()
    assert one.posts == [Post(hello=True)]


async def test_a_board_is_open_when_it_is_heard_and_not_before(
    net: Net, loop: SkippingLoop
) -> None:
    one, other = net.station("one"), net.station("other")
    await other.relay.open(BOARD)
    net.layer.late = 0.45
    begun = loop.time()
    await one.relay.open(BOARD)
    assert 0.9 <= loop.time() - begun <= 1.1
    other.relay.post(BOARD, Post(look=True))
    await settle()
    assert one.posts == [Post(look=True)]


TROUBLES = pytest.mark.parametrize("trouble", [fail, hang, lose])


@TROUBLES
@pytest.mark.parametrize("started", [False, True])
async def test_a_layer_out_of_reach_is_told_in_time(
    net: Net, loop: SkippingLoop, trouble: Callable[[LayerSeam], None], started: bool
) -> None:
    one = net.station("one")
    if started:
        await one.relay.open(OTHER_BOARD)
    trouble(net.layer)
    begun = loop.time()
    with pytest.raises(TryLater):
        await one.relay.open(BOARD)
    assert loop.time() - begun <= HEARD_WITHIN
    assert BOARD not in one.relay.open_boards


@TROUBLES
async def test_a_layer_known_to_be_out_of_reach_is_not_waited_for(
    net: Net, loop: SkippingLoop, trouble: Callable[[LayerSeam], None]
) -> None:
    one = net.station("one")
    await one.relay.open(OTHER_BOARD)
    trouble(net.layer)
    with pytest.raises(TryLater):
        await one.relay.open(BOARD)
    begun = loop.time()
    for _ in range(100):
        with pytest.raises(TryLater):
            await one.relay.open(BOARD)
    assert loop.time() == begun


@TROUBLES
async def test_boards_open_again_once_the_layer_is_back(
    net: Net, trouble: Callable[[LayerSeam], None]
) -> None:
    one, other = net.station("one"), net.station("other")
    await other.relay.open(BOARD)
    trouble(net.layer)
    with pytest.raises(TryLater):
        await one.relay.open(BOARD)
    mend(net.layer)
    # Where not even a channel was to be had, the next one who asks tries again.
    await pass_time(HEARD_WITHIN + BEAT_EVERY + 0.1)
    await one.relay.open(BOARD)
    other.relay.post(BOARD, Post(look=True))
    other.relay.tell("one", BOARD, Post(hello=True))
    await settle()
    assert one.posts == [Post(look=True), Post(hello=True, told=True)]


async def test_to_leave_a_group_takes_no_longer_though_the_layer_hangs(
    net: Net, loop: SkippingLoop
) -> None:
    one, _ = await net.two()
    net.layer.open.clear()
    begun = loop.time()
    await one.relay.close(BOARD)
    assert loop.time() - begun <= HEARD_WITHIN
    assert one.relay.open_boards == frozenset()


async def test_to_leave_a_group_of_a_layer_that_fails_is_no_error(net: Net) -> None:
    one, _ = await net.two()
    net.layer.away = True
    await one.relay.close(BOARD)
    assert one.relay.open_boards == frozenset()


# Names


@pytest.mark.parametrize(
    "process", ["host:1:abc", "", "ü.example:17:" + "f" * 8, "x" * 300, "a b/c"]
)
def test_the_group_of_a_process_is_a_legal_name(process: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9\-_.]{1,99}", process_group(process))


def test_processes_with_long_names_of_their_hosts_have_groups_of_their_own() -> None:
    names: list[Any] = [f"{'h' * 80}.example:{n}:{n:08x}" for n in range(100)]
    assert len(set(map(process_group, names))) == 100
