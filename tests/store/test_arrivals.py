"""When people came, and which of the comings and goings of sessions are those of a person."""

import pytest

from presence.store.base import Store
from tests.store.cast import BOARD, HERE, OTHER_BOARD, SHORT_LEASE, THERE, request
from tests.store.worlds import World

# A server's clock goes on while it is asked.
NEAR = pytest.approx


async def ages(store: Store) -> dict[str, float]:
    """Return for how long each session has been here."""
    snapshot = await store.snapshot(BOARD)
    return {member.session: snapshot.at - member.since for member in snapshot.members}


async def test_since_when_everybody_is_here(store: Store, world: World) -> None:
    await store.join(BOARD, request("a"))
    await world.advance(10)
    await store.join(BOARD, request("b"))
    await world.advance(5)
    assert await ages(store) == {"a": NEAR(15, abs=1), "b": NEAR(5, abs=1)}


async def test_who_comes_back_came_when_they_first_did(
    store: Store, elsewhere: Store, world: World
) -> None:
    await store.join(BOARD, request("old", "ada"))
    await world.advance(10)
    await store.start_grace(BOARD, "old")
    await elsewhere.join(BOARD, request("new", "ada", THERE))
    await world.advance(10)
    assert await ages(store) == {"new": NEAR(20, abs=1)}


async def test_who_is_put_back_came_when_they_did(store: Store, world: World) -> None:
    member = (await store.join(BOARD, request("s"))).member
    await world.advance(10)
    await store.leave(BOARD, "s")
    await store.restore(BOARD, [member])
    assert await ages(store) == {"s": NEAR(10, abs=1)}


async def test_a_person_arrives_with_the_first_tab_and_leaves_with_the_last(store: Store) -> None:
    assert (await store.join(BOARD, request("a", "ada"))).arrived
    assert not (await store.join(BOARD, request("b", "ada"))).arrived
    assert (await store.join(BOARD, request("c", "bob"))).arrived
    assert (await store.join(OTHER_BOARD, request("d", "ada"))).arrived
    assert (await store.leave(BOARD, "a")).left == frozenset()
    assert (await store.leave(BOARD, "b")).left == {"ada"}
    assert (await store.leave(BOARD, "b")).left == frozenset()
    assert (await store.join(BOARD, request("e", "ada"))).arrived


async def test_who_comes_back_has_not_arrived(store: Store) -> None:
    await store.join(BOARD, request("old", "ada"))
    await store.start_grace(BOARD, "old")
    assert not (await store.join(BOARD, request("new", "ada"))).arrived


async def test_who_comes_after_their_time_and_before_anybody_reaped_has_never_left(
    leased: Store, world: World
) -> None:
    await leased.join(BOARD, request("old", "ada"))
    await leased.start_grace(BOARD, "old")
    await world.advance(SHORT_LEASE.grace + 0.6)
    assert not (await leased.join(BOARD, request("new", "ada"))).arrived
    departure = await leased.reap(BOARD)
    assert [member.session for member in departure.members] == ["old"]
    assert (departure.left, departure.emptied) == (frozenset(), False)


async def test_the_last_one_empties_the_board(store: Store) -> None:
    await store.join(BOARD, request("a", "ada"))
    await store.join(BOARD, request("b", "bob"))
    assert not (await store.leave(BOARD, "a")).emptied
    assert (await store.leave(BOARD, "b")).emptied
    assert not (await store.leave(BOARD, "b")).emptied, "it was empty before"


async def test_those_of_a_dead_process_leave_once(
    leased: Store, leased_elsewhere: Store, world: World
) -> None:
    for session, person in [("a", "ada"), ("b", "ada"), ("c", "bob")]:
        await leased.join(BOARD, request(session, person, HERE))
    await leased_elsewhere.join(BOARD, request("d", "bob", THERE))
    await world.advance(SHORT_LEASE.lease - 0.6)
    await leased_elsewhere.renew(THERE)
    await world.advance(SHORT_LEASE.grace + 1.4)
    first, second = await leased.reap(BOARD), await leased_elsewhere.reap(BOARD)
    assert (first.left, first.emptied) == ({"ada"}, False)
    assert (second.left, second.emptied) == (frozenset(), False)


async def test_a_removal_is_a_leave(store: Store) -> None:
    await store.join(BOARD, request("a", "ada"))
    await store.join(BOARD, request("b", "ada"))
    departure = await store.remove(BOARD, "ada", 0)
    assert (departure.left, departure.emptied) == ({"ada"}, True)
