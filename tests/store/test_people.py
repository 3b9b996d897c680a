"""Who is here: counted by person, listed by session, each person in one colour."""

from uuid import UUID

from presence.protocol.identity import PALETTE, color_for
from presence.store.base import Departure, Store
from tests.store.cast import (
    BOARD,
    HERE,
    OTHER_BOARD,
    fill,
    gone,
    people_on,
    request,
    sessions_on,
)

NEVER_USED = UUID("00000000-0000-4000-8000-00000000dead")


async def test_tabs_of_one_person_count_once(store: Store) -> None:
    people = [(await store.join(BOARD, request(f"tab {n}", "ada"))).people for n in range(3)]
    assert people == [1, 1, 1]
    assert (await store.join(BOARD, request("other"))).people == 2
    assert await people_on(store) == 2


async def test_tabs_of_one_person_have_ids_of_their_own_and_one_colour(store: Store) -> None:
    await fill(store, 5)
    tabs = [(await store.join(BOARD, request(f"tab {n}", "ada"))).member for n in range(3)]
    assert [tab.user for tab in tabs] == [5, 6, 7]
    assert len({tab.color for tab in tabs}) == 1


async def test_a_person_is_gone_when_the_last_tab_is(store: Store) -> None:
    await store.join(BOARD, request("tab 0", "ada"))
    await store.join(BOARD, request("tab 1", "ada"))
    assert (await store.leave(BOARD, "tab 0")).people == 1
    assert (await store.leave(BOARD, "tab 1")).people == 0


async def test_spectators_are_people_too(store: Store) -> None:
    await fill(store, 255)
    assert (await store.join(BOARD, request("tab 0", "ada"))).people == 256
    assert (await store.join(BOARD, request("tab 1", "ada"))).people == 256
    assert (await store.leave(BOARD, "tab 0")).people == 256


async def test_counts_answers_for_each_board_it_was_asked_about(store: Store) -> None:
    await fill(store, 3)
    await fill(store, 1, OTHER_BOARD)
    await store.leave(OTHER_BOARD, "filler 0")
    counts = await store.counts([BOARD, OTHER_BOARD, NEVER_USED])
    assert dict(counts) == {BOARD: 3, OTHER_BOARD: 0, NEVER_USED: 0}
    assert dict(await store.counts([])) == {}


async def test_one_person_counts_on_every_board_they_are_on(store: Store) -> None:
    await store.join(BOARD, request("a", "ada"))
    await store.join(OTHER_BOARD, request("b", "ada"))
    assert dict(await store.counts({BOARD, OTHER_BOARD})) == {BOARD: 1, OTHER_BOARD: 1}


async def test_the_roster_is_in_the_order_they_came(store: Store) -> None:
    members = [admission.member for admission in await fill(store, 12)]
    assert (await store.snapshot(BOARD)).members == tuple(members)
    await store.leave(BOARD, "filler 4")
    members.pop(4)
    assert (await store.snapshot(BOARD)).members == tuple(members)
    members.append((await store.join(BOARD, request("z"))).member)
    assert (await store.snapshot(BOARD)).members == tuple(members)


async def test_a_board_nobody_was_on_has_an_empty_roster(store: Store) -> None:
    await fill(store, 1)
    assert (await store.snapshot(NEVER_USED)).members == ()


async def test_who_comes_first_has_their_own_colour(store: Store) -> None:
    admission = await store.join(BOARD, request("s", "ada"))
    assert admission.member.color == color_for("ada", ())


async def test_colours_differ_while_there_are_free_ones(store: Store) -> None:
    admissions = await fill(store, len(PALETTE))
    assert {admission.member.color for admission in admissions} == set(PALETTE)


async def test_when_no_colour_is_free_everybody_gets_their_own(store: Store) -> None:
    await fill(store, len(PALETTE))
    admission = await store.join(BOARD, request("late", "ada"))
    assert admission.member.color == color_for("ada", PALETTE)


async def test_a_colour_is_free_again_when_nobody_wears_it(store: Store) -> None:
    await store.join(BOARD, request("s", "ada"))
    await store.leave(BOARD, "s")
    assert (await store.join(BOARD, request("t", "ada"))).member.color == color_for("ada", ())


async def test_leaving_tells_who_left(store: Store) -> None:
    members = [admission.member for admission in await fill(store, 3)]
    assert await store.leave(BOARD, "filler 1") == Departure((members[1],), 2)
    assert await sessions_on(store) == ["filler 0", "filler 2"]


async def test_leaving_twice_changes_nothing(store: Store) -> None:
    await fill(store, 2)
    await store.leave(BOARD, "filler 1")
    assert await store.leave(BOARD, "filler 1") == Departure((), 1)


async def test_unknown_sessions_change_nothing(store: Store) -> None:
    await fill(store, 1)
    await store.start_grace(BOARD, "nobody")
    assert await store.leave(BOARD, "nobody") == Departure((), 1)
    assert await sessions_on(store) == ["filler 0"]


async def test_a_session_is_unknown_on_the_boards_it_is_not_on(store: Store) -> None:
    await fill(store, 1)
    await store.start_grace(NEVER_USED, "filler 0")
    assert await store.leave(NEVER_USED, "filler 0") == Departure((), 0)
    assert await store.reap(NEVER_USED) == Departure((), 0)
    assert gone(await store.leave(BOARD, "filler 0")) == ["filler 0"]


async def test_a_session_may_come_again_after_it_left(store: Store) -> None:
    await store.join(BOARD, request("s", "ada"))
    await store.leave(BOARD, "s")
    again = await store.join(BOARD, request("s", "ada"))
    assert (again.member.user, again.resumed, again.people) == (1, None, 1)


async def test_ping_answers(store: Store) -> None:
    await store.ping()


async def test_renewing_again_and_again_changes_nothing(store: Store) -> None:
    await fill(store, 2)
    await store.renew(HERE)
    await store.renew(HERE)
    assert await people_on(store) == 2
