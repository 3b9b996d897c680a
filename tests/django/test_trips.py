"""Trips to the thread that may use the database."""

import asyncio
import threading
from contextvars import ContextVar

import pytest

from presence import trips
from presence.trips import SharedTrips

pytestmark = pytest.mark.django_db(transaction=True)

who = ContextVar("who")


class Worker:
    """Notes the calls in the thread, which wait there until they may go on."""

    def __init__(self):
        self.trips = SharedTrips()
        self.called = []
        self.may_go_on = threading.Event()
        self.began = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def call(self, number):
        def function():
            self.called.append((number, threading.get_ident(), who.get(None)))
            self.loop.call_soon_threadsafe(self.began.set)
            assert self.may_go_on.wait(10)
            return number

        return asyncio.create_task(self.trips.call(function))


@pytest.fixture
async def worker():
    worker = Worker()
    yield worker
    worker.may_go_on.set()


@pytest.fixture
def begun(monkeypatch):
    """Counts the trips."""
    begun = []
    original = SharedTrips._call_waiting

    def counted(self):
        begun.append(self)
        original(self)

    monkeypatch.setattr(SharedTrips, "_call_waiting", counted)
    return begun


async def test_those_who_come_at_once_or_on_the_way_share_a_trip(worker, begun):
    first = [worker.call(n) for n in range(3)]
    await worker.began.wait()
    late = worker.call(3)
    await asyncio.sleep(0)
    worker.may_go_on.set()
    assert await asyncio.gather(*first, late) == [0, 1, 2, 3]
    await worker.trips._going
    assert len(begun) == 1
    assert await worker.call(4) == 4
    assert len(begun) == 2
    assert {thread for _, thread, _ in worker.called} != {threading.get_ident()}


async def test_others_have_their_turns(worker, begun, monkeypatch):
    monkeypatch.setattr(trips, "CALLS_A_TRIP", 2)
    worker.may_go_on.set()
    assert await asyncio.gather(*(worker.call(n) for n in range(5))) == [0, 1, 2, 3, 4]
    await worker.trips._going
    assert len(begun) == 3


async def test_each_sees_its_own_context(worker):
    worker.may_go_on.set()
    calls = []
    for name in ("ada", "bob"):
        who.set(name)
        calls.append(worker.call(0))
    await asyncio.gather(*calls)
    assert [name for _, _, name in worker.called] == ["ada", "bob"]


async def test_an_error_is_its_callers_own(worker, monkeypatch):
    """The next one gets another connection to the database, if that one is broken."""
    closed = []
    monkeypatch.setattr(trips, "close_old_connections", lambda: closed.append(len(worker.called)))

    def fail():
        raise RuntimeError("on purpose")

    calls = [worker.call(0), asyncio.create_task(worker.trips.call(fail)), worker.call(1)]
    worker.may_go_on.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert (outcomes[0], str(outcomes[1]), outcomes[2]) == (0, "on purpose", 1)
    assert closed == [1]


async def test_a_caller_that_is_cancelled_is_not_called_for(worker):
    first = worker.call(0)
    await worker.began.wait()
    cancelled, last = worker.call(1), worker.call(2)
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    worker.may_go_on.set()
    assert [await first, await last] == [0, 2]
    assert [number for number, _, _ in worker.called] == [0, 2]


async def test_a_trip_that_cannot_begin(worker, monkeypatch):
    """The thread takes nothing any more: the process ends."""

    async def refuse():
        raise RuntimeError("cannot schedule new futures after shutdown")

    monkeypatch.setattr(trips, "database_sync_to_async", lambda function: refuse)
    call = worker.call(0)
    await asyncio.wait([call])
    assert call.cancelled()
    with pytest.raises(RuntimeError):
        await worker.trips._going
    monkeypatch.undo()
    worker.may_go_on.set()
    assert await worker.call(1) == 1


def test_each_event_loop_has_its_own_trips():
    shared = SharedTrips()

    async def call():
        return await shared.call(lambda: 1)

    assert [asyncio.run(call()) for _ in range(2)] == [1, 1]
