"""What staff are told of a board, and what becomes of what they do, on any process and on none."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from presence.protocol.errors import Close, Notice, TryLater
from presence.protocol.messages import (
    NoticeMessage,
    PresenceUpdate,
    SetState,
    UserLeft,
    UserState,
)
from presence.server.operations import ACTIVITY_LIFETIME, Operations, RecentActivity
from presence.server.people import Person
from tests.server.harness import BOARD, OTHER_BOARD, Process, Socket, pass_time, settle
from tests.server.world import RENEWAL, TIMING, World, agree, comings, quiet, three
from tests.support.layer import never

EVERYWHERE = pytest.mark.parametrize("by", ["", "one", "two", "three"])
"""From no process, from that of the person, and from others."""

BANNED = 30.0
"""Seconds for which a removed person is kept out."""


async def refused(world: World, name: str, person: str) -> Socket:
    """Return the socket of somebody who asks to join, and is refused."""
    socket = world.process(name).socket(person)
    socket.ask()
    await settle()
    assert len(socket.codes) == 1
    return socket


# Removing


@EVERYWHERE
async def test_every_tab_closes_at_once_and_the_others_are_told(world: World, by: str) -> None:
    people = await three(world)
    tab = await world.joined("two", "ada")
    elsewhere = await world.joined("one", "ada", board=OTHER_BOARD)
    await quiet(*people.values(), tab)
    assert await world.operations(by).remove(BOARD, "ada", BANNED) == 2
    await pass_time(0.5)
    for removed in (people.pop("ada"), tab):
        assert removed.codes == [Close.REMOVED]
        assert removed.heard()[-1] == NoticeMessage(Notice.REMOVED, 0)
    for other in people.values():
        *left, count = comings(other)
        assert {*left} == {UserLeft(16028, user) for user in (0, 3)}
        assert count == PresenceUpdate(16028, 2)
    assert agree(**people)
    people["bob"].move(3, 4)
    await pass_time(RENEWAL)
    assert tab.heard() == []
    assert elsewhere.codes == []


@EVERYWHERE
async def test_all_tabs_on_all_boards_close_at_once_and_the_others_are_told(
    world: World, by: str
) -> None:
    people = await three(world)
    tab = await world.joined("two", "ada")
    elsewhere = await world.joined("two", "ada", board=OTHER_BOARD)
    await quiet(*people.values(), tab)
    assert await world.operations(by).disconnect("ada", 0) == 3
    await pass_time(0.5)
    for closed in (people.pop("ada"), tab, elsewhere):
        assert closed.codes == [Close.REMOVED]
    for other in people.values():
        *left, count = comings(other)
        assert {*left} == {UserLeft(16028, user) for user in (0, 3)}
        assert count == PresenceUpdate(16028, 2)
    assert await world.operations(by).disconnect("ada", 0) == 0
    assert (await world.joined("one", "ada")).codes == []


async def test_the_last_person_is_removed_in_a_process_alone(process: Process) -> None:
    ada = await process.joined("ada")
    operations = Operations(process.seam.inner, None, process.hub, lambda event: None)
    assert await operations.remove(BOARD, "ada", BANNED) == 1
    await settle()
    assert ada.codes == [Close.REMOVED]
    await pass_time(60)
    assert await process.people() == 0


@pytest.mark.parametrize("here", [False, True])
async def test_a_removed_person_is_kept_out_for_so_long(world: World, here: bool) -> None:
    bob = await world.joined("two", "bob")
    if here:
        await world.joined("one", "ada")
    assert await world.operations("two").remove(BOARD, "ada", BANNED) == here
    again = await refused(world, "two", "ada")
    assert again.codes == [Close.REMOVED]
    assert again.messages == [NoticeMessage(Notice.REMOVED, 0)]
    await pass_time(BANNED)
    await world.joined("two", "ada")
    assert bob.count == 2


async def test_for_no_time_they_may_come_back_at_once(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await world.operations().remove(BOARD, "ada", 0)
    await settle()
    assert ada.codes == [Close.REMOVED]
    again = await world.joined("one", "ada")
    await pass_time(RENEWAL + 1)
    assert again.codes == []
    assert agree(ada=again, bob=bob)


async def test_somebody_in_their_grace_is_gone_at_once(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(bob)
    ada.snap()
    await world.operations().remove(BOARD, "ada", BANNED)
    await settle()
    assert comings(bob) == [UserLeft(16028, 0), PresenceUpdate(16028, 1)]
    assert (await refused(world, "two", "ada")).codes == [Close.REMOVED]


async def test_a_removal_while_somebody_joins(world: World) -> None:
    bob = await world.joined("one", "bob")
    cy, two = await world.joined("two", "cy"), world.process("two")
    two.seam.late.add("join")
    two.seam.open.clear()
    ada = two.socket("ada")
    ada.ask()
    await settle()
    await world.store.remove(BOARD, "ada", 0)
    two.seam.open.set()
    await pass_time(RENEWAL)
    assert ada.codes == [Close.REMOVED]
    assert agree(bob=bob, cy=cy)


@pytest.mark.parametrize("by", ["", "two"])
@pytest.mark.parametrize("trouble", ["away", "loses", "store emptied"])
async def test_the_next_renewal_makes_up_for_a_lost_announcement(
    world: World, by: str, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    people = await three(world)
    if trouble == "store emptied":
        world.lose_everything()
        await pass_time(RENEWAL)
    world.layer.away = trouble == "away"
    world.layer.loses = lambda message: True
    assert await world.operations(by).remove(BOARD, "ada", BANNED) == 1
    await pass_time(0.5)
    world.layer.loses = never
    await pass_time(RENEWAL + 5)
    assert people.pop("ada").codes == [Close.REMOVED]
    world.layer.away = False
    await pass_time(RENEWAL)
    assert agree(**people)
    assert ("could not announce a removal" in caplog.text) == (trouble == "away")


@pytest.mark.parametrize("seconds", [1, TIMING.lease + TIMING.grace + 1])
async def test_a_process_that_slept_does_not_put_them_back(world: World, seconds: float) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    one = world.process("one")
    one.seam.open.clear()
    world.layer.loses = lambda message: True
    await pass_time(seconds)
    await world.store.remove(BOARD, "ada", 60)
    await pass_time(30)
    world.layer.loses = never
    one.seam.open.set()
    await pass_time(20)
    assert ada.codes == [Close.REMOVED]
    assert agree(bob=bob)


# Closing to newcomers


async def test_a_closed_board_refuses_newcomers_only(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    operations = world.operations()
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await operations.store.close_board(BOARD, 600)
    scenes = [await operations.scene(board) for board in (BOARD, OTHER_BOARD)]
    assert [scene.closed for scene in scenes] == [True, False]
    cy = await refused(world, "two", "cy")
    assert (cy.messages, cy.codes) == ([NoticeMessage(Notice.FORBIDDEN, 0)], [Close.FORBIDDEN])
    assert (await world.joined("two", "ada")).count == 2, "another tab"
    await quiet(bob)
    ada.snap()
    await settle()
    again = await world.joined("two", "ada")
    assert again.welcome.user == ada.welcome.user
    assert comings(bob) == []
    await operations.store.close_board(BOARD, 0)
    assert not (await operations.scene(BOARD)).closed
    assert (await world.joined("one", "cy")).count == 3
    await pass_time(RENEWAL)
    assert caplog.records == [], "a refusal is no trouble with the store"


# Reconnecting


@EVERYWHERE
async def test_everybody_reconnects_unnoticed(world: World, by: str) -> None:
    people = await three(world)
    elsewhere = await world.joined("one", "ada", board=OTHER_BOARD)
    await world.operations(by).reconnect(BOARD)
    await pass_time(0.5)
    retry = int(TIMING.grace * 300)
    for socket in people.values():
        assert socket.codes == [Close.RESTARTING]
        assert socket.heard()[-1] == NoticeMessage(Notice.RESTARTING, retry)
    assert elsewhere.codes == []
    await pass_time(TIMING.grace * 0.6 - 0.5)
    back = {name: await world.joined("two", name) for name in people}
    users = {name: socket.welcome.user for name, socket in people.items()}
    assert {name: socket.welcome.user for name, socket in back.items()} == users
    assert agree(**back)


async def test_staff_are_told_that_nobody_can_be_made_to_reconnect(world: World) -> None:
    await three(world)
    world.layer.away = True
    with pytest.raises(TryLater):
        await world.operations().reconnect(BOARD)


# Who is here


async def people_seen(world: World, by: str = "") -> dict[str, Person]:
    """Return the people that staff see on the board, by key."""
    return {person.key: person for person in (await world.operations(by).scene(BOARD)).people}


async def states(operations: Operations, within: float) -> list[str | None]:
    return [person.state for person in (await operations.scene(BOARD, within)).people]


@EVERYWHERE
async def test_people_and_their_cursors_are_seen(world: World, by: str) -> None:
    people = await three(world)
    begin = world.process("one").hub.now()
    await pass_time(10)
    tab = await world.joined("two", "ada")
    tab.say(SetState(UserState.AWAY))
    people["ada"].move(1, 2)
    people["bob"].move(3, 4)
    people["bob"].say(SetState(UserState.OFF_BOARD))
    await pass_time(1)
    scene = await world.operations(by).scene(BOARD)
    assert [person.key for person in scene.people] == ["ada", "bob", "cy"]
    ada, bob, _ = scene.people
    assert (ada.name, ada.tabs, ada.processes) == ("Ada", 2, ("one", "two"))
    assert (ada.state, bob.state) == ("active", "off board")
    assert ada.color == people["ada"].welcome.color
    passed = timedelta(seconds=world.process("one").hub.now() - begin)
    assert passed < datetime.now(UTC) - ada.since < passed + timedelta(seconds=5)
    assert scene.cursors == {people["ada"].connection.session_id: ("ada", 1, 2)}


async def test_without_states_no_process_is_asked(world: World) -> None:
    await three(world)
    sent = len(world.layer.sent)
    assert await states(world.operations(), 0) == [None, None, None]
    assert len(world.layer.sent) == sent


async def test_counts_are_of_people(world: World) -> None:
    people = [await world.joined(f"process {n % 3}", f"person {n % 7}") for n in range(12)]
    people[0].snap()
    here = await people_seen(world)
    assert sum(person.tabs for person in here.values()) == 12
    assert len(here) == 7
    operations = world.operations()
    assert await operations.store.counts([BOARD, OTHER_BOARD]) == {BOARD: 7, OTHER_BOARD: 0}
    assert await operations.store.boards() == {BOARD: 7}
    assert (await operations.scene(OTHER_BOARD)).people == []


async def test_the_states_of_a_silent_process_are_unknown(world: World) -> None:
    await three(world)
    world.layer.loses = lambda message: "ask" in message
    here = await people_seen(world, "two")
    assert [person.state for person in here.values()] == [None, "active", None]


async def test_the_last_answer_of_a_late_process_is_reused_for_a_while(world: World) -> None:
    people = await three(world)
    people["ada"].move(1, 2)
    await pass_time(1)
    recent = RecentActivity(world.process("one").hub.now)
    operations = Operations(world.store, world.layer, None, world.events.append, recent)
    before = await operations.scene(BOARD, 0.5)
    world.layer.loses = lambda message: "ask" in message
    late = await operations.scene(BOARD, 0.5)
    assert (late.cursors, len(late.cursors)) == (before.cursors, 1)
    assert [person.state for person in late.people] == ["active"] * 3
    await pass_time(ACTIVITY_LIFETIME)
    assert await states(operations, 0.5) == [None] * 3


async def test_a_lost_question_is_asked_again_in_time(world: World) -> None:
    await three(world)
    lost: list[bool] = []

    def lose_first(message: dict[str, Any]) -> bool:
        lost.append("ask" in message and len(lost) < 3)
        return lost[-1]

    world.layer.loses = lose_first
    assert await states(world.operations(), 0.5) == ["active"] * 3


async def test_without_the_layer_people_are_known(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await three(world)
    operations = world.operations()
    for world.layer.away in (True, True, False):
        with caplog.at_level(logging.INFO, "presence.server.operations"):
            assert len((await operations.scene(BOARD)).people) == 3
    logged = [r.message for r in caplog.records if r.name == "presence.server.operations"]
    assert len(logged) == 2
    assert "cannot ask other processes" in logged[0]
