"""The topic of a board: what staff are told of it, whatever else fails."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from presence.admin import board_topic as board
from presence.admin.board_topic import NAMED_FOR, Accounts, Arrivals
from presence.admin.poller import Poller
from presence.admin.threads import Once, in_request
from presence.admin.topic import AT_ONCE, each
from presence.server.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = Person("user:7", "Ada", (1, 2, 3), "7", NOON, 1, None, ("here",))
PLANS, NOTES = uuid4(), uuid4()


def names(accounts: Accounts, *keys: str) -> Mapping[str, str]:
    """Ask as a request does."""
    with in_request():
        return async_to_sync(accounts.names)(keys)


def test_accounts_are_called_as_the_site_calls_them(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    ada, accounts = User.objects.create(username="ada"), Accounts()
    with django_assert_num_queries(1):  # type: ignore[operator]
        for _ in range(3):
            assert names(accounts, str(ada.pk), "0") == {str(ada.pk): "ada", "0": ""}


def test_a_new_name_is_known_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    ada, accounts = User.objects.create(username="ada"), Accounts()
    names(accounts, str(ada.pk))
    User.objects.update(username="lovelace")
    assert names(accounts, str(ada.pk)) == {str(ada.pk): "ada"}
    monkeypatch.setattr(board, "NAMED_FOR", -NAMED_FOR)
    assert names(accounts, str(ada.pk)) == {str(ada.pk): "lovelace"}


def test_accounts_that_cannot_be_asked_have_no_name(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "failures", Once(board.logger, "could not ask what %s are called"))
    assert names(Accounts(), "no primary key") == {"no primary key": ""}
    assert "could not ask what accounts are called" in caplog.text


async def test_a_database_that_is_slow_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[str]] = []
    answer = Event()

    def slowly(keys: Collection[str]) -> dict[str, str]:
        asked.append({*keys})
        assert answer.wait(20)
        return dict.fromkeys(keys, "ada")

    monkeypatch.setattr(board, "_names", slowly)
    accounts = Accounts()
    assert await accounts.names(["7"]) == {}
    assert await accounts.names(["8"]) == {}
    answer.set()
    assert accounts._asking is not None
    await accounts._asking
    assert await accounts.names(["7", "8"]) == {"7": "ada", "8": "ada"}
    assert asked == [{"7"}, {"8"}], "one question at a time"


async def test_a_board_of_which_nobody_can_tell_takes_no_other_along() -> None:
    """Nor does one that is all there is to tell of."""

    async def tell(grant: str) -> str:
        if grant == "broken":
            raise ValueError("on purpose")
        return grant.upper()

    watcher = Poller(each(tell), lambda grant: None, 0.01)
    seen = await watcher._seen(["a", "broken", "c"])
    assert seen == {"a": "A", "broken": None, "c": "C"}
    assert await watcher._seen(["broken"]) == {"broken": None}


async def test_only_some_are_asked_for_at_the_same_time() -> None:
    running, most = 0, 0

    async def tell(grant: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return grant

    assert await each(tell)(range(100)) == {n: n for n in range(100)}
    assert most == AT_ONCE


def test_when_somebody_came_stays_as_it_was_told() -> None:
    arrivals, first = Arrivals(), int(NOON.timestamp())
    for milliseconds in (0, 600, -900, 1_400):
        seen = replace(ADA, since=NOON + timedelta(milliseconds=milliseconds))
        assert arrivals.of(PLANS, seen) == first
    later = replace(ADA, since=NOON + timedelta(seconds=9))
    assert arrivals.of(NOTES, later) == first + 9
    assert arrivals.of(PLANS, later) == first + 9


def test_not_everybody_who_ever_came_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST", 3)
    arrivals = Arrivals()
    for n in range(10):
        arrivals.of(PLANS, replace(ADA, key=f"guest:{n}"))
    assert len(arrivals._came) <= 3
