"""The signals: what receivers get, and that neither a slow nor a failing one harms anybody."""

import asyncio
import logging
import time
from contextlib import contextmanager
from threading import Event as Flag
from threading import get_ident, main_thread
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from presence.server.events import BoardEmptied, PersonJoined, PersonLeft
from presence.signals import SIGNALS, Announcer, board_emptied, person_joined, person_left

BOARD = UUID("00000000-0000-4000-8000-000000000001")
TIMEOUT = 15.0


@contextmanager
def connected(signal, *receivers):
    """Have a signal received until the block ends."""
    for receiver in receivers:
        signal.connect(receiver, weak=False)
    try:
        yield
    finally:
        for receiver in receivers:
            signal.disconnect(receiver)


def send(announcer, *people):
    """Tell that people joined, and wait until the receivers are through."""
    for count, person in enumerate(people):
        announcer.tell(joined(person, count))
    assert announcer.settle(TIMEOUT)


def joined(person="user:7", count=1):
    return PersonJoined(BOARD, person, "Ada", count)


@pytest.fixture
def announcer():
    return Announcer()


@pytest.mark.parametrize(
    ("signal", "kind"),
    [(person_joined, PersonJoined), (person_left, PersonLeft), (board_emptied, BoardEmptied)],
)
def test_what_a_receiver_gets(announcer, signal, kind):
    received = []
    with connected(signal, lambda **what: received.append(what)):
        for each in SIGNALS:
            announcer.tell(each(BOARD, "user:7", "Ada", 3))
        assert announcer.settle(TIMEOUT)
    (what,) = received
    assert what.pop("signal") is signal
    assert what == {"sender": kind, "board": BOARD, "person": "user:7", "name": "Ada", "count": 3}


def test_they_come_in_order_in_another_thread(announcer):
    received = []
    with connected(person_joined, lambda count, **_: received.append((count, get_ident()))):
        send(announcer, *["user:7"] * 100)
    assert [count for count, _ in received] == [*range(100)]
    assert main_thread().ident not in {thread for _, thread in received}


def test_a_receiver_that_raises_is_logged(announcer, caplog):
    received = []

    def fails(**_):
        raise RuntimeError("a receiver's fault")

    with connected(person_joined, fails, lambda person, **_: received.append(person)):
        send(announcer, "a", "b")
    assert received == ["a", "b"]
    assert [record.name for record in caplog.records] == ["django.dispatch"] * 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_receiver_that_ends_its_thread_does_not_end_the_signals(announcer):
    received = []

    def leaves(person, **_):
        received.append(person)
        if person == "a":
            raise SystemExit

    with connected(person_joined, leaves):
        send(announcer, "a")
        assert announcer._thread is not None
        announcer._thread.join(TIMEOUT)
        send(announcer, "b")
    assert received == ["a", "b"]


async def test_a_slow_receiver_holds_up_nobody_and_loses_events(caplog):
    received = []
    go_on, begun = Flag(), Flag()

    def slow(count, **_):
        begun.set()
        go_on.wait(TIMEOUT)
        received.append(count)

    announcer = Announcer(max_waiting=4)
    with connected(person_joined, slow), caplog.at_level(logging.ERROR):
        announcer.tell(joined(count=0))
        await asyncio.to_thread(begun.wait, TIMEOUT)
        began = time.monotonic()
        for count in range(1, 1000):
            announcer.tell(joined(count=count))
        assert time.monotonic() - began < TIMEOUT
        go_on.set()
        assert await asyncio.to_thread(announcer.settle, TIMEOUT)
        announcer.tell(joined(count=1000))
        assert await asyncio.to_thread(announcer.settle, TIMEOUT)
    assert received == [0, 1, 2, 3, 4, 1000]
    assert caplog.text.count("too slow") == 1
    assert "dropped=995" in caplog.text


def test_without_receivers_no_thread_starts(announcer):
    announcer.tell(joined())
    assert announcer._thread is None
    assert announcer.settle(0)


@pytest.mark.django_db(transaction=True)
def test_a_receiver_may_be_async_and_use_the_database(announcer):
    received = []

    async def count(**_):
        received.append(await User.objects.acount())

    User.objects.create(username="ada")
    with connected(person_joined, count, lambda **_: received.append(User.objects.count())):
        send(announcer, "a", "b")
    assert received == [1] * 4
