"""What is counted, where it happens, and what a scrape of /metrics says."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from presence.protocol.errors import Close
from presence.server.hub import Hub
from presence.server.metrics import FRAME_COUNTERS, FastHistogram, Metrics, scrape, total
from tests.server.harness import BOARD, OTHER_BOARD, OUT, Process, pass_time, settle
from tests.server.world import World, three
from tests.support.metrics import by_label, value

# The metrics of one process


def test_every_series_is_there_from_the_start() -> None:
    registry = CollectorRegistry()
    registry.register(Metrics("host:1:ab"))
    families = [*text_string_to_metric_families(generate_latest(registry).decode())]
    assert {(family.name.removeprefix("presence_"), family.type) for family in families} == {
        *(
            (name, "counter")
            for name in [*FRAME_COUNTERS, "malformed", "closed", "hung_up", "rechecks"]
        ),
        *((name, "counter") for name in ["joins", "resumes", "leaves"]),
        *(
            (name, "counter")
            for name in ["publish_failures", "store_failures", "refused", "requests_cut"]
        ),
        *((name, "histogram") for name in ["tick_seconds", "tick_lag_seconds", "tick_frames"]),
        *((name, "histogram") for name in ["publish_seconds", "store_seconds"]),
        *((name, "gauge") for name in ["sockets", "direct_sockets", "boards"]),
        ("lease_age_seconds", "gauge"),
    }
    for family in families:
        assert family.documentation
        for sample in family.samples:
            assert sample.value == 0
            assert sample.labels["process"] == "host:1:ab"
    closed = next(family for family in families if family.name == "presence_closed")
    codes = {int(sample.labels["code"]) for sample in closed.samples}
    assert codes == {*Close} - {Close.CLEAN, Close.GOING_AWAY, Close.BROKEN}


def test_each_frame_counter_has_its_own_metric() -> None:
    metrics = Metrics("p")
    for number, name in enumerate([*FRAME_COUNTERS, "sockets"], 1):
        setattr(metrics, name, number)
    for number, name in enumerate(FRAME_COUNTERS, 1):
        assert value(metrics, f"{name}_total") == number
    assert value(metrics, "sockets") == len(FRAME_COUNTERS) + 1


def test_a_fast_histogram_tells_what_an_ordinary_one_does() -> None:
    registry, bounds = CollectorRegistry(), (0.0, 1.0, 2.5)
    ordinary = Histogram("presence_x", "Text", ["process"], buckets=bounds, registry=registry)
    fast = FastHistogram(bounds)
    for observed in (-1.0, 0.0, 0.5, 1.0, 2.5, 7.0):
        ordinary.labels("p").observe(observed)
        fast.observe(observed)
    (expected,), told = registry.collect(), fast.family("presence_x", "Text", "p")
    kept = [sample for sample in expected.samples if not sample.name.endswith("_created")]
    assert [s[:3] for s in told.samples] == [s[:3] for s in kept]
    assert fast.total == (6, 10.0)


def test_codes_that_clients_make_up_are_one_series() -> None:
    metrics = Metrics("p")
    for code in (1000, 1001, 1001, 1005, 1006, None, 4408, *range(3000, 4400), 4409):
        metrics.client_closed(code)
    assert by_label(metrics, "hung_up_total", "code") == {
        "1000": 1,
        "1001": 2,
        "1005": 1,
        "1006": 2,
        "4408": 1,
        "other": 1401,
    }


# What is counted where


async def test_joins_returns_and_leaves_are_counted(process: Process) -> None:
    def counted() -> tuple[float | None, ...]:
        names = ("joins_total", "resumes_total", "leaves_total")
        return tuple(value(process.hub.metrics, name) for name in names)

    ada, bob = await process.two()
    assert (counted(), value(process.hub.metrics, "boards")) == ((2, 0, 0), 1)
    ada.leave()
    bob.snap()
    back = await process.joined("bob")
    assert counted() == (3, 1, 1)
    back.snap()
    await pass_time(7)
    assert (counted(), value(process.hub.metrics, "boards")) == ((3, 1, 2), 0)


async def test_closes_are_counted_once_by_who_closed(process: Process) -> None:
    ada, bob = await process.two()
    ada.snap()
    bob.go_away()
    bob.snap()
    cy = await process.joined()
    cy.connection.receive(b"\0" * 2000)
    cy.snap()
    assert by_label(process.hub.metrics, "hung_up_total", "code") == {"1001": 1, "1006": 1}
    assert by_label(process.hub.metrics, "closed_total", "code") == {"1009": 1}


async def test_a_tick_counts_the_frames_that_it_wrote(process: Process) -> None:
    ada, _ = await process.two()
    await process.joined()
    await pass_time(1)
    ticks, frames = process.hub.metrics.tick_frames.total
    ada.move(1, 2)
    await pass_time(0.01)
    told_all_but_who_moved = (ticks + 1, frames + 2)
    assert process.hub.metrics.tick_frames.total == told_all_but_who_moved


async def test_postponed_positions_are_counted(process: Process) -> None:
    ada = await process.joined("ada")
    tab = await process.joined("ada")
    for n in range(200):
        (ada, tab)[n % 2].move(n)
        await pass_time(0.006)
    assert process.hub.metrics.throttled > 0


async def test_a_late_tick_is_counted_as_late(process: Process, loop) -> None:  # type: ignore[no-untyped-def]
    ada, _ = await process.two()
    for x in range(61):  # the last one waits for its quota
        ada.move(x)
        await settle()
    count, before = process.hub.metrics.tick_lag.total
    loop.busy(1.2)
    await pass_time(0.1)
    after, lag = process.hub.metrics.tick_lag.total
    assert (after - count, lag - before) == (1, pytest.approx(0.2, abs=0.001))


async def test_messages_to_other_processes_are_timed(world: World) -> None:
    people = await three(world)
    metrics = world.process("one").hub.metrics
    sent, failed = total(metrics.publish)[0], value(metrics, "publish_failures_total")
    people["ada"].move(1, 2)
    await pass_time(0.1)
    assert total(metrics.publish)[0] > sent
    assert value(metrics, "publish_failures_total") == failed == 0
    world.layer.away = True
    people["ada"].move(3, 4)
    await pass_time(0.1)
    assert value(metrics, "publish_failures_total") > 0
    world.layer.away = False
    await pass_time(3)


async def test_a_join_times_the_store_and_a_store_that_is_away_is_a_failure(
    process: Process,
) -> None:
    metrics = process.hub.metrics
    process.seam.failing["join"] = OUT
    process.socket().ask()
    await settle()
    assert (value(metrics, "store_failures_total"), total(metrics.store)[0]) == (1, 0)
    del process.seam.failing["join"]
    await process.joined()
    assert (value(metrics, "store_failures_total"), total(metrics.store)[0]) == (1, 1)


async def test_a_lease_has_an_age_while_it_is_needed(process: Process) -> None:
    def age() -> float:
        return value(process.hub.metrics, "lease_age_seconds") or 0.0

    assert age() == 0
    ada = await process.joined()
    await pass_time(2)
    assert 0 < age() < 4.5
    process.seam.failing["renew"] = OUT
    await pass_time(30)
    assert age() > 25
    del process.seam.failing["renew"]
    await pass_time(3)
    ada.hang_up()
    await pass_time(60)
    assert age() == 0


# A scrape


async def scraped(hub: Hub, *names: str, **labels: str) -> list[float | None]:
    registry = await scrape(hub.metrics, hub.store, recording=True)
    return [registry.get_sample_value(f"presence_{name}", labels) for name in names]


async def test_each_process_answers_for_itself_and_alike_for_the_site(world: World) -> None:
    await three(world)
    await world.joined("two", "ada")
    await world.joined("two", "ada", board=OTHER_BOARD)
    assert await world.store.boards() == {BOARD: 3, OTHER_BOARD: 1}
    for name, boards, joins in (("one", 1, 1), ("two", 2, 3), ("three", 1, 1)):
        hub = world.process(name).hub
        own = await scraped(hub, "boards", "joins_total", "recorder", process=name)
        assert own == [boards, joins, 1]
        assert await scraped(hub, "store_up", "site_people", "site_boards") == [1, 4, 2]


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_scrape_says_that_the_store_is_away(process: Process, hangs: bool) -> None:
    await process.joined()
    if hangs:
        process.seam.open.clear()
    else:
        process.seam.failing["ping"] = OUT
    assert await scraped(process.hub, "store_up", "site_people", "site_boards") == [0, None, None]
    assert value(process.hub.metrics, "store_failures_total") == 1
