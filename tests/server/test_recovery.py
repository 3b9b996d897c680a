"""Several processes and shared state that is lost or away: everybody is put back, and
nobody is told as gone."""

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
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
    UserState,
    Welcome,
)
from presence.store.base import BoardSummary, JoinRequest
from tests.server.harness import BOARD, OTHER_BOARD, OUT, BrokenError, pass_time, settle
from tests.server.world import MENDED, RENEWAL, TIMING, World, agree, comings, quiet, roster, three
from tests.support.layer import Sent as Message
from tests.support.metrics import by_label

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())


# A store that loses everything


async def test_everybody_is_put_back_and_nobody_is_told_as_gone(world: World) -> None:
    people = await three(world)
    world.lose_everything()
    await pass_time(MENDED)
    assert agree(**people)
    assert await world.process("one").people() == 3
    for socket in people.values():
        told = socket.heard()
        assert not [m for m in told if isinstance(m, UserLeft | UserJoined | Welcome)]
        assert [m for m in told if isinstance(m, PresenceUpdate)] == []
        assert Roster in map(type, told)


@pytest.mark.parametrize("seconds", range(6))
async def test_whenever_it_happens_nobody_is_told_as_gone(world: World, seconds: int) -> None:
    people = await three(world)
    people["dan"] = await world.joined("three", "dan")
    await quiet(*people.values())
    world.processes["two"].seam.open.clear()
    await pass_time(seconds)
    world.lose_everything()
    await pass_time(0.5)
    world.processes["two"].seam.open.set()
    await pass_time(MENDED)
    assert agree(**people)
    for socket in people.values():
        assert not [m for m in socket.heard() if isinstance(m, UserLeft | UserJoined)]


async def test_moves_go_on_meanwhile_and_after(world: World) -> None:
    people = await three(world)
    world.lose_everything()
    for x in range(100):
        people["bob"].move(x)
        await pass_time(0.1)
    assert [people[name].pointers[1] for name in ("ada", "cy")] == [(99, 0)] * 2
    xs = [cursor.x for cursor in people["ada"].cursors if cursor.user == 1]
    assert xs == sorted(xs)


async def test_it_may_happen_again_and_again(world: World) -> None:
    people = await three(world)
    for pause in (0.1, 3.0, 7.0, 0.5, 1.0):
        world.lose_everything()
        await pass_time(pause)
    await pass_time(MENDED)
    assert agree(**people)
    assert not [m for p in people.values() for m in p.heard() if isinstance(m, UserLeft)]


async def test_a_broken_socket_is_not_put_back(world: World) -> None:
    people = await three(world)
    people.pop("cy").snap()
    await settle()
    world.lose_everything()
    await pass_time(MENDED)
    assert agree(**people)
    assert await world.process("one").people() == 2
    assert {m.person for m in (await world.store.snapshot(BOARD)).members} == {"ada", "bob"}


async def test_who_leaves_while_it_is_empty_is_gone(world: World) -> None:
    people = await three(world)
    world.lose_everything()
    people.pop("cy").leave()
    await pass_time(MENDED)
    assert agree(**people)


async def test_who_had_left_before_the_store_fell_back_is_taken_off_again(world: World) -> None:
    people = await three(world)
    # As with a replica that had not heard of the leave when it took over.
    await world.store.join(BOARD, JoinRequest("long gone", "two", "cal", "Cal"))
    await world.store.join(BOARD, JoinRequest("gone, too", "two", "dan", "Dan"))
    assert await world.process("one").people() == 5
    await pass_time(RENEWAL)
    assert agree(**people)
    assert await world.process("one").people() == 3


async def test_an_id_that_another_took_meanwhile_is_not_given_back(world: World) -> None:
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
    for name, socket in people.items():
        told = {s.welcome.user: (x, 9) for x, (n, s) in enumerate(people.items()) if n != name}
        assert {user: at for user, at in socket.pointers.items() if user in told} == told


async def test_a_board_that_gets_another_id_strikes_nobody_for_it(world: World) -> None:
    first, second = map(UUID, VECTORS["board_ids"]["collision"]["uuids"])
    ada = await world.joined("one", "ada", board=first)
    bob = await world.joined("one", "bob", board=second, dialect=Dialect.EXPLICIT)
    eve = await world.joined("two", "eve", board=second)
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


ACTIVE, AWAY = UserState.ACTIVE, UserState.AWAY


def looks(message: Message) -> bool:
    """Return whether a message tells a version."""
    return "version" in message


# A process that was cut off


async def cut_off(world: World, name: str, seconds: float) -> None:
    """Have a process hear nothing of the store for a while."""
    seam = world.process(name).seam
    seam.open.clear()
    await pass_time(seconds)
    seam.open.set()


async def test_who_was_taken_for_dead_is_put_back(world: World) -> None:
    people = await three(world)
    await cut_off(world, "two", 30)
    bob = people["bob"].welcome.user
    assert comings(people["ada"]) == [UserLeft(16028, bob), PresenceUpdate(16028, 2)]
    await pass_time(MENDED)
    assert agree(**people)
    assert len(people["bob"].all(Welcome)) == 1
    people["bob"].move(1)
    await settle()
    assert people["cy"].pointers[bob] == (1, 0)


async def test_who_came_back_elsewhere_meanwhile_has_two_tabs_until_one_closes(
    world: World,
) -> None:
    people = await three(world)
    seam = world.process("two").seam
    seam.open.clear()
    await pass_time(TIMING.lease + 1)
    again = await world.joined("one", "bob")
    assert again.welcome.user == people["bob"].welcome.user
    await pass_time(20)
    seam.open.set()
    await pass_time(MENDED)
    assert (people["ada"].count, people["bob"].count) == (3, 3)
    assert set(roster(people["ada"]).values()) == {"Bob", "Cy"}
    people["bob"].hang_up()
    people["bob"] = again
    await pass_time(1)
    assert agree(**people)


async def test_processes_that_all_stood_still_take_nobody_for_dead(world: World) -> None:
    people = await three(world)
    loop = asyncio.get_running_loop()
    loop.busy(40.0)  # type: ignore[attr-defined]
    await pass_time(MENDED)
    assert agree(**people)
    for socket in people.values():
        assert not [m for m in socket.heard() if isinstance(m, UserLeft | UserJoined)]


# A store or a layer that is away


async def test_a_look_that_failed_is_taken_again_with_the_next_renewal(world: World) -> None:
    people = await three(world)
    world.process("one").seam.failing["snapshot"] = OUT
    people["dan"] = await world.joined("two", "dan")
    people["dan"].move(1, 1)
    await pass_time(5)
    assert comings(people["ada"]) == []
    assert people["ada"].pointers == {}
    world.process("one").seam.failing.clear()
    await pass_time(RENEWAL)
    assert agree(**people)


async def test_a_newcomer_is_let_in_though_the_board_cannot_be_read(world: World) -> None:
    ada = await world.joined("one", "ada")
    seam = world.process("two").seam
    seam.failing["snapshot"] = OUT
    bob = await world.joined("two", "bob")
    assert (bob.welcome.user, bob.count, roster(bob)) == (1, 2, {})
    seam.failing.clear()
    await pass_time(RENEWAL)
    assert agree(ada=ada, bob=bob)


async def test_news_that_was_lost_is_noticed_with_the_next_renewal(world: World) -> None:
    people = await three(world)
    world.layer.loses = looks
    people["dan"] = await world.joined("two", "dan")
    people.pop("cy").leave()
    await pass_time(RENEWAL)
    assert agree(**people)


async def test_a_change_of_ones_own_shows_that_news_was_lost(world: World) -> None:
    people = await three(world)
    world.layer.loses = looks
    people["dan"] = await world.joined("two", "dan")
    assert comings(people["ada"]) == []
    people["eve"] = await world.joined("one", "eve")
    assert set(roster(people["ada"]).values()) == {"Bob", "Cy", "Dan", "Eve"}
    await pass_time(RENEWAL)
    assert agree(**people)


async def test_much_news_is_one_look(world: World) -> None:
    ada = await world.joined("one", "ada")
    people = {"ada": ada, "bob": await world.joined("two", "bob")}
    await quiet(ada)
    seam = world.process("one").seam
    seam.open.clear()
    before = seam.calls.count("snapshot")
    for number in range(50):
        socket = world.process("two").socket(f"person {number}")
        people[f"person {number}"] = await socket.join(f"Person {number}")
        await settle()
    seam.open.set()
    await pass_time(1)
    assert seam.calls.count("snapshot") - before <= 3
    assert agree(**people)


@pytest.mark.parametrize("hangs", [False, True])
async def test_joins_go_on_without_the_layer_and_are_shared_once_it_is_back(
    world: World, hangs: bool
) -> None:
    people = {"ada": await world.joined("one", "ada")}
    world.layer.away = not hangs
    if hangs:
        world.layer.open.clear()
    for name, process in (("bob", "two"), ("cy", "two"), ("dan", "one")):
        people[name] = await world.joined(process, name)
    await pass_time(RENEWAL + 2)
    assert agree(**people)
    people["bob"].move(1, 2)
    await pass_time(1)
    assert people["cy"].pointers == {1: (1, 2)}
    assert people["ada"].pointers == {}
    world.layer.away = False
    world.layer.open.set()
    await pass_time(RENEWAL + 2)
    people["bob"].move(3, 4)
    await pass_time(0.1)
    assert people["ada"].pointers == {1: (3, 4)}
    assert agree(**people)


async def test_a_join_waits_little_for_a_layer_that_hangs(world: World) -> None:
    await world.joined("one", "ada")
    await world.joined("two", "bob", board=OTHER_BOARD)
    world.layer.open.clear()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    crowd = [world.process("two").socket() for _ in range(30)]
    for socket in crowd:
        socket.ask()
    for socket in crowd:
        await socket.until(lambda socket=socket: socket.count)
    assert loop.time() - begun < 3.0
    assert {socket.count for socket in crowd} == {31}


async def test_a_store_that_hangs_is_not_asked_ever_more_of_the_dead(world: World) -> None:
    ada, _ = await world.joined("one", "ada"), await world.joined("two", "bob")
    await world.die("two")
    await pass_time(TIMING.lease + 1)
    seam = world.process("one").seam
    tasks, calls = len(asyncio.all_tasks()), len(seam.calls)
    seam.open.clear()
    await pass_time(80)
    assert len(asyncio.all_tasks()) <= tasks + 4
    assert len(seam.calls) <= calls + 4
    seam.open.set()
    await pass_time(MENDED)
    assert agree(ada=ada)


async def test_a_store_that_fails_is_told_of_in_the_log_and_harms_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    people = await three(world)
    for process in world.processes.values():
        for method in ("join", "leave", "reap", "renew", "snapshot", "restore"):
            process.seam.failing[method] = OUT
    await pass_time(25)
    people["bob"].move(3)
    await settle()
    assert people["ada"].pointers[1] == (3, 0)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    for process in world.processes.values():
        process.seam.failing.clear()
    await pass_time(MENDED)
    assert agree(**people)
    for socket in people.values():
        assert not [m for m in socket.heard() if isinstance(m, UserLeft | UserJoined)]


async def test_who_could_not_be_seated_is_off_the_board_everywhere(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    people = await three(world)
    await world.joined("four", "dan")
    # An error nobody foresaw, after the store has put them on the board.
    world.process("five").seam.failing["snapshot"] = BrokenError("oh")
    eve = world.process("five").socket("eve")
    eve.ask("Eve")
    await pass_time(1)
    assert (eve.codes, eve.all(Welcome)) == ([Close.TRY_LATER], [])
    assert {member.person for member in (await world.store.snapshot(BOARD)).members} == {
        "ada",
        "bob",
        "cy",
        "dan",
    }
    assert people["ada"].count == 4
    assert "oh" in caplog.text
    assert world.process("five").hub.metrics.sockets == 0


async def test_one_that_could_not_be_seated_is_taken_off_once_the_store_can_be_told(
    world: World,
) -> None:
    people = await three(world)
    seam = world.process("four").seam
    seam.failing |= {"snapshot": BrokenError("oh"), "leave": OUT}
    dan = world.process("four").socket("dan")
    dan.ask("Dan")
    await pass_time(3)
    assert dan.codes == [Close.TRY_LATER]
    assert await world.process("one").people() == 4
    del seam.failing["leave"]
    await pass_time(RENEWAL)
    assert await world.process("one").people() == 3
    assert agree(**people)


async def test_while_the_store_is_in_doubt_the_broken_ask_little(world: World) -> None:
    await three(world)
    crowd = [await world.joined("one", f"person {n}") for n in range(20)]
    await pass_time(3)
    for socket in crowd:
        socket.snap()
    await pass_time(TIMING.grace - 1)
    world.lose_everything()
    calls = world.process("one").seam.calls
    before = calls.count("reap")
    await pass_time(2)
    assert calls.count("reap") - before <= 3 * len(crowd)
    await pass_time(MENDED)
    assert await world.process("one").people() == 3


async def test_no_task_is_left_when_the_processes_have_ended(world: World) -> None:
    before = asyncio.all_tasks()
    people = await three(world)
    people["bob"].snap()
    world.lose_everything()
    await pass_time(1)
    await world.close()
    await pass_time(60)
    assert asyncio.all_tasks() == before


async def test_a_grace_of_which_the_store_knows_nothing_ends_all_the_same(world: World) -> None:
    ada, cy = await world.joined("one", "ada"), await world.joined("one", "cy")
    seam = world.process("one").seam

    async def lost(board: UUID, session: str) -> None:
        """Answered, and then lost by a failover."""

    seam.start_grace = lost  # type: ignore[method-assign]
    cy.snap()
    await pass_time(TIMING.grace + 2)
    assert ada.count == await world.process("one").people() == 1
    seam.calls.clear()
    await pass_time(60)
    assert {*seam.calls} == {"renew", "snapshot"}


async def test_who_was_told_to_come_later_is_not_put_on_board(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(ada, bob)
    seam = world.process("one").seam
    seam.open.clear()
    await pass_time(2.5)  # a renewal hangs
    cy = world.process("one").socket("cy")
    cy.ask("Cy")
    await cy.until(lambda: cy.codes)
    seam.calls.clear()
    seam.open.set()
    await pass_time(5)
    assert "join" not in seam.calls
    assert comings(bob) == []


async def test_a_loss_of_everything_is_one_roster_for_everybody(world: World) -> None:
    people = await three(world)
    world.lose_everything()
    await pass_time(2 * MENDED)
    for socket in people.values():
        assert len([message for message in socket.heard() if isinstance(message, Roster)]) == 1


async def test_nobody_waits_for_a_renewal_that_takes_long_while_the_lease_lasts(
    world: World,
) -> None:
    await world.joined("one", "ada")
    seam = world.process("one").seam
    loop, inner, begun = asyncio.get_running_loop(), seam.renew, asyncio.Event()

    async def slow(process: str) -> Mapping[UUID, BoardSummary]:
        begun.set()
        await pass_time(1.5)
        return await inner(process)

    seam.renew = slow  # type: ignore[method-assign]
    await begun.wait()
    asked = loop.time()
    await world.process("one").socket("bob").join("Bob")
    assert loop.time() - asked < 0.1
