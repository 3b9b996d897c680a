"""Three processes as one place: rosters, counts, cursors and states."""

import asyncio

from presence.protocol.messages import UserState
from tests.support.clients import Client, cursor, state
from tests.support.cluster import Cluster
from tests.system.crowd import Crowd
from tests.system.paths import BOTH_PATHS

pytestmark = BOTH_PATHS

MOVES = 30


async def move(client: Client) -> None:
    """Send numbered moves, at the pace of a pointer."""
    for number in range(1, MOVES + 1):
        await client.send(cursor(number, client.user))
        # A browser's pointer takes its time too.
        await asyncio.sleep(0.03)


async def test_sixty_people_over_three_processes(crowd: Crowd, board: str) -> None:
    await asyncio.gather(*(crowd.join(n % 3, board, f"P{n}") for n in range(60)))
    await crowd.agree()
    assert sorted(person.user for person in crowd) == list(range(60)), "the lowest free ids"

    # A third of the people of each process, all at once.
    movers = crowd[:21]
    await asyncio.gather(*map(move, movers))
    for person in crowd:
        for mover in movers:
            if mover is not person:
                await person.until(
                    lambda p=person, u=mover.user: p.positions(u)[-1:] == [(MOVES, u)],
                    f"the last cursor of {mover.name}",
                )
                numbers = [x for x, _ in person.positions(mover.user)]
                assert numbers == sorted(set(numbers)), f"{mover.name} out of order: {numbers}"
                assert {y for _, y in person.positions(mover.user)} == {mover.user}
    for mover in movers:
        await mover.leave()
    crowd.gone(*movers)
    await crowd.agree()


async def test_states_and_positions_reach_late_joiners(crowd: Crowd, board: str) -> None:
    ada, bob = await crowd.join(0, board, "Ada"), await crowd.join(1, board, "Bob")
    await crowd.agree()
    await ada.send(cursor(123, 456))
    await bob.until(lambda: bob.positions(ada.user) == [(123, 456)], "Ada's cursor")
    await bob.send(cursor(7, 7), state(UserState.AWAY))
    await ada.until(lambda: ada.view.states[bob.user] is UserState.AWAY, "Bob's state")

    # The third process knew nothing of the board until now; the second has it already.
    for process in (2, 1):
        late = await crowd.join(process, board, f"Late{process}")
        await late.until(lambda p=late: p.positions(ada.user), "Ada's last position")
        await late.until(lambda p=late: p.view.states[bob.user] is UserState.AWAY, "Bob's state")
        await late.settle()
        assert late.positions(ada.user) == [(123, 456)]
        assert late.positions(bob.user) == [], "the cursor of one who is away is not shown"
    await bob.send(cursor(8, 8))
    for person in crowd:
        if person is not bob:
            await person.until(
                lambda p=person: (
                    p.positions(bob.user)[-1:] == [(8, 8)]
                    and p.view.states[bob.user] is UserState.ACTIVE
                ),
                "Bob again",
            )


def test_no_process_logged_a_warning(cluster: Cluster) -> None:
    """Nothing died in this module, so every warning is a fault."""
    assert cluster.logged("WARNING", "ERROR", "CRITICAL") == []
