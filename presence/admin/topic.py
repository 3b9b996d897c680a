"""A topic: something of the boards that pages of the admin show and that changes by itself.

To add one, write it as `presence.board` is, and put it into `presence.topics.TOPICS`. A page then
watches `{"board": "<uuid>"}` and gets `{"board": {"people": …}}`, over the socket whenever it
changed, and from the feed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest

from presence.admin.subscription import Differ, Reader, whole
from presence.admin.threads import Once

logger = logging.getLogger(__name__)
failures = Once(logger, "could not look at something of %s")

Grant = Hashable
"""What somebody may watch of a topic. Pages with the same grant are told the same."""

Look = Callable[[Collection[Any]], Awaitable[Mapping[Any, Any]]]

EVERY = 0.25
"""Seconds between two looks at the store."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, where, and about the boards of which `ModelAdmin`; None where of none."""

    request: HttpRequest
    site: AdminSite
    model_admin: "ModelAdmin[Any] | None"


def _unknown(grant: Any) -> Any:
    return None


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    `read(value)` returns what a page wants of it, from the JSON it sent; `ValueError` for anything
    else. `permit(visit, wanted)` runs in a thread, when watching begins and every 2 s again, and
    returns a grant, None where that person may not: their socket is closed with 4403.
    `look(grants)` runs on the event loop, once for all that this process watches, and returns what
    to tell for each grant, as anything that JSON can say; it may raise `TryLater`. `differ` says
    what is told of a change (all of it, unless given), `unknown(grant)` what is told while the
    store is out of reach, or of what `look` leaves out. `every` is the seconds between two looks.
    """

    name: str
    read: Reader
    permit: Callable[[Visit, Any], Grant | None]
    look: Look
    differ: Differ = whole
    unknown: Callable[[Any], Any] = _unknown
    every: float = EVERY


AT_ONCE = 8
"""Grants that are asked for at the same time: half of the store's connections."""


def each(tell: Callable[[Any], Awaitable[Any]]) -> Look:
    """Return a `look` that asks for one grant after the other, some at the same time. What nobody
    can tell of one is left out; only where nobody can tell of any it raises."""

    async def look(grants: Collection[Any]) -> Mapping[Any, Any]:
        room = asyncio.Semaphore(AT_ONCE)

        async def ask(grant: Any) -> Any:
            async with room:
                return await tell(grant)

        told = await asyncio.gather(*map(ask, grants), return_exceptions=True)
        failed = [answer for answer in told if isinstance(answer, Exception)]
        if failed and len(failed) == len(told):
            raise failed[0]
        for error in failed:
            failures.note(tell.__module__, error)
        answers = zip(grants, told, strict=True)
        return {grant: answer for grant, answer in answers if not isinstance(answer, Exception)}

    return look
