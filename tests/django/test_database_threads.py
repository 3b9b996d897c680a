"""The threads in which the site's own sync code runs."""

from threading import Event, Semaphore, current_thread

import pytest

from presence.auth import threads
from presence.auth.threads import CALLS_PER_CONNECTION, DatabaseThreads
from tests.support.waiting import DEADLINE


def test_calls_are_made_and_their_errors_are_raised():
    ours = DatabaseThreads(2, "ours")
    assert ours.submit(divmod, 7, 2).result(10) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        ours.submit(divmod, 7, 0).result(10)
    assert ours.submit(lambda: current_thread().name).result(10) == "ours"


def test_as_many_at_once_as_there_are_threads_and_no_process_waits_for_them():
    ours, begun, over = DatabaseThreads(2, "ours"), Event(), Event()
    hung = ours.submit(over.wait, 30)
    assert ours.submit(lambda: current_thread().daemon).result(10)
    more = [ours.submit(over.wait, 30), ours.submit(begun.set)]
    assert more[1].cancel(), "it has not begun"
    over.set()
    assert (hung.result(10), more[0].result(10), begun.is_set()) == (True, True, False)


def test_calls_that_wait_share_a_connection_and_the_last_one_closes_it(monkeypatch):
    done, closed = [], Semaphore(0)

    def close():
        done.append("closes")
        closed.release()

    monkeypatch.setattr(threads, "close_old_connections", close)
    ours, goes_on = DatabaseThreads(1, "ours"), Event()
    ours.submit(goes_on.wait, 30)
    for number in range(CALLS_PER_CONNECTION + 1):
        ours.submit(done.append, number)
    goes_on.set()
    for _ in range(4):
        assert closed.acquire(timeout=DEADLINE)
    *first, before_last, last = range(CALLS_PER_CONNECTION + 1)
    assert done == ["closes", *first, "closes", "closes", before_last, last, "closes"]
