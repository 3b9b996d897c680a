"""The topic `board`: who is on a board, what they do there, and where their cursors are."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from presence import api
from presence.aside import aside
from presence.persons import Person
from presence.topic import Topic, Visit, each
from presence.viewing import viewable
from presence.watch import by_part, read_board

logger = logging.getLogger(__name__)

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
    """What accounts are called, by primary key as text."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._asked = float("-inf")

    async def names(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return the names of those that are known. One query for those that are new."""
        now = asyncio.get_running_loop().time()
        if now - self._asked > NAMED_FOR or len(self._names) > MOST:
            self._names, self._asked = {}, now
        names = self._names
        new = {*keys} - names.keys()
        if new:
            names |= dict.fromkeys(new, "") | await self._ask(new)
        return names

    async def _ask(self, keys: Collection[str]) -> dict[str, str]:
        try:
            return await aside(_names, keys)
        except Exception:  # the site's own accounts: the people are told without
            logger.exception("could not ask what accounts are called")
            return {}


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


async def tell(board: UUID) -> dict[str, Any]:
    """Return how a board is now::

    {"closed": False,
     "people": {"<key>": {"name": "Ada", "color": "#4363d8", "since": 1790000000, "tabs": 2,
                          "account": {"pk": "7", "name": "ada"}, "state": "active",
                          "processes": ["web1:812:5e0c1d9a"]}, …},
     "cursors": {"<session>": ["<key>", 32768, 9000], …}}

    `account` is None for a guest, `state` None where no process told; the rest is as in
    `presence.persons`.
    """
    scene = await api.ascene(board, ANSWER_WITHIN)
    names = await _accounts.names([person.account for person in scene.people if person.account])
    return {
        "closed": scene.closed,
        "people": {person.key: _person(board, person, names) for person in scene.people},
        "cursors": {session: list(cursor) for session, cursor in scene.cursors.items()},
    }


def _person(board: UUID, person: Person, names: Mapping[str, str]) -> dict[str, Any]:
    account = person.account
    return {
        "name": person.name,
        "color": "#{:02x}{:02x}{:02x}".format(*person.color),
        "account": account and {"pk": account, "name": names.get(account) or account},
        "since": _arrivals.of(board, person),
        "tabs": person.tabs,
        "state": person.state,
        "processes": list(person.processes),
    }


def _names(keys: Collection[str]) -> dict[str, str]:
    users = get_user_model()._default_manager.filter(pk__in=keys)
    return {str(user.pk): user.get_username() for user in users}


def _permit(visit: Visit, wanted: UUID) -> UUID | None:
    model_admin = visit.model_admin
    if model_admin is None or not viewable(model_admin, visit.request, [wanted]):
        return None
    return wanted


BOARD = Topic("board", read=read_board, permit=_permit, look=each(tell), differ=by_part)
