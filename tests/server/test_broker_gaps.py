"""Between processes: a layer that loses a few messages, and says nothing of it."""

import asyncio

import pytest

from presence.cluster.broker import BEAT_EVERY, MARKS
from presence.cluster.messages import Post
from presence.protocol.board_ids import group_name
from presence.protocol.messages import Roster, SetState, UserState
from tests.server.harness import BOARD, OTHER_BOARD, pass_time, settle
from tests.server.net import Net, Station, mend
from tests.server.world import RENEWAL, LayerSeam, Message, World, agree, quiet, states, three

A = b"\x00\x01\x00\x01"


def loses(layer: LayerSeam, *which: int) -> None:
    """Lose those of the posts to a board's group that follow, counted from 0."""
    said: list[Message] = []

    def lost(message: Message) -> bool:
        if "echo" in message or message.get("told"):
            return False
        said.append(message)
        return len(said) - 1 in which

    layer.loses = lost


async def talk(station: Station, times: int) -> None:
    for _ in range(times):
        station.relay.post(BOARD, Post(cursors={1: A}))
        await settle()


async def test_what_follows_shows_that_something_was_lost(net: Net) -> None:
    one, other = await net.two()
    await talk(one, 1)
    loses(net.layer, 1, 2)
    await talk(one, 3)
    assert other.gaps == []
    await talk(one, 3)
    assert other.gaps == [BOARD]
    assert len(other.posts) == 5
    assert one.gaps == []


@pytest.mark.parametrize("lost", [(0,), (0, 1), (0, 2), (0, 1, 2), (1, 2)])
async def test_the_last_that_was_said_is_missed_although_nothing_follows(
    net: Net, lost: tuple[int, ...]
) -> None:
    one, other = await net.two()
    await talk(one, 1)
    await pass_time(10)
    loses(net.layer, *lost)
    await talk(one, 1)
    await pass_time(BEAT_EVERY * (MARKS + 1))
    assert set(other.gaps) == {BOARD}


async def test_a_board_where_nobody_moves_costs_nothing(net: Net) -> None:
    one, _ = await net.two()
    await talk(one, 1)
    await pass_time(10)
    net.layer.sent.clear()
    await pass_time(60)
    assert [said for _, said in net.layer.sent if "echo" not in said] == []


async def test_nothing_was_lost_of_a_board_that_is_shared_again(net: Net) -> None:
    one, other = await net.two()
    for _ in range(3):
        await talk(one, 5)
        await other.relay.close(BOARD)
        await talk(one, 5)
        await other.relay.open(BOARD)
        await talk(one, 5)
        await pass_time(10)
    assert (one.gaps, other.gaps) == ([], [])


async def test_one_who_shares_a_board_again_is_heard(net: Net) -> None:
    one, other = await net.two()
    await one.relay.open(OTHER_BOARD)
    for _ in range(3):
        await talk(one, 5)
        await one.relay.close(BOARD)
        one.relay.post(OTHER_BOARD, Post(look=True))
        await one.relay.open(BOARD)
    await talk(one, 1)
    assert [post for post in other.posts if not post.cursors] == []
    assert len(other.posts) == 16


async def test_what_was_lost_in_a_gap_of_all_is_not_missed_twice(net: Net) -> None:
    one, other = await net.two()
    await talk(one, 1)
    net.layer.loses = lambda message: True
    await talk(one, 5)
    await pass_time(5)
    mend(net.layer)
    await other.until(lambda: None in other.gaps)
    noticed = len(other.gaps)
    await talk(one, 5)
    await pass_time(10)
    assert len(other.gaps) == noticed <= 2


# What people see


@pytest.mark.parametrize("seconds", [0.05, 0.5, 0.9])
async def test_what_was_missed_in_a_short_gap_is_told_after_it(
    world: World, seconds: float
) -> None:
    people = await three(world)
    people["bob"].move(1, 1)
    people["cy"].say(SetState(UserState.AWAY))
    await quiet(*people.values())
    world.layer.loses = lambda message: "echo" not in message
    people["bob"].move(7, 8)
    people["cy"].say(SetState(UserState.ACTIVE))
    await pass_time(seconds)
    world.layer.loses = lambda message: False
    assert people["ada"].pointers[1] == (1, 1)
    await pass_time(BEAT_EVERY * MARKS)
    assert people["ada"].pointers[1] == (7, 8)
    assert len(people["ada"].all(Roster)) > 1
    assert states(people["ada"])[2] is UserState.ACTIVE
    assert agree(**people)


async def test_a_gap_of_which_everybody_is_told_costs_each_process_one_roster(world: World) -> None:
    people = await three(world)
    loses(world.layer, 0)
    for x in range(20):
        people["bob"].move(x)
        await pass_time(0.05)
    await pass_time(10)
    for name in ("ada", "cy"):
        assert len([m for m in people[name].heard() if isinstance(m, Roster)]) == 1
        xs = [cursor.x for cursor in people[name].cursors]
        assert xs == sorted(xs)
        assert people[name].pointers[1] == (19, 0)


@pytest.mark.parametrize("which", ["hello", "whole"])
async def test_a_greeting_that_was_lost_is_said_again(world: World, which: str) -> None:
    ada = await world.joined("one", "ada")
    ada.move(7, 7)
    await pass_time(1)
    ada.say(SetState(UserState.AWAY))
    await pass_time(1)
    lost: list[Message] = []

    def first(message: Message) -> bool:
        if message.get(which):
            lost.append(message)
        return lost == [message]

    world.layer.loses = first
    bob = await world.joined("two", "bob")
    assert states(bob) == {ada.welcome.user: UserState.ACTIVE}
    await pass_time(RENEWAL)
    assert states(bob) == {ada.welcome.user: UserState.AWAY}
    world.layer.sent.clear()
    await pass_time(60)
    assert [said for _, said in world.layer.sent if said.get("told")] == []


async def test_what_says_everything_and_was_late_is_not_told_as_news(world: World) -> None:
    people = await three(world)
    ada, bob = people["ada"], people["bob"]
    ada.move(1, 1)
    await pass_time(1)
    inner, hung = world.layer.group_send, asyncio.Event()

    async def hangs_once(group: str, message: Message) -> None:
        if message.get("whole") and message["from"] == "one" and not hung.is_set():
            hung.set()
            await asyncio.Event().wait()
        await inner(group, message)

    world.layer.group_send = hangs_once  # type: ignore[method-assign]
    loses(world.layer, 0)
    ada.move(1, 2)
    await hung.wait()
    ada.move(2, 2)
    await pass_time(20)
    seen = [(c.x, c.y) for c in bob.cursors if c.user == ada.welcome.user]
    assert seen[-1] == (2, 2)
    assert seen == sorted(seen)


async def test_the_first_moves_of_newcomers_are_seen_though_the_store_is_slow(
    world: World,
) -> None:
    people = await three(world)
    seam = world.process("one").seam
    seam.late.add("snapshot")
    seam.open.clear()
    await world.process("two").socket("dee").join("Dee")
    await pass_time(0.2)
    eve = await world.process("two").socket("eve").join("Eve")
    eve.move(9, 9)
    people["bob"].move(5, 5)
    await pass_time(0.2)
    assert people["ada"].pointers == {1: (5, 5)}, "who is known need not wait"
    seam.open.set()
    await pass_time(1)
    assert people["ada"].pointers[eve.welcome.user] == (9, 9)


async def test_the_first_move_of_a_newcomer_is_seen_though_its_board_is_busy(world: World) -> None:
    people = await three(world)
    seam = world.process("one").seam
    seam.late.add("join")
    seam.open.clear()
    world.process("one").socket("fay").ask("Fay")
    await pass_time(0.1)
    dee = world.process("four").socket("dee")
    dee.ask("Dee")
    dee.move(9, 9)
    await dee.until(lambda: dee.count is not None)
    await pass_time(0.3)
    seam.open.set()
    await pass_time(1)
    assert {socket.pointers.get(dee.welcome.user) for socket in people.values()} == {(9, 9)}


async def test_a_board_that_could_not_be_joined_is_left_again(world: World) -> None:
    ada = await world.joined("one", "ada")
    inner = world.layer.group_send

    async def deaf(group: str, message: Message) -> None:
        if group != group_name(BOARD) or "echo" not in message:
            await inner(group, message)

    world.layer.group_send = deaf  # type: ignore[method-assign]
    bob = await world.process("two").socket("bob").join("Bob")
    await pass_time(1)
    bob.leave()
    await pass_time(10)
    assert (world.layer.sharing(), ada.count) == (0, 1)
