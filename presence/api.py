"""For the site's own code: how many people are on which board, who they are, and what staff may do.

Each function is there for sync code, which may run in any thread, and as `a…` for async code, on
any event loop. With `PRESENCE["REDIS_URL"]` they work in every process of the site; without it in
the one that serves the boards, and elsewhere raise `ImproperlyConfigured`. All raise `TryLater`
where the shared state is out of reach.

A board is given as an object of the board model, its UUID, or that as text.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.core.exceptions import SynchronousOnlyOperation

from presence.conf import get_settings
from presence.protocol.errors import TryLater
from presence.runtime import at_home, home, own_store, running_hub, shared_layer
from presence.server.operations import ANSWER_WITHIN, Operations
from presence.server.people import Person, Scene
from presence.signals import announcer
from presence.store.base import UNTIL_REOPENED

__all__ = [
    "Person",
    "Scene",
    "TryLater",
    "acensus",
    "aclose",
    "acounts",
    "ais_closed",
    "aonline",
    "apeople",
    "areconnect",
    "aremove",
    "areopen",
    "ascene",
    "census",
    "close",
    "counts",
    "is_closed",
    "online",
    "people",
    "reconnect",
    "remove",
    "reopen",
    "scene",
]

WITHIN = 10.0
"""Seconds that sync code waits for an answer."""

T = TypeVar("T")
P = ParamSpec("P")


async def aonline(board: Any) -> int:
    """Return how many people are on a board."""
    asked = board_id(board)
    return (await acounts([asked]))[asked]


async def acounts(boards: Iterable[Any]) -> dict[UUID, int]:
    """Return how many people are on each of the boards, by UUID, in one trip to the
    store for each 1,000."""
    asked = [board_id(board) for board in boards]
    return dict(await _ask(lambda operations: operations.counts(asked)))


async def acensus(among: Iterable[Any] | None = None) -> dict[UUID, int]:
    """Return how many people are on each board that somebody is on, or on those among some, in two
    trips to the store, or more for more than 1,000. Cheaper than `acounts` where most of many are
    empty."""
    boards = None if among is None else [board_id(board) for board in among]
    return dict(await _ask(lambda operations: operations.census(boards)))


async def apeople(board: Any, *, states: bool = True) -> list[Person]:
    """Return who is on a board, in the order they came. Without `states` no process is asked what
    they do, so that it is one trip to the store."""
    return (await ascene(board, ANSWER_WITHIN if states else 0)).people


async def ascene(board: Any, within: float = ANSWER_WITHIN) -> Scene:
    """Return who is on a board, where their cursors are, and whether it is closed, all at the same
    moment. Processes have so many seconds to tell what people do; 0: none is asked."""
    asked = board_id(board)
    return await _ask(lambda operations: operations.scene(asked, within))


async def aremove(board: Any, person: str, seconds: float | None = None) -> int:
    """Take a person, named by `Person.key`, off a board: every tab of theirs there closes, in every
    process. Return how many they were.

    They stay out for so many seconds, `PRESENCE["REMOVED_FOR"]` unless given; what was said before
    holds no more, so with 0 somebody who was removed may come again.
    """
    asked = board_id(board)
    out = _seconds(get_settings().REMOVED_FOR if seconds is None else seconds)
    return await _ask(lambda operations: operations.remove(asked, person, out))


async def aclose(board: Any, seconds: float | None = None) -> None:
    """Close a board to newcomers for so long, or until it is reopened. Who is there stays, and may
    come back within their grace."""
    asked = board_id(board)
    shut = UNTIL_REOPENED if seconds is None else _seconds(seconds)
    await _ask(lambda operations: operations.close(asked, shut))


async def areopen(board: Any) -> None:
    """Let newcomers onto a board again."""
    await aclose(board, 0)


async def ais_closed(board: Any) -> bool:
    """Return whether a board is closed to newcomers."""
    return (await ascene(board, 0)).closed


async def areconnect(board: Any) -> None:
    """Have everybody on a board connect anew, spread over a few seconds. Nobody sees them go."""
    asked = board_id(board)
    await _ask(lambda operations: operations.reconnect(asked))


def online(board: Any) -> int:
    """See `aonline`."""
    return _wait(aonline, board)


def counts(boards: Iterable[Any], within: float | None = None) -> dict[UUID, int]:
    """See `acounts`. Waits for so many seconds, 10 unless given."""
    return _wait_for(within, acounts, [board_id(board) for board in boards])


def census(among: Iterable[Any] | None = None) -> dict[UUID, int]:
    """See `acensus`."""
    return _wait(acensus, among)


def people(board: Any, *, states: bool = True) -> list[Person]:
    """See `apeople`."""
    return _wait(apeople, board, states=states)


def scene(board: Any, within: float = ANSWER_WITHIN) -> Scene:
    """See `ascene`."""
    return _wait(ascene, board, within)


def remove(board: Any, person: str, seconds: float | None = None) -> int:
    """See `aremove`."""
    return _wait(aremove, board, person, seconds)


def close(board: Any, seconds: float | None = None) -> None:
    """See `aclose`."""
    _wait(aclose, board, seconds)


def reopen(board: Any) -> None:
    """See `areopen`."""
    _wait(areopen, board)


def is_closed(board: Any) -> bool:
    """See `ais_closed`."""
    return _wait(ais_closed, board)


def reconnect(board: Any) -> None:
    """See `areconnect`."""
    _wait(areconnect, board)


def board_id(board: Any) -> UUID:
    """Return the UUID of a board, given in any way; `ValueError` where it can be none."""
    return UUID(str(getattr(board, "pk", board)))


def _seconds(given: float) -> float:
    if not 0 <= given < math.inf:
        raise ValueError(f"{given!r} is no number of seconds from 0 on")
    return min(given, UNTIL_REOPENED)


async def _ask(question: Callable[[Operations], Coroutine[Any, Any, T]]) -> T:
    return await at_home(lambda: question(_operations()))


def _wait(work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
    return _wait_for(None, work, *args, **kwargs)


def _wait_for(
    seconds: float | None,
    work: Callable[P, Coroutine[Any, Any, T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    within = WITHIN if seconds is None else seconds
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        # To wait here would hold up everything that the answer needs.
        raise SynchronousOnlyOperation(f"in async code use presence.api.{work.__name__}")
    loop = home()
    asked = asyncio.run_coroutine_threadsafe(work(*args, **kwargs), loop)
    try:
        return asked.result(within)
    except TimeoutError:
        asked.cancel()
        raise TryLater(f"presence did not answer within {within:.3g} s") from None


def _operations() -> Operations:
    found = running_hub()
    if found is not None:
        hub = found[1]
        return Operations(hub.store, hub.layer, hub, announcer.tell)
    return Operations(own_store(get_settings()), shared_layer(), None, announcer.tell)
