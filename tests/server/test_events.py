"""Events of people who join and leave: each is told once over all processes, and not of tabs."""

import pytest

from presence.server.events import BoardEmptied, Event, PersonJoined, PersonLeft
from presence.store.base import Timing
from tests.server.harness import BOARD, OTHER_BOARD, Socket, pass_time, settle
from tests.server.world import MENDED, RENEWAL, TIMING, World

GONE = Timing().grace + 1
"""Seconds until a person whose socket broke has left."""

RELOADED = Timing().reload_grace - 0.5
"""Seconds within which a page that is loaded again is back."""

DEAD = TIMING.lease + GONE + RENEWAL
"""Seconds until the people of a dead process have left."""


def joined(person: str, count: int) -> Event:
    return PersonJoined(BOARD, person, person.title(), count)


def left(person: str, count: int) -> Event:
    return PersonLeft(BOARD, person, person.title(), count)


def emptied(person: str) -> Event:
    return BoardEmptied(BOARD, person, person.title(), 0)


async def two(world: World) -> tuple[Socket, Socket]:
    """Return two people on two processes, whose events were read."""
    people = await world.joined("one", "ada"), await world.joined("two", "bob")
    assert world.told() == [joined("ada", 1), joined("bob", 2)]
    return people


async def test_people_leave_one_after_the_other(world: World) -> None:
    ada, bob = await two(world)
    ada.leave()
    await settle()
    assert world.told() == [left("ada", 1)]
    bob.hang_up()
    await settle()
    assert world.told() == [left("bob", 0), emptied("bob")]
    await pass_time(60)
    assert world.told() == []


async def test_another_tab_is_no_event_on_the_same_board(world: World) -> None:
    tabs = [await world.joined(process, "ada") for process in ("one", "one", "two", "three")]
    await world.joined("one", "ada", board=OTHER_BOARD)
    assert world.told() == [joined("ada", 1), PersonJoined(OTHER_BOARD, "ada", "Ada", 1)]
    for tab in tabs[:-1]:
        tab.hang_up()
        await pass_time(1)
    assert world.told() == []
    tabs[-1].hang_up()
    await settle()
    assert world.told() == [left("ada", 0), emptied("ada")]


@pytest.mark.parametrize("back", ["one", "two", ""])
async def test_a_broken_socket_is_an_event_only_when_the_grace_is_over(
    world: World, back: str
) -> None:
    ada, _ = await two(world)
    ada.snap()
    await pass_time(GONE - 1.5)
    if back:
        await world.joined(back, "ada")
    assert world.told() == []
    await pass_time(2 if not back else DEAD)
    assert world.told() == ([] if back else [left("ada", 1)])


@pytest.mark.parametrize("back", ["one", "two", ""])
async def test_a_page_that_goes_away_is_an_event_only_if_it_stays_away(
    world: World, back: str
) -> None:
    ada, bob = await two(world)
    for person in (ada, bob):
        person.go_away()
    await pass_time(RELOADED)
    assert world.told() == []
    if back:
        await world.joined(back, "ada")
        await world.joined("two", "bob")
    await pass_time(DEAD)
    assert world.told() == ([] if back else [left("ada", 0), left("bob", 0), emptied("bob")])


async def test_people_of_a_dead_process_leave_once(world: World) -> None:
    await two(world)
    await world.joined("one", "dee")
    await world.joined("three", "cy")
    world.told()
    await world.die("one")
    await pass_time(DEAD)
    assert world.told() == [left("ada", 2), left("dee", 2)]


async def test_people_whom_the_store_lost_and_got_back_are_no_event(world: World) -> None:
    await two(world)
    world.lose_everything()
    await pass_time(RENEWAL + MENDED)
    assert world.told() == []


async def test_a_join_that_fails_half_way_is_taken_back(world: World) -> None:
    one = world.process("one")
    one.seam.failing["snapshot"] = RuntimeError("a fault")
    ada = one.socket("ada", name="Ada")
    ada.ask("Ada")
    await pass_time(5)
    assert ada.codes != []
    assert world.told() == [joined("ada", 1), left("ada", 0), emptied("ada")]


@pytest.mark.parametrize("by", ["", "one", "two"])
async def test_a_removal_is_told_once_by_who_removes(world: World, by: str) -> None:
    await two(world)
    await world.joined("two", "ada")
    await world.operations(by).remove(BOARD, "ada", 60)
    world.process("one").socket("ada").ask()
    await pass_time(DEAD)
    assert world.told() == [left("ada", 1)], "nor is a refusal an event"
