"""Django signals for what happens on the boards: who came, who left, and which board is empty.

About people, not tabs, and each is sent once over all processes. Receivers are called with `board`
(its UUID), `person` (the key that `presence.api` knows), `name` and `count` (people on the board
then), in a thread of their own: however slow they are, or fail, no board waits for them.
"""

import atexit
import logging
from queue import Full, Queue
from threading import Lock, Thread

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

WAITING = 10_000
"""Events that may wait for receivers; those beyond are dropped, which is logged."""

END_WITHIN = 5.0
"""Seconds that receivers have left when the process ends."""


class Announcer:
    """Sends the signals from a thread, which begins with the first that somebody listens to."""

    def __init__(self, waiting: int = WAITING) -> None:
        self._queue: Queue[Event] = Queue(waiting)
        self._thread: Thread | None = None
        self._starting = Lock()
        self._dropped = 0

    def tell(self, event: Event) -> None:
        """Have the event's signal sent, in its turn. Never waits."""
        if not SIGNALS[type(event)].has_listeners(type(event)):
            return
        try:
            self._queue.put_nowait(event)
        except Full:
            self._drop()
        self._start()

    def settle(self, within: float) -> bool:
        """Wait until nothing is left to send, so many seconds at most; return whether that is
        so."""
        with self._queue.all_tasks_done:
            return self._queue.all_tasks_done.wait_for(
                lambda: not self._queue.unfinished_tasks, within
            )

    def _drop(self) -> None:
        self._dropped += 1
        if self._dropped == 1:
            logger.error("receivers of presence's signals are too slow: events are dropped")

    def _start(self) -> None:
        with self._starting:
            # A process that was forked has no threads but the one that forked.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="presence-signals", daemon=True)
                self._thread.start()
                atexit.register(self.settle, END_WITHIN)

    def _run(self) -> None:
        while True:
            event = self._queue.get()
            try:
                self._send(event)
            except Exception:
                logger.exception("could not send a signal")
            finally:
                self._queue.task_done()

    def _send(self, event: Event) -> None:
        if self._dropped and self._queue.qsize() < self._queue.maxsize // 2:
            dropped, self._dropped = self._dropped, 0
            logger.error("%d events were dropped", dropped)
        # As around a request: what the database closed meanwhile is opened again.
        close_old_connections()
        SIGNALS[type(event)].send_robust(
            type(event),
            board=event.board,
            person=event.person,
            name=event.name,
            count=event.count,
        )
        close_old_connections()


announcer = Announcer()
