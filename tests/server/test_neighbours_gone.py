"""People of one board on several processes: who goes on in another, and processes that die."""

from uuid import UUID

import pytest

from presence.protocol.messages import (
    PresenceUpdate,
    Rate,
    Roster,
    UserJoined,
    UserLeft,
)
from tests.server.harness import BOARD, pass_time, settle
from tests.server.world import TIMING, World, comings, quiet

GONE_WITHIN = TIMING.lease + TIMING.grace + 1.5
"""Seconds from a process's death until its people are off every roster."""


# Going on in another process


@pytest.mark.parametrize("alone", [True, False])
async def test_who_comes_back_to_another_process_is_not_noticed(world: World, alone: bool) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    if not alone:
        await world.joined("two", "dan")
    cy = await world.joined("three", "cy")
    bob.move(1, 2)
    await quiet(ada, cy)
    before, count = bob.welcome, cy.count
    bob.snap()
    await pass_time(3)
    again = await world.joined("three", "bob")
    assert (again.welcome.user, again.welcome.color) == (before.user, before.color)
    assert again.count == count
    again.move(3, 4)
    await pass_time(2 * GONE_WITHIN)
    for other in (ada, cy):
        assert comings(other) == []
        assert other.pointers[before.user] == (3, 4)


async def test_the_process_they_left_forgets_them(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    seam = world.process("two").seam
    bob.snap()
    await pass_time(3)
    again = await world.joined("one", "bob")
    await pass_time(TIMING.grace)
    assert seam.calls.count("reap") <= 2
    calls = len(seam.calls)
    await pass_time(60)
    assert len(seam.calls) == calls
    assert world.layer.sharing(BOARD) == 0
    assert (ada.count, again.count) == (2, 2)


async def test_who_goes_from_process_to_process_stays_one(world: World) -> None:
    ada = await world.joined("one", "ada")
    bob = await world.joined("two", "bob")
    await quiet(ada)
    for number in range(6):
        bob.snap()
        await pass_time(0.5)
        bob = await world.joined(("one", "two", "three")[number % 3], "bob")
        bob.move(number)
        await pass_time(0.5)
        assert ada.pointers[1] == (number, 0)
    assert comings(ada) == []
    assert await world.process("one").people() == 2


async def test_a_new_name_under_which_one_comes_back_elsewhere_is_told(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada)
    bob.snap()
    await settle()
    await world.process("three").socket("bob").join("Robert")
    await pass_time(0.1)
    assert comings(ada) == [UserJoined(16028, 1, "Robert", bob.welcome.color)]


# Death


async def test_the_people_of_a_dead_process_are_gone_everywhere(world: World) -> None:
    ada, cy = await world.joined("one", "ada"), await world.joined("three", "cy")
    await world.joined("two", "bob")
    await quiet(ada, cy)
    await world.die("two")
    await pass_time(TIMING.lease + TIMING.grace - TIMING.lease / 3 - 0.1)
    assert comings(ada) == []
    await pass_time(TIMING.lease / 3 + 1.6)
    for other in (ada, cy):
        assert comings(other) == [UserLeft(16028, 2), PresenceUpdate(16028, 2)]
    assert await world.process("one").people() == 2


async def test_the_last_process_alive_tells_of_the_dead(world: World) -> None:
    ada, _ = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada)
    await world.die("two")
    await pass_time(GONE_WITHIN)
    assert comings(ada) == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]
    assert ada.all(Rate)[-1] == Rate(0)
    calls = world.process("one").seam.calls.count("reap")
    await pass_time(20)
    assert world.process("one").seam.calls.count("reap") == calls


async def test_who_comes_to_a_board_of_the_dead_sees_them_go(world: World) -> None:
    bob = await world.joined("two", "bob")
    await world.die("two")
    await pass_time(TIMING.lease + 1)
    ada = await world.joined("one", "ada")
    assert [entry.name for entry in ada.all(Roster)[0].users] == ["Bob"]
    assert ada.count == 2
    await pass_time(TIMING.grace + 1)
    gone = [UserLeft(16028, bob.welcome.user), PresenceUpdate(16028, 1)]
    assert comings(ada)[-2:] == gone


async def test_people_of_a_dead_process_who_come_back_are_not_noticed(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    dan = await world.joined("two", "dan")
    await quiet(ada)
    await world.die("two")
    await pass_time(TIMING.lease + 2)
    again = await world.joined("three", "bob")
    assert again.welcome.user == bob.welcome.user
    await pass_time(TIMING.grace + 2)
    assert comings(ada) == [UserLeft(16028, dan.welcome.user), PresenceUpdate(16028, 2)]
    assert (ada.count, again.count) == (2, 2)


async def test_thirty_boards_of_a_dead_process_are_mended(world: World) -> None:
    boards = [UUID(int=number) for number in range(1, 31)]
    stay = [await world.joined("one", "ada", board=board) for board in boards]
    for board in boards:
        await world.joined("two", "bob", board=board)
    assert [ada.count for ada in stay] == [2] * 30
    await world.die("two")
    await pass_time(GONE_WITHIN)
    assert [ada.count for ada in stay] == [1] * 30
    assert {world.layer.sharing(board) for board in boards} <= {0, 1}
