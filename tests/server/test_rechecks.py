"""Who is asked about again, when, and what follows, on a loop that skips the time in between."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from presence.cluster.messages import RightsChange
from presence.protocol.errors import Forbidden, PresenceError, Restarting, SignInRequired, TryLater
from presence.server.metrics import Metrics
from presence.server.rechecks import (
    AT_ONCE,
    BATCH,
    ENDS,
    ENDS_EVERY,
    PATIENCE,
    RECENT,
    SETTLE,
    SLOW,
    TICK,
    Rechecks,
)

EVERY = 60.0


@dataclass(eq=False)
class Ticket:
    """A right."""

    subjects: frozenset[str]


class Tab:
    """An open socket, with the error that ended it."""

    def __init__(self) -> None:
        self.errors: list[PresenceError] = []
        self.ended_at = 0.0

    def refuse(self, error: PresenceError) -> None:
        self.errors.append(error)
        self.ended_at = asyncio.get_running_loop().time()


@dataclass
class Site:
    """Rules that write down what they were asked, and when."""

    answers: dict[Ticket, Exception | None] = field(default_factory=dict)
    asked: list[tuple[float, Sequence[Ticket]]] = field(default_factory=list)
    forgotten: list[RightsChange] = field(default_factory=list)
    error: Exception | None = None
    takes: float = 0.0
    reached: int = BATCH
    at_once: int = 0
    most_at_once: int = 0

    def changed(self, change: RightsChange) -> None:
        self.forgotten.append(change)

    async def ask(self, rights: Sequence[Ticket]) -> Mapping[Ticket, Exception | None]:
        self.asked.append((asyncio.get_running_loop().time(), rights))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.at_once -= 1
        if self.error:
            raise self.error
        return {right: self.answers.get(right) for right in rights[: self.reached]}

    def times(self) -> Counter[Ticket]:
        """Return how often each right was asked about."""
        return Counter(ticket for _, tickets in self.asked for ticket in tickets)


class Watch:
    """Sockets, their rights and the rules."""

    def __init__(self) -> None:
        self.metrics = Metrics("p")
        self.site = Site()
        self.rechecks = Rechecks(EVERY, self.site, self.metrics.rechecks)

    def open(self, *subjects: str, changes: int = 0) -> tuple[Tab, Ticket]:
        """Open a socket that depends on some subjects."""
        tab, ticket = Tab(), Ticket(frozenset(subjects))
        self.rechecks.watch(tab, ticket, changes)
        return tab, ticket

    def tell(self, *subjects: str, ended: bool = False) -> None:
        """Tell of a change."""
        self.rechecks.heard([RightsChange(frozenset(subjects), ended)])

    def results(self) -> dict[str, float]:
        """Return the metric."""
        (family,) = self.metrics.rechecks.collect()
        return {s.labels["result"]: s.value for s in family.samples if s.name.endswith("total")}


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Callable[[], Watch]:
    return Watch


async def settled() -> None:
    await asyncio.sleep(SETTLE + 0.1)


async def test_a_change_is_asked_about_once_it_has_settled(watch: Callable[[], Watch]) -> None:
    here = watch()
    (ada, ticket), (bob, _) = here.open("user:1", "b1"), here.open("user:2", "b1")
    here.site.answers[ticket] = Forbidden()
    here.tell("user:1")
    await asyncio.sleep(SETTLE * 0.9)
    assert not here.site.asked
    await settled()
    assert [tickets for _, tickets in here.site.asked] == [[ticket]]
    assert [type(error) for error in ada.errors] == [Forbidden]
    assert bob.errors == []
    assert here.results() == {"kept": 0, "ended": 1, "failed": 0}
    here.tell("user:1")
    await settled()
    assert len(here.site.asked) == 1, "who is gone is not asked about"
    here.rechecks.close()


async def test_who_has_to_join_again_is_told_so(watch: Callable[[], Watch]) -> None:
    here = watch()
    tab, ticket = here.open("b1")
    here.site.answers[ticket] = Restarting("the board has another level of privacy")
    here.tell("b1")
    await settled()
    assert [type(error) for error in tab.errors] == [Restarting]
    assert here.results() == {"kept": 0, "ended": 1, "failed": 0}
    here.rechecks.close()


@pytest.mark.parametrize(
    ("subjects", "who"),
    [
        (["user:1"], {0, 1}),
        (["b1"], {0, 2}),
        (["user:1", "b1"], {0}),
        (["user:2", "b2"], set()),
        (["user:9"], set()),
        ([], {0, 1, 2}),
    ],
)
async def test_whom_a_change_is_about(
    watch: Callable[[], Watch], subjects: Iterable[str], who: set[int]
) -> None:
    here = watch()
    opened = [here.open("user:1", "b1"), here.open("user:1", "b2"), here.open("user:2", "b1")]
    here.tell(*subjects)
    await settled()
    asked = {index for index, (_, ticket) in enumerate(opened) if here.site.times()[ticket]}
    assert asked == who
    assert len(here.site.forgotten) == 1, "newcomers are asked about anew, too"
    if subjects:
        here.tell(*subjects, ended=True)
        await settled()
        assert {index for index, (tab, _) in enumerate(opened) if tab.errors} == who
    here.rechecks.close()


async def test_what_is_over_is_not_asked_about(watch: Callable[[], Watch]) -> None:
    here = watch()
    tab, _ = here.open("session:1")
    here.tell("session:1", ended=True)
    await settled()
    (error,) = tab.errors
    assert isinstance(error, SignInRequired)
    assert error.retry, "the browser may be let in as a guest, or with a new session"
    assert not here.site.asked
    here.rechecks.close()


async def test_changes_while_somebody_is_let_in(watch: Callable[[], Watch]) -> None:
    """What the site said may be older than the change, and is asked anew."""
    here = watch()
    here.tell("b1")
    before = here.rechecks.changes
    here.tell("b1")
    here.tell("session:1", ended=True)
    cases = [
        here.open("b1", changes=before),
        here.open("session:1", "b1", changes=before),
        here.open("session:1", changes=here.rechecks.changes),
        here.open("b2", changes=before),
    ]
    await settled()
    assert [here.site.times()[ticket] for _, ticket in cases] == [1, 0, 0, 0]
    assert [bool(tab.errors) for tab, _ in cases] == [False, True, False, False]
    here.tell()
    last = here.open("b2", changes=here.rechecks.changes - 1)
    await settled()
    assert here.site.times()[last[1]] == 1
    here.rechecks.close()


async def test_very_many_changes_while_somebody_is_let_in(watch: Callable[[], Watch]) -> None:
    here = watch()
    for _ in range(RECENT):
        here.tell("b1")
    all_known, too_many = here.open("b2", changes=0), here.open("b2", changes=-1)
    await settled()
    assert [here.site.times()[ticket] for _, ticket in (all_known, too_many)] == [0, 1]
    here.rechecks.close()


@pytest.mark.parametrize("people", [1, 7, 1000])
async def test_everybody_is_asked_about_within_the_interval_some_each_second(
    watch: Callable[[], Watch], people: int
) -> None:
    here = watch()
    opened = [here.open(f"user:{n}") for n in range(people)]
    start = asyncio.get_running_loop().time()
    await asyncio.sleep(10 * EVERY)
    times = here.site.times()
    for _, ticket in opened:
        asked = [at for at, tickets in here.site.asked if ticket in tickets]
        gaps = [b - a for a, b in zip([start, *asked], asked, strict=False)]
        assert max(gaps) <= EVERY
        assert min(gaps[1:]) >= EVERY * 0.9, "no sooner than needed"
    assert max(len(tickets) for _, tickets in here.site.asked) <= people * TICK / (EVERY - TICK) + 1
    assert here.results()["kept"] == times.total()
    here.rechecks.close()


async def test_who_is_gone_is_forgotten(watch: Callable[[], Watch]) -> None:
    here = watch()
    opened = [here.open("user:1", "b1") for _ in range(3)]
    here.tell("user:1")
    for tab, _ in opened:
        here.rechecks.forget(tab)
        here.rechecks.forget(tab)
    await asyncio.sleep(2 * EVERY)
    assert not here.site.asked
    assert not here.rechecks._sockets
    here.rechecks.close()


async def test_one_who_goes_while_it_is_asked(watch: Callable[[], Watch]) -> None:
    here = watch()
    here.site.takes = 1.0
    tab, ticket = here.open("user:1")
    here.site.answers[ticket] = Forbidden()
    here.tell()
    await settled()
    here.rechecks.forget(tab)
    await asyncio.sleep(2)
    assert tab.errors == []
    here.rechecks.close()


async def test_a_question_that_fails_throws_nobody_out(
    watch: Callable[[], Watch], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "presence.server.rechecks")
    here = watch()
    tab, _ = here.open("user:1")
    here.site.error = TryLater("the database is down")
    await asyncio.sleep(5 * EVERY)
    assert tab.errors == []
    assert here.results()["failed"] >= 4
    assert len(caplog.records) == 1, "once"
    here.site.error = None
    await asyncio.sleep(5 * EVERY)
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]
    here.rechecks.close()


async def test_a_rule_that_fails_for_one(
    watch: Callable[[], Watch], caplog: pytest.LogCaptureFixture
) -> None:
    here = watch()
    (one, ticket), (other, lost) = here.open("user:1"), here.open("user:2")
    here.site.answers = {ticket: RuntimeError("on purpose"), lost: Forbidden()}
    here.tell()
    await settled()
    assert one.errors == []
    assert len(other.errors) == 1
    assert here.results() == {"kept": 0, "ended": 1, "failed": 1}
    assert [record.exc_info is not None for record in caplog.records] == [True]
    here.rechecks.close()


@pytest.mark.parametrize("reached", [0, 1])
async def test_those_whom_the_rule_did_not_reach_are_next(
    watch: Callable[[], Watch], reached: int
) -> None:
    here = watch()
    here.site.reached = reached
    opened = [here.open("b1") for _ in range(5)]
    here.tell("b1")
    await settled()
    results = here.results()
    assert results["kept" if reached else "failed"] == len(opened), "all at once where none is"
    here.rechecks.close()


@pytest.mark.parametrize(("takes", "at_once"), [(SLOW / 2, 1), (SLOW * 2, AT_ONCE)])
async def test_another_question_begins_only_while_one_is_slow(
    watch: Callable[[], Watch], takes: float, at_once: int
) -> None:
    here = watch()
    here.site.takes = takes
    tabs = [here.open("b1") for _ in range(10 * BATCH)]
    here.tell("b1")
    await asyncio.sleep(SETTLE + 11 * takes)
    assert here.site.most_at_once == at_once
    assert min(here.site.times()[ticket] for _, ticket in tabs) >= 1
    here.rechecks.close()


async def test_one_person_does_not_wait_for_all(watch: Callable[[], Watch]) -> None:
    here = watch()
    here.site.takes = 0.1
    tabs = [here.open("b1") for _ in range(5 * BATCH)]
    _, ada = here.open("user:1")
    here.tell()
    here.tell("user:1")
    await asyncio.sleep(SETTLE + 0.05)
    assert [tickets for _, tickets in here.site.asked] == [[ada]]
    await asyncio.sleep(1)
    assert min(here.site.times()[ticket] for _, ticket in tabs) >= 1
    here.rechecks.close()


async def test_what_is_asked_ends_with_the_hub(watch: Callable[[], Watch]) -> None:
    here = watch()
    here.site.takes = 100.0
    here.open("b1")
    here.tell("b1")
    await settled()
    here.rechecks.close()
    await asyncio.sleep(0.1)
    assert here.site.at_once == 0


async def test_few_questions_at_once_and_those_that_hang_take_no_more_threads(
    watch: Callable[[], Watch], caplog: pytest.LogCaptureFixture
) -> None:
    here = watch()
    here.site.takes = 10 * PATIENCE
    tabs = [here.open("b1") for _ in range(10 * BATCH)]
    here.tell("b1")
    await asyncio.sleep(5 * PATIENCE)
    assert len(here.site.asked) == here.site.most_at_once == AT_ONCE
    assert len(caplog.records) == 1, "logged once"
    here.site.takes = 0.0
    await asyncio.sleep(6 * PATIENCE)
    assert min(here.site.times()[ticket] for _, ticket in tabs) >= 1
    here.rechecks.close()


async def test_a_thousand_ends_leave_the_loop_its_turns(watch: Callable[[], Watch]) -> None:
    here = watch()
    tabs = [here.open("b1")[0] for _ in range(1000)]
    here.tell("b1", ended=True)
    await settled()
    await asyncio.sleep(1000 / ENDS * ENDS_EVERY)
    assert all(len(tab.errors) == 1 for tab in tabs)
    assert {*Counter(tab.ended_at for tab in tabs).values()} == {ENDS}
    here.rechecks.close()
