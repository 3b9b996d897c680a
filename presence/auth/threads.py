"""Threads for the site's own sync code, such as a rule, and for what it asks of the database.

Such code may never return. Python joins the threads of `concurrent.futures` when a process ends, so
one of them could keep it from ending. These are daemons, which end with the process.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections

from presence.server.logs import bounded_logger

logger = bounded_logger(__name__)

CALLS_PER_CONNECTION = 50
"""Calls that share a connection to the database, where a site keeps none open. To connect takes
longer than to let somebody in."""

T = TypeVar("T")
P = ParamSpec("P")

Deliver = Callable[[], None]
"""Gives the caller what a call led to."""


class DatabaseThreads(Executor):
    """Up to `size` daemon threads, which close old connections when nothing waits for them."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._queue: SimpleQueue[Callable[[], Deliver]] = SimpleQueue()
        self._threads: list[Thread] = []
        self._starting = Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See `Executor`. A call that is cancelled before it begins is not made."""
        future: Future[T] = Future()
        self._queue.put(partial(_call, future, partial(fn, *args, **kwargs)))
        with self._starting:
            # After a fork only the thread that forked is alive.
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if len(self._threads) < self._size:
                self._threads.append(Thread(target=self._run, name=self._name, daemon=True))
                self._threads[-1].start()
        return future

    def _run(self) -> None:
        made, waiting = 0, None
        while True:
            call = waiting or self._queue.get()
            if made == 0:
                _close_old_connections()
            deliver = call()
            made += 1
            waiting = self._next()
            if waiting is None or made == CALLS_PER_CONNECTION:
                # Whoever gets the answer may take the connection for closed, as with Channels.
                _close_old_connections()
                made = 0
            deliver()
            del call, deliver  # They hold what was returned.

    def _next(self) -> Callable[[], Deliver] | None:
        try:
            return self._queue.get_nowait()
        except Empty:
            return None


def _call(future: Future[Any], call: Callable[[], Any]) -> Deliver:
    if not future.set_running_or_notify_cancel():
        return _nothing
    try:
        return partial(future.set_result, call())
    except BaseException as error:  # noqa: BLE001 (the caller gets it)
        return partial(future.set_exception, error)


def _nothing() -> None:
    """Deliver nothing: the call was not made."""


def _close_old_connections() -> None:
    try:
        close_old_connections()
    except Exception:
        logger.exception("auth: a connection to the database could not be closed")
