"""Three processes are one place: rosters, counts, cursors and states, wherever people came in."""

import asyncio

from presence.protocol.codec import encode
from presence.protocol.messages import (
    CursorBroadcast,
    Dialect,
    SetState,
    UserState,
    Welcome,
)
from tests.support.cluster import Cluster
from tests.support.fixtures import COLLISION
from tests.support.wire import cursor
from tests.system.people import Crowd, Person, guest_cookie

MOVES = 30
GRACE = 5.0


async def move(person: Person, upto: int) -> None:
    """Send numbered moves, at the pace of a pointer."""
    for number in range(1, upto + 1):
        await person.client.send(cursor(number, person.user))
        # A browser's pointer takes its time too: real moves are apart.
        await asyncio.sleep(0.03)


async def test_sixty_people_over_three_processes(crowd: Crowd, board: str) -> None:
    await asyncio.gather(*(crowd.join(n % 3, board, f"P{n}") for n in range(60)))
    await crowd.agree()
    assert sorted(person.user for person in crowd) == list(range(60)), "the lowest free ids"
    assert {len(person.others()) for person in crowd} == {59}

    # A third of the people of each process, all at once.
    movers = crowd[:21]
    await asyncio.gather(*(move(person, MOVES) for person in movers))
    for person in crowd:
        for mover in movers:
            if mover is not person:
                await person.until(
                    lambda p, user=mover.user: p.positions[user][-1:] == [(MOVES, user)],
                    f"the last cursor of {mover.name}",
                )
                numbers = [x for x, _ in person.positions[mover.user]]
                assert numbers == sorted(set(numbers)), f"{mover.name} out of order: {numbers}"
                assert {y for _, y in person.positions[mover.user]} == {mover.user}


async def test_everybody_leaves_and_everybody_is_told(crowd: Crowd, board: str) -> None:
    pairs = await crowd.pairs(board)
    for ada, _ in pairs:
        await ada.client.close()
        crowd.gone(ada)
        await crowd.agree()
    assert [bob.count for _, bob in pairs] == [3, 3, 3]


async def test_states_and_positions_reach_late_joiners(crowd: Crowd, board: str) -> None:
    ada, bob = await crowd.join(0, board, "Ada"), await crowd.join(1, board, "Bob")
    await crowd.agree()
    await ada.client.send(cursor(123, 456))
    await bob.until(lambda p: p.positions[ada.user] == [(123, 456)], "Ada's cursor")
    await bob.client.send(cursor(7, 7), encode(SetState(UserState.AWAY), Dialect.COMPACT))
    await ada.until(lambda p: p.states.get(bob.user) is UserState.AWAY, "Bob's state")

    # The third process knew nothing of the board until now; the second has it already.
    for process in (2, 1):
        late = await crowd.join(process, board, f"Late{process}")
        await late.until(lambda p: p.positions[ada.user], "Ada's last position")
        await late.until(lambda p: p.states[bob.user] is UserState.AWAY, "Bob's state")
        await late.client.settle()
        assert late.listen().positions[ada.user] == [(123, 456)]
        assert not late.positions[bob.user], "the cursor of one who is away is not shown"
    await bob.client.send(cursor(8, 8))
    for person in crowd:
        if person is not bob:
            await person.until(lambda p: p.positions[bob.user][-1:] == [(8, 8)], "Bob again")
            await person.until(lambda p: p.states[bob.user] is UserState.ACTIVE, "Bob active")


async def test_boards_whose_ids_collide(crowd: Crowd) -> None:
    first, second = COLLISION["uuids"]
    seats = [(0, first), (1, second), (1, first), (2, second)]
    people = await asyncio.gather(
        *(crowd.join(process, board, f"P{n}") for n, (process, board) in enumerate(seats))
    )
    await crowd.agree()
    ids = {
        board: {p.client.last(Welcome).board for p in people if p.board == board}
        for board in (first, second)
    }
    assert sorted(found for here in ids.values() for found in here) == [
        COLLISION["home"],
        COLLISION["second_gets"],
    ]

    for number, person in enumerate(people):
        await person.client.send(cursor(number, 1000 + number))
    partners = {0: 2, 2: 0, 1: 3, 3: 1}
    for number, partner in partners.items():
        user = people[partner].user
        await people[number].until(
            lambda p, user=user: p.positions[user], f"the cursor of P{partner}"
        )
    for number, person in enumerate(people):
        await person.client.settle()
        heard = [c for m in person.client.all(CursorBroadcast) for c in m.cursors]
        assert {c.x for c in heard} <= {number, partners[number]}, "a cursor of the other board"
        (own_id,) = ids[person.board]
        boards = {m.board for m in person.client.messages if getattr(m, "board", None) is not None}
        assert boards == {own_id}, "a message of the other board"


async def test_tabs_over_processes_are_one_person(crowd: Crowd, board: str) -> None:
    cookie = guest_cookie()
    await crowd.join(2, board, "Poller")
    tabs = [await crowd.join(process, board, "Ada", cookie) for process in (0, 1, 0)]
    await crowd.agree()
    assert {person.count for person in crowd} == {2}
    assert len({tab.user for tab in tabs}) == 3
    assert len({tab.client.last(Welcome).color for tab in tabs}) == 1
    for tab in tabs:
        await tab.client.close()
        crowd.gone(tab)
        await crowd.agree()


async def test_a_session_goes_on_through_another_process(crowd: Crowd, board: str) -> None:
    cookie = guest_cookie()
    watchers = [await crowd.join(process, board, f"W{process}") for process in range(3)]
    ada = await crowd.join(0, board, "Ada", cookie)
    await crowd.agree()
    before = [watcher.comings_and_goings() for watcher in watchers]

    await ada.client.snap()
    crowd.gone(ada)
    again = await crowd.join(1, board, "Ada", cookie)
    assert again.user == ada.user
    assert again.client.last(Welcome).color == ada.client.last(Welcome).color
    await again.client.send(cursor(5, 5))
    for watcher in watchers:
        await watcher.until(lambda p: p.positions[again.user], "the cursor goes on")

    # The time itself is what is tested: the end of the first socket's grace must change nothing.
    await asyncio.sleep(GRACE + 1.5)
    await crowd.agree()
    await again.client.send(cursor(6, 6))
    for watcher, told in zip(watchers, before, strict=True):
        await watcher.until(lambda p: p.positions[again.user][-1] == (6, 6), "and on")
        assert watcher.comings_and_goings() == told


def test_no_process_had_anything_to_complain_of(cluster: Cluster) -> None:
    """Nothing died in this module: whatever was out of reach, late or unexpected is a fault."""
    assert cluster.logged("WARNING", "ERROR", "CRITICAL") == []
