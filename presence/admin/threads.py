"""Asks the site's own code and database about staff, away from everybody else.

Outside a request Channels has one thread for all synchronous code of a process (`asgiref`'s
`thread_sensitive`): in it visitors are let onto their boards. What staff may see is asked again and
again, of rules that may be slow, and must not stand in their way.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async

THREADS = 4
"""How many questions are asked at the same time; each may hold a connection to the database."""

CALM = 60.0
"""Seconds without trouble after which it is over."""

T = TypeVar("T")
P = ParamSpec("P")

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="presence-aside")
_in_request: ContextVar[bool] = ContextVar("_in_request", default=False)


class Once:
    """Logs that something cannot be asked, once until that did not happen for a minute: who asks
    comes again and again, and others who can be asked about come in between. `message` has a place
    for what."""

    def __init__(
        self, log: logging.Logger, message: str, clock: Callable[[], float] = monotonic
    ) -> None:
        self._log = log
        self._message = message
        self._clock = clock
        self._noted: dict[str, float] = {}

    def note(self, what: str, error: Exception) -> None:
        """Log an error, unless one was noted not long ago."""
        now, before = self._clock(), self._noted.get(what)
        self._noted[what] = now
        if before is None or now - before > CALM:
            self._log.error(self._message, what, exc_info=error)


def is_in_request() -> bool:
    """Tell whether this is asked `in_request`."""
    return _in_request.get()


@contextmanager
def in_request() -> Iterator[None]:
    """Ask in the request's own thread until the block ends: it has one, and what it did in its
    transaction is seen there only."""
    token = _in_request.set(True)
    try:
        yield
    finally:
        _in_request.reset(token)


async def aside(ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a synchronous function returns, which may use the ORM. It is not ended when
    whoever waits for it is."""
    own: dict[str, Any] = {"thread_sensitive": False, "executor": _threads}
    how = {} if _in_request.get() else own
    answer: T = await database_sync_to_async(ask, **how)(*args, **kwargs)
    return answer
