"""Restoring: members come back as they were, as far as nobody has taken their place."""

from dataclasses import replace

import pytest

from presence.protocol.board_ids import home_id
from presence.protocol.messages import NO_USER
from presence.store.base import Departure, Member, Store
from tests.store.cast import (
    BOARD,
    HERE,
    HOME_OF_PAIR,
    OTHER_BOARD,
    SECOND_OF_PAIR,
    THERE,
    fill,
    gone,
    people_on,
    request,
    sessions_on,
)
from tests.store.test_leases import renew_for
from tests.store.worlds import World


def lost(session: str, user: int, person: str = "", process: str = HERE) -> Member:
    """Return a member of whom the store knows nothing."""
    return Member(session, process, person or f"person of {session}", "Ada", (144, 0, 0), user)


async def test_members_come_back_as_they_were(store: Store) -> None:
    members = (lost("b", 7), lost("a", 0, process=THERE), lost("c", 254))
    snapshot = await store.restore(BOARD, members)
    assert snapshot.members == members == (await store.snapshot(BOARD)).members
    assert (snapshot.people, snapshot.board_id) == (3, home_id(BOARD))
    assert snapshot.processes == {HERE, THERE}
    assert await people_on(store) == 3


async def test_ids_of_restored_members_are_held(store: Store) -> None:
    await store.restore(BOARD, [lost("a", 0), lost("b", 2)])
    assert [admission.member.user for admission in await fill(store, 2)] == [1, 3]


async def test_restored_members_leave_like_others(store: Store) -> None:
    members = [lost("a", 0), lost("b", 1)]
    await store.restore(BOARD, members)
    assert await store.leave(BOARD, "a") == Departure((members[0],), 1)
    await store.start_grace(BOARD, "b")
    assert (await store.join(BOARD, request("new", "person of b"))).resumed == "b"


async def test_who_is_here_already_stays_as_they_are(store: Store) -> None:
    here = (await fill(store, 1))[0].member
    await store.start_grace(BOARD, "filler 0")
    other = replace(here, name="Grace", user=9, person="somebody")
    snapshot = await store.restore(BOARD, [other, lost("a", 3)])
    assert snapshot.members == (here, lost("a", 3))
    # Its grace goes on, too.
    assert (await store.join(BOARD, request("new", here.person))).resumed == "filler 0"


async def test_they_come_after_those_who_are_here(store: Store) -> None:
    await fill(store, 1)
    await store.restore(BOARD, [lost("b", 9), lost("a", 0), lost("c", 8)])
    assert await sessions_on(store) == ["filler 0", "b", "a", "c"]


async def test_an_id_that_another_holds_is_not_given_back(store: Store) -> None:
    here = (await fill(store, 2))[0].member
    snapshot = await store.restore(BOARD, [lost("a", 0)])
    assert snapshot.members[0] == here
    assert snapshot.members[-1] == replace(lost("a", 0), user=2)


async def test_who_clashes_takes_no_id_that_another_of_the_lost_keeps(store: Store) -> None:
    await fill(store, 1)
    snapshot = await store.restore(BOARD, [lost("a", 0), lost("b", 1), lost("c", 2)])
    assert [member.user for member in snapshot.members] == [0, 3, 1, 2]


async def test_of_two_that_were_given_one_id_the_first_keeps_it(store: Store) -> None:
    await store.restore(BOARD, [lost("a", 5)])
    snapshot = await store.restore(BOARD, [lost("b", 5), lost("c", 6), lost("d", 6)])
    assert [member.user for member in snapshot.members] == [5, 0, 6, 1]


async def test_a_resting_id_is_given_back_to_whose_it_was(store: Store, world: World) -> None:
    member = (await fill(store, 1))[0].member
    await store.leave(BOARD, "filler 0")
    assert (await store.restore(BOARD, [member])).members == (member,)
    # Then it rests no more: it is held, and rests anew when it is free.
    await world.advance(4)
    assert (await store.join(BOARD, request("next"))).member.user == 1
    await store.leave(BOARD, "filler 0")
    await world.advance(3)
    assert (await store.join(BOARD, request("early"))).member.user == 2


async def test_a_resting_id_is_not_given_to_somebody_else(store: Store, world: World) -> None:
    await fill(store, 1)
    await store.leave(BOARD, "filler 0")
    assert (await store.restore(BOARD, [lost("a", 0)])).members == (lost("a", 1),)
    await world.advance(4)
    assert (await store.restore(BOARD, [lost("b", 0)])).members[-1] == lost("b", 0)


async def test_on_a_full_board_who_clashes_is_a_spectator(store: Store) -> None:
    await fill(store, 255)
    snapshot = await store.restore(BOARD, [lost("a", 17)])
    assert snapshot.members[-1] == lost("a", NO_USER)
    assert snapshot.people == 256


async def test_spectators_stay_spectators(store: Store) -> None:
    members = (lost("a", NO_USER), lost("b", NO_USER), lost("c", 0))
    assert (await store.restore(BOARD, members)).members == members


async def test_restoring_nobody_changes_nothing(store: Store) -> None:
    assert (await store.restore(BOARD, [])).board_id == 0
    assert list(await store.boards()) == []
    await fill(store, 1)
    assert await store.restore(BOARD, []) == await store.snapshot(BOARD)


async def test_a_restored_board_has_its_id_from_the_registry(store: Store) -> None:
    snapshot = await store.restore(SECOND_OF_PAIR, [lost("a", 0)])
    assert snapshot.board_id == HOME_OF_PAIR
    await store.restore(OTHER_BOARD, [lost("a", 0)])
    assert set(await store.boards()) == {SECOND_OF_PAIR, OTHER_BOARD}


async def test_a_process_taken_for_dead_puts_its_people_back(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("living"))
    member = (await leased.join(BOARD, request("s", process=THERE))).member
    await renew_for(leased, world, 7)
    assert gone(await leased.reap(BOARD)) == ["s"]
    await leased.renew(THERE)
    snapshot = await leased.restore(BOARD, [member])
    assert snapshot.members[-1] == member
    assert snapshot.processes == {HERE, THERE}


async def test_who_is_restored_without_a_lease_is_gone(leased: Store, world: World) -> None:
    await renew_for(leased, world, 7)
    assert (await leased.restore(BOARD, [lost("a", 0, process=THERE)])).members == ()
    assert gone(await leased.reap(BOARD)) == ["a"]


@pytest.mark.parametrize(
    "text",
    ["a\tb", "\\", '"', "\\t", "a\nb\r\0", "\N{SMILING FACE WITH SUNGLASSES}", "\ud800", " "],
)
async def test_strings_stay_what_they_are(store: Store, text: str) -> None:
    await store.renew(text)
    joined = await store.join(BOARD, request(text, text, text, text))
    again = Member(f"{text}2", text, text, text, (0, 0, 0), 5)
    assert (await store.restore(BOARD, [again])).members == (joined.member, again)
    await store.start_grace(BOARD, text)
    assert (await store.join(BOARD, request("new", text))).resumed == text
    assert await store.leave(BOARD, f"{text}2") == Departure((again,), 1)
    assert (await store.processes())[text] == 0
