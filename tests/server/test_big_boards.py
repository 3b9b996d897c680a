"""Boards with more people than user ids, over several processes."""

from presence.protocol.messages import (
    MAX_USERS,
    NAME_BYTES,
    CursorBroadcast,
    Dialect,
    MessageType,
    Probe,
    Rate,
    Roster,
    UserJoined,
)
from presence.store.base import JoinRequest
from tests.server.harness import BOARD, pass_time
from tests.server.world import MENDED, RENEWAL, World, quiet
from tests.support.opcodes import OpcodeCount

CROWD = "crowd"
"""A process that has no sockets here, and many people on the board."""


async def crowd(world: World, people: int, name: str = "Cy") -> None:
    """Put people on the board who are served by another process."""
    await world.store.renew(CROWD)
    for n in range(people):
        await world.store.join(BOARD, JoinRequest(f"c{n}", CROWD, f"c{n}", name))


async def pass_with_crowd(world: World, seconds: float) -> None:
    """Let time pass in which the process of the crowd lives."""
    for _ in range(round(seconds)):
        await world.store.renew(CROWD)
        await pass_time(1)


async def test_spectators_elsewhere_are_counted_and_no_more(world: World) -> None:
    await crowd(world, MAX_USERS)
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    await pass_with_crowd(world, RENEWAL)
    assert (ada.welcome.user, bob.welcome.user) == (MAX_USERS, MAX_USERS)
    assert (ada.count, bob.count) == (MAX_USERS + 2, MAX_USERS + 2)
    seats = world.process("one").hub.board(BOARD).room.seats
    assert (len(seats.remote), seats.local) == (MAX_USERS, 1)
    bob.leave()
    await pass_with_crowd(world, 1)
    assert ada.count == MAX_USERS + 1
    # Those of a process that dies are gone in time, too.
    eve = await world.joined("two", "eve")
    assert (ada.count, eve.welcome.user) == (MAX_USERS + 2, MAX_USERS)
    await world.die("two")
    await pass_with_crowd(world, world.timing.lease + world.timing.grace + 2)
    assert ada.count == MAX_USERS + 1


async def test_who_is_watched_by_spectators_elsewhere_only_is_not_alone(world: World) -> None:
    await crowd(world, MAX_USERS - 1)
    ada = await world.joined("one", "ada")
    bob = await world.joined("two", "bob")
    assert (ada.welcome.user, bob.welcome.user) == (MAX_USERS - 1, MAX_USERS)
    for n in range(MAX_USERS - 1):
        await world.store.leave(BOARD, f"c{n}")
    await pass_time(RENEWAL)
    assert (ada.count, bob.count) == (2, 2)
    assert Rate(0) not in ada.all(Rate)
    await quiet(bob)
    ada.move(1, 2)
    await pass_time(1)
    assert bob.all(CursorBroadcast)


async def test_members_who_become_spectators_are_told(world: World) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    world.lose_everything()
    await crowd(world, MAX_USERS)
    await pass_with_crowd(world, MENDED)
    assert (ada.welcome.user, bob.welcome.user) == (MAX_USERS, MAX_USERS)
    assert (ada.count, bob.count) == (MAX_USERS + 2, MAX_USERS + 2)


async def test_a_process_does_no_more_for_a_join_on_a_bigger_board(world: World) -> None:
    await crowd(world, MAX_USERS)
    watcher, sockets, steps = await world.joined("two", "eve"), 0, []
    for people in (20, 400):
        while sockets < people:
            await world.process("one").socket(f"p{sockets}").join("P")
            sockets += 1
        await pass_with_crowd(world, RENEWAL)
        with OpcodeCount("server/board.py", "presence/rooms/", "server/events.py") as count:
            here = await world.process("one").socket("here").join("Here")
            there = await world.process("two").socket("there").join("There")
            await pass_time(0.5)
            here.leave()
            there.leave()
            await pass_time(0.5)
        steps.append(count.steps)
        await pass_with_crowd(world, 2)
        assert watcher.count == MAX_USERS + 1 + people
    few, many = steps
    assert many < 1.2 * few


async def test_a_full_board_of_the_longest_names(world: World) -> None:
    longest = "क" * (NAME_BYTES[Dialect.COMPACT] // 3)
    await crowd(world, MAX_USERS - 1, longest)
    ada = await world.joined("one", "ada")
    old = await world.process("one").socket("old", dialect=Dialect.EXPLICIT).join()
    (frame,) = (frame for frame in ada.frames if frame[0] == MessageType.ROSTER)
    assert len(frame) == 4 + (MAX_USERS - 1) * (6 + NAME_BYTES[Dialect.COMPACT])
    assert [entry.name for entry in ada.all(Roster)[0].users] == [longest] * (MAX_USERS - 1)
    told = [message.name for message in old.all(UserJoined)]
    assert told == ["क" * 9 + "…"] * (MAX_USERS - 1) + ["Ada"]
    # So large a frame calls for a probe, and for nothing else while the client reads.
    await pass_with_crowd(world, 5)
    assert len(ada.all(Probe)) == 1
    assert not ada.connection.held
    assert (ada.codes, old.codes) == ([], [])
