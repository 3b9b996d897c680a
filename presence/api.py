"""For a site's own code: how many people are on a board, who they are, and what staff can do.

Each function has an async form, whose name begins with "a" and which runs on any event loop. The
sync form runs in any thread without an event loop. With `PRESENCE["REDIS_URL"]` they work in every
process of the site. Without it they work in the process that serves the boards, and raise
`ImproperlyConfigured` elsewhere. All raise `TryLater` where the store does not answer.

A board is an object of a model in `PRESENCE["BOARDS"]`, its reference such as "blog.post:42", the
name of a room, or a UUID. What is returned by board has UUIDs as keys: `board_id` gives that of a
board, and `str` of one is the board's reference.

A user is an account, its primary key, a `Person`, or the key of one.
"""

import math
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import Model

from presence.boards import board_of as board_id
from presence.boards import find_boards
from presence.cluster.messages import RightsChange
from presence.conf import get_settings
from presence.guests import person_key
from presence.protocol.errors import TryLater as TryLater
from presence.runtime import call_from_sync, for_sync_code, on_hub_loop, operations
from presence.server.operations import ACTIVITY_TIMEOUT, Operations
from presence.server.people import Person as Person
from presence.server.people import Scene as Scene
from presence.server.people import Whereabouts as Whereabouts
from presence.store.base import MAX_CLOSED

T = TypeVar("T")


async def aonline(board: Any) -> int:
    """Return how many people are on a board."""
    uuid = board_id(board)
    return (await acounts([uuid]))[uuid]


async def acounts(boards: Iterable[Any]) -> dict[UUID, int]:
    """Return the people on each board, by UUID, in a round trip for each 1,000 boards."""
    uuids = [board_id(board) for board in boards]
    return dict(await _call(lambda operations: operations.store.counts(uuids)))


async def acensus(among: Iterable[Any] | None = None) -> dict[UUID, int]:
    """Return how many people are on each board that has people, of all boards or of those given.

    Takes two round trips to the store, and more for more than 1,000 boards. It is cheaper than
    `acounts` where most boards are empty.
    """
    uuids = None if among is None else [board_id(board) for board in among]
    return dict(await _call(lambda operations: operations.store.boards(uuids)))


async def apeople(board: Any, *, states: bool = True) -> list[Person]:
    """Return the people on a board, in the order they came. Without `states` only the store is
    asked, in one round trip."""
    return (await ascene(board, ACTIVITY_TIMEOUT if states else 0)).people


async def ascene(board: Any, within: float = ACTIVITY_TIMEOUT) -> Scene:
    """Return who is on a board, their cursors, and whether the board is closed, all at one moment.

    The processes that serve the board have `within` seconds to tell states and cursors; with 0 they
    are not asked.
    """
    uuid = board_id(board)
    return await _call(lambda operations: operations.scene(uuid, within))


async def aremove(board: Any, person: str, seconds: float | None = None) -> int:
    """Close all tabs that a person, a `Person.key`, has on a board. Return how many there were.

    The person cannot come back for so many seconds, or for `PRESENCE["REMOVED_FOR"]`. This replaces
    an earlier removal, so 0 lets the person in again.
    """
    uuid = board_id(board)
    ban = _seconds(get_settings().REMOVED_FOR if seconds is None else seconds)
    return await _call(lambda operations: operations.remove(uuid, person, ban))


async def awhereabouts(user: Any) -> Whereabouts:
    """Return which boards somebody is on, and when they were last on one, in one round trip."""
    person = person_key(user)
    return await _call(lambda operations: operations.whereabouts(person))


async def awhere(user: Any) -> list[UUID]:
    """Return the boards that somebody is on."""
    return (await awhereabouts(user)).boards


async def ais_online(user: Any) -> bool:
    """Return whether somebody is on any board."""
    return (await awhereabouts(user)).online


async def alast_seen(user: Any) -> datetime | None:
    """Return when somebody was last on a board, now if they are on one; None if not known."""
    return (await awhereabouts(user)).last_seen


async def adisconnect(user: Any, seconds: float = 0) -> int:
    """Close all tabs that somebody has on any board. Return how many there were.

    They may open these boards again, unless a rule forbids it, after so many seconds. Takes one
    round trip to find the boards, and as many for all of them as `aremove` for one.
    """
    person, ban = person_key(user), _seconds(seconds)
    return await _call(lambda operations: operations.disconnect(person, ban))


async def aclose(board: Any, seconds: float | None = None) -> None:
    """Close a board to newcomers for so many seconds, or until it is reopened. The people on it
    stay, and may come back within their grace."""
    uuid = board_id(board)
    duration = MAX_CLOSED if seconds is None else _seconds(seconds)
    await _call(lambda operations: operations.store.close_board(uuid, duration))


async def areopen(board: Any) -> None:
    """Let newcomers onto a board again."""
    await aclose(board, 0)


async def ais_closed(board: Any) -> bool:
    """Return whether a board is closed to newcomers."""
    return (await ascene(board, 0)).closed


async def areconnect(board: Any) -> None:
    """Have all clients on a board reconnect within a few seconds. Nobody sees them leave."""
    uuid = board_id(board)
    await _call(lambda operations: operations.reconnect(uuid))


async def arecheck(*, user: Any = None, board: Any = None) -> None:
    """Have all processes ask again whether open sockets may stay: those of a user, on a board, both
    or, without either, all. Returns before they have been asked.

    Call it after a change that your rule depends on and that presence cannot see. Sockets whose
    visitor may no longer be on the board are told why, and closed.
    """
    subjects = [] if user is None else [person_key(user)]
    subjects += [] if board is None else [board_id(board).hex]
    change = RightsChange(frozenset(subjects))
    await _call(lambda operations: operations.rights_changed([change]))


def counts(boards: Iterable[Any], within: float | None = None) -> dict[UUID, int]:
    """See `acounts`. Waits up to `within` seconds, 10 by default."""
    uuids = [board_id(board) for board in boards]  # here, as a queryset needs sync code
    return call_from_sync(acounts, within, uuids)


def whereabouts(user: Any, within: float | None = None) -> Whereabouts:
    """See `awhereabouts`. Waits up to `within` seconds, 10 by default."""
    person = person_key(user)  # here, as a lazy user needs sync code
    return call_from_sync(awhereabouts, within, person)


def where(user: Any) -> list[UUID]:
    """See `awhere`."""
    return whereabouts(user).boards


def is_online(user: Any) -> bool:
    """See `ais_online`."""
    return whereabouts(user).online


def last_seen(user: Any) -> datetime | None:
    """See `alast_seen`."""
    return whereabouts(user).last_seen


def disconnect(user: Any, seconds: float = 0) -> int:
    """See `adisconnect`."""
    return call_from_sync(adisconnect, None, person_key(user), seconds)


def recheck(*, user: Any = None, board: Any = None) -> None:
    """See `arecheck`."""
    person = None if user is None else person_key(user)
    uuid = None if board is None else board_id(board)
    call_from_sync(arecheck, None, user=person, board=uuid)


def census(among: Iterable[Any] | None = None) -> dict[UUID, int]:
    """See `acensus`."""
    uuids = None if among is None else [board_id(board) for board in among]
    return call_from_sync(acensus, None, uuids)


online = for_sync_code(aonline)
people = for_sync_code(apeople)
scene = for_sync_code(ascene)
remove = for_sync_code(aremove)
close = for_sync_code(aclose)
reopen = for_sync_code(areopen)
is_closed = for_sync_code(ais_closed)
reconnect = for_sync_code(areconnect)


def find(board: Any) -> Model | str | None:
    """Return the object of a board, or the name of a room; None where there is no such object. Uses
    the database."""
    uuid = board_id(board)
    return find_boards([uuid]).get(uuid)


async def afind(board: Any) -> Model | str | None:
    """See `find`."""
    return await sync_to_async(find)(board)


def _seconds(given: float) -> float:
    if not 0 <= given < math.inf:
        raise ValueError(f"{given!r} is not a number of seconds from 0 on")
    return min(given, MAX_CLOSED)


async def _call(operation: Callable[[Operations], Coroutine[Any, Any, T]]) -> T:
    return await on_hub_loop(lambda: operation(operations()))
