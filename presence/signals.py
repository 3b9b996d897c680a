"""Django signals: a person joined a board, left it, or left it empty.

They are about people, not tabs, and each is sent once over all processes. Receivers get `board`
(its UUID), `person` (the key that `presence.api` uses), `name` and `count` (people on the board
then). They run in a thread of their own, so a slow or failing receiver holds up no board.
"""

import atexit
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any

from django.db import close_old_connections
from django.dispatch import Signal

from presence.server.events import BoardEmptied, Event, PersonJoined, PersonLeft

logger = logging.getLogger(__name__)

person_joined = Signal()
person_left = Signal()
board_emptied = Signal()

SIGNALS: dict[type[Event], Signal] = {
    PersonJoined: person_joined,
    PersonLeft: person_left,
    BoardEmptied: board_emptied,
}

MAX_WAITING = 10_000
"""Events that wait for receivers. Further events are dropped, and logged."""

EXIT_TIMEOUT = 5.0
"""Seconds that receivers have to finish when the process ends."""


class Announcer:
    """Sends the signals from a thread, which starts with the first event that has a receiver."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._queue: Queue[Event] = Queue(max_waiting)
        self._thread: Thread | None = None
        self._starting = Lock()
        self._dropped = 0
        self._held: list[Event] | None = None

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold all events back in the block, for `send_held`: a test's receivers run in its thread,
        where they see its transaction."""
        self._held = []
        try:
            yield
        finally:
            self._held = None

    def send_held(self) -> None:
        """Send in this thread what is held back. Raises what a receiver raises."""
        while self._held:
            event = self._held.pop(0)
            SIGNALS[type(event)].send(type(event), **_arguments(event))

    def tell(self, event: Event) -> None:
        """Queue an event's signal. Never waits."""
        if not SIGNALS[type(event)].has_listeners(type(event)):
            return
        if self._held is not None:
            self._held.append(event)
            return
        try:
            self._queue.put_nowait(event)
        except Full:
            self._dropped += 1
            if self._dropped == 1:
                logger.error("signals: receivers are too slow, events are dropped")
        with self._starting:
            # After a fork only the thread that forked is alive.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="presence-signals", daemon=True)
                self._thread.start()
                atexit.register(self.settle, EXIT_TIMEOUT)

    def settle(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until all signals are sent; return whether they are."""
        with self._queue.all_tasks_done:
            return self._queue.all_tasks_done.wait_for(
                lambda: not self._queue.unfinished_tasks, timeout
            )

    def _run(self) -> None:
        while True:
            event = self._queue.get()
            try:
                self._send(event)
            except Exception:
                logger.exception("signals: could not send (event=%s)", type(event).__name__)
            finally:
                self._queue.task_done()

    def _send(self, event: Event) -> None:
        if self._dropped and self._queue.qsize() < self._queue.maxsize // 2:
            dropped, self._dropped = self._dropped, 0
            logger.error("signals: receivers caught up (dropped=%d)", dropped)
        # As before and after a request: the database may have closed the connection.
        close_old_connections()
        SIGNALS[type(event)].send_robust(type(event), **_arguments(event))
        close_old_connections()


def _arguments(event: Event) -> dict[str, Any]:
    return {each.name: getattr(event, each.name) for each in fields(event)}


announcer = Announcer()
