"""Several processes and a store that loses everything: everybody is put back."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from presence.protocol.messages import (
    CursorUpdate,
    Dialect,
    PresenceUpdate,
    Roster,
    UserJoined,
    UserLeft,
    Welcome,
)
from presence.store.base import JoinRequest
from tests.server.harness import BOARD, pass_time, settle
from tests.server.world import MENDED, RENEWAL, World, agree, quiet, three
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


async def test_who_gets_another_id_is_welcomed_as_a_newcomer(world: World) -> None:
    people = await three(world)
    people["bob"].move(3, 4)
    await quiet(*people.values())
    world.lose_everything()
    await world.process("four").socket("dan").join("Dan")
    await pass_time(MENDED)
    told = people["ada"].heard()
    welcome = next(n for n, message in enumerate(told) if isinstance(message, Welcome))
    assert isinstance(told[welcome + 1], Roster)
    assert people["ada"].pointers[1] == (3, 4)


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
