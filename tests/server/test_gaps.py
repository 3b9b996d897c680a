"""Between processes: a layer that loses messages without a word. What was lost is wrong for one
renewal of the lease."""

import pytest

from presence.protocol.messages import SetState, UserState
from presence.protocol.session import IDLE_AFTER
from presence.server.board import REPEATS
from tests.server.harness import BOARD, pass_time
from tests.server.world import RENEWAL, World, agree, quiet, states, three
from tests.support.layer import Sent, never

AWAY, ACTIVE = UserState.AWAY, UserState.ACTIVE


@pytest.mark.parametrize("seconds", [0.05, 0.9, 4.5])
async def test_what_was_lost_is_told_with_the_next_renewal(world: World, seconds: float) -> None:
    people = await three(world)
    people["bob"].move(1, 1)
    people["cy"].say(SetState(AWAY))
    await quiet(*people.values())
    world.layer.loses = lambda message: True
    people["bob"].move(7, 8)
    people["cy"].say(SetState(ACTIVE))
    people["dan"] = await world.process("two").socket("dan").join("Dan")
    await pass_time(seconds)
    world.layer.loses = never
    assert people["ada"].pointers[1] == (1, 1)
    await pass_time(RENEWAL)
    assert people["ada"].pointers[1] == (7, 8)
    assert states(people["ada"])[2] is ACTIVE
    assert agree(**people)


async def test_after_an_outage_of_the_store_everything_is_told_again(world: World) -> None:
    people = await three(world)
    await pass_time(30)
    world.layer.loses = lambda message: True
    people["bob"].move(7, 8)
    for process in world.processes.values():
        process.seam.open.clear()
    await pass_time(30)
    world.layer.loses = never
    for process in world.processes.values():
        process.seam.open.set()
    await pass_time(RENEWAL)
    assert people["ada"].pointers[1] == (7, 8)


async def test_cursors_told_again_are_not_told_as_news(world: World) -> None:
    people = await three(world)
    for x in range(20):
        people["bob"].move(x)
        await pass_time(0.05)
    await quiet(*people.values())
    await pass_time(RENEWAL)
    assert people["ada"].heard() == people["cy"].heard() == []


async def test_a_board_where_nobody_moves_costs_nothing(world: World) -> None:
    people = await three(world)
    people["bob"].move(1)
    await pass_time(IDLE_AFTER + (REPEATS + 1) * RENEWAL)
    world.layer.sent.clear()
    await pass_time(30)
    assert world.layer.sent == []


async def test_a_lost_introduction_is_made_up_for(world: World) -> None:
    ada = await world.joined("one", "ada")
    ada.move(7, 7)
    await pass_time(1)
    ada.say(SetState(AWAY))
    await pass_time(1)
    lost: list[Sent] = []

    def first(message: Sent) -> bool:
        if message.get("introduction"):
            lost.append(message)
        return lost == [message]

    world.layer.loses = first
    bob = await world.joined("two", "bob")
    assert states(bob) == {ada.welcome.user: ACTIVE}
    await pass_time(2 * RENEWAL)
    assert states(bob) == {ada.welcome.user: AWAY}
    assert world.layer.sharing(BOARD) == 2


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
    assert people["ada"].pointers == {1: (5, 5)}, "known people need not wait"
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
