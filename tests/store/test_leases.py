"""Leases: a process that stops renewing is believed dead, and its people with it."""

from presence.store.base import Departure, Store
from tests.store.cast import (
    BOARD,
    HERE,
    THERE,
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
        await world.advance(1)
        await store.renew(process)


async def test_members_stay_while_their_process_renews(leased: Store, world: World) -> None:
    await fill(leased, 2)
    await renew_for(leased, world, 20)
    assert await leased.reap(BOARD) == Departure((), 2)
    assert await people_on(leased) == 2


async def test_members_are_here_for_a_grace_after_the_lease(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("s", process=THERE))
    await renew_for(leased, world, 6)
    assert await leased.reap(BOARD) == Departure((), 1)
    assert await sessions_on(leased) == ["s"]


async def test_a_lease_is_as_long_as_the_last_renewal_made_it(
    leased: Store, leased_elsewhere: Store, world: World
) -> None:
    await leased.join(BOARD, request("s", process=THERE))
    await leased_elsewhere.join(BOARD, request("t", process=THERE))
    await world.advance(3)
    await leased_elsewhere.renew(THERE)
    await world.advance(1)
    await leased.join(BOARD, request("u", process=THERE))
    await world.advance(3)
    assert (await leased.snapshot(BOARD)).processes == {THERE}
    await world.advance(1)
    assert (await leased.snapshot(BOARD)).processes == set()


async def test_then_they_are_gone_before_anybody_reaps(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("living"))
    await leased.join(BOARD, request("dead", process=THERE))
    await renew_for(leased, world, 7)
    assert await sessions_on(leased) == ["living"]
    assert await people_on(leased) == 1


async def test_reaping_takes_a_dead_process_off(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("living"))
    dead = [(await leased.join(BOARD, request(f"dead {n}", process=THERE))).member for n in (1, 2)]
    await renew_for(leased, world, 7)
    departure = await leased.reap(BOARD)
    assert set(departure.members) == set(dead)
    assert departure.people == 1
    assert await leased.reap(BOARD) == Departure((), 1)


async def test_ids_of_a_dead_process_rest_when_it_is_reaped(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("dead", process=THERE))
    await renew_for(leased, world, 7)
    assert (await leased.join(BOARD, request("not told yet"))).member.user == 1
    await leased.reap(BOARD)
    await renew_for(leased, world, 3)
    assert (await leased.join(BOARD, request("resting"))).member.user == 2
    await renew_for(leased, world, 1)
    assert (await leased.join(BOARD, request("rested"))).member.user == 0


async def test_a_process_that_renews_late_has_its_members_back(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("s", process=THERE))
    await renew_for(leased, world, 9)
    assert await people_on(leased) == 0
    await leased.renew(THERE)
    assert await sessions_on(leased) == ["s"]
    assert await leased.reap(BOARD) == Departure((), 1)


async def test_what_was_reaped_does_not_come_back(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("s", process=THERE))
    await renew_for(leased, world, 7)
    assert gone(await leased.reap(BOARD)) == ["s"]
    await leased.renew(THERE)
    assert await sessions_on(leased) == []


async def test_a_person_goes_on_for_a_session_whose_lease_ran_out(
    leased: Store, world: World
) -> None:
    await fill(leased, 1)
    before = (await leased.join(BOARD, request("old", "ada", THERE))).member
    await renew_for(leased, world, 5)
    admission = await leased.join(BOARD, request("new", "ada"))
    assert admission.resumed == "old"
    assert (admission.member.user, admission.member.color) == (before.user, before.color)
    assert (admission.member.process, admission.people) == (HERE, 2)


async def test_not_while_the_lease_holds(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("old", "ada", THERE))
    await renew_for(leased, world, 4)
    assert (await leased.join(BOARD, request("new", "ada"))).resumed is None


async def test_not_when_a_grace_has_passed_since(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("old", "ada", THERE))
    await renew_for(leased, world, 7)
    assert (await leased.join(BOARD, request("new", "ada"))).resumed is None


async def test_a_process_that_wakes_does_not_know_whom_another_took_over(
    leased: Store, world: World
) -> None:
    await leased.join(BOARD, request("old", "ada", THERE))
    await renew_for(leased, world, 5)
    await leased.join(BOARD, request("new", "ada"))
    await leased.renew(THERE)
    assert await leased.leave(BOARD, "old") == Departure((), 1)
    assert await sessions_on(leased) == ["new"]


async def test_the_grace_of_a_broken_session_goes_on_without_its_process(
    leased: Store, world: World
) -> None:
    await leased.join(BOARD, request("s", process=THERE))
    await leased.start_grace(BOARD, "s")
    await renew_for(leased, world, 3)
    assert gone(await leased.reap(BOARD)) == ["s"]


async def test_a_renewal_does_not_mend_a_broken_session(leased: Store, world: World) -> None:
    await fill(leased, 1)
    await leased.start_grace(BOARD, "filler 0")
    await renew_for(leased, world, 3)
    assert gone(await leased.reap(BOARD)) == ["filler 0"]


async def test_a_person_counts_while_one_of_their_tabs_is_alive(
    leased: Store, world: World
) -> None:
    await leased.join(BOARD, request("dead", "ada", THERE))
    await leased.join(BOARD, request("living", "ada"))
    await renew_for(leased, world, 7)
    assert await sessions_on(leased) == ["living"]
    assert (await leased.reap(BOARD)).people == 1
