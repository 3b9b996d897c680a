"""Whom a board keeps out: persons who were removed, and newcomers where it is shut."""

from dataclasses import replace

import pytest

from presence.protocol.errors import Forbidden, Removed
from presence.store.base import REMOVED_SESSION_TTL, Departure, Store
from tests.store.cast import (
    BOARD,
    HERE,
    OTHER_BOARD,
    SHORT_LEASE,
    THERE,
    fill,
    gone,
    people_on,
    request,
    sessions_on,
)
from tests.store.worlds import World

OUT = 60.4
"""Seconds that people are kept out for."""


async def test_every_tab_of_the_person_goes_and_nobody_else(store: Store, elsewhere: Store) -> None:
    await store.join(BOARD, request("here", "ada"))
    await elsewhere.join(BOARD, request("there", "ada", THERE))
    await store.join(BOARD, request("bob", "bob"))
    departure = await elsewhere.remove(BOARD, "ada", OUT)
    assert (gone(departure), departure.people) == (["here", "there"], 1)
    assert await sessions_on(store) == ["bob"]


async def test_who_was_removed_stays_out_for_so_long(store: Store, world: World) -> None:
    await store.join(BOARD, request("s", "ada"))
    await store.remove(BOARD, "ada", OUT)
    before = await store.snapshot(BOARD)
    with pytest.raises(Removed):
        await store.join(BOARD, request("t", "ada"))
    assert await store.snapshot(BOARD) == before, "nothing has changed"
    await world.advance(OUT - 0.4)
    with pytest.raises(Removed):
        await store.join(BOARD, request("u", "ada"))
    await world.advance(1)
    assert (await store.join(BOARD, request("v", "ada"))).people == 1


async def test_all_processes_know(store: Store, elsewhere: Store) -> None:
    await store.remove(BOARD, "ada", OUT)
    with pytest.raises(Removed):
        await elsewhere.join(BOARD, request("s", "ada", THERE))


async def test_on_other_boards_they_stay(store: Store) -> None:
    await store.join(OTHER_BOARD, request("s", "ada"))
    await store.remove(BOARD, "ada", OUT)
    await store.join(OTHER_BOARD, request("t", "ada"))
    assert await people_on(store, OTHER_BOARD) == 1


async def test_for_no_time_they_may_come_at_once(store: Store) -> None:
    await store.join(BOARD, request("s", "ada"))
    await store.remove(BOARD, "ada", 0)
    admission = await store.join(BOARD, request("t", "ada"))
    assert (admission.resumed, admission.arrived) == (None, True)


async def test_only_what_was_said_last_holds(store: Store, world: World) -> None:
    await store.remove(BOARD, "ada", OUT)
    await store.remove(BOARD, "ada", 0)
    await store.join(BOARD, request("s", "ada"))
    await store.remove(BOARD, "ada", 1.4)
    await store.remove(BOARD, "ada", OUT)
    await world.advance(2)
    with pytest.raises(Removed):
        await store.join(BOARD, request("t", "ada"))


async def test_a_person_in_their_grace_is_removed_too(store: Store) -> None:
    await store.join(BOARD, request("s", "ada"))
    await store.start_grace(BOARD, "s")
    assert gone(await store.remove(BOARD, "ada", OUT)) == ["s"]
    with pytest.raises(Removed):
        await store.join(BOARD, request("t", "ada"))


async def test_nobody_to_remove_changes_no_membership(store: Store) -> None:
    await fill(store, 1)
    version = (await store.snapshot(BOARD)).version
    departure = await store.remove(BOARD, "ada", OUT)
    assert departure == Departure((), 1)
    assert departure.version == version == (await store.snapshot(BOARD)).version


async def test_a_removal_raises_the_version_and_is_told(store: Store) -> None:
    admission = await store.join(BOARD, request("s", "ada"))
    assert (await store.snapshot(BOARD)).removed == frozenset()
    departure = await store.remove(BOARD, "ada", OUT)
    snapshot = await store.snapshot(BOARD)
    assert departure.version == snapshot.version == admission.version + 1
    assert snapshot.removed == {"s"}


async def test_a_removed_session_is_never_put_back(store: Store, world: World) -> None:
    ada = (await store.join(BOARD, request("s", "ada"))).member
    bob = replace(ada, session="t", person="bob", user=1)
    await store.remove(BOARD, "ada", 0)
    await world.advance(REMOVED_SESSION_TTL - 1)
    await store.renew(HERE)
    assert (await store.restore(BOARD, [ada, bob])).members == (bob,)
    assert (await store.restore(BOARD, [ada])).members == (bob,)


async def test_who_is_kept_out_is_not_put_back_by_a_process_that_did_not_know(
    store: Store, world: World
) -> None:
    ada = (await store.join(BOARD, request("s", "ada"))).member
    await store.leave(BOARD, "s")
    await store.remove(BOARD, "ada", OUT)
    assert (await store.snapshot(BOARD)).removed == frozenset()
    snapshot = await store.restore(BOARD, [ada])
    assert (snapshot.members, snapshot.removed) == ((), {"s"})
    await world.advance(OUT + 1)
    assert (await store.restore(BOARD, [ada])).members == ()


async def test_a_longer_removal_is_remembered_as_long(store: Store, world: World) -> None:
    ada = (await store.join(BOARD, request("s", "ada"))).member
    await store.remove(BOARD, "ada", 3 * REMOVED_SESSION_TTL)
    await world.advance(2 * REMOVED_SESSION_TTL)
    assert (await store.snapshot(BOARD)).removed == {"s"}
    assert (await store.restore(BOARD, [ada])).members == ()
    await world.advance(2 * REMOVED_SESSION_TTL)
    assert (await store.snapshot(BOARD)).removed == frozenset()


async def test_a_removal_outlives_the_board(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("s", "ada"))
    await leased.remove(BOARD, "ada", OUT)
    await world.advance(SHORT_LEASE.board_rest + SHORT_LEASE.lease + 5)
    await leased.renew(HERE)
    await leased.join(BOARD, request("t", "bob"))
    with pytest.raises(Removed):
        await leased.join(BOARD, request("u", "ada"))


async def test_the_user_id_rests(store: Store) -> None:
    await store.join(BOARD, request("s", "ada"))
    await store.remove(BOARD, "ada", 0)
    assert (await store.join(BOARD, request("t"))).member.user == 1


async def test_a_shut_board_takes_no_newcomers(
    store: Store, elsewhere: Store, world: World
) -> None:
    await store.close_board(BOARD, OUT)
    before = await store.snapshot(BOARD)
    assert before.closed
    with pytest.raises(Forbidden):
        await elsewhere.join(BOARD, request("s", process=THERE))
    assert await store.snapshot(BOARD) == before, "nothing has changed"
    await fill(store, 1, OTHER_BOARD)
    await world.advance(OUT + 1)
    assert not (await store.snapshot(BOARD)).closed
    await fill(store, 1)


async def test_who_is_on_a_shut_board_comes_back_and_opens_tabs(
    leased: Store, leased_elsewhere: Store, world: World
) -> None:
    await leased.join(BOARD, request("ada", "ada"))
    await leased.join(BOARD, request("bob", "bob"))
    await leased.close_board(BOARD, OUT)
    await leased.join(BOARD, request("second tab", "ada"))
    await leased.start_grace(BOARD, "bob")
    admission = await leased_elsewhere.join(BOARD, request("bob again", "bob", THERE))
    assert admission.resumed == "bob"
    await leased.start_grace(BOARD, "ada")
    await leased.leave(BOARD, "second tab")
    await world.advance(SHORT_LEASE.grace + 0.6)
    with pytest.raises(Forbidden):
        await leased.join(BOARD, request("too late", "ada"))


async def test_people_of_a_process_that_died_come_back_onto_a_shut_board(
    leased: Store, leased_elsewhere: Store, world: World
) -> None:
    await leased.join(BOARD, request("s", "ada"))
    await leased.close_board(BOARD, OUT)
    await world.advance(SHORT_LEASE.lease + 0.6)
    await leased_elsewhere.renew(THERE)
    admission = await leased_elsewhere.join(BOARD, request("t", "ada", THERE))
    assert admission.resumed == "s"


async def test_a_board_is_reopened(store: Store) -> None:
    await store.close_board(BOARD, OUT)
    await store.close_board(BOARD, 0)
    assert not (await store.snapshot(BOARD)).closed
    await fill(store, 1)


async def test_whom_a_store_lost_it_puts_back_onto_a_shut_board(store: Store) -> None:
    ada = (await store.join(BOARD, request("s", "ada"))).member
    await store.leave(BOARD, "s")
    await store.close_board(BOARD, OUT)
    assert (await store.restore(BOARD, [ada])).members == (ada,)


async def test_a_removed_person_stays_out_of_a_shut_board(store: Store) -> None:
    await store.close_board(BOARD, OUT)
    await store.remove(BOARD, "ada", OUT)
    with pytest.raises(Removed):
        await store.join(BOARD, request("s", "ada"))


@pytest.mark.parametrize("text", ["a\tb", "newcomers", "session\ts", "Zoë 🦦", '"\\'])
async def test_any_name_will_do(store: Store, text: str) -> None:
    await store.join(BOARD, request(text, text))
    await store.join(BOARD, request("s", "ada"))
    departure = await store.remove(BOARD, text, OUT)
    assert (gone(departure), departure.left) == ([text], {text})
    assert (await store.snapshot(BOARD)).removed == {text}
    assert not (await store.snapshot(BOARD)).closed
    with pytest.raises(Removed):
        await store.join(BOARD, request("again", text))
