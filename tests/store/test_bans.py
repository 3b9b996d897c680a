"""Bans: removed persons and their sessions, and boards that are closed to newcomers."""

from dataclasses import replace

import pytest

from presence.protocol.errors import Forbidden, Removed
from presence.store.base import REMOVED_SESSION_TTL, Departure, Store
from tests.store.cast import (
    BOARD,
    GRACE,
    HERE,
    OTHER_BOARD,
    SHORT_LEASE,
    THERE,
    break_off,
    fill,
    gone,
    people_on,
    request,
    sessions_on,
)
from tests.store.worlds import World

BAN = 60.4
"""Seconds for which persons are banned and boards closed."""


async def test_all_tabs_of_a_removed_person_go(store: Store, elsewhere: Store) -> None:
    await store.join(BOARD, request("second", "ada"))
    await elsewhere.join(BOARD, request("there", "ada", THERE))
    await break_off(store, "here", "ada")
    last = await store.join(BOARD, request("bob", "bob"))
    await store.join(OTHER_BOARD, request("s", "ada"))
    departure = await elsewhere.remove(BOARD, "ada", BAN)
    assert (set(gone(departure)), departure.people) == ({"here", "second", "there"}, 1)
    assert (departure.left, departure.emptied) == ({"ada"}, False)
    snapshot = await store.snapshot(BOARD)
    assert departure.version == snapshot.version == last.version + 1
    assert snapshot.removed == {"here", "second", "there"}
    assert await sessions_on(store) == ["bob"]
    # The user ids rest, and other boards are not concerned.
    assert (await store.join(BOARD, request("cy"))).member.user == 4
    await store.join(OTHER_BOARD, request("t", "ada"))
    assert await people_on(store, OTHER_BOARD) == 1


async def test_a_ban_holds_for_its_time_in_all_processes(
    store: Store, elsewhere: Store, world: World
) -> None:
    await store.join(BOARD, request("s", "ada"))
    assert (await store.remove(BOARD, "ada", BAN)).emptied
    before = await store.snapshot(BOARD)
    with pytest.raises(Removed):
        await elsewhere.join(BOARD, request("t", "ada", THERE))
    assert await store.snapshot(BOARD) == before, "nothing has changed"
    world.now += BAN - 0.4
    with pytest.raises(Removed):
        await elsewhere.join(BOARD, request("u", "ada", THERE))
    world.now += 1
    assert (await store.join(BOARD, request("v", "ada"))).people == 1


async def test_the_last_ban_counts(store: Store, world: World) -> None:
    await store.remove(BOARD, "ada", BAN)
    await store.join(OTHER_BOARD, request("s", "ada"))
    await store.remove(BOARD, "ada", 0)
    admission = await store.join(BOARD, request("s", "ada"))
    assert (admission.resumed, admission.arrived) == (None, True)
    await store.remove(BOARD, "ada", 1.4)
    await store.remove(BOARD, "ada", BAN)
    world.now += 2
    with pytest.raises(Removed):
        await store.join(BOARD, request("t", "ada"))


async def test_removing_a_person_who_is_not_there(store: Store) -> None:
    before = (await fill(store, 1))[0].version
    departure = await store.remove(BOARD, "ada", BAN)
    assert (departure, departure.version) == (Departure((), 1), before)
    with pytest.raises(Removed):
        await store.join(BOARD, request("t", "ada"))


@pytest.mark.parametrize(
    ("seconds", "remembered"), [(0, REMOVED_SESSION_TTL), (3 * REMOVED_SESSION_TTL,) * 2]
)
async def test_a_removed_session_is_not_put_back(
    store: Store, world: World, seconds: float, remembered: float
) -> None:
    ada = (await store.join(BOARD, request("s", "ada"))).member
    bob = replace(ada, session="t", person="bob", user=1)
    await store.remove(BOARD, "ada", seconds)
    world.now += remembered - 1
    await store.renew(HERE)
    assert (await store.restore(BOARD, [ada, bob])).members == (bob,)
    assert (await store.restore(BOARD, [ada])).members == (bob,)
    assert (await store.snapshot(BOARD)).removed == {"s"}
    world.now += REMOVED_SESSION_TTL + 1
    assert (await store.snapshot(BOARD)).removed == set()


async def test_a_process_that_did_not_know_does_not_put_a_banned_person_back(
    store: Store, world: World
) -> None:
    ada = (await store.join(BOARD, request("s", "ada"))).member
    await store.leave(BOARD, "s")
    await store.remove(BOARD, "ada", BAN)
    assert (await store.snapshot(BOARD)).removed == set()
    snapshot = await store.restore(BOARD, [ada])
    assert (snapshot.members, snapshot.removed) == ((), {"s"})
    world.now += BAN + 1
    assert (await store.restore(BOARD, [ada])).members == ()


async def test_a_ban_outlives_the_board(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("s", "ada"))
    await leased.remove(BOARD, "ada", BAN)
    world.now += SHORT_LEASE.board_rest + SHORT_LEASE.lease + 5
    await leased.renew(HERE)
    await leased.join(BOARD, request("t", "bob"))
    with pytest.raises(Removed):
        await leased.join(BOARD, request("u", "ada"))


async def test_a_closed_board_refuses_newcomers_for_its_time(
    store: Store, elsewhere: Store, world: World
) -> None:
    await store.close_board(BOARD, BAN)
    before = await store.snapshot(BOARD)
    assert before.closed
    with pytest.raises(Forbidden):
        await elsewhere.join(BOARD, request("s", process=THERE))
    assert await store.snapshot(BOARD) == before, "nothing has changed"
    await fill(store, 1, OTHER_BOARD)
    world.now += BAN + 1
    assert not (await store.snapshot(BOARD)).closed
    await fill(store, 1)
    await store.close_board(BOARD, BAN)
    await store.close_board(BOARD, 0)
    assert not (await store.snapshot(BOARD)).closed
    await store.join(BOARD, request("s"))


async def test_persons_on_a_closed_board_come_back_and_open_tabs(
    leased: Store, leased_elsewhere: Store, world: World
) -> None:
    await leased.join(BOARD, request("ada", "ada"))
    await leased.join(BOARD, request("bob", "bob"))
    await leased.close_board(BOARD, BAN)
    await leased.join(BOARD, request("second tab", "ada"))
    await leased.start_grace(BOARD, "bob", GRACE)
    admission = await leased_elsewhere.join(BOARD, request("bob again", "bob", THERE))
    assert admission.resumed == "bob"
    await leased.start_grace(BOARD, "ada", GRACE)
    await leased.leave(BOARD, "second tab")
    world.now += SHORT_LEASE.grace + 0.6
    with pytest.raises(Forbidden):
        await leased.join(BOARD, request("too late", "ada"))


async def test_a_closed_board_gets_back_the_members_that_were_lost(store: Store) -> None:
    ada = (await store.join(BOARD, request("s", "ada"))).member
    await store.leave(BOARD, "s")
    await store.close_board(BOARD, BAN)
    assert (await store.restore(BOARD, [ada])).members == (ada,)
    await store.remove(BOARD, "ada", BAN)
    with pytest.raises(Removed):
        await store.join(BOARD, request("t", "ada"))


@pytest.mark.parametrize("text", ["a\tb", "newcomers", "session\ts", "Zoë 🦦", '"\\'])
async def test_any_name_can_be_removed(store: Store, text: str) -> None:
    await store.join(BOARD, request(text, text))
    await store.join(BOARD, request("s", "ada"))
    departure = await store.remove(BOARD, text, BAN)
    assert (gone(departure), departure.left) == ([text], {text})
    snapshot = await store.snapshot(BOARD)
    assert (snapshot.removed, snapshot.closed) == ({text}, False)
    with pytest.raises(Removed):
        await store.join(BOARD, request("again", text))
