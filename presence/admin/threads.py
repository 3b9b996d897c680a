"""Worker threads for questions about staff.

Outside a request, Channels runs all synchronous code of a process in one thread (`asgiref`'s
`thread_sensitive`), and visitors are let onto boards there. Staff permissions are checked again and
again by code of the site that may be slow, so they have threads of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async

from presence.auth.threads import DatabaseThreads

WORKERS = 4
"""Questions answered at the same time; each may hold a connection to the database."""

T = TypeVar("T")
P = ParamSpec("P")

# asgiref names another class, and uses what any executor has.
_workers: Any = DatabaseThreads(WORKERS, "presence-staff")
_in_request: ContextVar[bool] = ContextVar("_in_request", default=False)


@contextmanager
def in_request() -> Iterator[None]:
    """Mark the block as part of an HTTP request, which waits for a complete answer. `run_in_worker`
    then stays in its thread, which alone sees what its transaction changed."""
    token = _in_request.set(True)
    try:
        yield
    finally:
        _in_request.reset(token)


def is_in_request() -> bool:
    """Return whether the caller runs inside `in_request`."""
    return _in_request.get()


async def run_in_worker(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that may use the ORM in a thread. Cancelling the caller does not stop it."""
    if is_in_request():
        result: T = await database_sync_to_async(function)(*args, **kwargs)
        return result
    run = sync_to_async(function, thread_sensitive=False, executor=_workers)
    return await run(*args, **kwargs)
