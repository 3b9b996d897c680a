"""What is counted, where it happens."""

import pytest
from prometheus_client import CollectorRegistry

from presence.protocol.errors import Close
from presence.server.prometheus import scrape
from tests.server.harness import BOARD, OTHER_BOARD, OUT, Process, pass_time, settle
from tests.server.world import World, three


async def test_joins_and_leaves_balance(process: Process) -> None:
    ada, bob = await process.two()
    metrics = process.hub.metrics
    assert (metrics.joins, metrics.leaves) == (2, 0)
    bob.leave()
    await settle()
    assert metrics.leaves == 1
    ada.hang_up()
    await settle()
    assert (metrics.leaves, process.hub.boards) == (2, 0)


async def test_a_grace_that_ends_is_a_leave_and_a_return_is_none(process: Process) -> None:
    metrics = process.hub.metrics
    bob = await process.joined("bob")
    bob.snap()
    back = await process.joined("bob")
    assert (metrics.joins, metrics.resumes, metrics.leaves) == (2, 1, 0)
    back.snap()
    await pass_time(7)
    assert (metrics.joins, metrics.resumes, metrics.leaves) == (2, 1, 1)


async def test_who_hung_up_and_whom_we_closed(process: Process) -> None:
    metrics = process.hub.metrics
    ada, bob = await process.two()
    ada.snap()
    bob.hang_up()
    bob.snap()
    assert metrics.hung_up[Close.BROKEN] == metrics.hung_up[Close.GOING_AWAY] == 1
    cy = await process.joined()
    cy.connection.receive(b"\0" * 2000)
    cy.snap()
    assert (metrics.closed[Close.TOO_BIG], metrics.hung_up[Close.BROKEN]) == (1, 1)


async def test_a_tick_is_counted_with_the_frames_it_wrote(process: Process) -> None:
    ada, _ = await process.two()
    await process.joined()
    await pass_time(1)
    frames = process.hub.metrics.tick_frames
    before, sum_before = frames.count, frames.sum
    ada.move(1, 2)
    await pass_time(0.01)
    assert (frames.count, frames.sum) == (before + 1, sum_before + 2), "to all but who moved"


async def test_positions_that_wait_are_counted(process: Process) -> None:
    ada, _ = await process.two()
    tab = await process.joined(ada.connection._visitor.person)
    for n in range(200):
        (ada, tab)[n % 2].move(n)
        await pass_time(0.006)
    assert process.hub.metrics.throttled > 0


async def test_a_late_tick_is_counted_as_late(process: Process, loop) -> None:  # type: ignore[no-untyped-def]
    ada, _ = await process.two()
    lag = process.hub.metrics.tick_lag
    before = lag.sum
    ada.move(1)
    ada.move(2)
    loop.busy(0.2)
    await pass_time(0.1)
    assert lag.sum - before == pytest.approx(0.2 - 0.033, abs=0.001)


async def test_what_is_published_is_timed(world: World) -> None:
    people = await three(world)
    metrics = world.process("one").hub.metrics
    sent, failed = metrics.publish.count, metrics.publish_failures
    people["ada"].move(1, 2)
    await pass_time(0.1)
    assert metrics.publish.count > sent
    assert metrics.publish_failures == failed
    world.layer.away = True
    people["ada"].move(3, 4)
    await pass_time(0.1)
    assert metrics.publish_failures > failed
    world.layer.away = False
    await pass_time(3)


async def test_a_store_that_is_away_is_counted(process: Process) -> None:
    process.seam.failing["join"] = OUT
    process.socket().ask()
    await settle()
    assert process.hub.metrics.store_failures == 1
    assert process.hub.metrics.store.count == 0


async def test_a_lease_has_an_age_while_it_is_needed(process: Process) -> None:
    assert process.hub.lease_age == 0
    ada = await process.joined()
    await pass_time(2)
    assert 0 < process.hub.lease_age < 4.5
    process.seam.failing["renew"] = OUT
    await pass_time(30)
    assert process.hub.lease_age > 25
    del process.seam.failing["renew"]
    await pass_time(3)
    ada.hang_up()
    await pass_time(60)
    assert process.hub.lease_age == 0


async def test_people_are_counted_once_on_each_board(world: World) -> None:
    await three(world)
    await world.joined("two", "ada")
    await world.joined("two", "ada", board=OTHER_BOARD)
    assert await world.store.boards() == {BOARD: 3, OTHER_BOARD: 1}


async def sample(registry: CollectorRegistry, name: str, process: str = "") -> float | None:
    return registry.get_sample_value(f"presence_{name}", {"process": process} if process else {})


async def test_each_process_answers_for_itself_and_alike_for_the_site(world: World) -> None:
    await three(world)
    await world.joined("two", "ada", board=OTHER_BOARD)
    for name, boards, joins in (("one", 1, 1), ("two", 2, 2), ("three", 1, 1)):
        registry = await scrape(world.process(name).hub)
        assert await sample(registry, "boards", name) == boards
        assert await sample(registry, "joins_total", name) == joins
        assert await sample(registry, "site_people") == 4
        assert await sample(registry, "site_boards") == 2
        assert await sample(registry, "store_up") == 1


async def test_a_scrape_tells_of_a_store_that_is_away(process: Process) -> None:
    await process.joined()
    process.seam.failing["ping"] = OUT
    registry = await scrape(process.hub)
    assert await sample(registry, "store_up") == 0
    assert await sample(registry, "site_people") is None
    assert await sample(registry, "joins_total", "this-process") == 1
    del process.seam.failing["ping"]
    process.seam.open.clear()
    registry = await scrape(process.hub)
    assert await sample(registry, "store_up") == 0, "it hangs"
