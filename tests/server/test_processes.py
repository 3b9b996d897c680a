"""One board on several processes: what people hear of each other, the board's group on the layer,
resuming in another process, processes that die, and messages that are lost."""

from typing import Any
from uuid import UUID

import pytest

from presence.cluster.layer import board_group, process_group
from presence.protocol.messages import (
    Anchor,
    AnchoredUpdate,
    Anchors,
    Cursor,
    CursorBroadcast,
    PresenceUpdate,
    Rate,
    Roster,
    SetState,
    UserJoined,
    UserLeft,
    UserState,
)
from presence.protocol.session import IDLE_AFTER
from presence.server.board import PUBLISH_EVERY, REFRESH_EVERY, REPEATS
from presence.server.hub import SWEEP_EVERY
from presence.store.base import Snapshot, Timing
from tests.server.harness import BOARD, OTHER_BOARD, pass_time, settle
from tests.server.world import RENEWAL, TIMING, World, agree, comings, quiet, roster, three
from tests.support.layer import Sent, never

GROUP = board_group(BOARD)
ACTIVE, AWAY = UserState.ACTIVE, UserState.AWAY
GONE_WITHIN = TIMING.lease + TIMING.grace + 1.5
"""Seconds from a process's death until its people are off every roster."""


# Moving


async def test_moves_that_follow_share_messages_whatever_the_number_of_movers(world: World) -> None:
    movers = [await world.joined("one", f"mover {n}") for n in range(20)]
    ada = await world.joined("two", "ada")
    await quiet(ada)
    world.layer.sent.clear()
    calls = world.process("two").seam.calls
    calls.clear()
    for x in range(30):
        for mover in movers:
            mover.move(x)
        await pass_time(0.01)
    await pass_time(0.1)
    assert 9 <= len(world.layer.messages(GROUP)) <= 0.4 / PUBLISH_EVERY
    assert calls.count("snapshot") <= 1, "the version is known"
    assert {user: x for user, (x, _) in ada.pointers.items()} == dict.fromkeys(range(20), 29)
    movers[0].say(SetState(AWAY))
    await pass_time(0.1)
    assert ada.view.states[movers[0].welcome.user] is AWAY


async def test_many_who_come_and_go_share_messages_and_readings_of_the_board(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada, bob)
    world.layer.sent.clear()
    calls = world.process("two").seam.calls
    calls.clear()
    for n in range(50):
        person = world.process("one").socket(f"visitor {n}")
        await person.join(f"Visitor {n}")
        person.leave()
        await pass_time(0.01)
    eve = await world.joined("one", "eve")
    await pass_time(1)
    assert len(world.layer.messages(GROUP)) <= 1.5 / PUBLISH_EVERY
    assert calls.count("snapshot") <= 1.5 / REFRESH_EVERY
    assert agree(ada=ada, bob=bob, eve=eve)


async def test_a_newcomer_is_told_where_the_others_are_and_what_they_do(world: World) -> None:
    ada, cy = await world.joined("one", "ada"), await world.joined("one", "cy")
    ada.move(5, 6)
    cy.move(7, 8)
    cy.say(SetState(AWAY))
    await pass_time(1)
    for person in ("bob", "dan"):  # the first on a process, and the next
        newcomer = await world.joined("two", person)
        assert newcomer.pointers == {0: (5, 6)}
        states = newcomer.view.states
        assert (states[0], states[1]) == (ACTIVE, AWAY)


async def test_an_anchor_is_told_in_every_process_until_the_next_position(world: World) -> None:
    ada, cy = await world.joined("one", "ada"), await world.joined("one", "cy")
    anchor = Anchor(9, 7, 8)
    ada.say(AnchoredUpdate(5, 6, anchor))
    await pass_time(1)
    bob = await world.joined("two", "bob")
    for person in (cy, bob):
        assert person.all(Anchors) == [Anchors(((0, anchor),))]
        assert person.cursors == [Cursor(0, 5, 6)]
    ada.move(5, 7)
    await pass_time(1)
    for person in (cy, bob):
        assert len(person.all(Anchors)) == 1
        assert person.cursors[-1] == Cursor(0, 5, 7)


async def test_unknown_users_are_told_of_with_the_board_that_names_them(world: World) -> None:
    ada = await world.joined("one", "ada")
    cy = await world.joined("two", "cy")
    await quiet(ada)
    with world.cut_off("one", late=["snapshot"]):
        bob = await world.process("two").socket("bob").join("Bob")
        await settle()
        dee = await world.process("two").socket("dee").join("Dee")
        dee.move(9, 9)
        bob.move(1, 2)
        await pass_time(0.1)
        bob.move(3, 4)
        bob.say(SetState(AWAY))
        cy.move(5, 5)
        await pass_time(1)
        assert ada.heard() == [CursorBroadcast((Cursor(1, 5, 5),))], "known people need not wait"
    await pass_time(0.1)
    assert agree(ada=ada, bob=bob, cy=cy, dee=dee)
    assert ada.pointers == {cy.welcome.user: (5, 5), dee.welcome.user: (9, 9)}
    assert ada.view.states[bob.welcome.user] is AWAY


async def test_the_first_move_of_a_newcomer_is_seen_though_a_board_is_busy(world: World) -> None:
    people = await three(world)
    with world.cut_off("one", late=["join"]):
        world.process("one").socket("fay").ask("Fay")
        await pass_time(0.1)
        dee = world.process("four").socket("dee")
        dee.ask("Dee")
        dee.move(9, 9)
        await pass_time(0.4)
    await pass_time(1)
    assert {socket.pointers.get(dee.welcome.user) for socket in people.values()} == {(9, 9)}


@pytest.mark.parametrize("method", ["join", "snapshot"])
async def test_people_who_join_at_the_same_time_see_each_other(world: World, method: str) -> None:
    for name in ("one", "two"):
        await world.joined(name, "somebody", board=OTHER_BOARD)
    with world.cut_off("one", late=[method]):
        ada, bob = world.process("one").socket("ada"), world.process("two").socket("bob")
        ada.ask("Ada")
        await settle()
        bob.ask("Bob")
        bob.move(2)
        await pass_time(SWEEP_EVERY + 0.5)
    await pass_time(0.1)
    assert agree(ada=ada, bob=bob)
    cy = await world.joined("one", "cy")
    ada.move(1)
    await pass_time(0.1)
    assert agree(ada=ada, bob=bob, cy=cy)
    assert ada.pointers[bob.welcome.user] == (2, 0)
    assert bob.pointers[ada.welcome.user] == cy.pointers[ada.welcome.user] == (1, 0)


async def test_an_introduction_is_enough_to_share_moves(world: World) -> None:
    ada = await world.joined("one", "ada")
    with world.cut_off("one"):
        bob = await world.joined("two", "bob")
        ada.move(7, 8)
        await pass_time(0.1)
        assert bob.pointers == {0: (7, 8)}


async def test_activity_that_comes_while_a_newcomers_board_is_read_is_kept(world: World) -> None:
    ada = await world.joined("one", "ada")
    ada.move(7, 7)
    await world.joined("two", "eve", board=OTHER_BOARD)
    with world.process("two").seam.delay("snapshot", 0.3):
        bob = await world.process("two").socket("bob").join("Bob")
    await pass_time(0.1)
    assert bob.pointers == {0: (7, 7)}


async def test_an_introduction_that_is_late_tells_no_old_positions(world: World) -> None:
    ada = await world.joined("one", "ada")
    ada.move(1)
    await world.joined("two", "eve", board=OTHER_BOARD)
    send, failed = world.layer.group_send, []

    async def fail_once(group: str, message: Sent) -> None:
        if group == process_group("two") and not failed:
            failed.append(message)
            raise ConnectionError("the layer failed")
        await send(group, message)

    world.layer.group_send = fail_once  # type: ignore[method-assign]
    bob = await world.process("two").socket("bob").join("Bob")
    for x in range(2, 12):
        ada.move(x)
        await pass_time(0.033)
    await pass_time(1)
    xs = [cursor.x for cursor in bob.cursors if cursor.user == 0]
    assert failed
    assert xs == sorted(xs)


# The board's group


async def test_a_board_of_one_process_costs_the_layer_nothing(world: World) -> None:
    ada, cy = await world.joined("one", "ada"), await world.joined("one", "cy")
    cy.leave()
    await pass_time(6)
    assert world.layer.messages(GROUP) == []
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


async def test_a_board_that_nobody_here_was_on_for_a_moment_is_read_anew(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    ada.leave()
    await pass_time(0.1)
    bob.leave()
    await pass_time(0.1)
    cy = await world.joined("one", "cy")
    assert [roster.users for roster in cy.all(Roster)] == [()]


# Resuming in another process


@pytest.mark.parametrize("alone", [True, False])
async def test_a_person_who_resumes_in_another_process_is_not_noticed(
    world: World, alone: bool
) -> None:
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
    assert world.process("two").hub.boards == (not alone), "it knows that bob is elsewhere"
    again.move(3, 4)
    await pass_time(GONE_WITHIN)
    calls = len(world.process("two").seam.calls)
    await pass_time(GONE_WITHIN)
    for other in (ada, cy):
        assert comings(other) == []
        assert other.pointers[before.user] == (3, 4)
    assert (len(world.process("two").seam.calls) == calls) is alone, "it forgot the board"
    assert "reap" not in world.process("three").seam.calls


async def test_a_person_who_resumes_where_the_board_is_read_first_is_not_noticed(
    world: World,
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("one", "bob")
    await quiet(ada)
    bob.snap()
    world.layer.loses = lambda message: True
    await world.joined("two", "cy")
    again = await world.joined("one", "bob")
    assert again.welcome.user == bob.welcome.user
    joined = [m.name for m in ada.heard() if isinstance(m, UserJoined)]
    assert (joined, ada.all(UserLeft)) == (["Cy"], [])
    assert [entry.name for entry in again.all(Roster)[0].users] == ["Ada", "Cy"]


# Death


@pytest.mark.parametrize("alone", [True, False])
async def test_the_people_of_a_dead_process_are_gone_everywhere(world: World, alone: bool) -> None:
    others = [await world.joined("one", "ada")]
    if not alone:
        others.append(await world.joined("three", "cy"))
    await world.joined("two", "bob")
    for number in range(9):  # so that the turn of this board comes too late
        await world.joined("one", "ada", board=UUID(int=number))
    await quiet(*others)
    await world.die("two")
    await pass_time(TIMING.lease + TIMING.grace - TIMING.lease / 3 - 0.1)
    assert comings(others[0]) == []
    await pass_time(TIMING.lease / 3 + 1.6)
    left = len(others)
    for other in others:
        assert comings(other) == [UserLeft(16028, left), PresenceUpdate(16028, left)]
    assert await world.process("one").people() == left
    assert (others[0].all(Rate)[-1] == Rate(0)) is alone
    calls = world.process("one").seam.calls.count("reap")
    await pass_time(20)
    assert world.process("one").seam.calls.count("reap") == calls


async def test_a_newcomer_to_a_board_of_the_dead_sees_them_go(world: World) -> None:
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


async def test_who_was_away_from_a_process_that_ended_leaves_with_their_own_grace(
    direct: bool,
) -> None:
    timing = Timing(lease=30.0, grace=60.0, reload_grace=3.0)
    world = World(direct=direct, timing=timing)
    for number in range(10, 20):  # so that the turn of this board comes too late
        await world.joined("one", "bob", board=UUID(int=number))
    bob, eve = await world.joined("one", "bob"), await world.joined("two", "eve")
    ada = await world.joined("two", "ada")
    await quiet(bob)
    ada.go_away()
    await pass_time(0.1)
    drained = eve.connection.drain()
    assert drained is not None
    await drained
    await world.die("two")
    await pass_time(timing.reload_grace + timing.lease / 3 + 2 * SWEEP_EVERY)
    assert (roster(bob), bob.count) == ({eve.welcome.user: "Eve"}, 2)
    await world.close()


# Lost messages


@pytest.mark.parametrize("seconds", [0.05, 0.9, 4.5])
async def test_what_was_lost_is_told_with_the_next_renewal(world: World, seconds: float) -> None:
    people = await three(world)
    eve = await world.joined("three", "eve")
    people["bob"].move(1, 1)
    people["cy"].say(SetState(AWAY))
    await quiet(*people.values())
    world.layer.loses = lambda message: True
    people["bob"].move(7, 8)
    people["cy"].say(SetState(ACTIVE))
    eve.leave()
    people["dan"] = await world.process("two").socket("dan").join("Dan")
    await pass_time(seconds)
    world.layer.loses = never
    assert people["ada"].pointers[1] == (1, 1)
    await pass_time(RENEWAL)
    assert people["ada"].pointers[1] == (7, 8)
    assert people["ada"].view.states[2] is ACTIVE
    assert agree(**people)


async def test_a_change_of_its_own_shows_a_process_that_it_missed_one(world: World) -> None:
    eve, people = await world.joined("one", "eve"), await three(world)
    world.layer.loses = lambda message: "version" in message
    calls = world.process("one").seam.calls
    calls.clear()
    while "renew" not in calls:
        await pass_time(0.1)
    people["dan"] = await world.joined("two", "dan")
    assert comings(people["ada"]) == []
    eve.leave()
    await pass_time(0.1)
    assert set(roster(people["ada"]).values()) == {"Bob", "Cy", "Dan"}
    await pass_time(RENEWAL)
    assert agree(**people)


async def test_after_an_outage_activity_is_told_again_and_no_roster(world: World) -> None:
    people = await three(world)
    world.layer.loses = lambda message: True
    people["bob"].move(7, 8)
    await pass_time((REPEATS + 1) * RENEWAL)
    with world.cut_off():
        await pass_time(TIMING.lease)
        world.layer.loses = never
        await quiet(*people.values())
    await pass_time(RENEWAL)
    assert people["ada"].pointers[1] == (7, 8)
    assert comings(people["ada"]) == []


async def test_activity_is_repeated_for_a_while_and_tells_clients_nothing_new(world: World) -> None:
    people = await three(world)
    for x in range(20):
        people["bob"].move(x)
        await pass_time(0.05)
    await quiet(*people.values())
    await pass_time(RENEWAL)
    assert people["ada"].heard() == people["cy"].heard() == []
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
    assert bob.view.states == {ada.welcome.user: ACTIVE}
    await pass_time(2 * RENEWAL)
    assert bob.view.states == {ada.welcome.user: AWAY}
    assert world.layer.sharing(BOARD) == 2


@pytest.mark.parametrize("seconds", [0.7, 1.1, 1.5])
async def test_a_person_who_reloads_while_messages_are_lost_is_told_where_the_others_are(
    world: World, seconds: float
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    ada.move(1, 2)
    await pass_time(11.6)  # the moment of the last renewal of ada's process before all this
    world.layer.loses = lambda message: True
    bob.go_away()
    await pass_time(seconds)
    again = await world.joined("two", "bob")
    world.layer.loses = never
    await pass_time(2 * RENEWAL)
    assert again.pointers == {ada.welcome.user: (1, 2)}


async def test_a_renewal_reads_one_board_whatever_its_version(world: World) -> None:
    boards = [UUID(int=number) for number in range(4)]
    for board in boards:
        await world.joined("one", "ada", board=board)
        await world.joined("two", "bob", board=board)
    seam, read = world.process("one").seam, []
    snapshot = seam.snapshot

    async def noted(board: UUID, *how: Any) -> Snapshot:
        read.append(board)
        return await snapshot(board, *how)

    await pass_time(RENEWAL)
    seam.snapshot = noted  # type: ignore[method-assign]
    seam.calls.clear()
    await pass_time(len(boards) * RENEWAL)
    assert len(read) == pytest.approx(seam.calls.count("renew"), abs=1)
    assert {*read} == {*boards}
