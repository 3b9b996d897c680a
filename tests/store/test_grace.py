"""Broken sessions and lost leases: kept for a grace, resumed by the same person, then reaped."""

from uuid import UUID

import pytest

from presence.store.base import Departure, Store
from tests.store.cast import (
    BOARD,
    BRIEF_GRACE,
    GRACE,
    HERE,
    OTHER_BOARD,
    THERE,
    break_off,
    fill,
    gone,
    people_on,
    request,
    sessions_on,
)
from tests.store.worlds import World


async def renew_for(store: Store, world: World, seconds: int, process: str = HERE) -> None:
    """Let time pass in which one process stays alive."""
    for _ in range(seconds):
        world.now += 1
        await store.renew(process)


async def test_a_process_that_ends_is_not_listed_and_its_people_have_their_grace(
    store: Store, world: World
) -> None:
    await fill(store, 2)
    await store.start_grace(BOARD, "filler 0", GRACE)
    await store.renew(THERE)
    assert store.other_processes == 1
    await store.retire(HERE)
    assert HERE not in await store.processes()
    await store.renew(THERE)
    assert store.other_processes == 0
    snapshot = await store.snapshot(BOARD)
    assert (len(snapshot.members), snapshot.processes) == (2, {HERE})
    again = await store.join(BOARD, request("again", person=snapshot.members[0].person))
    assert again.resumed == "filler 0"
    await store.renew(HERE)
    assert HERE in await store.processes()


async def test_a_broken_session_stays_for_its_grace(store: Store, world: World) -> None:
    members = [admission.member for admission in await fill(store, 3)]
    for session in ("filler 0", "filler 2"):
        await store.start_grace(BOARD, session, GRACE)
    world.now += 2
    assert await store.reap(BOARD) == Departure((), 3)
    assert await sessions_on(store) == ["filler 0", "filler 1", "filler 2"]
    await store.start_grace(BOARD, "filler 0", GRACE)  # does not lengthen the grace
    await store.renew(HERE)  # does not mend the session
    world.now += 1
    assert await sessions_on(store) == ["filler 1"]
    assert await people_on(store) == 1
    departure = await store.reap(BOARD)
    assert (set(departure.members), departure.people) == ({members[0], members[2]}, 1)
    assert await store.reap(BOARD) == Departure((), 1)


async def test_a_grace_is_as_long_as_it_was_started_for(store: Store, world: World) -> None:
    await fill(store, 2)
    await store.start_grace(BOARD, "filler 0", BRIEF_GRACE)
    await store.start_grace(BOARD, "filler 1", GRACE)
    for session in ("filler 0", "filler 1"):
        await store.start_grace(BOARD, session, GRACE - BRIEF_GRACE)  # the first one counts
    world.now += 2
    assert await sessions_on(store) == ["filler 1"]
    assert gone(await store.reap(BOARD)) == ["filler 0"]
    assert await people_on(store) == 1
    world.now += 1
    assert await sessions_on(store) == []
    departure = await store.reap(BOARD)
    assert (gone(departure), departure.emptied) == (["filler 1"], True)


async def test_a_grace_may_be_longer_than_that_of_a_dead_process(
    store: Store, world: World
) -> None:
    await break_off(store, "old", "ada", seconds=2 * GRACE)
    world.now += 4
    assert await store.reap(BOARD) == Departure((), 1)
    assert (await store.join(BOARD, request("new", "ada"))).resumed == "old"


@pytest.mark.parametrize("process", [HERE, THERE], ids=["broken", "dead process"])
async def test_a_user_id_is_held_until_the_session_is_reaped(
    leased: Store, world: World, process: str
) -> None:
    await break_off(leased, "old", "ada", process)
    await renew_for(leased, world, 7)
    assert (await leased.join(BOARD, request("not reaped yet"))).member.user == 1
    await leased.reap(BOARD)
    await renew_for(leased, world, 3)
    assert (await leased.join(BOARD, request("resting"))).member.user == 2
    await renew_for(leased, world, 1)
    assert (await leased.join(BOARD, request("rested"))).member.user == 0


async def test_a_person_resumes_a_broken_session(store: Store, world: World) -> None:
    await fill(store, 3)
    before = (await break_off(store, "old", "ada")).member
    await store.leave(BOARD, "filler 0")
    world.now += 2
    admission = await store.join(BOARD, request("new", "ada", name="Ada L."))
    after = admission.member
    assert (admission.resumed, admission.people, admission.arrived) == ("old", 3, False)
    assert (after.session, after.name) == ("new", "Ada L.")
    assert (after.user, after.color) == (before.user, before.color)
    assert await sessions_on(store) == ["filler 1", "filler 2", "new"]
    # The old session is no more, and the new one can break as well.
    await store.start_grace(BOARD, "old", GRACE)
    assert await store.leave(BOARD, "old") == Departure((), 3)
    world.now += 3
    assert await store.reap(BOARD) == Departure((), 3)
    await store.start_grace(BOARD, "new", GRACE)
    world.now += 2
    again = await store.join(BOARD, request("newer", "ada"))
    assert (again.resumed, again.member.user) == ("new", before.user)
    # Its user id rests when the last of them left.
    await store.leave(BOARD, "newer")
    world.now += 3
    assert (await store.join(BOARD, request("early"))).member.user == 0
    assert (await store.join(BOARD, request("early too"))).member.user == 4


@pytest.mark.parametrize(
    ("board", "person"),
    [(BOARD, "bob"), (BOARD, "ADA"), (OTHER_BOARD, "ada")],
    ids=["another person", "another spelling", "another board"],
)
async def test_nobody_resumes_for_others(store: Store, board: UUID, person: str) -> None:
    await break_off(store, "old", "ada")
    admission = await store.join(board, request("new", person))
    assert (admission.resumed, admission.arrived) == (None, True)


async def test_a_spectator_resumes_with_an_id_if_there_is_one(store: Store) -> None:
    await fill(store, 255)
    await break_off(store, "old", "ada")
    admission = await store.join(BOARD, request("second", "ada"))
    assert (admission.resumed, admission.member.spectator, admission.people) == ("old", True, 256)
    await store.start_grace(BOARD, "second", GRACE)
    await store.leave(BOARD, "filler 3")
    admission = await store.join(BOARD, request("third", "ada"))
    assert (admission.resumed, admission.member.user, admission.people) == ("second", 3, 255)


async def test_members_of_a_dead_process_stay_for_a_grace_after_its_lease(
    leased: Store, world: World
) -> None:
    await leased.join(BOARD, request("living", "ada"))
    sessions = {"a": "ada", "b": "bob", "c": "bob"}
    dead = [(await leased.join(BOARD, request(s, p, THERE))).member for s, p in sessions.items()]
    await renew_for(leased, world, 6)
    assert await leased.reap(BOARD) == Departure((), 2)
    assert await sessions_on(leased) == ["living", "a", "b", "c"]
    await renew_for(leased, world, 1)
    assert await sessions_on(leased) == ["living"]
    departure = await leased.reap(BOARD)
    assert (set(departure.members), departure.people) == (set(dead), 1)
    assert (departure.left, departure.emptied) == ({"bob"}, False)
    assert await leased.reap(BOARD) == Departure((), 1)
    await leased.renew(THERE)
    assert await sessions_on(leased) == ["living"], "reaped members do not come back"


async def test_a_lease_lasts_from_the_last_renewal_of_any_store(
    leased: Store, leased_elsewhere: Store, world: World
) -> None:
    await leased.join(BOARD, request("s", process=THERE))
    await leased_elsewhere.join(BOARD, request("t", process=THERE))
    world.now += 3
    await leased_elsewhere.renew(THERE)
    world.now += 1
    await leased.join(BOARD, request("u", process=THERE))
    world.now += 3
    assert (await leased.snapshot(BOARD)).processes == {THERE}
    world.now += 1
    assert (await leased.snapshot(BOARD)).processes == set()


@pytest.mark.parametrize(("seconds", "resumed"), [(4, None), (5, "old"), (7, None)])
async def test_a_person_resumes_a_session_between_its_lease_and_its_grace(
    leased: Store, world: World, seconds: int, resumed: str | None
) -> None:
    await fill(leased, 1)
    before = (await leased.join(BOARD, request("old", "ada", THERE))).member
    await renew_for(leased, world, seconds)
    admission = await leased.join(BOARD, request("new", "ada"))
    assert (admission.resumed, admission.member.process) == (resumed, HERE)
    if resumed:
        member = admission.member
        assert (member.user, member.color) == (before.user, before.color)
        # The process wakes, and does not know.
        await leased.renew(THERE)
        assert await leased.leave(BOARD, "old") == Departure((), 2)
        assert await sessions_on(leased) == ["filler 0", "new"]
