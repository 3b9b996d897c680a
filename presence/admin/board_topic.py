"""The topic `board`: who is on a board, what they do there, and where their cursors are."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from presence import api
from presence.admin.permissions import may_view_accounts, may_view_page
from presence.admin.subscription import by_part, read_board
from presence.admin.threads import Once, aside, is_in_request
from presence.admin.topic import Topic, Visit, each
from presence.server.people import Person

logger = logging.getLogger(__name__)
failures = Once(logger, "could not ask what %s are called")

SOON = 0.25
"""Seconds for which the name of an account is waited for."""

ANSWER_WITHIN = 0.5
"""Seconds that processes have to tell what their people do. One that died keeps silent until its
lease is over, and who comes meanwhile is to be seen within a second."""

NAMED_FOR = 60.0
"""Seconds until it is asked again what an account is called."""

MOST = 10_000
"""Accounts, or people, that are remembered."""

SAME = 2.0
"""Seconds by which two measurements of one moment may differ."""


class Accounts:
    """What accounts are called, by primary key as text. The site's database may be slow, so nobody
    waits for it long."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, float]] = {}
        self._wanted: set[str] = set()
        self._asking: asyncio.Task[None] | None = None

    async def names(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return the names of accounts, as far as they are known by now. One query for those that
        are new, also of several boards."""
        self._wanted |= self._due(keys)
        if self._wanted and is_in_request():
            await self._ask()
        elif self._wanted:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.get_running_loop().create_task(self._ask())
            await asyncio.wait([self._asking], timeout=SOON)
        return {key: self._names[key][0] for key in keys if key in self._names}

    def _due(self, keys: Collection[str]) -> set[str]:
        now = monotonic()
        if len(self._names) > MOST:
            self._names = {}
        old = now - NAMED_FOR
        return {key for key in keys if key not in self._names or self._names[key][1] < old}

    async def _ask(self) -> None:
        while self._wanted:
            keys, self._wanted = self._wanted, set()
            try:
                names = await aside(_names, keys)
            except Exception as error:  # noqa: BLE001 (the site's own accounts)
                failures.note("accounts", error)
                names = {}
            self._names |= {key: (names.get(key, ""), monotonic()) for key in keys}


class Arrivals:
    """When people came, as it was told first: each look measures it anew, by a clock elsewhere."""

    def __init__(self) -> None:
        self._came: dict[tuple[UUID, str], int] = {}

    def of(self, board: UUID, person: Person) -> int:
        """Return the second since 1970 in which somebody came onto a board."""
        key, came = (board, person.key), person.since.timestamp()
        if abs(self._came.get(key, 0) - came) > SAME:
            if len(self._came) >= MOST:
                self._came = {}
            self._came[key] = round(came)
        return self._came[key]


_accounts = Accounts()
_arrivals = Arrivals()


@dataclass(frozen=True, slots=True)
class Sight:
    """A board that somebody may watch, and whether they may know what accounts are called."""

    board: UUID
    accounts: bool


async def tell(sight: Sight) -> dict[str, Any]:
    """Return how a board is now::

    {"closed": False,
     "people": {"<key>": {"name": "Ada", "color": "#4363d8", "since": 1790000000, "tabs": 2,
                          "account": {"pk": "7", "name": "ada"}, "state": "active",
                          "processes": ["web1:812:5e0c1d9a"]}, …},
     "cursors": {"<session>": ["<key>", 32768, 9000], …}}

    `account` is None for a guest, and for who may not view accounts has None for the key and the
    name; `state` is None where no process told; the rest is as in `presence.persons`.
    """
    scene = await api.ascene(sight.board, ANSWER_WITHIN)
    keys = [person.account for person in scene.people if person.account]
    names = await _accounts.names(keys) if sight.accounts else {}
    return {
        "closed": scene.closed,
        "people": {person.key: _person(sight, person, names) for person in scene.people},
        "cursors": {session: list(cursor) for session, cursor in scene.cursors.items()},
    }


def _person(sight: Sight, person: Person, names: Mapping[str, str]) -> dict[str, Any]:
    pk = person.account
    named = {"pk": pk, "name": names.get(pk or "") or pk}
    hidden = dict.fromkeys(named)
    return {
        "name": person.name,
        "color": "#{:02x}{:02x}{:02x}".format(*person.color),
        "account": None if pk is None else named if sight.accounts else hidden,
        "since": _arrivals.of(sight.board, person),
        "tabs": person.tabs,
        "state": person.state,
        "processes": list(person.processes),
    }


def _names(keys: Collection[str]) -> dict[str, str]:
    users = get_user_model()._default_manager.filter(pk__in=keys)
    return {str(user.pk): user.get_username() for user in users}


def _permit(visit: Visit, wanted: UUID) -> Sight | None:
    model_admin = visit.model_admin
    if model_admin is None or not may_view_page(model_admin, visit.request, wanted):
        return None
    return Sight(wanted, may_view_accounts(visit.site, visit.request))


BOARD = Topic("board", read=read_board, permit=_permit, look=each(tell), differ=by_part)
