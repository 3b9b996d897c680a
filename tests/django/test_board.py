"""The topic of a board: what staff are told of it, whatever else fails."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from presence import board
from presence.aside import in_request
from presence.board import NAMED_FOR, Accounts, Arrivals
from presence.persons import Person

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = Person("user:7", "Ada", (1, 2, 3), "7", NOON, 1, None, ("here",))
PLANS, NOTES = uuid4(), uuid4()


def names(accounts: Accounts, *keys: str) -> dict[str, str]:
    with in_request():
        found = async_to_sync(accounts.names)(keys)
    return {key: found[key] for key in keys}


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


def test_accounts_that_cannot_be_asked_have_no_name(caplog: pytest.LogCaptureFixture) -> None:
    assert names(Accounts(), "no primary key") == {"no primary key": ""}
    assert "could not ask what accounts are called" in caplog.text


def test_a_name_that_somebody_else_asks_for_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def name() -> str:
        return (await accounts.names(["7"]))["7"]

    async def both() -> list[str]:
        return await asyncio.gather(name(), name())

    accounts = Accounts()
    monkeypatch.setattr(board, "_names", lambda keys: dict.fromkeys(keys, "ada"))
    assert async_to_sync(both)() == ["ada", "ada"]


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
