"""Who came and who went, told once over all processes, and of people, not of tabs."""

import pytest

from presence.server.events import BoardEmptied, Event, PersonJoined, PersonLeft
from presence.store.base import Timing
from tests.server.harness import BOARD, OTHER_BOARD, pass_time, settle
from tests.server.world import MENDED, RENEWAL, TIMING, World

GONE = Timing().grace + 1
"""Seconds until who broke has left."""

DEAD = TIMING.lease + GONE + RENEWAL
"""Seconds until the people of a process that died have left."""


def joined(person: str, count: int) -> Event:
    return PersonJoined(BOARD, person, person.title(), count)


def left(person: str, count: int) -> Event:
    return PersonLeft(BOARD, person, person.title(), count)


def emptied(person: str) -> Event:
    return BoardEmptied(BOARD, person, person.title(), 0)


async def test_two_people_come_and_go_on_two_processes(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    assert world.told() == [joined("ada", 1), joined("bob", 2)]
    ada.leave()
    await settle()
    assert world.told() == [left("ada", 1)]
    bob.hang_up()
    await settle()
    assert world.told() == [left("bob", 0), emptied("bob")]
    await pass_time(60)
    assert world.told() == []


async def test_another_tab_neither_comes_nor_goes(world: World) -> None:
    ada = await world.joined("one", "ada")
    tabs = [await world.joined(process, "ada") for process in ("one", "two", "three")]
    assert world.told() == [joined("ada", 1)]
    for tab in [ada, *tabs[:-1]]:
        tab.hang_up()
        await pass_time(1)
    assert world.told() == []
    tabs[-1].hang_up()
    await settle()
    assert world.told() == [left("ada", 0), emptied("ada")]


async def test_on_each_board_for_itself(world: World) -> None:
    await world.joined("one", "ada")
    await world.joined("one", "ada", board=OTHER_BOARD)
    assert world.told() == [joined("ada", 1), PersonJoined(OTHER_BOARD, "ada", "Ada", 1)]


@pytest.mark.parametrize("back", ["one", "two"])
async def test_who_comes_back_in_time_neither_left_nor_came(world: World, back: str) -> None:
    ada, _ = await world.joined("one", "ada"), await world.joined("two", "bob")
    world.told()
    ada.snap()
    await pass_time(1)
    await world.joined(back, "ada")
    await pass_time(DEAD)
    assert world.told() == []


async def test_who_broke_leaves_after_the_grace(world: World) -> None:
    ada, _ = await world.joined("one", "ada"), await world.joined("two", "bob")
    world.told()
    ada.snap()
    await pass_time(GONE - 1.5)
    assert world.told() == []
    await pass_time(2)
    assert world.told() == [left("ada", 1)]


async def test_people_of_a_process_that_died_leave_once(world: World) -> None:
    await world.joined("one", "ada")
    await world.joined("one", "dee")
    for process, person in [("two", "bob"), ("three", "cy")]:
        await world.joined(process, person)
    world.told()
    await world.die("one")
    await pass_time(DEAD)
    assert world.told() == [left("ada", 2), left("dee", 2)]


async def test_whom_a_store_lost_and_got_back_neither_left_nor_came(world: World) -> None:
    await world.joined("one", "ada")
    await world.joined("two", "bob")
    world.told()
    world.lose_everything()
    await pass_time(RENEWAL + MENDED)
    assert world.told() == []


async def test_a_join_that_failed_half_way_comes_and_leaves(world: World) -> None:
    one = world.process("one")
    one.seam.failing["snapshot"] = RuntimeError("a fault")
    ada = one.socket("ada")
    ada.ask("Ada")
    await pass_time(5)
    assert ada.codes != []
    assert world.told() == [joined("ada", 1), left("ada", 0), emptied("ada")]


async def test_who_was_refused_did_not_come(world: World) -> None:
    await world.store.close_board(BOARD, 60)
    world.process("one").socket("ada").ask()
    await pass_time(1)
    assert world.told() == []


@pytest.mark.parametrize("by", ["", "one", "two"])
async def test_a_removal_is_told_once_by_who_removes(world: World, by: str) -> None:
    await world.joined("one", "ada")
    await world.joined("two", "ada")
    await world.joined("two", "bob")
    world.told()
    await world.operations(by).remove(BOARD, "ada", 60)
    await pass_time(DEAD)
    assert world.told() == [left("ada", 1)]
