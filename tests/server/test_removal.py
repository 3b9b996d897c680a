"""Staff take a person off a board, close it to newcomers, and have everybody connect anew: what
the processes make of what the store says."""

import pytest

from presence.cluster.messages import Message
from presence.protocol.errors import Close, Notice
from presence.protocol.messages import Dialect, NoticeMessage, PresenceUpdate, UserLeft
from presence.rooms.seats import Activity
from tests.server.harness import BOARD, OTHER_BOARD, Process, pass_time, settle
from tests.server.world import RENEWAL, TIMING, World, agree, comings, quiet, three
from tests.support.layer import never

OUT = 30.0

NEWER = 2**62
"""A version that no process knows yet."""


async def remove(world: World, person: str, seconds: float = OUT, *, told: bool = True) -> None:
    """Remove a person, as somebody does who is no process; `told`: and say so to all."""
    await world.store.remove(BOARD, person, seconds)
    if told:
        for process in world.processes.values():
            process.hub.heard(BOARD, "staff", Message(NEWER))
    await settle()


async def test_every_tab_closes_in_every_process_and_the_others_are_told(world: World) -> None:
    people = await three(world)
    tab = await world.joined("two", "ada")
    await quiet(*people.values(), tab)
    await remove(world, "ada")
    for removed in (people["ada"], tab):
        assert removed.codes == [Close.REMOVED]
        assert removed.heard()[-1] == NoticeMessage(Notice.REMOVED, 0)
    for other in (people["bob"], people["cy"]):
        *left, count = comings(other)
        assert {*left} == {UserLeft(16028, user) for user in (0, 3)}
        assert count == PresenceUpdate(16028, 2)
        assert other.codes == []
    del people["ada"]
    assert agree(**people)


async def test_without_a_word_it_is_seen_at_the_next_renewal(world: World) -> None:
    people = await three(world)
    await remove(world, "ada", told=False)
    await pass_time(RENEWAL)
    assert people["ada"].codes == [Close.REMOVED]
    del people["ada"]
    assert agree(**people)


async def test_also_where_the_store_is_in_doubt(world: World) -> None:
    people = await three(world)
    world.lose_everything()
    await pass_time(RENEWAL)
    await remove(world, "ada")
    await pass_time(10)
    assert people["ada"].codes == [Close.REMOVED]
    del people["ada"]
    assert agree(**people)


async def test_the_last_person_is_removed(process: Process) -> None:
    ada = await process.joined("ada")
    await process.seam.inner.remove(BOARD, "ada", OUT)
    process.hub.heard(BOARD, "staff", Message(NEWER))
    await settle()
    assert ada.codes == [Close.REMOVED]
    await pass_time(60)
    assert await process.people() == 0


async def test_the_explicit_dialect_is_told_by_the_code(world: World) -> None:
    ada = await world.joined("one", "ada", dialect=Dialect.EXPLICIT)
    frames = len(ada.frames)
    await remove(world, "ada")
    assert (ada.codes, len(ada.frames)) == ([Close.REMOVED], frames)


async def test_who_was_removed_cannot_come_back_for_so_long(world: World) -> None:
    await world.joined("one", "ada")
    bob = await world.joined("two", "bob")
    await remove(world, "ada")
    again = world.process("two").socket("ada")
    again.ask()
    await settle()
    assert again.codes == [Close.REMOVED]
    assert again.messages == [NoticeMessage(Notice.REMOVED, 0)]
    await quiet(bob)
    await pass_time(OUT)
    await world.joined("two", "ada")
    assert bob.count == 2


async def test_for_no_time_they_may_come_back_at_once(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await remove(world, "ada", 0)
    assert ada.codes == [Close.REMOVED]
    again = await world.joined("one", "ada")
    assert agree(ada=again, bob=bob)
    await pass_time(RENEWAL + 1)
    assert again.codes == []


async def test_on_another_board_they_stay(world: World) -> None:
    ada = await world.joined("one", "ada", board=OTHER_BOARD)
    await remove(world, "ada")
    await pass_time(RENEWAL)
    assert ada.codes == []


async def test_who_is_in_their_grace_is_gone_at_once(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await quiet(bob)
    ada.snap()
    await remove(world, "ada")
    assert comings(bob) == [UserLeft(16028, 0), PresenceUpdate(16028, 1)]
    again = world.process("two").socket("ada")
    again.ask()
    await settle()
    assert again.codes == [Close.REMOVED]


async def test_a_removal_while_somebody_joins(world: World) -> None:
    bob = await world.joined("one", "bob")
    cy, two = await world.joined("two", "cy"), world.process("two")
    two.seam.late.add("join")
    two.seam.open.clear()
    ada = two.socket("ada")
    ada.ask()
    await settle()
    await world.store.remove(BOARD, "ada", 0)
    two.seam.open.set()
    await pass_time(RENEWAL)
    assert ada.codes == [Close.REMOVED]
    assert agree(bob=bob, cy=cy)


@pytest.mark.parametrize("seconds", [1, TIMING.lease + TIMING.grace + 1])
async def test_a_process_that_slept_does_not_put_them_back(world: World, seconds: float) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    one = world.process("one")
    one.seam.open.clear()
    world.layer.loses = lambda message: True
    await pass_time(seconds)
    await world.store.remove(BOARD, "ada", 60)
    await pass_time(30)
    world.layer.loses = never
    one.seam.open.set()
    await pass_time(20)
    assert ada.codes == [Close.REMOVED]
    assert agree(bob=bob)


# Closed to newcomers


async def test_newcomers_are_told_and_others_stay(world: World) -> None:
    ada = await world.joined("one", "ada")
    await world.store.close_board(BOARD, OUT)
    bob = world.process("two").socket("bob")
    bob.ask()
    await settle()
    assert bob.messages == [NoticeMessage(Notice.FORBIDDEN, 0)]
    assert bob.codes == [Close.FORBIDDEN]
    assert ada.codes == []
    tab = await world.joined("two", "ada")
    assert tab.count == 1


async def test_who_broke_comes_back_onto_a_closed_board(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await world.store.close_board(BOARD, OUT)
    await quiet(bob)
    ada.snap()
    again = await world.joined("two", "ada")
    assert again.welcome.user == ada.welcome.user
    assert comings(bob) == []


async def test_a_refusal_is_no_trouble_with_the_store(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.store.close_board(BOARD, OUT)
    ada = world.process("one").socket("ada")
    ada.ask()
    await pass_time(RENEWAL)
    assert ada.codes == [Close.FORBIDDEN]
    assert caplog.records == []


# Connect anew


async def test_everybody_is_asked_to_connect_anew(world: World) -> None:
    people = await three(world)
    tab = await world.joined("one", "ada", board=OTHER_BOARD)
    for process in world.processes.values():
        process.hub.heard(BOARD, "staff", Message(reconnect=True))
    await settle()
    retry = int(TIMING.grace * 600)
    for socket in people.values():
        assert socket.codes == [Close.RESTARTING]
        assert socket.heard()[-1] == NoticeMessage(Notice.RESTARTING, retry)
    assert tab.codes == []


async def test_who_connects_anew_goes_on_unnoticed(world: World) -> None:
    people = await three(world)
    world.process("one").hub.heard(BOARD, "staff", Message(reconnect=True))
    await pass_time(TIMING.grace * 0.6)
    ada = await world.joined("two", "ada")
    assert ada.welcome.user == people["ada"].welcome.user
    assert comings(people["bob"]) == comings(people["cy"]) == []


async def test_of_a_board_nobody_is_on_nothing_is_heard(world: World) -> None:
    world.process("one").hub.heard(BOARD, "staff", Message(NEWER, reconnect=True))
    await pass_time(RENEWAL)
    assert world.process("one").hub.activity(BOARD) == Activity()
