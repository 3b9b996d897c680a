"""Asks the site's own code and database about staff, away from everybody else.

Outside a request Channels has one thread for all synchronous code of a process (`asgiref`'s
`thread_sensitive`): in it visitors are let onto their boards. What staff may see is asked again and
again, of rules that may be slow, and must not stand in their way.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async

THREADS = 4
"""How many questions are asked at the same time; each may hold a connection to the database."""

T = TypeVar("T")
P = ParamSpec("P")

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="presence-aside")
_in_request: ContextVar[bool] = ContextVar("_in_request", default=False)


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
