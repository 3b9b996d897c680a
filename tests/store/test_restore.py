"""Restoring: members come back as they were, unless somebody else took their place."""

from dataclasses import replace

import pytest

from presence.protocol.board_ids import home_id
from presence.protocol.messages import NO_USER
from presence.store.base import Departure, Member, Store
from tests.store.cast import (
    BOARD,
    GRACE,
    HERE,
    HOME_OF_PAIR,
    SECOND_OF_PAIR,
    THERE,
    fill,
    gone,
    people_on,
    request,
    sessions_on,
)
from tests.store.test_grace import renew_for
from tests.store.worlds import World


def lost(session: str, user: int, person: str = "", process: str = HERE) -> Member:
    """Return a member whom the store does not know."""
    return Member(session, process, person or f"person of {session}", "Ada", (144, 0, 0), user)


async def test_members_come_back_as_they_were(store: Store) -> None:
    members = (lost("b", 7), lost("a", 0, process=THERE), lost("c", 254), lost("d", NO_USER))
    snapshot = await store.restore(BOARD, members)
    assert snapshot.members == members == (await store.snapshot(BOARD)).members
    assert (snapshot.people, snapshot.board_id) == (4, home_id(BOARD))
    assert snapshot.processes == {HERE, THERE}
    assert await people_on(store) == 4
    assert (await store.renew(HERE))[BOARD].version == snapshot.version
    assert (await store.restore(SECOND_OF_PAIR, [lost("a", 0)])).board_id == HOME_OF_PAIR
    # They hold their ids, leave and break like others.
    assert [admission.member.user for admission in await fill(store, 2)] == [1, 2]
    assert await store.leave(BOARD, "a") == Departure((members[1],), 5)
    await store.start_grace(BOARD, "b", GRACE)
    assert (await store.join(BOARD, request("new", "person of b"))).resumed == "b"


async def test_members_who_are_there_already_stay_as_they_are(store: Store) -> None:
    here = (await fill(store, 1))[0].member
    await store.start_grace(BOARD, "filler 0", GRACE)
    other = replace(here, name="Grace", user=9, person="somebody")
    snapshot = await store.restore(BOARD, [other, lost("b", 9), lost("a", 3)])
    assert snapshot.members == (here, lost("b", 9), lost("a", 3))
    assert await sessions_on(store) == ["filler 0", "b", "a"]
    # Its grace goes on, too.
    assert (await store.join(BOARD, request("new", here.person))).resumed == "filler 0"


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        pytest.param([0], [2], id="another holds it"),
        pytest.param([0, 2, 3], [4, 2, 3], id="no id that another of the lost keeps"),
        pytest.param([5, 5, 6], [5, 2, 6], id="of two with one id the first keeps it"),
        pytest.param([NO_USER, 0, NO_USER], [NO_USER, 2, NO_USER], id="spectators stay so"),
    ],
)
async def test_a_user_id_that_is_held_is_not_given_back(
    store: Store, wanted: list[int], given: list[int]
) -> None:
    await fill(store, 2)
    snapshot = await store.restore(BOARD, [lost(f"s{n}", user) for n, user in enumerate(wanted)])
    assert [member.user for member in snapshot.members] == [0, 1, *given]


async def test_on_a_full_board_a_clash_makes_a_spectator(store: Store) -> None:
    await fill(store, 255)
    snapshot = await store.restore(BOARD, [lost("a", 17)])
    assert (snapshot.members[-1], snapshot.people) == (lost("a", NO_USER), 256)


async def test_a_user_id_at_rest_goes_back_to_its_person(store: Store, world: World) -> None:
    member = (await fill(store, 1))[0].member
    await store.leave(BOARD, "filler 0")
    assert (await store.restore(BOARD, [member])).members == (member,)
    # It is held, and rests anew when it is free.
    world.now += 4
    assert (await store.join(BOARD, request("next"))).member.user == 1
    await store.leave(BOARD, "filler 0")
    world.now += 3
    assert (await store.join(BOARD, request("early"))).member.user == 2


async def test_a_user_id_at_rest_does_not_go_to_another_person(store: Store, world: World) -> None:
    await fill(store, 1)
    await store.leave(BOARD, "filler 0")
    assert (await store.restore(BOARD, [lost("a", 0)])).members == (lost("a", 1),)
    world.now += 4
    assert (await store.restore(BOARD, [lost("b", 0)])).members[-1] == lost("b", 0)


async def test_restoring_nobody_changes_nothing(store: Store) -> None:
    assert (await store.restore(BOARD, [])).board_id == 0
    assert await store.boards() == {}
    assert await store.renew(HERE) == {}
    await fill(store, 1)
    assert await store.restore(BOARD, []) == await store.snapshot(BOARD)


async def test_a_process_taken_for_dead_puts_its_members_back(leased: Store, world: World) -> None:
    await leased.join(BOARD, request("living"))
    member = (await leased.join(BOARD, request("s", process=THERE))).member
    await renew_for(leased, world, 7)
    assert gone(await leased.reap(BOARD)) == ["s"]
    await leased.renew(THERE)
    snapshot = await leased.restore(BOARD, [member])
    assert snapshot.members[-1] == member
    assert snapshot.processes == {HERE, THERE}


async def test_members_restored_without_a_lease_are_gone(leased: Store, world: World) -> None:
    await renew_for(leased, world, 7)
    assert (await leased.restore(BOARD, [lost("a", 0, process=THERE)])).members == ()
    assert gone(await leased.reap(BOARD)) == ["a"]


@pytest.mark.parametrize(
    "text",
    ["a\tb", "\\", '"', "\\t", "a\nb\r\0", "\N{SMILING FACE WITH SUNGLASSES}", "\ud800", " "],
)
async def test_strings_come_back_unchanged(store: Store, text: str) -> None:
    await store.renew(text)
    joined = await store.join(BOARD, request(text, text, text, text))
    again = Member(f"{text}2", text, text, text, (0, 0, 0), 5)
    assert (await store.restore(BOARD, [again])).members == (joined.member, again)
    await store.start_grace(BOARD, text, GRACE)
    assert (await store.join(BOARD, request("new", text))).resumed == text
    assert await store.leave(BOARD, f"{text}2") == Departure((again,), 1)
    assert (await store.processes())[text] == 0
