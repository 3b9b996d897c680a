"""One board on several processes: what people hear of each other, resuming in another process,
processes that die, and messages that are lost."""

import pytest

from presence.cluster.layer import board_group
from presence.protocol.messages import (
    Cursor,
    CursorBroadcast,
    CursorUpdate,
    Dialect,
    PresenceUpdate,
    Rate,
    Roster,
    RosterEntry,
    SetState,
    States,
    UserJoined,
    UserLeft,
    UserState,
)
from presence.protocol.session import IDLE_AFTER
from presence.server.board import REPEATS
from presence.server.hub import SWEEP_EVERY
from tests.server.harness import BOARD, OTHER_BOARD, pass_time, settle
from tests.server.world import RENEWAL, TIMING, World, agree, comings, quiet, states, three
from tests.support.layer import Sent, never

GROUP = board_group(BOARD)


ACTIVE, OFF_BOARD, AWAY, IDLE = UserState


# Coming and going


async def test_two_people_on_two_processes_hear_of_each_other(world: World) -> None:
    ada = await world.joined("one", "ada")
    ada.heard()
    bob = await world.joined("two", "bob")
    board, first, second = ada.welcome.board, ada.welcome, bob.welcome
    assert (second.board, second.user, second.interval) == (board, 1, 33)
    entry = RosterEntry(0, ACTIVE, first.color, "Ada")
    assert bob.heard() == [second, Roster(board, (entry,)), PresenceUpdate(board, 2)]
    assert ada.heard() == [
        UserJoined(board, 1, "Bob", second.color),
        PresenceUpdate(board, 2),
        Rate(33),
    ]


@pytest.mark.parametrize("end", ["leave", "hang_up"])
async def test_who_leaves_has_left_everywhere_at_once(world: World, end: str) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    cy = await world.joined("three", "cy")
    await quiet(ada, cy)
    getattr(bob, end)()
    await settle()
    for other in (ada, cy):
        assert comings(other) == [UserLeft(16028, 1), PresenceUpdate(16028, 2)]


async def test_a_broken_socket_is_off_every_process_after_the_grace(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada)
    bob.snap()
    await pass_time(TIMING.grace - 0.1)
    assert comings(ada) == []
    await pass_time(SWEEP_EVERY)
    assert comings(ada) == [UserLeft(16028, 1), PresenceUpdate(16028, 1)]


async def test_tabs_of_one_person_on_two_processes_count_once(world: World) -> None:
    ada, again = await world.joined("one", "ada"), await world.joined("two", "ada")
    assert (ada.count, again.count) == (1, 1)
    assert (again.welcome.user, again.welcome.color) == (1, ada.welcome.color)
    again.move(1, 2)
    assert ada.pointers == {}
    await settle()
    assert ada.pointers == {1: (1, 2)}


async def test_forty_people_on_four_processes_know_each_other(world: World) -> None:
    people = [await world.joined(f"process {n % 4}", f"person {n}") for n in range(40)]
    for person in people:
        person.move(person.welcome.user)
    await pass_time(1)
    everybody = {person.welcome.user for person in people}
    assert everybody == set(range(40))
    for person in people:
        own = person.welcome.user
        known = {entry.user for entry in person.all(Roster)[0].users}
        known |= {message.user for message in person.all(UserJoined)}
        assert known - {own} == everybody - {own}
        assert person.count == 40
        assert {u: at for u, at in person.pointers.items() if u != own} == {
            user: (user, 0) for user in everybody - {own}
        }


async def test_boards_are_shared_each_for_itself(world: World) -> None:
    ada = await world.joined("one", "ada")
    bob = await world.joined("two", "bob", board=OTHER_BOARD)
    cy = await world.joined("one", "cy", board=OTHER_BOARD)
    await quiet(ada, bob, cy)
    bob.move(3)
    await settle()
    assert (ada.heard(), cy.pointers) == ([], {0: (3, 0)})
    assert (world.layer.sharing(BOARD), world.layer.sharing(OTHER_BOARD)) == (0, 2)


# Moving


async def test_moves_and_states_arrive_in_order(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada)
    for x in range(300):
        bob.move(x)
        await pass_time(0.01)
    await pass_time(0.1)
    xs = [cursor.x for cursor in ada.cursors]
    assert xs == sorted(set(xs))
    assert xs[-1] == 299
    bob.say(SetState(AWAY))
    await pass_time(0.1)
    ada.heard()
    bob.say(SetState(ACTIVE))
    await pass_time(0.1)
    assert ada.heard() == [States(((1, ACTIVE),)), CursorBroadcast((Cursor(1, 299, 0),))]


async def test_the_first_move_waits_for_nothing(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada, bob)
    bob.move(7, 8)
    await settle()
    assert ada.heard() == [CursorBroadcast((Cursor(1, 7, 8),))]


async def test_a_tick_is_one_message_whatever_the_number_of_movers(world: World) -> None:
    movers = [await world.joined("one", f"mover {n}") for n in range(20)]
    ada = await world.joined("two", "ada")
    await quiet(ada)
    world.layer.sent.clear()
    for x in range(100):
        for mover in movers:
            mover.move(x)
        await pass_time(0.01)
    await pass_time(0.1)
    assert len(world.layer.messages(GROUP)) <= 1.2 / 0.033
    assert {user: x for user, (x, _) in ada.pointers.items()} == dict.fromkeys(range(20), 99)


async def test_a_newcomer_hears_where_those_elsewhere_are_and_what_they_do(world: World) -> None:
    ada, cy = await world.joined("one", "ada"), await world.joined("one", "cy")
    ada.move(5, 6)
    cy.move(7, 8)
    cy.say(SetState(AWAY))
    await pass_time(1)
    bob = await world.joined("two", "bob")
    await pass_time(0.1)
    assert bob.pointers == {0: (5, 6)}
    assert states(bob) == {0: ACTIVE, 1: AWAY}
    dan = await world.joined("two", "dan")
    assert dan.pointers == {0: (5, 6)}
    assert [entry.state for entry in dan.all(Roster)[0].users] == [ACTIVE, AWAY, ACTIVE]


async def test_nobody_hears_of_a_stranger_while_the_store_is_being_asked(world: World) -> None:
    ada = await world.joined("one", "ada")
    await world.joined("two", "cy")
    await quiet(ada)
    store = world.process("one").seam
    store.open.clear()
    bob = await world.process("two").socket("bob").join("Bob")
    bob.move(1, 2)
    await pass_time(0.1)
    bob.move(3, 4)
    bob.say(SetState(AWAY))
    await pass_time(1)
    assert ada.heard() == []
    store.open.set()
    await pass_time(0.1)
    assert ada.heard() == [
        UserJoined(16028, 2, "Bob", bob.welcome.color),
        PresenceUpdate(16028, 3),
        States(((2, AWAY),)),
    ]


async def test_the_explicit_dialect_across_processes(world: World) -> None:
    ada = await world.joined("one", "ada")
    old = await world.joined("two", "old", dialect=Dialect.EXPLICIT)
    board = ada.welcome.board
    assert [type(m) for m in old.heard()] == [UserJoined, UserJoined, PresenceUpdate]
    old.say(CursorUpdate(1, 2, board))
    ada.move(3, 4)
    await pass_time(0.1)
    assert ada.pointers == {1: (1, 2)}
    assert old.heard() == [CursorBroadcast((Cursor(0, 3, 4),), board)]


# The board's group


async def test_a_board_of_one_process_costs_the_layer_nothing(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("one", "bob")
    ada.move(1)
    bob.leave()
    await pass_time(60)
    assert world.layer.sharing(BOARD) == 0
    assert world.layer.messages(GROUP) == []


async def test_the_group_is_left_when_nobody_else_is_there_and_joined_again(world: World) -> None:
    ada = await world.joined("one", "ada")
    for _ in range(3):
        bob = await world.joined("two", "bob")
        assert world.layer.sharing(BOARD) == 2
        bob.move(1)
        await pass_time(0.1)
        assert ada.pointers[bob.welcome.user] == (1, 0)
        bob.leave()
        await pass_time(0.1)
        assert world.layer.sharing(BOARD) == 0
        world.layer.sent.clear()
        ada.move(2)
        await pass_time(6)
        assert world.layer.messages(GROUP) == []


async def test_a_process_forgets_a_board_that_others_go_on_with(world: World) -> None:
    ada, cy = await world.joined("one", "ada"), await world.joined("three", "cy")
    bob = await world.joined("two", "bob")
    bob.hang_up()
    await pass_time(3)
    calls = len(world.process("two").seam.calls)
    await pass_time(60)
    ada.move(1)
    assert len(world.process("two").seam.calls) == calls
    assert world.layer.sharing(BOARD) == 2
    assert (ada.count, cy.count) == (2, 2)
    again = await world.joined("two", "bob")
    assert again.count == 3
    assert again.pointers[0] == (1, 0)


@pytest.mark.parametrize("method", ["join", "snapshot"])
async def test_people_who_join_at_the_same_time_see_each_other(world: World, method: str) -> None:
    for name in ("one", "two"):
        await world.joined(name, "somebody", board=OTHER_BOARD)
    seam = world.process("one").seam
    seam.late.add(method)
    seam.open.clear()
    ada, bob = world.process("one").socket("ada"), world.process("two").socket("bob")
    ada.ask("Ada")
    await settle()
    bob.ask("Bob")
    bob.move(2)
    await pass_time(0.5)
    seam.open.set()
    await pass_time(0.1)
    ada.move(1)
    await pass_time(0.1)
    assert agree(ada=ada, bob=bob)
    assert ada.pointers[bob.welcome.user] == (2, 0)
    assert bob.pointers[ada.welcome.user] == (1, 0)


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
