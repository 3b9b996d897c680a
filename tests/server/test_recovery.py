"""Several processes, and a store or a layer that loses everything, is away, or cuts a process off:
everybody is put back, and nobody is reported as gone."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from presence.protocol.errors import Close
from presence.protocol.messages import (
    CursorUpdate,
    Dialect,
    PresenceUpdate,
    Roster,
    UserJoined,
    UserLeft,
    Welcome,
)
from presence.server.board import ADMIT_WITHIN, REFRESHES_AT_ONCE
from presence.server.events import PersonLeft
from presence.store.base import Snapshot
from tests.server.harness import (
    BOARD,
    OTHER_BOARD,
    OUT,
    BrokenError,
    Socket,
    pass_time,
    settle,
)
from tests.server.world import MENDED, RENEWAL, TIMING, World, agree, comings, quiet, roster, three
from tests.store.cast import FIRST_OF_PAIR, SECOND_OF_PAIR
from tests.support.clock import SkippingLoop
from tests.support.layer import LayerSeam, fail, hang, mend, never
from tests.support.metrics import by_label


def nobody_came_or_went(people: Mapping[str, Socket]) -> bool:
    """Return whether nobody was told a join or a leave since the last call."""
    told = [m for socket in people.values() for m in socket.heard()]
    return not [m for m in told if isinstance(m, UserLeft | UserJoined)]


# A store that loses everything


async def test_a_loss_of_everything_is_one_roster_for_everybody(world: World) -> None:
    people = await three(world)
    world.lose_everything()
    for x in range(20 * int(MENDED)):
        people["bob"].move(x)
        await pass_time(0.1)
    assert agree(**people)
    assert await world.process("one").people() == 3
    for name, socket in people.items():
        assert [type(message) for message in comings(socket)] == [Roster]
        assert name == "bob" or socket.pointers[1] == (199, 0)
    xs = [cursor.x for cursor in people["ada"].cursors if cursor.user == 1]
    assert xs == sorted(xs)
    assert {*xs} == {*range(20 * int(MENDED))}, "moves go on meanwhile"


@pytest.mark.parametrize("seconds", range(6))
async def test_a_loss_at_any_moment_of_a_lease_reports_nobody_as_gone(
    world: World, seconds: int
) -> None:
    people = await three(world)
    people["dan"] = await world.joined("three", "dan")
    await quiet(*people.values())
    with world.cut_off("two"):
        await pass_time(seconds)
        world.lose_everything()
        await pass_time(0.5)
    await pass_time(MENDED)
    assert agree(**people)
    assert nobody_came_or_went(people)


async def test_losses_that_follow_each_other_report_nobody_as_gone(world: World) -> None:
    people = await three(world)
    for pause in (0.1, 3.0, 7.0, 0.5, 1.0):
        world.lose_everything()
        await pass_time(pause)
    await pass_time(MENDED)
    assert agree(**people)
    assert nobody_came_or_went(people)


async def test_many_boards_are_read_a_few_at_a_time(world: World) -> None:
    one, boards = world.process("one"), [UUID(int=n) for n in range(2 * REFRESHES_AT_ONCE + 1)]
    people = [await one.socket("ada", board=board).join() for board in boards]
    inner, reading = one.seam.snapshot, [0]

    async def slow(board: UUID, *how: Any) -> Snapshot:
        reading.append(reading[-1] + 1)
        await pass_time(0.01)
        reading.append(reading[-1] - 1)
        return await inner(board, *how)

    one.seam.snapshot = slow  # type: ignore[method-assign]
    world.lose_everything()
    await pass_time(RENEWAL)
    assert max(reading) == REFRESHES_AT_ONCE
    assert await world.store.counts(boards) == dict.fromkeys(boards, 1)
    assert {socket.count for socket in people} == {1}


@pytest.mark.parametrize("end", [Socket.snap, Socket.leave])
async def test_a_person_whose_stay_ends_meanwhile_is_not_put_back(
    world: World, end: Callable[[Socket], None]
) -> None:
    people = await three(world)
    end(people.pop("cy"))
    await settle() if end is Socket.snap else None
    world.lose_everything()
    await pass_time(MENDED)
    assert agree(**people)
    assert {m.person for m in (await world.store.snapshot(BOARD)).members} == {"ada", "bob"}


async def test_a_user_id_that_another_took_meanwhile_is_not_given_back(world: World) -> None:
    people = await three(world)
    people["ada"].move(1, 2)
    await quiet(*people.values())
    world.lose_everything()
    people["dan"] = await world.process("four").socket("dan").join("Dan")
    assert people["dan"].welcome.user == 0
    await pass_time(MENDED)
    assert agree(**people)
    ids = {name: {w.user for w in socket.all(Welcome)} for name, socket in people.items()}
    assert ids["dan"] == {0}
    assert ids["ada"] == {0, people["ada"].welcome.user} != {0}
    for x, socket in enumerate(people.values()):
        socket.move(x, 9)
    await pass_time(0.1)
    places = {socket.welcome.user: (x, 9) for x, socket in enumerate(people.values())}
    for socket in people.values():
        own = socket.welcome.user
        assert socket.pointers == {user: at for user, at in places.items() if user != own}


async def test_a_newcomer_after_a_loss_gets_a_user_id_that_nobody_is_known_by(
    world: World,
) -> None:
    people = await three(world)
    with ExitStack() as slow:
        for process in world.processes.values():
            slow.enter_context(process.seam.delay("snapshot", 0.3))
        world.lose_everything()
        dan = people["dan"] = await world.process("one").socket("dan").join("Dan")
        for x in range(3):
            dan.move(x)
            await pass_time(0.03)
        assert people["ada"].pointers == {dan.welcome.user: (2, 0)}
        assert people["bob"].pointers == {}, "nobody knows yet whose cursor it is"
        await pass_time(MENDED)
    assert agree(**people)
    assert [len(socket.all(Welcome)) for socket in people.values()] == [1] * 4


@pytest.mark.parametrize("rest", [0, TIMING.id_rest + 1])
@pytest.mark.parametrize("processes", [("one", "two"), ("two", "one")])
async def test_a_store_that_forgot_who_left_and_who_came_gives_the_newcomer_back_an_id(
    world: World, rest: float, processes: tuple[str, str]
) -> None:
    people = await three(world)
    left = [await world.joined(name, f"{name} more") for name in processes]
    with world.forgotten():
        for socket in left:
            socket.leave()
        await pass_time(rest)
        people["dan"] = await world.joined("one", "dan")
        await quiet(*people.values())
    await pass_time(MENDED)
    assert agree(**people)
    assert [socket.welcome.spectator for socket in people.values()] == [False] * 4
    assert {m.person for m in (await world.store.snapshot(BOARD)).members} == {*people}


async def test_a_board_that_gets_another_id_strikes_nobody_for_it(world: World) -> None:
    ada = await world.joined("one", "ada", board=FIRST_OF_PAIR)
    bob = await world.joined("one", "bob", board=SECOND_OF_PAIR, dialect=Dialect.EXPLICIT)
    eve = await world.joined("two", "eve", board=SECOND_OF_PAIR)
    await quiet(ada, eve)
    before = eve.welcome.board
    ada.leave()
    await settle()
    world.lose_everything()
    await pass_time(MENDED)
    assert eve.all(Roster)[-1].board == ada.welcome.board != before
    for x in range(30):
        bob.say(CursorUpdate(x, 0, (before, ada.welcome.board)[x % 2]))
        await pass_time(0.1)
    assert eve.pointers[0] == (29, 0)
    assert by_label(world.process("one").hub.metrics, "malformed_total", "reason") == {}
    assert bob.codes == []


async def test_a_join_after_a_loss_does_not_part_the_processes(world: World) -> None:
    zed = await world.joined("one", "zed")
    people = await three(world)
    zed.leave()
    await pass_time(TIMING.id_rest + 1)
    world.lose_everything()
    people["dan"] = await world.process("one").socket("dan").join("Dan")
    assert await world.process("one").people() == 2, "its own people are counted at once"
    await pass_time(0.5)
    people["bob"].move(9, 9)
    await pass_time(0.1)
    assert people["ada"].pointers == {people["bob"].welcome.user: (9, 9)}
    await pass_time(MENDED)
    assert agree(**people)


async def test_a_user_id_that_another_had_for_a_moment_is_seen_again(world: World) -> None:
    people = await three(world)
    world.layer.loses = lambda message: True
    world.lose_everything()
    dan = await world.process("four").socket("dan").join("Dan")
    assert dan.welcome.user == people["ada"].welcome.user
    world.lose_everything()
    world.process("one").hub.board(BOARD).refresh_soon()
    await settle()
    world.layer.loses = never
    await pass_time(MENDED)
    assert agree(dan=dan, **people)


async def test_a_newcomer_to_a_board_that_is_not_complete_knows_the_count(world: World) -> None:
    for number in range(20):
        await world.joined("one", f"person {number}", board=UUID(int=number))
    await world.joined("two", "eve", board=OTHER_BOARD)
    world.lose_everything()
    await pass_time(RENEWAL)
    assert not world.process("one").hub.store_complete
    with world.process("one").seam.delay("snapshot", 0.2):
        ada = world.process("one").socket("ada", name="Ada")
        ada.ask("Ada")
        bob = await world.joined("two", "bob")
        await pass_time(0.2)
    assert ada.count == 2
    await pass_time(MENDED)
    assert agree(ada=ada, bob=bob)


# A process that was cut off


async def test_people_taken_for_dead_are_put_back(world: World) -> None:
    people = await three(world)
    with world.cut_off("two"):
        await pass_time(30)
    bob = people["bob"].welcome.user
    assert comings(people["ada"]) == [UserLeft(16028, bob), PresenceUpdate(16028, 2)]
    await pass_time(MENDED)
    assert agree(**people)
    assert len(people["bob"].all(Welcome)) == 1
    people["bob"].move(1)
    await settle()
    assert people["cy"].pointers[bob] == (1, 0)


async def test_a_person_who_came_back_elsewhere_has_two_tabs_until_one_closes(
    world: World,
) -> None:
    people = await three(world)
    with world.cut_off("two"):
        await pass_time(TIMING.lease + 1)
        again = await world.joined("one", "bob")
        assert again.welcome.user == people["bob"].welcome.user
        await pass_time(20)
    await pass_time(MENDED)
    assert (people["ada"].count, people["bob"].count) == (3, 3)
    assert set(roster(people["ada"]).values()) == {"Bob", "Cy"}
    people["bob"].hang_up()
    people["bob"] = again
    await pass_time(1)
    assert agree(**people)


async def test_processes_that_all_stood_still_take_nobody_for_dead(
    world: World, loop: SkippingLoop
) -> None:
    people = await three(world)
    loop.busy(40.0)
    await pass_time(MENDED)
    assert agree(**people)
    assert nobody_came_or_went(people)


# A store or a layer that is away


async def test_a_read_that_failed_is_repeated_with_the_next_renewal(world: World) -> None:
    people = await three(world)
    with world.process("one").seam.fail(OUT, "snapshot"):
        people["dan"] = await world.joined("two", "dan")
        people["dan"].move(1, 1)
        await pass_time(5)
    assert comings(people["ada"]) == []
    assert people["ada"].pointers == {}
    await pass_time(RENEWAL)
    assert agree(**people)


@pytest.mark.parametrize("first", [True, False])
async def test_a_newcomer_is_let_in_though_the_board_cannot_be_read(
    world: World, first: bool
) -> None:
    ada, seam = await world.joined("one", "ada"), world.process("two").seam
    if not first:
        await world.joined("two", "cy", board=OTHER_BOARD)
    with seam.fail(OUT, "snapshot"):
        bob = await world.joined("two", "bob")
        assert (bob.welcome.user, bob.count, roster(bob)) == (1, 2, {})
    await pass_time(RENEWAL)
    assert agree(ada=ada, bob=bob)


async def test_a_join_does_not_wait_for_ever_for_its_board_to_be_read(world: World) -> None:
    ada = await world.joined("one", "ada")
    with world.process("two").seam.delay("snapshot", 2 * ADMIT_WITHIN):
        bob = world.process("two").socket("bob")
        bob.ask("Bob")
        await pass_time(ADMIT_WITHIN - 0.1)
        assert bob.codes == []
        await pass_time(0.2)
        assert bob.codes == [Close.TRY_LATER]
    await pass_time(MENDED)
    assert agree(ada=ada)


async def test_the_dead_are_reaped_though_the_store_failed_when_it_was_time(world: World) -> None:
    ada, _ = await world.joined("one", "ada"), await world.joined("two", "bob")
    await world.die("two")
    world.told()
    with world.process("one").seam.fail(OUT, "reap"):
        await pass_time(TIMING.lease + TIMING.grace + RENEWAL)
        assert ada.count == 1
    await pass_time(2)
    assert [type(event) for event in world.told()] == [PersonLeft]


async def test_a_grace_ends_for_the_store_though_the_board_is_read_first(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await pass_time(0.1)
    ada.snap()
    await pass_time(TIMING.grace + 0.1)
    bob.leave()
    await pass_time(3)
    assert {event.person for event in world.told() if isinstance(event, PersonLeft)} == {
        "ada",
        "bob",
    }


async def test_nothing_is_kept_of_a_join_that_was_refused(world: World) -> None:
    seam = world.process("one").seam
    with seam.fail(OUT, "renew"):
        ada = world.process("one").socket("ada")
        ada.ask()
        await pass_time(2)
        assert ada.codes == [Close.TRY_LATER]
        for _ in range(3):
            world.process("one").socket().ask()
            await settle()
        assert world.process("one").hub.board(BOARD).idle
        await pass_time(20)
    await pass_time(2)
    assert (await world.joined("one", "bob")).codes == []
    await quiet()


async def test_many_changes_are_one_read(world: World) -> None:
    ada = await world.joined("one", "ada")
    people = {"ada": ada, "bob": await world.joined("two", "bob")}
    await quiet(ada)
    with world.cut_off("one"):
        calls = world.process("one").seam.calls
        before = calls.count("snapshot")
        for number in range(50):
            socket = world.process("two").socket(f"person {number}")
            people[f"person {number}"] = await socket.join(f"Person {number}")
            await settle()
    await pass_time(1)
    assert calls.count("snapshot") - before <= 4
    assert agree(**people)


@pytest.mark.parametrize("trouble", [fail, hang])
async def test_joins_go_on_without_the_layer_and_are_shared_once_it_is_back(
    world: World, loop: SkippingLoop, trouble: Callable[[LayerSeam], None]
) -> None:
    people = {"ada": await world.joined("one", "ada")}
    trouble(world.layer)
    begun = loop.time()
    for name, process in (("bob", "two"), ("cy", "two"), ("dan", "one")):
        people[name] = await world.joined(process, name)
    assert loop.time() - begun < 1, "nobody waits for the layer"
    await pass_time(RENEWAL + 2)
    assert agree(**people)
    people["bob"].move(1, 2)
    await pass_time(1)
    assert people["cy"].pointers == {1: (1, 2)}
    assert people["ada"].pointers == {}
    mend(world.layer)
    await pass_time(RENEWAL + 2)
    people["bob"].move(3, 4)
    await pass_time(0.1)
    assert people["ada"].pointers == {1: (3, 4)}
    assert agree(**people)


async def test_requests_do_not_pile_up_while_the_store_hangs(world: World) -> None:
    ada, _ = await world.joined("one", "ada"), await world.joined("two", "bob")
    await world.die("two")
    await pass_time(TIMING.lease + RENEWAL)
    tasks, calls = len(asyncio.all_tasks()), world.process("one").seam.calls
    with world.cut_off("one"):
        calls.clear()
        await pass_time(60)
        assert len(asyncio.all_tasks()) <= tasks + 4
    await pass_time(MENDED)
    assert agree(ada=ada)
    assert calls.count("reap") <= 4


async def test_a_store_that_fails_is_logged_and_harms_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    people = await three(world)
    with ExitStack() as failing:
        for process in world.processes.values():
            failing.enter_context(process.seam.fail(OUT, "reap", "renew", "snapshot"))
        await pass_time(25)
        people["bob"].move(3)
        await settle()
    assert people["ada"].pointers[1] == (3, 0)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    await pass_time(MENDED)
    assert agree(**people)
    assert nobody_came_or_went(people)


@pytest.mark.parametrize("away", [False, True])
async def test_a_person_who_could_not_be_seated_is_taken_off_the_board(
    world: World, caplog: pytest.LogCaptureFixture, away: bool
) -> None:
    people = await three(world)
    # An error nobody foresaw, after the store has put them on the board.
    seam = world.process("four").seam
    with seam.fail(BrokenError("oh"), "snapshot"), seam.fail(OUT, *["leave"] * away):
        dan = world.process("four").socket("dan", name="Dan")
        dan.ask("Dan")
        await pass_time(0.5)
        assert (dan.codes, dan.all(Welcome)) == ([Close.TRY_LATER], [])
        assert "oh" in caplog.text
        assert await world.process("one").people() == 3 + away
    await pass_time(RENEWAL)
    assert await world.process("one").people() == 3
    assert agree(**people)


async def test_a_person_removed_before_they_are_seated_is_refused(world: World) -> None:
    ada, two = await world.joined("one", "ada"), world.process("two")
    await world.joined("two", "cy", board=OTHER_BOARD)
    with world.cut_off("two", late=["join"]):
        bob = two.socket("bob")
        bob.ask()
        await settle()
        await world.store.remove(BOARD, "bob", 60)
    await settle()
    assert (bob.codes, bob.all(Welcome)) == ([Close.REMOVED], [])
    await pass_time(RENEWAL)
    assert agree(ada=ada)


async def test_nothing_runs_when_the_processes_have_ended(world: World) -> None:
    before = asyncio.all_tasks()
    eve = await world.joined("one", "eve")
    people = await three(world) | {"eve": eve}
    world.lose_everything()
    await pass_time(1)
    people["bob"].snap()
    for x in range(3):
        people["ada"].move(x)
    await world.close()
    told = [len(socket.messages) for socket in people.values()]
    calls = [len(process.seam.calls) for process in world.processes.values()]
    await pass_time(600)
    assert asyncio.all_tasks() == before
    assert [len(process.seam.calls) for process in world.processes.values()] == calls
    assert [len(socket.messages) for socket in people.values()] == told


async def test_no_refresh_that_waited_for_others_begins_after_the_end(world: World) -> None:
    for number in range(2 * REFRESHES_AT_ONCE):
        await world.joined("one", f"person {number}", board=UUID(int=number))
    seam = world.process("one").seam
    with seam.delay("snapshot", 1):
        world.lose_everything()
        await pass_time(RENEWAL)
        await world.close()
        calls = len(seam.calls)
        await pass_time(60)
        assert len(seam.calls) == calls


async def test_nobody_waits_for_a_renewal_while_the_lease_lasts(
    world: World, loop: SkippingLoop
) -> None:
    await world.joined("one", "ada")
    seam = world.process("one").seam
    with seam.delay("renew", TIMING.lease * 2 / 3):
        await pass_time(TIMING.lease / 2)
        asked = loop.time()
        await world.process("one").socket("bob").join("Bob")
        assert loop.time() - asked < 0.1
        await pass_time(TIMING.lease / 4)
        cy = world.process("one").socket("cy")
        cy.ask("Cy")
        await pass_time(0.1)
        assert cy.count is None, "the lease is nearly over"
    await pass_time(TIMING.lease)
    assert cy.count == 3
