"""Members of a board: people, user ids, colours, times and versions."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from presence.protocol.colors import PALETTE, color_for
from presence.protocol.messages import MAX_USERS, NO_USER, Color
from presence.store.base import Departure, Member, Store, people
from tests.store.cast import (
    BOARD,
    GRACE,
    OTHER_BOARD,
    SHORT_LEASE,
    THERE,
    break_off,
    fill,
    gone,
    people_on,
    request,
)
from tests.store.worlds import World

NEVER_USED = UUID("00000000-0000-4000-8000-00000000dead")


def test_people_and_spectators() -> None:
    tabs = [("ada", 254), ("ada", 0), ("bob", 255)]
    members = [Member(f"{user}", "p", person, "A", (1, 2, 3), user) for person, user in tabs]
    assert [member.spectator for member in members] == [False, False, True]
    assert (people(members), people([])) == (2, 0)


async def test_an_admission_says_who_came(store: Store) -> None:
    admission = await store.join(BOARD, request("s", "p", THERE, "Grace"))
    color = color_for("p", ())
    assert admission.member == Member("s", THERE, "p", "Grace", color, 0)
    assert (admission.people, admission.resumed, admission.processes) == (1, None, {THERE})


async def test_a_user_id_that_the_process_knows_is_not_chosen(store: Store) -> None:
    asks = replace(request("a"), known=(0, 2, 1, 4, 254))
    assert (await store.join(BOARD, asks)).member.user == 3
    asks = replace(request("b"), known=range(MAX_USERS))
    assert (await store.join(BOARD, asks)).member.user == NO_USER


async def test_another_process_sees_the_same_board(store: Store, elsewhere: Store) -> None:
    here = await store.join(BOARD, request("a"))
    there = await elsewhere.join(BOARD, request("b", process=THERE))
    assert (there.member.user, there.people, there.board_id) == (1, 2, here.board_id)
    assert await store.snapshot(BOARD) == await elsewhere.snapshot(BOARD)
    assert (await elsewhere.leave(BOARD, "a")).members == (here.member,)
    assert await people_on(store) == 1


async def test_tabs_of_one_person(store: Store) -> None:
    await fill(store, 5)
    tabs = [await store.join(BOARD, request(f"tab {n}", "ada")) for n in range(3)]
    assert [tab.people for tab in tabs] == [6, 6, 6]
    assert [tab.arrived for tab in tabs] == [True, False, False]
    assert [tab.member.user for tab in tabs] == [5, 6, 7]
    assert len({tab.member.color for tab in tabs}) == 1
    assert (await store.join(OTHER_BOARD, request("elsewhere", "ada"))).arrived
    departures = [await store.leave(BOARD, f"tab {n}") for n in (0, 1, 2, 2)]
    assert [departure.people for departure in departures] == [6, 6, 5, 5]
    assert [departure.left for departure in departures] == [set(), set(), {"ada"}, set()]
    assert (await store.join(BOARD, request("again", "ada"))).arrived


async def test_counts_and_boards(store: Store) -> None:
    await fill(store, 3)
    await store.join(OTHER_BOARD, request("a", "person of filler 0"))
    asked = [BOARD, OTHER_BOARD, NEVER_USED]
    assert await store.counts(asked) == {BOARD: 3, OTHER_BOARD: 1, NEVER_USED: 0}
    assert await store.boards() == await store.boards(asked) == {BOARD: 3, OTHER_BOARD: 1}
    assert await store.boards([OTHER_BOARD, NEVER_USED]) == {OTHER_BOARD: 1}
    await store.leave(OTHER_BOARD, "a")
    assert await store.counts(asked) == {BOARD: 3, OTHER_BOARD: 0, NEVER_USED: 0}
    assert await store.boards() == {BOARD: 3}
    assert await store.boards([OTHER_BOARD]) == await store.boards([]) == {}
    assert await store.counts([]) == {}


async def test_leaving(store: Store) -> None:
    members = [admission.member for admission in await fill(store, 12)]
    assert (await store.snapshot(BOARD)).members == tuple(members)
    assert await store.leave(BOARD, "filler 4") == Departure((members.pop(4),), 11)
    assert await store.leave(BOARD, "filler 4") == Departure((), 11)
    again = await store.join(BOARD, request("filler 4", "person of filler 4"))
    assert (again.member.user, again.resumed, again.arrived) == (12, None, True)
    assert (await store.snapshot(BOARD)).members == (*members, again.member)


async def test_unknown_sessions_change_nothing(store: Store) -> None:
    await fill(store, 1)
    for board, session, count in ((BOARD, "nobody", 1), (NEVER_USED, "filler 0", 0)):
        await store.start_grace(board, session, GRACE)
        assert await store.leave(board, session) == Departure((), count)
        assert await store.reap(board) == Departure((), count)
    assert (await store.snapshot(NEVER_USED)).members == ()
    assert gone(await store.leave(BOARD, "filler 0")) == ["filler 0"]


async def test_ping(store: Store) -> None:
    await store.ping()


@pytest.mark.parametrize("count", [1, 3, MAX_USERS - 1])
async def test_the_lowest_user_id_is_given_again_after_its_rest(
    store: Store, world: World, count: int
) -> None:
    users = [admission.member.user for admission in await fill(store, count)]
    assert users == list(range(count))
    await store.leave(BOARD, "filler 0")
    world.now += 3
    assert (await store.join(BOARD, request("early"))).member.user == count
    assert (await store.join(OTHER_BOARD, request("early"))).member.user == 0
    world.now += 1
    assert (await store.join(BOARD, request("next"))).member.user == 0


async def test_300_sessions_are_255_users_and_45_spectators(store: Store) -> None:
    admissions = await fill(store, 300)
    assert [a.member.user for a in admissions] == [*range(MAX_USERS), *[NO_USER] * 45]
    assert [a.people for a in admissions] == list(range(1, 301))
    assert (await store.join(BOARD, request("tab", "person of filler 299"))).people == 300
    assert await people_on(store) == 300
    assert len((await store.snapshot(BOARD)).members) == 301
    assert (await store.leave(BOARD, "tab")).people == 300


async def test_a_spectator_stays_one_and_its_id_does_not_rest(store: Store, world: World) -> None:
    await fill(store, 257)
    await store.leave(BOARD, "filler 7")
    departure = await store.leave(BOARD, "filler 255")
    assert [member.user for member in departure.members] == [NO_USER]
    world.now += 4
    assert (await store.snapshot(BOARD)).members[-1].spectator
    assert (await store.join(BOARD, request("next"))).member.user == 7
    assert (await store.join(BOARD, request("after"))).member.spectator


async def test_who_has_no_name_is_a_spectator(store: Store, world: World) -> None:
    named = (await store.join(BOARD, request("named"))).member
    hidden = (await store.join(BOARD, request("hidden", name=""))).member
    assert (named.user, hidden.user, hidden.spectator) == (0, NO_USER, True)
    assert await people_on(store) == 2

    # The board changed what it shows before their pages were loaded again.
    for session in ("named", "hidden"):
        await store.start_grace(BOARD, session, GRACE)
    now_hidden = await store.join(BOARD, request("hidden now", named.person, name=""))
    now_named = await store.join(BOARD, request("named now", hidden.person))
    assert (now_hidden.resumed, now_hidden.member.user) == ("named", NO_USER)
    # The former id of the other person rests.
    assert (now_named.resumed, now_named.member.user) == ("hidden", 1)
    assert now_named.member.color == hidden.color
    world.now += 4
    assert (await store.join(BOARD, request("next"))).member.user == 0


async def test_joins_at_once_get_different_user_ids(store: Store, elsewhere: Store) -> None:
    joins = [(store, elsewhere)[n % 2].join(BOARD, request(f"s{n}")) for n in range(260)]
    admissions = await asyncio.gather(*joins)
    users = sorted(admission.member.user for admission in admissions)
    assert users == [*range(MAX_USERS), *[NO_USER] * 5]
    assert sorted(admission.people for admission in admissions) == list(range(1, 261))


async def test_colours(store: Store) -> None:
    first = await store.join(BOARD, request("s", "ada"))
    assert first.member.color == color_for("ada", ())
    await store.leave(BOARD, "s")
    # It is free again, so everybody gets another one while there are enough.
    admissions = await fill(store, len(PALETTE))
    assert {admission.member.color for admission in admissions} == set(PALETTE)
    late = await store.join(BOARD, request("late", "ada"))
    assert late.member.color == color_for("ada", PALETTE)


async def test_each_newcomer_gets_a_colour_that_is_far_from_the_others(store: Store) -> None:
    taken: list[Color] = []
    for admission in await fill(store, len(PALETTE) + 2):
        assert admission.member.color == color_for(admission.member.person, taken)
        taken.append(admission.member.color)


async def test_who_comes_back_gets_the_colour_they_had_if_it_is_free(store: Store) -> None:
    others = await fill(store, 9)
    taken = {other.member.color for other in others}
    # Somebody whose own colour is another's, or like another's.
    name = next(f"p{n}" for n in range(99) if color_for(f"p{n}", taken) != color_for(f"p{n}", ()))
    had = (await store.join(BOARD, request("first", name))).member.color
    assert had == color_for(name, taken)
    for session in ("first", *(other.member.session for other in others)):
        await store.leave(BOARD, session)
    assert (await store.join(BOARD, request("again", name))).member.color == had
    there = await store.join(OTHER_BOARD, request("there", name))
    assert there.member.color == color_for(name, ())
    await store.leave(BOARD, "again")
    await fill(store, len(PALETTE))
    assert (await store.join(BOARD, request("late", name))).member.color == color_for(name, ())


async def test_a_picture_is_kept_with_its_member(store: Store, elsewhere: Store) -> None:
    ada = replace(request("a", "ada"), avatar="/media/a%20b.png?x=1")
    member = (await store.join(BOARD, ada)).member
    bob = (await store.join(BOARD, request("b", "bob"))).member
    assert (member.avatar, bob.avatar) == ("/media/a%20b.png?x=1", "")
    assert (await elsewhere.snapshot(BOARD)).members == (member, bob)
    await store.start_grace(BOARD, "a", GRACE)
    again = await store.join(BOARD, replace(request("c", "ada"), avatar="/media/new.png"))
    assert (again.resumed, again.member.avatar) == ("a", "/media/new.png")
    await store.leave(BOARD, "c")
    restored = await store.restore(BOARD, [again.member])
    assert {m.session: m.avatar for m in restored.members} == {"b": "", "c": "/media/new.png"}


async def test_the_time_of_arrival_lasts(store: Store, elsewhere: Store, world: World) -> None:
    await break_off(store, "old", "ada")
    world.now += 2
    await elsewhere.join(BOARD, request("new", "ada", THERE))
    bob = (await store.join(BOARD, request("bob", "bob"))).member
    world.now += 10
    await store.leave(BOARD, "bob")
    await store.restore(BOARD, [bob])
    snapshot = await store.snapshot(BOARD)
    # A server's clock goes on while it is asked.
    ages = {m.session: pytest.approx(snapshot.at - m.since, abs=1) for m in snapshot.members}
    assert ages == {"new": 12, "bob": 10}


async def test_a_person_who_is_late_but_not_reaped_never_left(leased: Store, world: World) -> None:
    await break_off(leased, "old", "ada")
    assert not (await leased.join(BOARD, request("in grace", "ada"))).arrived
    await break_off(leased, "late", "bob")
    world.now += SHORT_LEASE.grace + 0.6
    assert not (await leased.join(BOARD, request("new", "bob"))).arrived
    departure = await leased.reap(BOARD)
    assert (gone(departure), departure.left, departure.emptied) == (["late"], set(), False)


async def test_a_board_never_has_a_version_twice(store: Store, world: World) -> None:
    first = (await fill(store, 1))[0].version
    for _ in range(100):
        await store.join(BOARD, request("again"))
        await store.leave(BOARD, "again")
    last = (await store.leave(BOARD, "filler 0")).version
    assert last == first + 201
    world.now += 3600
    assert (await fill(store, 1))[0].version > last
