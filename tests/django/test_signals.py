"""The signals: what receivers get, and that neither a slow nor a failing one harms anybody."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import get_ident, main_thread
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.dispatch import Signal

from presence.server.events import BoardEmptied, Event, PersonJoined, PersonLeft
from presence.signals import SIGNALS, Announcer, board_emptied, person_joined, person_left

BOARD = UUID("00000000-0000-4000-8000-000000000001")
WITHIN = 15.0

Told = dict[str, Any]


@contextmanager
def connected(signal: Signal, receiver: Callable[..., Any]) -> Iterator[None]:
    """Have a signal received until the block ends."""
    signal.connect(receiver, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receiver)


def joined(person: str = "user:7", count: int = 1) -> Event:
    return PersonJoined(BOARD, person, "Ada", count)


@pytest.mark.parametrize(
    ("signal", "kind"),
    [
        (person_joined, PersonJoined),
        (person_left, PersonLeft),
        (board_emptied, BoardEmptied),
    ],
)
def test_what_a_receiver_gets(signal: Signal, kind: type[Event]) -> None:
    told: list[Told] = []
    announcer = Announcer()
    with connected(signal, lambda **what: told.append(what)):
        for each in SIGNALS:
            announcer.tell(each(BOARD, "user:7", "Ada", 3))
        assert announcer.settle(WITHIN)
    (what,) = told
    assert what.pop("signal") is signal
    assert what == {"sender": kind, "board": BOARD, "person": "user:7", "name": "Ada", "count": 3}


def test_they_come_in_their_order_off_the_thread_that_tells() -> None:
    told: list[tuple[int, int]] = []
    announcer = Announcer()
    with connected(person_joined, lambda count, **_: told.append((count, get_ident()))):
        for count in range(100):
            announcer.tell(joined(count=count))
        assert announcer.settle(WITHIN)
    assert [count for count, _ in told] == [*range(100)]
    assert main_thread().ident not in {thread for _, thread in told}


def test_one_that_raises_is_logged_and_the_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[str] = []

    def fails(**_: Any) -> None:
        raise RuntimeError("a receiver's fault")

    announcer = Announcer()
    with (
        connected(person_joined, fails),
        connected(person_joined, lambda person, **_: told.append(person)),
    ):
        announcer.tell(joined("a"))
        announcer.tell(joined("b"))
        assert announcer.settle(WITHIN)
    assert told == ["a", "b"]
    assert [record.name for record in caplog.records] == ["django.dispatch"] * 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_ends_its_thread_does_not_end_the_signals() -> None:
    told: list[str] = []

    def leaves(person: str, **_: Any) -> None:
        told.append(person)
        if person == "a":
            raise SystemExit

    announcer = Announcer()
    with connected(person_joined, leaves):
        announcer.tell(joined("a"))
        assert announcer.settle(WITHIN)
        thread = announcer._thread
        assert thread is not None
        thread.join(WITHIN)
        announcer.tell(joined("b"))
        assert announcer.settle(WITHIN)
    assert told == ["a", "b"]


async def test_a_slow_one_holds_up_nobody_and_what_is_too_much_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[int] = []
    go_on, begun = Flag(), Flag()

    def slow(count: int, **_: Any) -> None:
        begun.set()
        go_on.wait(WITHIN)
        told.append(count)

    announcer = Announcer(max_waiting=4)
    with connected(person_joined, slow), caplog.at_level(logging.ERROR):
        announcer.tell(joined(count=0))
        await asyncio.to_thread(begun.wait, WITHIN)
        begin = time.monotonic()
        for count in range(1, 1000):
            announcer.tell(joined(count=count))
        assert time.monotonic() - begin < 1
        assert "too slow" in caplog.text
        go_on.set()
        assert await asyncio.to_thread(announcer.settle, WITHIN)
        announcer.tell(joined(count=1000))
        assert await asyncio.to_thread(announcer.settle, WITHIN)
    assert told == [0, 1, 2, 3, 4, 1000]
    assert caplog.text.count("too slow") == 1
    assert "dropped=995" in caplog.text


def test_an_async_receiver_is_told_too() -> None:
    told: list[str] = []

    async def receiver(person: str, **_: Any) -> None:
        await asyncio.sleep(0)
        told.append(person)

    announcer = Announcer()
    with connected(person_joined, receiver):
        announcer.tell(joined("a"))
        assert announcer.settle(WITHIN)
    assert told == ["a"]


def test_where_nobody_listens_nothing_is_begun() -> None:
    announcer = Announcer()
    announcer.tell(joined())
    assert announcer._thread is None
    assert announcer.settle(0)


@pytest.mark.django_db(transaction=True)
def test_a_receiver_may_use_the_database() -> None:
    told: list[int] = []

    def counts(**_: Any) -> None:
        told.append(User.objects.count())

    User.objects.create(username="ada")
    announcer = Announcer()
    with connected(person_joined, counts):
        announcer.tell(joined())
        announcer.tell(joined())
        assert announcer.settle(WITHIN)
    assert told == [1, 1]
