"""What staff are told of a board, and what becomes of what they do, on any process and on none."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from presence.cluster.requests import LAYER_WITHIN
from presence.protocol.errors import Close, TryLater
from presence.protocol.messages import SetState, UserState
from presence.server.operations import BELIEVED, Heard, Operations
from presence.server.people import Person
from tests.server.harness import BOARD, OTHER_BOARD, Socket, pass_time, settle
from tests.server.world import RENEWAL, World, agree, quiet, three
from tests.support.layer import never

EVERYWHERE = pytest.mark.parametrize("by", ["", "one", "two", "three"])
"""From no process, from that of the person, and from others."""


async def told(world: World, by: str = "") -> dict[str, Person]:
    """Return whom staff see on the board, by key."""
    return {person.key: person for person in (await world.operations(by).scene(BOARD)).people}


@EVERYWHERE
async def test_removal_closes_every_tab_at_once(world: World, by: str) -> None:
    people = await three(world)
    tab = await world.joined("three", "ada")
    assert await world.operations(by).remove(BOARD, "ada", 60) == 2
    await pass_time(0.5)
    assert people["ada"].codes == tab.codes == [Close.REMOVED]
    del people["ada"]
    assert agree(**people)


async def test_removal_of_somebody_alone(world: World) -> None:
    ada = await world.joined("one", "ada")
    assert await world.operations().remove(BOARD, "ada", 60) == 1
    await pass_time(0.5)
    assert ada.codes == [Close.REMOVED]


async def test_removal_of_nobody(world: World) -> None:
    people = await three(world)
    assert await world.operations("one").remove(BOARD, "dee", 60) == 0
    await pass_time(RENEWAL)
    assert agree(**people)
    late = world.process("one").socket("dee")
    late.ask()
    await settle()
    assert late.codes == [Close.REMOVED]


@pytest.mark.parametrize("by", ["", "two"])
async def test_where_no_word_comes_through_the_renewal_sees_it(
    world: World, by: str, caplog: pytest.LogCaptureFixture
) -> None:
    people = await three(world)
    world.layer.away = True
    assert await world.operations(by).remove(BOARD, "ada", 60) == 1
    await pass_time(RENEWAL + 5)
    assert people["ada"].codes == [Close.REMOVED]
    assert "seen at the next renewal only" in caplog.text


async def test_a_word_that_is_lost_is_made_up_for(world: World) -> None:
    people = await three(world)
    world.layer.loses = lambda message: bool(message.get("look"))
    await world.operations().remove(BOARD, "ada", 60)
    await pass_time(RENEWAL)
    assert people["ada"].codes == [Close.REMOVED]
    world.layer.loses = never


async def test_a_layer_that_hangs_holds_staff_up_for_a_moment(world: World) -> None:
    await three(world)
    loop_time = world.process("one").hub.now
    world.layer.open.clear()
    begin = loop_time()
    await world.operations().remove(BOARD, "ada", 60)
    assert loop_time() - begin <= LAYER_WITHIN + 0.1


# Closed to newcomers


async def test_a_board_is_closed_and_opened(world: World) -> None:
    operations = world.operations()
    await world.joined("one", "ada")
    await operations.close(BOARD, 60)
    assert [(await operations.scene(board)).closed for board in (BOARD, OTHER_BOARD)] == [
        True,
        False,
    ]
    bob = world.process("one").socket("bob")
    bob.ask()
    await settle()
    assert bob.codes == [Close.FORBIDDEN]
    await operations.close(BOARD, 0)
    assert not (await operations.scene(BOARD)).closed
    await world.joined("one", "bob")


# Connect anew


@EVERYWHERE
async def test_everybody_connects_anew(world: World, by: str) -> None:
    people = await three(world)
    other = await world.joined("one", "ada", board=OTHER_BOARD)
    await world.operations(by).reconnect(BOARD)
    await pass_time(0.5)
    assert [socket.codes for socket in people.values()] == [[Close.RESTARTING]] * 3
    assert other.codes == []
    back = {name: await world.joined("two", name) for name in people}
    assert {name: s.welcome.user for name, s in back.items()} == {
        name: s.welcome.user for name, s in people.items()
    }


async def test_where_no_word_comes_through_staff_are_told(world: World) -> None:
    await three(world)
    world.layer.away = True
    with pytest.raises(TryLater):
        await world.operations().reconnect(BOARD)


# Who is here


@EVERYWHERE
async def test_who_is_here(world: World, by: str) -> None:
    people = await three(world)
    begin = world.process("one").hub.now()
    await pass_time(10)
    tab = await world.joined("two", "ada")
    tab.say(SetState(UserState.AWAY))
    people["ada"].move(1, 2)
    people["bob"].say(SetState(UserState.OFF_BOARD))
    await pass_time(1)
    here = await told(world, by)
    assert list(here) == ["ada", "bob", "cy"]
    ada = here["ada"]
    assert (ada.name, ada.tabs, ada.processes) == ("Ada", 2, ("one", "two"))
    assert (ada.state, here["bob"].state) == ("active", "off board")
    assert ada.color == people["ada"].welcome.color
    for_so_long = datetime.now(UTC) - ada.since
    passed = timedelta(seconds=world.process("one").hub.now() - begin)
    assert passed < for_so_long < passed + timedelta(seconds=5)


@EVERYWHERE
async def test_where_the_cursors_are(world: World, by: str) -> None:
    people = await three(world)
    people["ada"].move(1, 2)
    people["bob"].move(3, 4)
    people["bob"].say(SetState(UserState.OFF_BOARD))
    await pass_time(1)
    ada = people["ada"].connection.session_id
    assert (await world.operations(by).scene(BOARD)).cursors == {ada: ("ada", 1, 2)}


async def test_who_need_not_know_what_people_do_asks_nobody(world: World) -> None:
    await three(world)
    before = len(world.layer.sent)
    here = (await world.operations().scene(BOARD, within=0)).people
    assert [person.state for person in here] == [None, None, None]
    assert len(world.layer.sent) == before


async def test_nobody_is_here(world: World) -> None:
    world.process("one")
    assert await told(world) == await told(world, "one") == {}


async def test_the_number_is_the_count(world: World) -> None:
    people = [await world.joined(f"process {n % 3}", f"person {n % 7}") for n in range(12)]
    people[0].snap()
    here = await told(world)
    counts = await world.operations().counts([BOARD, OTHER_BOARD])
    assert dict(counts) == {BOARD: len(here), OTHER_BOARD: 0}
    assert sum(person.tabs for person in here.values()) == 12


async def test_a_process_that_does_not_answer_leaves_its_states_open(world: World) -> None:
    await three(world)
    world.layer.loses = lambda message: "ask" in message
    here = await told(world, "two")
    assert [person.state for person in here.values()] == [None, "active", None]


async def test_a_process_that_is_late_is_believed_for_a_moment(world: World) -> None:
    people = await three(world)
    people["ada"].move(1, 2)
    await pass_time(1)
    heard = Heard(world.process("one").hub.now)
    operations = Operations(world.store, world.layer, None, world.events.append, heard)
    before = await operations.scene(BOARD, within=0.5)
    world.layer.loses = lambda message: "ask" in message
    late = await operations.scene(BOARD, within=0.5)
    assert (late.cursors, len(late.cursors)) == (before.cursors, 1)
    assert [person.state for person in late.people] == ["active"] * 3
    await pass_time(BELIEVED)
    assert [person.state for person in (await operations.scene(BOARD, within=0.5)).people] == [
        None
    ] * 3


async def test_a_question_that_is_lost_is_asked_again_in_time(world: World) -> None:
    await three(world)
    lost: list[bool] = []

    def first(message: dict[str, Any]) -> bool:
        lost.append("ask" in message and len(lost) < 3)
        return lost[-1]

    world.layer.loses = first
    here = (await world.operations().scene(BOARD, within=0.5)).people
    assert [person.state for person in here] == ["active"] * 3


async def test_without_the_layer_people_are_known(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await three(world)
    world.layer.away = True
    with caplog.at_level(logging.WARNING):
        assert list(await told(world)) == ["ada", "bob", "cy"]
    assert "what people do is not known" in caplog.text


async def test_to_ask_leaves_nothing_behind(world: World) -> None:
    await three(world)
    before = len(world.layer.inner.channels)
    for _ in range(3):
        await told(world)
    assert len(world.layer.inner.channels) == before


async def test_removed_people_see_no_more_of_the_board(world: World) -> None:
    people = await three(world)
    ada: Socket = people["ada"]
    await world.operations().remove(BOARD, "ada", 60)
    await quiet(ada)
    people["bob"].move(3, 4)
    await pass_time(1)
    assert ada.heard() == []
